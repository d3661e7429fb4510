/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .tap file that somebody else made: probed, opened, read both ways, written to. */
#include "media/formats.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OBJECTS = 200, ROOM = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const MediumFormat *simh = medium_format_by_name("simh", NULL);
    int fd = memfd_create("tap", MFD_CLOEXEC);
    g_autofree char *notice = NULL;
    uint8_t buffer[ROOM];
    TapeMedium *m;
    size_t length;
    int i;

    simh->probe(data, size, size);
    if (write(fd, data, size) != (ssize_t)size) {
        close(fd);
        return 0;
    }
    m = simh->open(fd, "tap", false, executor_inline(), &notice, NULL);
    if (!m) {
        close(fd);
        return 0;
    }
    for (i = 0; i < OBJECTS && medium_read(m, buffer, ROOM, &length) != MEDIUM_EOD; i++) {
    }
    for (i = 0; i < OBJECTS && medium_read_reverse(m, buffer, ROOM, &length) != MEDIUM_BOP; i++) {
    }
    medium_locate(m, 0, MEDIUM_LOCATE_FILE, 1);
    medium_write(m, (const uint8_t *)"new", 3);
    medium_read_reverse(m, buffer, ROOM, &length);
    medium_erase(m, true);
    medium_free(m);
    return 0;
}
