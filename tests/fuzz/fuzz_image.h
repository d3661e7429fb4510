/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image of another program that somebody else made: probed, opened, read both ways, written to.
 * The program's own host_file_new() gives a file in memory (flat_file.h), whatever the descriptor.
 */
#ifndef USBTAPE_TESTS_FUZZ_IMAGE_H
#define USBTAPE_TESTS_FUZZ_IMAGE_H

#include "media/formats/formats.h"
#include "tests/fuzz/flat_file.h"

HostFile *__wrap_host_file_new(int fd);

HostFile *__wrap_host_file_new(int fd)
{
    return flat_file_open();
}

/* Reads to the end and back, with room for the beginning of a block only. */
static inline void fuzz_image_read(TapeMedium *m)
{
    enum { OBJECTS = 200, ROOM = 512 };
    uint8_t buffer[ROOM];
    size_t length;
    int i;

    for (i = 0; i < OBJECTS && medium_read(m, buffer, ROOM, &length) != MEDIUM_EOD; i++) {
    }
    for (i = 0; i < OBJECTS && medium_read_reverse(m, buffer, ROOM, &length) != MEDIUM_BOP; i++) {
    }
}

static inline TapeMedium *fuzz_image_open(const MediumFormat *format)
{
    g_autofree char *notice = NULL;

    return format->open(-1, "image", false, executor_inline(), &notice, NULL);
}

static inline void fuzz_image(const char *format_name, const uint8_t *data, size_t size)
{
    const MediumFormat *format = medium_format_by_name(format_name, NULL);
    HostFile *file;
    TapeMedium *m;
    uint64_t n;

    if (!flat_file_set(data, size)) {
        return;
    }
    file = flat_file_open();
    format->probe(file, size, size % 2);
    host_file_free(file);
    m = fuzz_image_open(format);
    if (!m) {
        return;
    }
    fuzz_image_read(m);
    medium_locate(m, 0, MEDIUM_LOCATE_FILE, 1);
    medium_write(m, (const uint8_t *)"new", 3);
    medium_write_marks(m, MEDIUM_MARK_FILEMARK, 2, &n);
    medium_free(m);
    /* what was written is read by the next process */
    m = fuzz_image_open(format);
    g_assert(m);
    fuzz_image_read(m);
    medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0);
    medium_erase(m, true);
    medium_free(m);
}

#endif
