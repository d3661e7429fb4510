/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A native cartridge whose file was damaged: what is lost is an error where it was, never an end of
 * the data, and no more of it gets lost by looking. Each test runs on every version of the format.
 */
#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/cartridge/cartridge.h"
#include "tests/contract/medium_rows.h"
#include "tests/support/memory_disk.h"

#include <errno.h>

TCase *make_medium_damage_tcase(void);

enum { CHUNK = 1 << CHUNK_SHIFT_MIN, PER_CHUNK = CHUNK / OBJECT_ENTRY, LENGTH = 700, SECTOR = 512 };

/* The versions of the format, by what makes them. */
static bool (*const makers[])(HostFile *, const char *, const MediumGeometry *, uint32_t,
                              GError **) = { cartridge_create_plain, cartridge_create };

enum { PLAIN, BOUND, VERSIONS };

static MemoryDisk *make(uint32_t partitions, int version)
{
    MemoryDisk *disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);
    MediumGeometry geometry = { .partitions = partitions };

    ck_assert(makers[version](file, "tape", &geometry, CHUNK_SHIFT_MIN, NULL));
    host_file_release(file);
    return disk;
}

static TapeMedium *try_open(MemoryDisk *disk, bool read_only, char **notice, GError **error)
{
    HostFile *file = memory_disk_open(disk);
    TapeMedium *m = cartridge_open(file, "tape", read_only, executor_inline(), notice, error);

    if (!m) {
        host_file_release(file);
    }
    return m;
}

static TapeMedium *open_tape(MemoryDisk *disk)
{
    TapeMedium *m = try_open(disk, false, NULL, NULL);

    ck_assert_ptr_nonnull(m);
    return m;
}

static void note_result(void *data, MediumResult result)
{
    *(MediumResult *)data = result;
}

static void sync_now(TapeMedium *m)
{
    MediumResult result = MEDIUM_HOST_ERROR;

    medium_sync(m, note_result, &result);
    ck_assert_int_eq(result, MEDIUM_OK);
}

/* Blocks from the head on, whose contents tell their numbers; `marks`: every tenth is a filemark.
 */
static void write_objects(TapeMedium *m, uint32_t from, uint32_t to, uint32_t life, bool marks)
{
    uint8_t bytes[LENGTH];
    uint64_t n;
    uint32_t i;

    for (i = from; i < to; i++) {
        if (marks && i % 10 == 9) {
            ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_OK);
        } else {
            fill_block(bytes, LENGTH, i + 100000 * life);
            ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
        }
    }
}

static MemoryDisk *make_filled(uint32_t objects, bool marks, int version)
{
    MemoryDisk *disk = make(1, version);
    TapeMedium *m = open_tape(disk);

    write_objects(m, 0, objects, 0, marks);
    sync_now(m);
    medium_free(m);
    return disk;
}

/* Is the object what was written in this life, or damaged? Anything else is wrong. */
static bool read_one(TapeMedium *m, uint32_t object, uint32_t life, bool marks)
{
    uint8_t bytes[LENGTH], expected[LENGTH];
    size_t length;
    MediumResult result = medium_read(m, bytes, LENGTH, &length);

    if (result == MEDIUM_CORRUPT) {
        return false;
    }
    if (marks && object % 10 == 9) {
        ck_assert_msg(result == MEDIUM_FILEMARK, "object %u: result %u", object, result);
        return true;
    }
    ck_assert_msg(result == MEDIUM_OK, "object %u: result %u", object, result);
    fill_block(expected, LENGTH, object + 100000 * life);
    ck_assert_msg(memcmp(bytes, expected, LENGTH) == 0, "object %u is another", object);
    return true;
}

/* Reads what is there of `objects`; returns how many are damaged. */
static uint32_t read_all(TapeMedium *m, uint32_t objects, bool marks)
{
    uint32_t damaged = 0, i;
    uint8_t byte;
    size_t length;

    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    for (i = 0; i < objects; i++) {
        damaged += !read_one(m, i, 0, marks);
    }
    ck_assert_int_eq(medium_read(m, &byte, 1, &length), MEDIUM_EOD);
    return damaged;
}

static uint64_t objects_of(TapeMedium *m)
{
    MediumPartition partition;

    medium_partition(m, 0, &partition);
    return partition.objects;
}

/* Bytes of the disk, read or written. */
static void peek(MemoryDisk *disk, uint64_t offset, void *bytes, size_t length)
{
    HostFile *file = memory_disk_open(disk);

    host_file_read(file, bytes, length, offset);
    host_file_release(file);
}

static void poke(MemoryDisk *disk, uint64_t offset, const void *bytes, size_t length)
{
    HostFile *file = memory_disk_open(disk);

    host_file_write(file, bytes, length, offset);
    host_file_release(file);
}

static void zero(MemoryDisk *disk, uint64_t offset, size_t length)
{
    g_autofree uint8_t *bytes = g_malloc0(length);

    poke(disk, offset, bytes, length);
}

static void flip(MemoryDisk *disk, uint64_t offset)
{
    uint8_t byte;

    peek(disk, offset, &byte, 1);
    byte ^= 0x10;
    poke(disk, offset, &byte, 1);
}

static void truncate_disk(MemoryDisk *disk, uint64_t size)
{
    HostFile *file = memory_disk_open(disk);

    file->ops->truncate(file, size);
    host_file_release(file);
}

/* Where chunk `index` of a stream of partition 0 lies: its record in the map, its first byte. */
static uint32_t find_record(MemoryDisk *disk, StreamKind kind, uint32_t index)
{
    TapeMedium *m = try_open(disk, true, NULL, NULL);
    uint32_t record = store_chunk(&cartridge(m)->store, 0, kind, index);

    medium_free(m);
    ck_assert_uint_gt(record, 0);
    return record - 1;
}

/* The map forgets a chunk, wherever it has it. */
static void damage_record(MemoryDisk *disk, uint32_t record, int version)
{
    flip(disk, CHUNK_MAP + (uint64_t)record * CHUNK_RECORD + 5);
    if (version == BOUND) {
        flip(disk, CHUNK_MAP_COPY + (uint64_t)record * CHUNK_RECORD + 6);
    }
}

static uint64_t chunk_offset(uint32_t record)
{
    return SYSTEM_AREA + (uint64_t)record * CHUNK;
}

static uint64_t entry_offset(MemoryDisk *disk, uint64_t object)
{
    return chunk_offset(find_record(disk, STREAM_TABLE, (uint32_t)(object / PER_CHUNK))) +
           object % PER_CHUNK * OBJECT_ENTRY;
}

/* It is write-protected, and says so; trying to write changes nothing in the file. */
static void check_protected(MemoryDisk *disk, const char *why)
{
    int events = memory_disk_events(disk);
    g_autofree char *notice = NULL;
    TapeMedium *m = try_open(disk, false, &notice, NULL);
    uint8_t byte = 1;
    MediumInfo info;
    uint64_t n;

    ck_assert_ptr_nonnull(m);
    ck_assert_ptr_nonnull(notice);
    ck_assert_msg(strstr(notice, why) && strstr(notice, "write-protected") &&
                      strstr(notice, "check --repair") && !strchr(notice, '\n'),
                  "%s", notice);
    medium_info(m, &info);
    ck_assert(info.damaged && info.write_protected);
    medium_count_load(m);
    ck_assert_int_eq(medium_write(m, &byte, 1), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_PROTECTED);
    ck_assert_int_eq(medium_erase(m, true), MEDIUM_PROTECTED);
    sync_now(m);
    medium_free(m);
    ck_assert_int_eq(memory_disk_events(disk), events);
}

/* ── the host fails while it is opened ── */

START_TEST(a_host_error_while_opening_is_one)
{
    g_autoptr(MemoryDisk) disk = make(2, _i);
    GBytes *value = g_bytes_new_static("value", 5);
    TapeMedium *m = open_tape(disk);
    bool failed = true;
    int n;

    ck_assert_int_eq(medium_set_attribute(m, 0, &(MediumAttribute){ 0x400, 1, false, value }),
                     MEDIUM_OK);
    g_bytes_unref(value);
    write_objects(m, 0, 100, 0, true);
    sync_now(m);
    write_objects(m, 100, 130, 0, true); /* beyond the durable place */
    ck_assert_int_eq(cartridge_flush(cartridge(m)), MEDIUM_OK);
    cartridge(m)->failed = true; /* killed here */
    medium_free(m);
    memory_disk_settle(disk);
    for (n = 0; failed; n++) {
        g_autoptr(GError) error = NULL;

        memory_disk_fail(disk, n / 2, EIO, n % 2); /* what fails once may be read again */
        m = try_open(disk, n / 2 % 2, NULL, &error);
        failed = memory_disk_failed(disk);
        memory_disk_fail(disk, 0, 0, false);
        if (failed && (n % 2 || !m)) {
            ck_assert_ptr_null(m);
            ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK));
            ck_assert_msg(strstr(error->message, g_strerror(EIO)), "%s", error->message);
        }
        m = m ? m : open_tape(disk);
        ck_assert_uint_eq(objects_of(m), 130);
        ck_assert_uint_eq(read_all(m, 130, true), 0);
        medium_free(m);
    }
    ck_assert_int_gt(n, 10);
}
END_TEST

/* ── what the map has lost ── */

START_TEST(a_chunk_that_the_map_lost_is_found_by_its_contents)
{
    enum { OBJECTS = 1500 }; /* two chunks of table, more of data */
    static const struct {
        StreamKind kind;
        uint32_t index;
    } lost[] = { { STREAM_TABLE, 0 }, { STREAM_TABLE, 1 }, { STREAM_DATA, 0 }, { STREAM_DATA, 7 } };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lost); i++) {
        g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, _i);
        uint32_t record = find_record(disk, lost[i].kind, lost[i].index);
        TapeMedium *m;

        damage_record(disk, record, _i);
        check_protected(disk, "of these were found by their contents");
        m = open_tape(disk);
        ck_assert_uint_eq(objects_of(m), OBJECTS);
        ck_assert_uint_eq(read_all(m, OBJECTS, true), 0);
        medium_free(m);
    }
}
END_TEST

START_TEST(a_lost_chunk_of_the_table_is_no_end)
{
    enum { OBJECTS = 2 * PER_CHUNK + 100 };
    uint32_t index;

    for (index = 0; index < 3; index++) {
        uint32_t gone = index == 2 ? 100 : PER_CHUNK, before = index * PER_CHUNK;
        g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, _i);
        uint32_t record = find_record(disk, STREAM_TABLE, index);
        TapeMedium *m;

        damage_record(disk, record, _i);
        zero(disk, chunk_offset(record), CHUNK);
        check_protected(disk, "0 of these were found");
        m = open_tape(disk);
        ck_assert_uint_eq(objects_of(m), OBJECTS);
        ck_assert_uint_eq(read_all(m, OBJECTS, true), gone);
        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, before), MEDIUM_OK);
        ck_assert_uint_eq(medium_skip_lost(m), gone);
        ck_assert_uint_eq(medium_skip_lost(m), 0);
        medium_free(m);
    }
}
END_TEST

START_TEST(a_file_cut_short_is_no_end)
{
    enum { OBJECTS = 2 * PER_CHUNK };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, false, _i);
    uint32_t record = find_record(disk, STREAM_TABLE, 1);
    uint32_t damaged;
    TapeMedium *m;

    truncate_disk(disk, chunk_offset(record));
    check_protected(disk, "missing from the chunk map");
    m = open_tape(disk);
    ck_assert_uint_eq(objects_of(m), OBJECTS);
    damaged = read_all(m, OBJECTS, false);
    ck_assert(damaged >= PER_CHUNK && damaged < OBJECTS);
    medium_free(m);
}
END_TEST

START_TEST(one_copy_of_the_map_is_enough)
{
    enum { OBJECTS = 1500 };
    const uint64_t copies[] = { CHUNK_MAP, CHUNK_MAP_COPY };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, BOUND);
    g_autofree char *notice = NULL;
    TapeMedium *m;
    MediumInfo info;

    zero(disk, copies[_i], 4096);
    m = try_open(disk, false, &notice, NULL);
    medium_info(m, &info);
    ck_assert(!info.damaged && !info.write_protected && !notice);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 0);
    write_objects(m, OBJECTS, 2 * OBJECTS, 0, true); /* takes chunks */
    sync_now(m);
    medium_free(m);
    m = open_tape(disk);
    ck_assert_uint_eq(read_all(m, 2 * OBJECTS, true), 0);
    medium_free(m);
}
END_TEST

/* A misdirected write: in one copy of the map a record lies over another, and is whole. */
START_TEST(a_record_in_the_place_of_another_is_outvoted)
{
    enum { OBJECTS = 600, RECORDS = 4 };
    const uint64_t copies[] = { CHUNK_MAP, CHUNK_MAP_COPY };
    uint32_t from = (uint32_t)_i / 2 / RECORDS, to = (uint32_t)_i / 2 % RECORDS;
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, BOUND);
    g_autofree char *notice = NULL;
    uint8_t record[CHUNK_RECORD];
    TapeMedium *m;
    MediumInfo info;

    peek(disk, copies[_i % 2] + from * CHUNK_RECORD, record, sizeof record);
    poke(disk, copies[_i % 2] + to * CHUNK_RECORD, record, sizeof record);
    m = try_open(disk, false, &notice, NULL);
    ck_assert_ptr_nonnull(m);
    medium_info(m, &info);
    ck_assert_msg(!info.damaged && !notice, "%s", notice);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 0);
    medium_free(m);
}
END_TEST

/* ── moving over damage ── */

typedef struct Motion {
    const char *what;
    bool marks; /* every tenth object is a filemark */
    uint32_t from;
    int64_t count; /* of `space` objects; 0: LOCATE to filemark `from` */
    MediumSpace space;
    MediumResult result;
    uint64_t moved, head;
} Motion;

/* Of 100 objects, those from 32 to 39 are damaged. */
static const Motion motions[] = {
    { "blocks over blocks", false, 10, 50, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 50, 60 },
    { "blocks into blocks", false, 10, 25, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 25, 35 },
    { "blocks back over blocks", false, 60, -50, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 50, 10 },
    { "blocks back into blocks", false, 60, -25, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 25, 35 },
    { "blocks up to a mark before", true, 20, 50, MEDIUM_SPACE_BLOCKS, MEDIUM_FILEMARK, 9, 30 },
    { "blocks up to the damage", true, 30, 1, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 1, 31 },
    { "blocks into a mixture", true, 30, 5, MEDIUM_SPACE_BLOCKS, MEDIUM_CORRUPT, 2, 32 },
    { "blocks back into a mixture", true, 45, -9, MEDIUM_SPACE_BLOCKS, MEDIUM_CORRUPT, 5, 40 },
    { "filemarks before", true, 10, 2, MEDIUM_SPACE_FILEMARKS, MEDIUM_OK, 2, 30 },
    { "filemarks into it", true, 10, 3, MEDIUM_SPACE_FILEMARKS, MEDIUM_CORRUPT, 2, 32 },
    { "filemarks over it", true, 10, 4, MEDIUM_SPACE_FILEMARKS, MEDIUM_OK, 4, 50 },
    { "filemarks back into it", true, 55, -2, MEDIUM_SPACE_FILEMARKS, MEDIUM_CORRUPT, 1, 40 },
    { "filemarks back over it", true, 55, -3, MEDIUM_SPACE_FILEMARKS, MEDIUM_OK, 3, 29 },
    { "none there", false, 10, 1, MEDIUM_SPACE_FILEMARKS, MEDIUM_EOD, 0, 100 },
    { "from within", true, 35, 1, MEDIUM_SPACE_FILEMARKS, MEDIUM_CORRUPT, 0, 40 },
    { "back from within", true, 35, -1, MEDIUM_SPACE_FILEMARKS, MEDIUM_CORRUPT, 0, 32 },
    { "from within, of blocks alone", false, 35, 10, MEDIUM_SPACE_BLOCKS, MEDIUM_OK, 10, 45 },
    { "a run of marks", true, 30, 2, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, MEDIUM_CORRUPT, 0, 32 },
    { "locate a mark before", true, 3, 0, 0, MEDIUM_OK, 0, 30 },
    { "locate a mark in it", true, 4, 0, 0, MEDIUM_CORRUPT, 0, 32 },
    { "locate a mark behind", true, 5, 0, 0, MEDIUM_OK, 0, 50 },
};

START_TEST(motions_over_damage_end_where_it_is_known)
{
    const Motion *motion = &motions[_i % (int)G_N_ELEMENTS(motions)];
    int version = _i / (int)G_N_ELEMENTS(motions);
    g_autoptr(MemoryDisk) disk = make_filled(100, motion->marks, version);
    uint64_t sector = entry_offset(disk, 32);
    MediumPosition position;
    uint64_t moved = 0;
    MediumResult result;
    TapeMedium *m;

    ck_assert_uint_eq(sector % SECTOR, 0);
    zero(disk, sector, SECTOR);
    m = open_tape(disk);
    if (motion->count) {
        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, motion->from), MEDIUM_OK);
        result = medium_space(m, motion->space, motion->count, false, &moved);
    } else {
        result = medium_locate(m, 0, MEDIUM_LOCATE_FILE, motion->from);
    }
    medium_position(m, &position);
    ck_assert_msg(result == motion->result && moved == motion->moved &&
                      position.object == motion->head,
                  "%s: result %u, %" G_GUINT64_FORMAT " moved, at %" G_GUINT64_FORMAT, motion->what,
                  result, moved, position.object);
    if (result != MEDIUM_CORRUPT) {
        ck_assert_uint_eq(position.files, motion->marks ? motion->head / 10 : 0);
    }
    medium_free(m);
}
END_TEST

START_TEST(nothing_is_written_where_marks_cannot_be_counted)
{
    g_autoptr(MemoryDisk) disk = make_filled(100, true, _i);
    TapeMedium *m;
    uint8_t byte = 1;

    zero(disk, entry_offset(disk, 32), SECTOR);
    m = open_tape(disk);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 35), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, &byte, 1), MEDIUM_WRITE_ERROR);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 32), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, &byte, 1), MEDIUM_OK);
    sync_now(m);
    ck_assert_uint_eq(objects_of(m), 33);
    medium_free(m);
}
END_TEST

/* ── what is not what was last written there ── */

START_TEST(an_old_sector_of_the_table_is_damage)
{
    g_autoptr(MemoryDisk) disk = make_filled(200, false, _i);
    TapeMedium *m = open_tape(disk);
    uint64_t sector = entry_offset(disk, 64);
    uint8_t old[SECTOR], byte;
    uint32_t i, damaged = 0;
    size_t length;

    peek(disk, sector, old, SECTOR);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 20), MEDIUM_OK);
    write_objects(m, 20, 200, 1, false);
    sync_now(m);
    medium_free(m);
    poke(disk, sector, old, SECTOR);
    m = open_tape(disk);
    for (i = 0; i < 200; i++) {
        damaged += !read_one(m, i, i >= 20, false);
    }
    ck_assert_uint_eq(damaged, SECTOR / OBJECT_ENTRY);
    ck_assert_int_eq(medium_read(m, &byte, 1, &length), MEDIUM_EOD);
    medium_free(m);
}
END_TEST

/* Of version 4 nothing is valid elsewhere than where it was written to. */
START_TEST(what_lies_in_the_place_of_another_is_damage)
{
    enum { OBJECTS = 200, PAGE = 4096 };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, false, BOUND);
    g_autoptr(MemoryDisk) other = make_filled(OBJECTS, false, BOUND);
    uint64_t table = chunk_offset(find_record(disk, STREAM_TABLE, 0));
    uint64_t data = chunk_offset(find_record(disk, STREAM_DATA, 0));
    uint8_t bytes[PAGE];
    uint32_t damaged;
    TapeMedium *m;

    switch (_i) {
    case 0: /* blocks, onto blocks of the same contents and length of another tape */
        peek(other, data, bytes, PAGE);
        poke(disk, data, bytes, PAGE);
        break;
    case 1: /* entries of another tape, which name the same blocks */
        peek(other, table, bytes, PAGE);
        poke(disk, table, bytes, PAGE);
        break;
    case 2: /* blocks and their entries */
        peek(other, data, bytes, PAGE);
        poke(disk, data, bytes, PAGE);
        peek(other, table, bytes, PAGE);
        poke(disk, table, bytes, PAGE);
        break;
    case 3: /* one block onto another */
    default:
        peek(disk, data, bytes, LENGTH);
        poke(disk, data + LENGTH, bytes, LENGTH);
        break;
    }
    m = open_tape(disk);
    damaged = read_all(m, OBJECTS, false);
    ck_assert_msg(_i == 0   ? damaged == 0
                  : _i == 3 ? damaged == 1
                            : damaged >= PAGE / OBJECT_ENTRY,
                  "%u are damaged", damaged);
    medium_free(m);
}
END_TEST

/* A block is bound to its object: the same bytes are not valid for another. */
START_TEST(equal_blocks_are_told_apart)
{
    g_autoptr(MemoryDisk) disk = make(1, BOUND);
    TapeMedium *m = open_tape(disk);
    uint8_t bytes[LENGTH] = { 0 };
    ObjectEntry first, second;

    ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    ck_assert_int_eq(cartridge_entry(cartridge(m), 0, &first), ENTRY_GOOD);
    ck_assert_int_eq(cartridge_entry(cartridge(m), 1, &second), ENTRY_GOOD);
    ck_assert_uint_ne(first.data_crc, second.data_crc);
    medium_free(m);
}
END_TEST

/* The last sectors of the table that was durable are those of before, as if never written. */
START_TEST(a_lost_write_of_the_last_entries_is_damage)
{
    enum { OBJECTS = 128 };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, false, BOUND);
    uint64_t sector = entry_offset(disk, OBJECTS - 8);
    uint8_t old[SECTOR];
    TapeMedium *m = open_tape(disk);
    uint32_t i;

    peek(disk, sector, old, SECTOR);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, OBJECTS - 8), MEDIUM_OK);
    write_objects(m, OBJECTS - 8, OBJECTS, 1, false);
    sync_now(m);
    medium_free(m);
    poke(disk, sector, old, SECTOR);
    check_protected(disk, "not those that its superblock tells of");
    m = open_tape(disk);
    for (i = 0; i < OBJECTS; i++) {
        ck_assert_int_eq(read_one(m, i, 0, false), i < OBJECTS - 8);
    }
    medium_free(m);
}
END_TEST

/*
 * Objects 0 to 59: the first 13 of life 0, 13 to 29 of life 1, the others of life 2, each begun by
 * a cut. Then the table goes back to what life 0 wrote of it, up to object 49, with a filemark in
 * ten.
 */
enum { CUT_OBJECTS = 60, CUT_FIRST = 13, CUT_SECOND = 30, CUT_OLD = 50 };

static MemoryDisk *make_rolled_back(void)
{
    MemoryDisk *disk = make_filled(CUT_OLD, true, BOUND);
    uint64_t table = entry_offset(disk, 0);
    uint8_t old[CUT_OLD * OBJECT_ENTRY];
    static const uint32_t cuts[] = { CUT_FIRST, CUT_SECOND };
    uint32_t i;

    peek(disk, table, old, sizeof old);
    for (i = 0; i < G_N_ELEMENTS(cuts); i++) {
        TapeMedium *m = open_tape(disk);

        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, cuts[i]), MEDIUM_OK);
        write_objects(m, cuts[i], CUT_OBJECTS, i + 1, false);
        sync_now(m);
        medium_free(m);
    }
    poke(disk, table, old, sizeof old);
    return disk;
}

/* What no cut took is there; what a later cut wrote is there, where the table has it; the rest is
 * damaged. */
static void check_rolled_back(TapeMedium *m)
{
    uint32_t i;

    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    for (i = 0; i < CUT_OBJECTS; i++) {
        bool there = read_one(m, i, i < CUT_FIRST ? 0 : 2, i < CUT_FIRST);

        ck_assert_msg(there == (i < CUT_FIRST || i >= CUT_OLD), "object %u", i);
    }
}

START_TEST(an_entry_of_before_a_cut_is_damage_after_it)
{
    g_autoptr(MemoryDisk) disk = make_rolled_back();
    TapeMedium *m = open_tape(disk);

    check_rolled_back(m);
    medium_free(m);
}
END_TEST

START_TEST(an_append_behind_stale_entries_takes_nothing_that_is_readable)
{
    g_autoptr(MemoryDisk) disk = make_rolled_back();
    TapeMedium *m = open_tape(disk);

    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_EOD, 0), MEDIUM_OK);
    write_objects(m, CUT_OBJECTS, CUT_OBJECTS + 5, 3, false);
    sync_now(m);
    medium_free(m);
    m = open_tape(disk);
    check_rolled_back(m);
    ck_assert(read_one(m, CUT_OBJECTS, 3, false));
    medium_free(m);
}
END_TEST

/* It is whole, and takes none of those beside it with it. */
START_TEST(an_entry_of_an_epoch_that_never_began_is_damage)
{
    enum { OBJECTS = 100, ODD = 43 };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, _i);
    uint64_t at = entry_offset(disk, ODD);
    TapeMedium *m = open_tape(disk);
    uint32_t id = cartridge_binding(cartridge(m))->id;
    uint8_t entry[OBJECT_ENTRY];

    medium_free(m);
    peek(disk, at, entry, sizeof entry);
    put_le32(entry + 12, 1000);
    put_le64(entry + 48, 0); /* filemarks before it */
    put_le32(entry, object_entry_sum(entry) ^ id);
    poke(disk, at, entry, sizeof entry);
    m = open_tape(disk);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 1);
    medium_free(m);
}
END_TEST

/* The superblock says how many marks there are, and in version 4 which entry is the last. */
START_TEST(a_last_entry_that_the_superblock_does_not_mean_is_damaged)
{
    enum { OBJECTS = 100 };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, true, _i);
    uint64_t at = entry_offset(disk, OBJECTS - 1);
    TapeMedium *m = open_tape(disk);
    uint32_t id = cartridge_binding(cartridge(m))->id;
    uint8_t entry[OBJECT_ENTRY];

    medium_free(m);
    peek(disk, at, entry, sizeof entry);
    ck_assert_uint_eq(entry[4], OBJECT_FILEMARK);
    entry[4] = OBJECT_SETMARK;
    put_le32(entry, object_entry_sum(entry) ^ id);
    poke(disk, at, entry, sizeof entry);
    check_protected(disk, "not those that its superblock tells of");
    m = open_tape(disk);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 1);
    medium_free(m);
}
END_TEST

/* Numbers that only a crafted header has: nothing wraps, and what is on the tape stays. */
START_TEST(no_number_of_a_header_wraps)
{
    enum { OBJECTS = 20, EPOCH, GENERATION, SEQUENCE };
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, false, _i % VERSIONS);
    const uint64_t capacities[] = { G_MAXUINT64 };
    int what = EPOCH + _i / VERSIONS;
    TapeMedium *m = open_tape(disk);
    Superblock *s = &cartridge(m)->superblock;
    uint8_t byte = 1;

    s->partitions[0].epoch = what == EPOCH ? EPOCH_MAX : s->partitions[0].epoch;
    s->generation = what == GENERATION ? GENERATION_MAX : s->generation;
    s->sequence = what == SEQUENCE ? SEQUENCE_MAX : s->sequence;
    if (what == EPOCH) {
        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 5), MEDIUM_OK);
        ck_assert_int_eq(medium_write(m, &byte, 1), MEDIUM_UNSUPPORTED);
        ck_assert_int_eq(medium_erase(m, true), MEDIUM_UNSUPPORTED);
        ck_assert_uint_eq(s->partitions[0].epoch, EPOCH_MAX);
    } else {
        ck_assert_int_eq(medium_format_partitions(m, 1, capacities),
                         what == GENERATION ? MEDIUM_UNSUPPORTED : MEDIUM_HOST_ERROR);
        ck_assert_uint_eq(s->generation, what == GENERATION ? GENERATION_MAX : 1);
        ck_assert_uint_le(s->sequence, SEQUENCE_MAX);
    }
    cartridge(m)->failed = true; /* nothing of this reaches the file */
    medium_free(m);
    m = open_tape(disk);
    ck_assert_uint_eq(read_all(m, OBJECTS, false), 0);
    medium_free(m);
}
END_TEST

/* The slot whose superblock counts. */
static uint64_t newest_slot(MemoryDisk *disk)
{
    TapeMedium *m = try_open(disk, true, NULL, NULL);
    uint64_t slot = (uint64_t)cartridge(m)->slot * SUPERBLOCK_SLOT_SIZE;

    medium_free(m);
    return slot;
}

START_TEST(a_lost_superblock_does_not_bring_back_an_older_tape)
{
    g_autoptr(MemoryDisk) disk = make_filled(50, false, _i);
    TapeMedium *m = open_tape(disk);
    uint32_t i;

    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 10), MEDIUM_OK);
    write_objects(m, 10, 12, 1, false); /* a superblock names the new end before that */
    ck_assert_int_eq(cartridge_flush(cartridge(m)), MEDIUM_OK);
    cartridge(m)->failed = true; /* killed here */
    medium_free(m);
    flip(disk, newest_slot(disk) + 40);
    check_protected(disk, "not those that its superblock tells of");
    m = open_tape(disk);
    ck_assert_uint_eq(objects_of(m), 12);
    for (i = 0; i < 12; i++) {
        ck_assert(read_one(m, i, i >= 10, false));
    }
    medium_free(m);
}
END_TEST

/* The superblock that is left tells as much, or what is not whole behind what it tells is damage.
 */
START_TEST(a_lost_superblock_and_a_lost_object_are_damage)
{
    enum { OBJECTS = 50 };
    int version = _i / 2, slot = _i % 2;
    g_autoptr(MemoryDisk) disk = make_filled(OBJECTS, false, version);
    uint64_t data = chunk_offset(find_record(disk, STREAM_DATA, 0));
    TapeMedium *m;

    flip(disk, (uint64_t)slot * SUPERBLOCK_SLOT_SIZE + 40);
    flip(disk, data + 20 * LENGTH);
    m = open_tape(disk);
    ck_assert_uint_eq(objects_of(m), OBJECTS);
    ck_assert_uint_eq(read_all(m, OBJECTS, false), 1);
    medium_free(m);
}
END_TEST

START_TEST(what_a_lost_superblock_may_have_told_of_is_damage)
{
    g_autoptr(MemoryDisk) disk = make_filled(50, false, _i);
    TapeMedium *m = open_tape(disk);
    uint64_t data = chunk_offset(find_record(disk, STREAM_DATA, 0));
    MediumInfo info;

    medium_locate(m, 0, MEDIUM_LOCATE_EOD, 0);
    write_objects(m, 50, 60, 0, false);
    sync_now(m);
    cartridge(m)->failed = true; /* killed here */
    medium_free(m);
    flip(disk, newest_slot(disk) + 40);
    flip(disk, data + 55 * LENGTH);
    m = try_open(disk, true, NULL, NULL);
    medium_info(m, &info);
    ck_assert(info.damaged);
    medium_free(m);
}
END_TEST

START_TEST(a_lost_superblock_does_not_bring_back_other_partitions)
{
    g_autoptr(MemoryDisk) disk = make_filled(50, false, _i);
    const uint64_t capacities[] = { 1 << 20, 1 << 20 };
    uint64_t slot = newest_slot(disk);
    uint8_t old[SUPERBLOCK_MAX];
    TapeMedium *m = open_tape(disk);
    g_autoptr(GError) error = NULL;

    peek(disk, slot, old, sizeof old);
    ck_assert_int_eq(medium_format_partitions(m, 2, capacities), MEDIUM_OK);
    write_objects(m, 0, 1, 1, false);
    sync_now(m);
    medium_free(m);
    poke(disk, slot, old, sizeof old); /* the disk lost what was written since */
    flip(disk, SUPERBLOCK_SLOT_SIZE - slot + 40);
    ck_assert_ptr_null(try_open(disk, false, NULL, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "check --repair"));
}
END_TEST

/* ── without superblocks ── */

/* Both are gone, and one label; `map`: the map, too. */
static TapeMedium *salvage(MemoryDisk *disk, int label, bool map)
{
    HostFile *file = memory_disk_open(disk);
    g_autofree char *notice = NULL;
    TapeMedium *m;

    zero(disk, 0, SUPERBLOCK_SLOTS * SUPERBLOCK_SLOT_SIZE);
    zero(disk, (uint64_t)LABEL * (uint64_t)(label + 1), SUPERBLOCK_MAX);
    if (map) {
        zero(disk, CHUNK_MAP, SYSTEM_AREA - CHUNK_MAP);
    }
    m = cartridge_open_salvaged(file, "tape", &notice, NULL);
    ck_assert_ptr_nonnull(m);
    ck_assert_ptr_nonnull(strstr(notice, "its attributes are lost"));
    return m;
}

START_TEST(a_label_tells_what_the_cartridge_was_made_as)
{
    enum { OBJECTS = 1500 };
    MediumGeometry geometry = { .partitions = 1,
                                .capacity = 1 << 26,
                                .early_warning = 1 << 20,
                                .density = 0x31,
                                .worm = true };
    g_autoptr(MemoryDisk) disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);
    TapeMedium *m;
    MediumInfo info;

    g_strlcpy(geometry.barcode, "LABEL1", sizeof geometry.barcode);
    ck_assert(cartridge_create(file, "tape", &geometry, CHUNK_SHIFT_MIN, NULL));
    host_file_release(file);
    m = open_tape(disk);
    write_objects(m, 0, OBJECTS, 0, true);
    sync_now(m);
    medium_free(m);
    m = salvage(disk, _i % 2, _i / 2);
    medium_info(m, &info);
    ck_assert(info.damaged && info.write_protected && info.geometry.worm);
    ck_assert_str_eq(info.geometry.barcode, "LABEL1");
    ck_assert_uint_eq(info.geometry.capacity, 1 << 26);
    ck_assert_uint_eq(info.geometry.early_warning, 1 << 20);
    ck_assert_uint_eq(info.geometry.density, 0x31);
    ck_assert_uint_eq(objects_of(m), OBJECTS);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 0);
    medium_free(m);
}
END_TEST

static int keep_size(HostFile *file, uint64_t size)
{
    return 0;
}

START_TEST(what_was_partitioned_away_is_not_salvaged)
{
    enum { OBJECTS = 300 };
    const uint64_t capacity = G_MAXUINT64;
    g_autoptr(MemoryDisk) disk = make_filled(4 * OBJECTS, false, BOUND);
    TapeMedium *m = open_tape(disk);
    HostFile *file = memory_disk_open(disk);
    HostFileOps ops = *file->ops;

    medium_free(m);
    ops.truncate = keep_size; /* the old chunks stay */
    file->ops = &ops;
    m = cartridge_open(file, "tape", false, executor_inline(), NULL, NULL);
    ck_assert_int_eq(medium_format_partitions(m, 1, &capacity), MEDIUM_OK);
    write_objects(m, 0, OBJECTS, 0, true);
    sync_now(m);
    medium_free(m);
    m = salvage(disk, _i % 2, _i / 2);
    ck_assert_uint_eq(objects_of(m), OBJECTS);
    ck_assert_uint_eq(read_all(m, OBJECTS, true), 0);
    medium_free(m);
}
END_TEST

/* ── time ── */

static uint64_t reads; /* calls */
static const HostFileOps *counted;

static ssize_t count_read(HostFile *file, void *buffer, size_t length, uint64_t offset)
{
    reads++;
    return counted->read(file, buffer, length, offset);
}

START_TEST(a_long_damaged_run_is_passed_in_one_go)
{
    enum { OBJECTS = 30 * PER_CHUNK };
    g_autoptr(MemoryDisk) disk = make(1, _i);
    HostFile *file = memory_disk_open(disk);
    HostFileOps ops = *file->ops;
    TapeMedium *m = open_tape(disk);
    MediumResult result;
    uint64_t n, i;
    uint8_t byte;
    size_t length;

    ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_SETMARK, OBJECTS / 2, &n), MEDIUM_OK);
    ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, OBJECTS / 2, &n), MEDIUM_OK);
    sync_now(m);
    medium_free(m);
    for (i = 0; i < 30; i++) {
        zero(disk, chunk_offset(find_record(disk, STREAM_TABLE, (uint32_t)i)), CHUNK);
    }
    counted = file->ops;
    ops.read = count_read;
    file->ops = &ops;
    m = cartridge_open(file, "tape", true, executor_inline(), NULL, NULL);
    reads = 0;
    for (i = 0; (result = medium_read(m, &byte, 1, &length)) == MEDIUM_CORRUPT; i++) {
    }
    ck_assert_int_eq(result, MEDIUM_EOD);
    ck_assert_uint_eq(i, OBJECTS);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_FILE, 5), MEDIUM_CORRUPT);
    ck_assert_uint_lt(reads, OBJECTS / 8); /* a page has 64 entries, and is read few times */
    medium_free(m);
}
END_TEST

/* A superblock that claims what it likes, with a right checksum. */
static void claim(MemoryDisk *disk, const Place *durable, uint32_t partitions)
{
    g_autofree Superblock *s = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version, i;
    int slot;

    peek(disk, newest_slot(disk), bytes, sizeof bytes);
    ck_assert_int_eq(superblock_decode(bytes, s, &version), SUPERBLOCK_GOOD);
    s->geometry.partitions = partitions;
    for (i = 0; i < partitions; i++) {
        s->partitions[i] = (PartitionRecord){ G_MAXUINT64, 1, *durable };
    }
    superblock_encode(s, bytes);
    for (slot = 0; slot < SUPERBLOCK_SLOTS; slot++) {
        poke(disk, (uint64_t)slot * SUPERBLOCK_SLOT_SIZE, bytes, sizeof bytes);
    }
}

/* The time limit is the test case's: each of these took minutes, or would never have ended. */
START_TEST(a_header_may_claim_anything)
{
    static const uint64_t large = G_GUINT64_CONSTANT(1) << 38;
    const Place claims[] = {
        { large, large * MEDIUM_BLOCK_MAX, 0, 0 },
        { large, 0, large, 0 },
        { large, MEDIUM_BLOCK_MAX, large - 1, 0 },
        { 1 << 20, 0, 1 << 19, 1 << 18 },
    };
    const Place *durable = &claims[_i % 4];
    g_autoptr(MemoryDisk) disk = make_filled(300, true, _i / 4);
    uint32_t partitions = (uint32_t)MEDIUM_PARTITIONS_MAX, p;
    TapeMedium *m;
    uint64_t n;

    claim(disk, durable, partitions);
    check_protected(disk, "missing from the chunk map");
    m = open_tape(disk);
    for (p = 0; p < partitions; p++) {
        uint64_t lost = 0;
        uint8_t byte;
        size_t length;

        ck_assert_int_eq(medium_locate(m, p, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
        while (medium_read(m, &byte, 1, &length) != MEDIUM_EOD) {
            lost += medium_skip_lost(m);
        }
        ck_assert_uint_gt(lost, 0);
        medium_locate(m, p, MEDIUM_LOCATE_FILE, durable->files / 2);
        medium_space(m, MEDIUM_SPACE_FILEMARKS, -(int64_t)(durable->files / 3), false, &n);
        medium_locate(m, p, MEDIUM_LOCATE_OBJECT, durable->object / 2);
        medium_space(m, MEDIUM_SPACE_BLOCKS, G_MAXINT64, false, &n);
        medium_space(m, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS, -3, false, &n);
    }
    medium_free(m);
}
END_TEST

TCase *make_medium_damage_tcase(void)
{
    enum { MOTIONS = G_N_ELEMENTS(motions) };
    TCase *tcase = tcase_create("damage");

    tcase_set_timeout(tcase, 20);
    tcase_add_loop_test(tcase, a_host_error_while_opening_is_one, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_chunk_that_the_map_lost_is_found_by_its_contents, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_lost_chunk_of_the_table_is_no_end, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_file_cut_short_is_no_end, 0, VERSIONS);
    tcase_add_loop_test(tcase, motions_over_damage_end_where_it_is_known, 0, VERSIONS * MOTIONS);
    tcase_add_loop_test(tcase, nothing_is_written_where_marks_cannot_be_counted, 0, VERSIONS);
    tcase_add_loop_test(tcase, an_old_sector_of_the_table_is_damage, 0, VERSIONS);
    tcase_add_loop_test(tcase, one_copy_of_the_map_is_enough, 0, 2);
    tcase_add_loop_test(tcase, a_record_in_the_place_of_another_is_outvoted, 0, 2 * 4 * 4);
    tcase_add_loop_test(tcase, what_lies_in_the_place_of_another_is_damage, 0, 4);
    tcase_add_test(tcase, equal_blocks_are_told_apart);
    tcase_add_test(tcase, a_lost_write_of_the_last_entries_is_damage);
    tcase_add_test(tcase, an_entry_of_before_a_cut_is_damage_after_it);
    tcase_add_loop_test(tcase, an_entry_of_an_epoch_that_never_began_is_damage, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_last_entry_that_the_superblock_does_not_mean_is_damaged, 0,
                        VERSIONS);
    tcase_add_loop_test(tcase, no_number_of_a_header_wraps, 0, 3 * VERSIONS);
    tcase_add_test(tcase, an_append_behind_stale_entries_takes_nothing_that_is_readable);
    tcase_add_loop_test(tcase, a_lost_superblock_does_not_bring_back_an_older_tape, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_lost_superblock_and_a_lost_object_are_damage, 0, 2 * VERSIONS);
    tcase_add_loop_test(tcase, what_a_lost_superblock_may_have_told_of_is_damage, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_lost_superblock_does_not_bring_back_other_partitions, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_label_tells_what_the_cartridge_was_made_as, 0, 4);
    tcase_add_loop_test(tcase, what_was_partitioned_away_is_not_salvaged, 0, 4);
    tcase_add_loop_test(tcase, a_long_damaged_run_is_passed_in_one_go, 0, VERSIONS);
    tcase_add_loop_test(tcase, a_header_may_claim_anything, 0, VERSIONS * 4);
    return tcase;
}
