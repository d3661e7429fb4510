/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the transfer length that reading and writing share. */
#ifndef USBTAPE_SSC_CMD_DATA_H
#define USBTAPE_SSC_CMD_DATA_H

#include "emu/ssc/outcome.h"

/*
 * The byte count behind FIXED and TRANSFER LENGTH (SSC-3 § 4.2.9), in 6-byte and 16-byte forms. Not
 * good: FIXED without a block length, more than one command may move, or a wrong address.
 */
Outcome ssc_transfer_length(SscCommand *c, uint32_t *bytes);

#endif
