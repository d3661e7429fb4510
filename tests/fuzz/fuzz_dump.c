/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a dump. */
#include "scenarios/runner/judges/dump.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *data, const char *name, const char *sha256)
{
    g_assert(name && strlen(sha256) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(DumpReader) reader = dump_reader_new(see, NULL);

    if (dump_reader_feed(reader, data, size, NULL)) {
        dump_reader_end(reader, NULL);
    }
    return 0;
}
