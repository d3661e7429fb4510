/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RAM cartridge whose syncs wait for a word, and whose motions fail on demand. */
#ifndef USBTAPE_TESTS_TEST_MEDIUM_H
#define USBTAPE_TESTS_TEST_MEDIUM_H

#include "media/medium.h"

typedef struct TestMedium TestMedium;

/* NULL geometry: one unlimited partition. */
TestMedium *test_medium_new(const MediumGeometry *geometry);
TapeMedium *test_medium_base(TestMedium *m);

/* Syncs asked for from now on end only by test_medium_end_sync, or at once (the default). */
void test_medium_hold_syncs(TestMedium *m, bool hold);
bool test_medium_sync_held(const TestMedium *m);
/* Ends the sync that is held. The medium may be gone afterwards. */
void test_medium_end_sync(TestMedium *m, MediumResult result);
/* Asked for so far. */
unsigned test_medium_syncs(const TestMedium *m);

/* What the next `n` reads need is far: it comes by test_medium_end_fetch(). */
void test_medium_make_far(TestMedium *m, unsigned n);
bool test_medium_fetches(const TestMedium *m);
void test_medium_end_fetch(TestMedium *m);

/* From now on damage hides how many marks lie before the head, or no longer. */
void test_medium_hide_marks(TestMedium *m, bool hide);

typedef enum TestOp { TEST_READ, TEST_WRITE, TEST_MARKS, TEST_FORMAT, TEST_OPS } TestOp;
/* After `skip` more motions of this kind, one answers this, without effect on the tape. */
void test_medium_next_result(TestMedium *m, TestOp op, unsigned skip, MediumResult result);
/* The same for the `times` motions after those. */
void test_medium_next_results(TestMedium *m, TestOp op, unsigned skip, unsigned times,
                              MediumResult result);

#endif
