/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A native cartridge whose file was damaged, in the drive: what a host gets of it. */
#include "media/cartridge/cartridge.h"
#include "tests/support/memory_disk.h"
#include "tests/support/scsi-host.h"

#include <string.h>

TCase *make_ssc_damage_tcase(void);

#define READ6(count)  CDB(0x08, 0, 0, 0, (count), 0)
#define WRITE6(count) CDB(0x0a, 0, 0, 0, (count), 0)
#define SPACE6(code, n)                                                                            \
    CDB(0x11, (code), (uint8_t)((uint32_t)(n) >> 16), (uint8_t)((uint32_t)(n) >> 8), (uint8_t)(n), \
        0)

enum { LENGTH = 100, CHUNK = 1 << CHUNK_SHIFT_MIN, BLOCKS = 0, FILEMARKS = 1 };

static void fill(uint8_t *bytes, uint8_t number)
{
    memset(bytes, 'a' + number, LENGTH);
}

static void insert(ScsiHost *h, MemoryDisk *disk)
{
    TapeMedium *m =
        cartridge_open(memory_disk_open(disk), "tape", false, executor_inline(), NULL, NULL);

    ck_assert_ptr_nonnull(m);
    ck_assert(ssc_drive_insert(h->drive, m));
    host_clear_attentions(h);
}

/* Written by a drive, which is gone: two blocks, a filemark, two blocks. */
static MemoryDisk *recorded(void)
{
    MemoryDisk *disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);
    MediumGeometry geometry = { .partitions = 1 };
    g_autoptr(ScsiHost) h = host_new(NULL);
    uint8_t bytes[LENGTH], i;

    ck_assert(cartridge_create(file, "tape", &geometry, CHUNK_SHIFT_MIN, NULL));
    host_file_release(file);
    insert(h, disk);
    for (i = 0; i < 4; i++) {
        fill(bytes, i);
        host_write(h, bytes, LENGTH);
        if (i == 1) {
            host_filemarks(h, 1);
        }
    }
    host_filemarks(h, 0);
    host_rewind(h);
    return disk;
}

static void flip(MemoryDisk *disk, uint64_t offset)
{
    HostFile *file = memory_disk_open(disk);
    uint8_t byte;

    ck_assert_int_eq(host_file_read(file, &byte, 1, offset), 0);
    byte ^= 0x10;
    ck_assert_int_eq(host_file_write(file, &byte, 1, offset), 0);
    host_file_release(file);
}

/* Where a chunk of a stream of the tape lies. */
static uint64_t chunk_of(MemoryDisk *disk, StreamKind kind)
{
    TapeMedium *m =
        cartridge_open(memory_disk_open(disk), "tape", true, executor_inline(), NULL, NULL);
    uint32_t record = store_chunk(&cartridge(m)->store, 0, kind, 0);

    medium_free(m);
    ck_assert_uint_gt(record, 0);
    return SYSTEM_AREA + (uint64_t)(record - 1) * CHUNK;
}

static void expect_block(ScsiHost *h, uint8_t number)
{
    uint8_t bytes[LENGTH];

    fill(bytes, number);
    host_send(h, READ6(LENGTH));
    expect_good(h);
    expect_data(h, bytes, LENGTH);
}

/* The block, and nothing else, is lost: by its data or by its entry in the table. */
START_TEST(a_damaged_block_is_a_medium_error)
{
    g_autoptr(MemoryDisk) disk = recorded();
    g_autoptr(ScsiHost) h = host_new(NULL);

    flip(disk, _i ? chunk_of(disk, STREAM_TABLE) + OBJECT_ENTRY + 16
                  : chunk_of(disk, STREAM_DATA) + LENGTH + 7);
    insert(h, disk);
    expect_block(h, 0);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    expect_flags(h, "");
    expect_info(h, LENGTH);
    ck_assert_uint_eq(h->task.in->len, 0);
    expect_at(h, 0, 2);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_FILEMARK_DETECTED);
    expect_block(h, 2);
    expect_block(h, 3);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_END_OF_DATA);
    host_rewind(h); /* and it does not heal */
    host_send(h, SPACE6(BLOCKS, 1));
    expect_good(h);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
}
END_TEST

/* A mark whose entry is damaged is not passed as if it were none, and no block takes its place. */
START_TEST(a_damaged_mark_is_a_medium_error)
{
    g_autoptr(MemoryDisk) disk = recorded();
    g_autoptr(ScsiHost) h = host_new(NULL);

    flip(disk, chunk_of(disk, STREAM_TABLE) + 2 * OBJECT_ENTRY + 4);
    insert(h, disk);
    expect_block(h, 0);
    expect_block(h, 1);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    expect_at(h, 0, 3);
    expect_block(h, 2);
}
END_TEST

/* Of what was durable, something cannot be found any more: the drive plays it, and keeps it. */
START_TEST(a_cartridge_that_lost_something_is_write_protected)
{
    g_autoptr(MemoryDisk) disk = recorded();
    g_autoptr(ScsiHost) h = host_new(NULL);
    uint64_t record = (chunk_of(disk, STREAM_DATA) - SYSTEM_AREA) / CHUNK * CHUNK_RECORD;
    int events;

    flip(disk, CHUNK_MAP + record + 5);
    flip(disk, CHUNK_MAP_COPY + record + 6);
    flip(disk, chunk_of(disk, STREAM_TABLE) + 3 * OBJECT_ENTRY + 16);
    events = memory_disk_events(disk);
    insert(h, disk);
    host_send_data(h, "x", 1, WRITE6(1));
    expect_sense(h, SENSE_WRITE_PROTECTED);
    host_send(h, CDB(0x10, 0, 0, 0, 1, 0)); /* WRITE FILEMARKS */
    expect_sense(h, SENSE_WRITE_PROTECTED);
    host_send(h, CDB(0x19, 1, 0, 0, 0, 0)); /* ERASE */
    expect_sense(h, SENSE_WRITE_PROTECTED);
    host_send(h, CDB(0x04, 0, 0, 0, 0, 0)); /* FORMAT MEDIUM */
    expect_sense(h, SENSE_WRITE_PROTECTED);
    host_rewind(h);
    expect_block(h, 0);
    expect_block(h, 1);
    host_send(h, SPACE6(FILEMARKS, 1));
    expect_good(h);
    host_send(h, READ6(LENGTH));
    expect_sense(h, SENSE_UNRECOVERED_READ_ERROR);
    expect_block(h, 3);
    ck_assert_int_eq(memory_disk_events(disk), events);
}
END_TEST

TCase *make_ssc_damage_tcase(void)
{
    TCase *tcase = tcase_create("a damaged cartridge in the drive");

    tcase_add_loop_test(tcase, a_damaged_block_is_a_medium_error, 0, 2);
    tcase_add_test(tcase, a_damaged_mark_is_a_medium_error);
    tcase_add_test(tcase, a_cartridge_that_lost_something_is_write_protected);
    return tcase;
}
