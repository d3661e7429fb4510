/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: partitions, as MODE SELECT makes them. */
#ifndef USBTAPE_SSC_CMD_FORMAT_H
#define USBTAPE_SSC_CMD_FORMAT_H

#include "emu/ssc/outcome.h"

/*
 * Makes the cartridge anew with partitions as the medium partition page says (offsets as in the
 * standard). `at`: where the page is in the parameter list, for field pointers.
 */
Outcome ssc_partition(SscCommand *c, const uint8_t *page, unsigned at);

/*
 * The partitions after the last one, by pages 32h and 33h of AIT drives; `page` and `at` as above.
 * The others keep what is on them.
 */
Outcome ssc_append_partition(SscCommand *c, const uint8_t *page, unsigned at);
Outcome ssc_delete_partitions(SscCommand *c, const uint8_t *page, unsigned at);

#endif
