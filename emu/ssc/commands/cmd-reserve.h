/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: reservations, as the gates see them. */
#ifndef USBTAPE_SSC_CMD_RESERVE_H
#define USBTAPE_SSC_CMD_RESERVE_H

#include "emu/ssc/dispatch.h"

/* Is the drive another initiator's, for this command? Its row has been found. */
bool ssc_reserved_from_it(const SscCommand *c);

#endif
