/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages a model has, for lists of them. NULL: it has none such; else the standard's name. */
#ifndef USBTAPE_SSC_PAGES_H
#define USBTAPE_SSC_PAGES_H

#include "emu/ssc/ssc.h"

const char *ssc_vpd_page_name(const SscModel *model, uint8_t code);
const char *ssc_log_page_name(const SscModel *model, uint8_t code, uint8_t subpage);
const char *ssc_mode_page_name(const SscModel *model, uint8_t code, uint8_t subpage);

#endif
