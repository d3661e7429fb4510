/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: mode pages as cmd-mode.c sends and takes them. */
#ifndef USBTAPE_SSC_PAGES_MODE_H
#define USBTAPE_SSC_PAGES_MODE_H

#include "emu/ssc/drive-state.h"

/* PC field (SPC-3 table 97). */
typedef enum SscPageControl {
    PAGE_CURRENT,
    PAGE_CHANGEABLE,
    PAGE_DEFAULT,
    PAGE_SAVED,
} SscPageControl;

/* Puts one page, or all for 3Fh, into c->reply; FFh asks for all subpages. False: this model has
 * none such. */
bool ssc_mode_put_pages(SscCommand *c, SscPageControl control, uint8_t code, uint8_t subpage);
/* Is there a page of that code, with any subpage? */
bool ssc_mode_has_page(const SscModel *model, uint8_t code);

/*
 * Takes the page at list[*at] into the draft and moves `*at` beyond it; `*at` < length. Changes
 * nothing but the draft; anything but good says what is wrong with the list.
 */
Outcome ssc_mode_take_page(SscCommand *c, SscMode *draft, const uint8_t *list, size_t length,
                           size_t *at);

#endif
