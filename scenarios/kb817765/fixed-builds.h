/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which builds of Usbstor.sys KB 817765 calls fixed (fixed-builds.def), and what to expect of the
 * one that a machine has: older than its row, the backup is expected to fail; that or newer, to
 * pass.
 */
#ifndef USBTAPE_SCENARIOS_FIXED_BUILDS_H
#define USBTAPE_SCENARIOS_FIXED_BUILDS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct FixedBuild {
    const char *os, *architecture;
    uint16_t version[4];
    const char *date; /* "2003-11-06 22:35", UTC */
    uint32_t size;    /* bytes of the file */
} FixedBuild;

typedef enum FixedExpectation {
    FIXED_EXPECT_FAIL,
    FIXED_EXPECT_PASS,
    FIXED_EXPECT_NOTHING, /* the article has no row for it */
} FixedExpectation;

const FixedBuild *fixed_builds(size_t *n);

/*
 * What to expect of a Usbstor.sys: `version` as Windows shows it ("5.1.2600.1106", text after a
 * space is ignored), `architecture` as in the table, in any case. `*row`: the one it was compared
 * with, NULL if there is none; may be NULL. False: no version (USBTAPE_ERROR_INPUT).
 */
bool fixed_build_expect(const char *version, const char *architecture,
                        FixedExpectation *expectation, const FixedBuild **row, GError **error);

#endif
