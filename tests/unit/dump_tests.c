/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dump 0.4b47 wrote of a small ext4 file system, in tape blocks of 2 KiB, whole and broken. */
#include "emu/base/bytes.h"
#include "scenarios/runner/judges/dump.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_dump_tcase(void);

#define RECORD 1024u
#define BLOCK  2048u

/* Where the records are that something is done to. */
enum { CLRI = 1, FS = 12, HOLES = 18, ADDR = 20, PLAIN = 31, END = 40, RECORDS = 42 };

static GByteArray *load(void)
{
    char *bytes;
    size_t length;

    ck_assert(g_file_get_contents(TEST_CORPUS "/dump/files", &bytes, &length, NULL));
    ck_assert_uint_eq(length, RECORDS * RECORD);
    return g_byte_array_new_take((guint8 *)bytes, length);
}

static void note(void *data, const char *name, const char *sha256)
{
    g_string_append_printf(data, "%s %.8s\n", name, sha256);
}

/* The error, or "". */
static char *read_all(const GByteArray *dump, size_t piece, GString *files)
{
    g_autoptr(DumpReader) reader = dump_reader_new(note, files);
    g_autoptr(GError) error = NULL;
    size_t at;

    for (at = 0; at < dump->len && !error; at += piece) {
        dump_reader_feed(reader, dump->data + at, MIN(piece, dump->len - at), &error);
    }
    if (!error) {
        dump_reader_end(reader, &error);
    }
    return g_strdup(error ? error->message : "");
}

/* In the order of their inodes; of two names of one file both; attributes and what is no regular
 * file are none. The sums are sha256sum's, of the files themselves. */
static const char all_files[] = "fs/again 16367aac\n"
                                "fs/deep/two 16367aac\n"
                                "fs/holes 5d72cf79\n"
                                "fs/nothing e3b0c442\n"
                                "fs/one b935f6b7\n"
                                "fs/plain 586d7e27\n";
static const size_t pieces[] = { BLOCK, 1, 700, 1 << 20 };

START_TEST(files_are_read)
{
    g_autoptr(GByteArray) dump = load();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = read_all(dump, pieces[_i], files);

    ck_assert_str_eq(error, "");
    ck_assert_str_eq(files->str, all_files);
}
END_TEST

/* ---- tape blocks that are not where they were written ---- */

typedef enum Move { MOVE_SWAP, MOVE_LOSE, MOVE_DOUBLE, MOVE_END } Move;

static void move_block(GByteArray *dump, Move move, unsigned block)
{
    uint8_t *at = dump->data + (size_t)block * BLOCK;
    uint8_t kept[BLOCK];

    memcpy(kept, at, BLOCK);
    switch (move) {
    case MOVE_SWAP:
        memcpy(at, at + BLOCK, BLOCK);
        memcpy(at + BLOCK, kept, BLOCK);
        break;
    case MOVE_LOSE:
        g_byte_array_remove_range(dump, block * BLOCK, BLOCK);
        break;
    case MOVE_DOUBLE:
        g_byte_array_append(dump, kept, BLOCK);
        memmove(dump->data + (size_t)(block + 1) * BLOCK, dump->data + (size_t)block * BLOCK,
                dump->len - (size_t)(block + 1) * BLOCK);
        break;
    case MOVE_END:
    default:
        g_byte_array_set_size(dump, block * BLOCK);
        break;
    }
}

static const struct {
    Move move;
    unsigned block;
    const char *error;
} moves[] = {
    /* In the middle of a file no record says where it belongs: see the sums. */
    { MOVE_SWAP, 17, "" },
    { MOVE_SWAP, 7, "dump record 14: the directory of inode 15 is damaged" },
    { MOVE_SWAP, 10, "dump record 20: expected a header, found none" },
    { MOVE_SWAP, 0, "dump record 0: expected a header, found none" },
    { MOVE_LOSE, 0, "dump record 0: expected a header, found none" },
    { MOVE_LOSE, 1, "dump record 3: here is record 5" },
    { MOVE_LOSE, 17, "dump record 38: here is record 40, in place of data" },
    { MOVE_LOSE, 13, "dump record 26: expected a header, found none" },
    { MOVE_DOUBLE, 17, "dump record 40: expected a header, found none" },
    { MOVE_DOUBLE, 20, "dump record 42: here is record 40" },
    { MOVE_END, 20, "dump record 40: the dump ends before it is said to" },
    { MOVE_END, 13, "dump record 26: the dump ends before it is said to" },
    { MOVE_END, 0, "dump record 0: the dump ends before it is said to" },
};

START_TEST(blocks_out_of_place_are_seen)
{
    g_autoptr(GByteArray) dump = load();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = NULL;

    move_block(dump, moves[_i].move, moves[_i].block);
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, moves[_i].error);
    ck_assert(*error || !g_str_equal(files->str, all_files));
}
END_TEST

/* ---- headers that say what cannot be ---- */

/* As dump itself would have written it. */
static void make_add_up(uint8_t *record)
{
    uint32_t sum = 0;
    size_t i;

    put_le32(record + 28, 0);
    for (i = 0; i < RECORD; i += 4) {
        sum += get_le32(record + i);
    }
    put_le32(record + 28, 84446 - sum);
}

static const struct {
    unsigned record, offset;
    uint32_t value;
    bool adds_up;
    const char *error;
} fields[] = {
    { HOLES, 0, 2, true, "" }, /* what it is */
    { HOLES, 44, 1, false, "dump record 18: a header whose checksum is wrong" },
    { HOLES, 24, 60011, true, "dump record 18: expected a header, found none" },
    { HOLES, 16, 17, true, "dump record 18: here is record 17" },
    { HOLES, 4, 1, true, "dump record 18: a header of another dump, or of another volume" },
    { HOLES, 12, 2, true, "dump record 18: a header of another dump, or of another volume" },
    { HOLES, 0, 1, true, "dump record 18: another dump begins" },
    { HOLES, 0, 9, true, "dump record 18: a header of type 9, which there is not" },
    { HOLES, 160, 513, true, "dump record 18: a header with 513 addresses" },
    { HOLES, 164, 0x81, true,
      "dump record 18: a list of addresses as only a newer dump writes it" },
    { HOLES, 40, 0x7fffffff, true,
      "dump record 23: inode 17 ends after 717824 of 2147483647 bytes" },
    { HOLES, 0, 4, true, "dump record 18: inode 17 goes on, which was not cut off" },
    { ADDR, 20, 5, true, "dump record 20: inode 5 goes on, which was not cut off" },
    { ADDR, 0, 2, true, "dump record 20: inode 17 ends after 262144 of 717100 bytes" },
    { 0, 888, 0x83, true, "dump record 0: a compressed dump" },
    { 0, 0, 5, true, "dump record 0: this is not how a dump begins" },
    { END, 0, 6, true, "dump record 41: a header in place of data" },
    { END + 1, 0, 6, true, "dump record 41: the dump goes on after its end" },
    { FS, 4, 0, false, "dump record 12: the directory of inode 13 is damaged" },
    { FS, 4, 600, false, "dump record 12: the directory of inode 13 is damaged" },
    { FS, 4, 0xff00000c, false, "dump record 12: the directory of inode 13 is damaged" },
    { CLRI, 160, UINT32_MAX, true, "dump record 3: a header in place of data" },
};

START_TEST(headers_that_lie_are_seen)
{
    g_autoptr(GByteArray) dump = load();
    g_autoptr(GString) files = g_string_new(NULL);
    uint8_t *record = dump->data + (size_t)fields[_i].record * RECORD;
    g_autofree char *error = NULL;

    put_le32(record + fields[_i].offset, fields[_i].value);
    if (fields[_i].adds_up) {
        make_add_up(record);
    }
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, fields[_i].error);
}
END_TEST

/* A file whose directory is not there, or is in itself, is told by its number. */
START_TEST(file_without_a_name_has_a_number)
{
    g_autoptr(GByteArray) dump = load();
    g_autoptr(GString) files = g_string_new(NULL);
    uint8_t *top = dump->data + (size_t)6 * RECORD, *deep = dump->data + (size_t)14 * RECORD;
    g_autofree char *error = NULL;

    put_le32(top + 60, 99);  /* was "fs" */
    put_le32(deep + 24, 13); /* "fs/deep/two" is "fs" */
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "");
    ck_assert_msg(g_str_has_prefix(files->str, "#14 16367aac\n#17 5d72cf79\n"), "%s", files->str);
}
END_TEST

/* ---- dumps that ask for more than they hold ---- */

enum {
    TAPE = 1,
    INODE,
    FILE_ADDR = 4,
    FIFO_MODE = 0010000,
    DIRECTORY_MODE = 0040000,
    FILE_MODE = 0100000
};

/* A header, in its place; the inode has `size` bytes, and `count` addresses of `address`. */
static void add_header(GByteArray *dump, uint32_t type, uint32_t inode, unsigned mode,
                       uint64_t size, uint32_t count, uint8_t address)
{
    uint8_t record[RECORD] = { 0 };

    put_le32(record, type);
    put_le32(record + 4, 1);
    put_le32(record + 12, 1);
    put_le32(record + 16, dump->len / RECORD);
    put_le32(record + 20, inode);
    put_le32(record + 24, 60012);
    put_le16(record + 32, (uint16_t)mode);
    put_le64(record + 40, size);
    put_le32(record + 160, count);
    memset(record + 164, address, count);
    make_add_up(record);
    g_byte_array_append(dump, record, RECORD);
}

/* A directory of one record, full of entries with this name for `inode`. */
static void add_directory(GByteArray *dump, uint32_t directory, uint32_t inode, const char *name,
                          size_t length)
{
    uint8_t record[RECORD] = { 0 };
    size_t at, step = 8 + MAX(length, 1);

    for (at = 0; at + step <= RECORD; at += step) {
        put_le32(record + at, inode);
        put_le16(record + at + 4, (uint16_t)step);
        record[at + 7] = (uint8_t)length;
        memcpy(record + at + 8, name, length);
    }
    add_header(dump, INODE, directory, DIRECTORY_MODE, at, 1, 1);
    g_byte_array_append(dump, record, RECORD);
}

static GByteArray *begin(void)
{
    GByteArray *dump = g_byte_array_new();

    add_header(dump, TAPE, 0, 0, 0, 0, 0);
    return dump;
}

START_TEST(holes_are_bounded)
{
    g_autoptr(GByteArray) dump = begin();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = NULL;
    unsigned i;

    /* 512 headers of 512 holes each are 256 MiB. Of a FIFO, so that no time goes into sums. */
    add_header(dump, INODE, 5, FIFO_MODE, UINT64_C(1) << 62, 512, 0);
    for (i = 0; i < 600; i++) {
        add_header(dump, FILE_ADDR, 5, FIFO_MODE, UINT64_C(1) << 62, 512, 0);
    }
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "dump record 513: holes of more than 256 MiB");
}
END_TEST

START_TEST(names_are_bounded)
{
    g_autoptr(GByteArray) dump = begin();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = NULL;
    unsigned i;

    /* 113 names a directory, of 9 bytes an entry. */
    for (i = 0; i < 600; i++) {
        add_directory(dump, 10 + i, 5000 + i, "a", 1);
    }
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "dump record 1160: more than 65536 names");
}
END_TEST

/* However often an inode comes, its names are told once. */
START_TEST(names_are_told_once)
{
    g_autoptr(GByteArray) dump = begin();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = NULL;
    unsigned i;

    add_directory(dump, 2, 5, "a", 1);
    for (i = 0; i < 3; i++) {
        add_header(dump, INODE, 5, FILE_MODE, 0, 0, 0);
    }
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "dump record 6: the dump ends before it is said to");
    ck_assert_uint_eq(files->len, 113 * strlen("a 12345678\n") + 2 * strlen("#5 12345678\n"));
}
END_TEST

/* A path that no system takes is none: eighty directories in one another, a long name each. */
START_TEST(paths_are_bounded)
{
    g_autoptr(GByteArray) dump = begin();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *name = g_strnfill(255, 'd'), *error = NULL;
    unsigned i;

    for (i = 2; i < 82; i++) {
        add_directory(dump, i, i + 1, name, 255);
    }
    add_header(dump, INODE, 82, FILE_MODE, 0, 0, 0);
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "dump record 162: the dump ends before it is said to");
    ck_assert_str_eq(files->str, "#82 e3b0c442\n");
}
END_TEST

static const struct {
    const char *name;
    size_t length;
} no_names[] = { { "", 0 }, { "a\0b", 3 }, { "\0", 1 }, { "/", 1 }, { "a/b", 3 } };

START_TEST(what_is_no_name_is_refused)
{
    g_autoptr(GByteArray) dump = begin();
    g_autoptr(GString) files = g_string_new(NULL);
    g_autofree char *error = NULL;

    add_directory(dump, 2, 5, no_names[_i].name, no_names[_i].length);
    error = read_all(dump, BLOCK, files);
    ck_assert_str_eq(error, "dump record 2: inode 2 gives inode 5 a name that no file can have");
}
END_TEST

TCase *make_dump_tcase(void)
{
    TCase *tcase = tcase_create("dump");

    tcase_add_loop_test(tcase, files_are_read, 0, G_N_ELEMENTS(pieces));
    tcase_add_loop_test(tcase, blocks_out_of_place_are_seen, 0, G_N_ELEMENTS(moves));
    tcase_add_loop_test(tcase, headers_that_lie_are_seen, 0, G_N_ELEMENTS(fields));
    tcase_add_test(tcase, file_without_a_name_has_a_number);
    tcase_add_test(tcase, holes_are_bounded);
    tcase_add_test(tcase, names_are_bounded);
    tcase_add_test(tcase, names_are_told_once);
    tcase_add_test(tcase, paths_are_bounded);
    tcase_add_loop_test(tcase, what_is_no_name_is_refused, 0, G_N_ELEMENTS(no_names));
    return tcase;
}
