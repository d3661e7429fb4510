/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a tar archive over two volumes. */
#include "scenarios/runner/judges/tar.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *data, const char *name, const char *sha256)
{
    g_assert(name && strlen(sha256) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TarReader) reader = tar_reader_new(see, NULL);
    size_t half = size / 2;

    if (tar_reader_feed(reader, data, half, NULL)) {
        tar_reader_next_volume(reader);
        if (tar_reader_feed(reader, data + half, size - half, NULL)) {
            tar_reader_end(reader, NULL);
        }
    }
    return 0;
}
