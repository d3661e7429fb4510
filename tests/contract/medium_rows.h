/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the medium contract runs against: the RAM reference, each row of media/formats/formats.c,
 * and the native format as older programs made it.
 */
#ifndef USBTAPE_TESTS_MEDIUM_ROWS_H
#define USBTAPE_TESTS_MEDIUM_ROWS_H

#include "media/formats/formats.h"
#include "tests/support/suite.h"

int format_count(void);
/* 0 is the RAM reference, then the formats in their order, then a cartridge of version 2. */
int row_count(void);
const char *row_name(int row);

/* A cartridge of a row in a directory of its own. */
typedef struct Tape {
    int row;
    char *directory;
    char *path; /* NULL for the RAM reference */
    TapeMedium *m;
} Tape;

/* Can the row hold such a cartridge? Otherwise its create() must refuse it: this is checked. */
bool row_can(int row, const MediumGeometry *geometry);
Tape *tape_new(int row, const MediumGeometry *geometry);
/* Closes and opens again; nothing for RAM. Fails the test when something had to be dropped. */
void tape_reopen(Tape *tape, bool read_only);
void tape_sync(Tape *tape);
void tape_free(Tape *tape);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tape, tape_free)

/* Block number `stamp` of `length` bytes: differs from every other in its first bytes. */
void fill_block(uint8_t *buffer, size_t length, uint32_t stamp);

#endif
