/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the memory of READ BUFFER and WRITE BUFFER. */
#ifndef USBTAPE_SSC_CMD_BUFFER_H
#define USBTAPE_SSC_CMD_BUFFER_H

#include <stdint.h>

/* READ BUFFER, WRITE BUFFER */
#define SSC_TEST_BUFFER 65536u
#define SSC_ECHO_BUFFER 4096u

/* Owned by cmd-buffer.c. */
typedef struct SscTestMemory {
    uint8_t bytes[SSC_TEST_BUFFER], echo[SSC_ECHO_BUFFER];
    uint32_t echo_length; /* 0: the echo buffer was never written */
} SscTestMemory;

/* The drive was switched on: the memory is cleared. */
void ssc_test_memory_power_on(SscTestMemory *memory);

#endif
