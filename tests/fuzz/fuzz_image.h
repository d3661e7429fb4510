/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image of another program that somebody else made: probed, opened, read both ways, written to.
 */
#ifndef USBTAPE_TESTS_FUZZ_IMAGE_H
#define USBTAPE_TESTS_FUZZ_IMAGE_H

#include "media/formats.h"

#include <sys/mman.h>
#include <unistd.h>

static inline void fuzz_image(const char *format_name, const uint8_t *data, size_t size)
{
    enum { OBJECTS = 200, ROOM = 512 };
    const MediumFormat *format = medium_format_by_name(format_name, NULL);
    int fd = memfd_create("image", MFD_CLOEXEC);
    g_autofree char *notice = NULL;
    uint8_t buffer[ROOM];
    HostFile *file;
    TapeMedium *m;
    size_t length;
    uint64_t n;
    int i;

    if (write(fd, data, size) != (ssize_t)size) {
        close(fd);
        return;
    }
    file = host_file_new(fd);
    format->probe(file, size, size % 2);
    host_file_release(file);
    m = format->open(fd, "image", false, executor_inline(), &notice, NULL);
    if (!m) {
        close(fd);
        return;
    }
    for (i = 0; i < OBJECTS && medium_read(m, buffer, ROOM, &length) != MEDIUM_EOD; i++) {
    }
    for (i = 0; i < OBJECTS && medium_read_reverse(m, buffer, ROOM, &length) != MEDIUM_BOP; i++) {
    }
    medium_locate(m, 0, MEDIUM_LOCATE_FILE, 1);
    medium_write(m, (const uint8_t *)"new", 3);
    medium_write_marks(m, MEDIUM_MARK_FILEMARK, 2, &n);
    medium_read_reverse(m, buffer, ROOM, &length);
    medium_erase(m, true);
    medium_free(m);
}

#endif
