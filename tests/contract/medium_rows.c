/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/contract/medium_rows.h"

#include "emu/base/bytes.h"
#include "media/cartridge/cartridge.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

int format_count(void)
{
    int n = 0;

    while (medium_formats()[n]) {
        n++;
    }
    return n;
}

int row_count(void)
{
    return format_count() + 2;
}

static bool is_plain(int row)
{
    return row == format_count() + 1;
}

const char *row_name(int row)
{
    return row == 0        ? "ram"
           : is_plain(row) ? "usbtape, version 2"
                           : medium_formats()[row - 1]->name;
}

bool row_can(int row, const MediumGeometry *geometry)
{
    if (row == 0 || g_str_has_prefix(row_name(row), "usbtape")) {
        return true;
    }
    return geometry->partitions == 1 && geometry->capacity == 0 && !geometry->worm &&
           geometry->cleanings == 0 && !geometry->compression;
}

/* Everything is on a RAM disk when there is one: the contract is not about the disk's speed. */
static char *make_directory(void)
{
    g_autofree char *template = g_strdup(g_access("/dev/shm", W_OK) == 0 ? "/dev/shm/usbtape-XXXXXX"
                                                                         : "/tmp/usbtape-XXXXXX");

    ck_assert_ptr_nonnull(g_mkdtemp(template));
    return g_steal_pointer(&template);
}

static void open_tape(Tape *tape, bool read_only)
{
    g_autofree char *notice = NULL;
    g_autoptr(GError) error = NULL;

    tape->m = medium_open(tape->path, read_only, executor_inline(), &notice, &error);
    ck_assert_msg(tape->m != NULL, "%s", error ? error->message : "no reason given");
    ck_assert_msg(notice == NULL, "%s", notice);
}

static bool create_plain(const char *path, const MediumGeometry *geometry, GError **error)
{
    HostFile *file = host_file_new(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    bool made = cartridge_create_plain(file, path, geometry, CHUNK_SHIFT, error);

    host_file_free(file);
    return made;
}

Tape *tape_new(int row, const MediumGeometry *geometry)
{
    Tape *tape = g_new0(Tape, 1);
    const MediumFormat *format;
    g_auto(GStrv) suffixes = NULL;
    g_autofree char *name = NULL;
    g_autoptr(GError) error = NULL;

    tape->row = row;
    if (row == 0) {
        tape->m = medium_ram_new(geometry);
        return tape;
    }
    format = is_plain(row) ? &cartridge_format : medium_formats()[row - 1];
    tape->directory = make_directory();
    suffixes = g_strsplit(format->suffixes, " ", -1);
    name = g_strconcat("cartridge", suffixes[0], NULL); /* an empty file is known by its name */
    tape->path = g_build_filename(tape->directory, name, NULL);
    if (!(is_plain(row) ? create_plain(tape->path, geometry, &error)
                        : medium_create(tape->path, format, geometry, &error))) {
        ck_abort_msg("%s", error->message);
    }
    open_tape(tape, false);
    return tape;
}

void tape_reopen(Tape *tape, bool read_only)
{
    if (tape->path) {
        medium_free(tape->m);
        open_tape(tape, read_only);
    } else {
        ck_assert_int_eq(medium_locate(tape->m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    }
}

static void synced(void *data, MediumResult result)
{
    ck_assert_int_eq(result, MEDIUM_OK);
    (*(int *)data)++;
}

void tape_sync(Tape *tape)
{
    int calls = 0;

    medium_sync(tape->m, synced, &calls);
    ck_assert_int_eq(calls, 1);
}

void tape_free(Tape *tape)
{
    if (!tape) {
        return;
    }
    medium_free(tape->m);
    if (tape->path) {
        g_unlink(tape->path);
        g_rmdir(tape->directory);
    }
    g_free(tape->path);
    g_free(tape->directory);
    g_free(tape);
}

void fill_block(uint8_t *buffer, size_t length, uint32_t stamp)
{
    uint32_t x = stamp * 2654435761u + 1;
    size_t i;

    for (i = 0; i + 4 <= length; i += 4) {
        put_le32(buffer + i, i == 0 ? stamp : x);
        x = stamp % 3 == 0 ? x : x * 1664525u + 1013904223u; /* every third can be compressed */
    }
    for (; i < length; i++) {
        buffer[i] = (uint8_t)(stamp + i);
    }
}
