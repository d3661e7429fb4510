/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Issue order against tape order: which records are not where they were meant to be. A pure
 * function; what a record is, and how one tells them apart, is the caller's business.
 */
#ifndef USBTAPE_SCENARIOS_ORDER_H
#define USBTAPE_SCENARIOS_ORDER_H

#include "scenarios/runner/report/story.h"

/* A record on the tape. */
typedef struct OrderRecord {
    int64_t issued; /* its place in the order of issue */
    int64_t object; /* its logical object */
} OrderRecord;

/*
 * `records`: n of them, in the order of the tape. Issued were those from `first` on, `count` of
 * them; count -1: whatever is between the least and the greatest that is on the tape.
 *
 * Displaced are the fewest records that, taken away, leave the rest in order. Fills in the counts
 * of `order` and, around what is wrong (or, if nothing is, at both ends), what to show.
 */
void order_compare(const OrderRecord *records, size_t n, int64_t first, int64_t count,
                   StoryOrder *order);

#endif
