/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the self-tests of the drive. */
#ifndef USBTAPE_SSC_CMD_DIAGNOSTIC_H
#define USBTAPE_SSC_CMD_DIAGNOSTIC_H

#include <stdint.h>

/* The last self-tests that the host asked for by SELF-TEST CODE (SPC-3 § 7.2.10). */
#define SSC_SELF_TESTS 20

typedef struct SscSelfTest {
    uint8_t code;
    uint16_t hours; /* since power-on */
} SscSelfTest;

/* Owned by cmd-diagnostic.c. */
typedef struct SscDiagnostics {
    SscSelfTest tests[SSC_SELF_TESTS]; /* the last one first */
    unsigned n_tests;
    int64_t powered_since; /* of the clock */
} SscDiagnostics;

#endif
