/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host's file in one piece of memory, for fuzz targets: no system call, nothing logged (as
 * tests/support/memory_disk does), and no allocation an input.
 *
 * With `-Wl,--wrap=host_file_new` a target opens it wherever the code beneath opens a descriptor.
 */
#ifndef USBTAPE_TESTS_FUZZ_FLAT_FILE_H
#define USBTAPE_TESTS_FUZZ_FLAT_FILE_H

#include "media/host-file.h"

/* There is one, and it holds these bytes now. False: they are too many. */
bool flat_file_set(const uint8_t *bytes, size_t length);
/* A handle; freeing or releasing it leaves the file. */
HostFile *flat_file_open(void);

#endif
