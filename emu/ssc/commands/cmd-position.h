/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the explicit addresses of 16-byte commands. */
#ifndef USBTAPE_SSC_CMD_POSITION_H
#define USBTAPE_SSC_CMD_POSITION_H

#include "emu/ssc/outcome.h"

/*
 * The 16-byte forms of READ, WRITE… name the partition and the logical object where they begin
 * (SSC-3 § 4.2.15, explicit addresses); the 6-byte forms begin where the tape is. Is there such a
 * partition?
 */
Outcome ssc_check_address(SscCommand *c);
/* `act`, once the tape is there; it is not called if there is no such object. */
Outcome ssc_at_address(SscCommand *c, SscHandler act);

#endif
