/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: VPD pages as INQUIRY sends them. */
#ifndef USBTAPE_SSC_PAGES_VPD_H
#define USBTAPE_SSC_PAGES_VPD_H

#include "emu/ssc/outcome.h"

/* Puts a VPD page into c->reply. False: this model has none of that code. */
bool ssc_vpd_page(SscCommand *c, uint8_t code);

#endif
