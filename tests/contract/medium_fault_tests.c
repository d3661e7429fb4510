/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native cartridge on a disk that fails, and in a file that was damaged. */
#include "media/cartridge/cartridge.h"
#include "media/crc32c.h"
#include "tests/contract/medium_rows.h"
#include "tests/support/memory_disk.h"

#include <errno.h>

TCase *make_medium_fault_tcase(void);

enum { BLOCKS = 12, LENGTH = 20000 };

static MemoryDisk *new_cartridge(void)
{
    MemoryDisk *disk = memory_disk_new();
    HostFile *file = memory_disk_open(disk);

    ck_assert(cartridge_create(file, "tape", &(MediumGeometry){ .partitions = 2 }, CHUNK_SHIFT_MIN,
                               NULL));
    host_file_release(file);
    return disk;
}

static TapeMedium *open_cartridge(MemoryDisk *disk, bool read_only)
{
    HostFile *file = memory_disk_open(disk);
    TapeMedium *m = cartridge_open(file, "tape", read_only, executor_inline(), NULL, NULL);

    if (!m) {
        host_file_release(file);
    }
    return m;
}

static void note_result(void *data, MediumResult result)
{
    *(MediumResult *)data = result;
}

static MediumResult sync_now(TapeMedium *m)
{
    MediumResult result = MEDIUM_OK;

    medium_sync(m, note_result, &result);
    return result;
}

/* What is on partition 0: lengths of blocks, 0 for marks. Nothing may be damaged. */
static GArray *read_all(TapeMedium *m)
{
    GArray *stamps = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    static uint8_t one[LENGTH], other[LENGTH];
    MediumResult result;
    size_t length;

    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    while ((result = medium_read(m, one, LENGTH, &length)) != MEDIUM_EOD) {
        uint32_t stamp = result == MEDIUM_OK
                             ? (uint32_t)one[0] | (uint32_t)one[1] << 8 | (uint32_t)one[2] << 16
                             : G_MAXUINT32;

        ck_assert_msg(result == MEDIUM_OK || result == MEDIUM_FILEMARK, "object %u: result %u",
                      stamps->len, result);
        if (result == MEDIUM_OK) {
            fill_block(other, length, stamp);
            ck_assert_mem_eq(one, other, length);
        }
        g_array_append_val(stamps, stamp);
    }
    return stamps;
}

/* Writes blocks and a mark, cuts into the middle, writes on; every refusal must be clean. */
static void work(TapeMedium *m, GArray *model, guint *acknowledged)
{
    uint8_t bytes[LENGTH];
    uint32_t i;

    for (i = 0; i < BLOCKS; i++) {
        MediumPosition before, after;
        uint32_t stamp = i == 3 ? G_MAXUINT32 : i + 1;
        size_t length = i % 2 ? LENGTH : 100;
        MediumResult result;
        uint64_t n;

        if (i == 8) {
            result = medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 2);
            ck_assert(result == MEDIUM_OK || result == MEDIUM_EOD || result == MEDIUM_HOST_ERROR);
        }
        medium_position(m, &before);
        fill_block(bytes, length, stamp);
        result = i == 3 ? medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n)
                        : medium_write(m, bytes, length);
        medium_position(m, &after);
        if (result == MEDIUM_OK || after.eod) {
            g_array_set_size(model, (guint)before.object);
        }
        *acknowledged = MIN(*acknowledged, (guint)before.object); /* it tried to go there */
        if (result == MEDIUM_OK) {
            g_array_append_val(model, stamp);
        } else {
            ck_assert_int_eq(result, MEDIUM_HOST_ERROR);
            ck_assert_ptr_nonnull(medium_host_error(m));
            ck_assert_uint_eq(after.object, before.object);
        }
        if (i % 4 == 1) {
            result = sync_now(m);
            ck_assert(result == MEDIUM_OK || result == MEDIUM_HOST_ERROR);
            *acknowledged = result == MEDIUM_OK ? model->len : *acknowledged;
        }
    }
}

/* False: the run ended before anything failed, so all places have been tried. */
static bool fail_at(int n, int error, bool forever)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autoptr(GArray) model = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) found = NULL;
    TapeMedium *m = open_cartridge(disk, false);
    guint acknowledged = 0;
    bool failed, good;

    memory_disk_fail(disk, n, error, forever);
    work(m, model, &acknowledged);
    failed = memory_disk_failed(disk);
    memory_disk_fail(disk, 0, 0, false);
    good = sync_now(m) == MEDIUM_OK;
    medium_free(m);
    m = open_cartridge(disk, false);
    ck_assert_ptr_nonnull(m);
    found = read_all(m);
    if (good) {
        ck_assert_uint_eq(found->len, model->len);
    }
    ck_assert_msg(found->len >= acknowledged && found->len <= model->len,
                  "failing at %d: %u found, %u acknowledged, %u written", n, found->len,
                  acknowledged, model->len);
    if (found->len > 0) {
        ck_assert_mem_eq(found->data, model->data, found->len * sizeof(uint32_t));
    }
    medium_free(m);
    return failed;
}

static const struct {
    int error;
    bool forever;
} failures[] = { { ENOSPC, false }, { ENOSPC, true }, { EIO, false }, { EIO, true } };

START_TEST(each_failing_call_is_reported_and_survived)
{
    int n = 0;

    while (fail_at(n, failures[_i].error, failures[_i].forever)) {
        n++;
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

START_TEST(a_disk_may_fill_up_and_be_emptied)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autoptr(GArray) found = NULL;
    TapeMedium *m = open_cartridge(disk, false);
    uint8_t bytes[LENGTH];
    uint32_t n = 0;

    memory_disk_limit_pages(disk, 40);
    do {
        fill_block(bytes, LENGTH, n);
    } while (medium_write(m, bytes, LENGTH) == MEDIUM_OK && ++n);
    ck_assert_uint_gt(n, 3);
    ck_assert_ptr_nonnull(strstr(medium_host_error(m)->message, g_strerror(ENOSPC)));
    memory_disk_limit_pages(disk, G_MAXUINT);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    medium_free(m);
    m = open_cartridge(disk, true);
    found = read_all(m);
    ck_assert_uint_eq(found->len, n + 1);
    medium_free(m);
}
END_TEST

static void set_attribute(TapeMedium *m, uint8_t value)
{
    g_autoptr(GBytes) bytes = g_bytes_new(&value, 1);

    ck_assert_int_eq(medium_set_attribute(m, 0, &(MediumAttribute){ 0x0800, 0, false, bytes }),
                     MEDIUM_OK);
}

static int get_attribute(TapeMedium *m)
{
    MediumAttribute attribute;
    int value;

    if (medium_get_attribute(m, 0, 0x0800, &attribute) != MEDIUM_OK) {
        return 0;
    }
    value = *(const uint8_t *)g_bytes_get_data(attribute.value, NULL);
    g_bytes_unref(attribute.value);
    return value;
}

/*
 * A disk that is full says so on the write that does not fit: what was accepted can be synced,
 * however little it is and however long it has been gathered. And beginning anew takes no room.
 */
static const struct {
    guint pages;
    size_t block, every; /* bytes; and a filemark after so many blocks */
} full_disks[] = {
    { 5, 30, 7 },      { 30, 30, 1 },     { 30, 500, 100 },
    { 100, 3000, 10 }, { 100, 16000, 3 }, { 60, 17000, 2 },
};

START_TEST(a_full_disk_is_told_by_the_write_that_does_not_fit)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autoptr(GArray) found = NULL;
    TapeMedium *m = open_cartridge(disk, false);
    size_t length = full_disks[_i].block;
    uint8_t bytes[LENGTH];
    uint32_t n = 0, tries, i;
    MediumResult result = MEDIUM_OK;
    uint64_t marks;

    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    memory_disk_limit_pages(disk, full_disks[_i].pages);
    while (result == MEDIUM_OK) {
        fill_block(bytes, length, n);
        result = n % (full_disks[_i].every + 1) == full_disks[_i].every
                     ? medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &marks)
                     : medium_write(m, bytes, length);
        n += result == MEDIUM_OK;
    }
    ck_assert_int_eq(result, MEDIUM_HOST_ERROR);
    ck_assert_ptr_nonnull(strstr(medium_host_error(m)->message, g_strerror(ENOSPC)));
    ck_assert_uint_gt(n, 1);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);

    m = open_cartridge(disk, false);
    found = read_all(m);
    ck_assert_uint_eq(found->len, n);
    for (tries = 0; tries < 2; tries++) { /* the second time with nothing gathered */
        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
        for (i = 0; i < MIN(n, 3); i++) {
            fill_block(bytes, length, 100 + i);
            ck_assert_int_eq(medium_write(m, bytes, length), MEDIUM_OK);
        }
        ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    }
    medium_free(m);
}
END_TEST

START_TEST(an_attribute_that_does_not_fit_is_refused)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autoptr(GBytes) large = g_bytes_new_take(g_malloc0(20000), 20000);
    TapeMedium *m = open_cartridge(disk, false);

    set_attribute(m, 1);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    memory_disk_limit_pages(disk, 2);
    ck_assert_int_eq(medium_set_attribute(m, 0, &(MediumAttribute){ 0x0801, 0, false, large }),
                     MEDIUM_HOST_ERROR);
    ck_assert_ptr_nonnull(strstr(medium_host_error(m)->message, g_strerror(ENOSPC)));
    set_attribute(m, 2);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);
    m = open_cartridge(disk, true);
    ck_assert_int_eq(get_attribute(m), 2);
    medium_free(m);
}
END_TEST

/* What waits for room that never comes must not be in the way of beginning anew. */
START_TEST(a_full_disk_can_be_written_from_the_beginning)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autoptr(GArray) found = NULL;
    TapeMedium *m = open_cartridge(disk, false);
    uint8_t bytes[LENGTH];

    fill_block(bytes, LENGTH, 1);
    ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    memory_disk_limit_pages(disk, 0);
    fill_block(bytes, 6000, 2);
    memory_disk_promise(disk, true); /* a file system that breaks its word, or gives none */
    ck_assert_int_eq(medium_write(m, bytes, 6000), MEDIUM_OK); /* gathered */
    ck_assert_int_eq(sync_now(m), MEDIUM_HOST_ERROR);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    fill_block(bytes, 6000, 3);
    ck_assert_int_eq(medium_write(m, bytes, 6000), MEDIUM_OK);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);
    m = open_cartridge(disk, true);
    found = read_all(m);
    ck_assert_uint_eq(found->len, 1);
    ck_assert_uint_eq(g_array_index(found, uint32_t, 0), 3);
    medium_free(m);
}
END_TEST

/* A cartridge of BLOCKS blocks and a filemark after each. */
static MemoryDisk *filled_cartridge(void)
{
    MemoryDisk *disk = new_cartridge();
    TapeMedium *m = open_cartridge(disk, false);
    uint8_t bytes[LENGTH];
    uint64_t n;
    uint32_t i;

    for (i = 0; i < BLOCKS; i++) {
        fill_block(bytes, LENGTH, i);
        ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
        ck_assert_int_eq(medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &n), MEDIUM_OK);
    }
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);
    return disk;
}

static void flip(MemoryDisk *disk, uint64_t offset)
{
    HostFile *file = memory_disk_open(disk);
    uint8_t byte;

    host_file_read(file, &byte, 1, offset);
    byte ^= 0x10;
    host_file_write(file, &byte, 1, offset);
    host_file_release(file);
}

START_TEST(damaged_data_is_that_one_block)
{
    g_autoptr(MemoryDisk) disk = filled_cartridge();
    TapeMedium *m;
    uint8_t bytes[LENGTH];
    size_t length;
    uint32_t i;

    /* the first chunk is of the table, which is asked for room first; the second one of data */
    flip(disk, SYSTEM_AREA + (1 << CHUNK_SHIFT_MIN) + 2 * LENGTH + 77);
    m = open_cartridge(disk, true);
    for (i = 0; i < BLOCKS; i++) {
        ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length),
                         i == 2 ? MEDIUM_CORRUPT : MEDIUM_OK);
        if (i == 2) {
            ck_assert_ptr_nonnull(strstr(medium_host_error(m)->message, "object 4"));
        }
        ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length), MEDIUM_FILEMARK);
    }
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_FILE, 3), MEDIUM_OK);
    ck_assert_int_eq(medium_read_reverse(m, bytes, LENGTH, &length), MEDIUM_FILEMARK);
    ck_assert_int_eq(medium_read_reverse(m, bytes, LENGTH, &length), MEDIUM_CORRUPT);
    medium_free(m);
}
END_TEST

/* The bytes of the entry of an object, wherever its table lies in the file. */
static uint64_t find_entry(MemoryDisk *disk, uint64_t object)
{
    HostFile *file = memory_disk_open(disk);
    uint64_t offset = SYSTEM_AREA;
    uint8_t bytes[SUPERBLOCK_MAX];
    g_autofree Superblock *s = g_new0(Superblock, 1);
    ObjectEntry entry;
    Binding binding;
    uint32_t version;

    host_file_read(file, bytes, sizeof bytes, 0);
    ck_assert_int_eq(superblock_decode(bytes, s, &version), SUPERBLOCK_GOOD);
    binding = superblock_binding(s);
    for (; offset < (uint64_t)file->ops->size(file); offset += OBJECT_ENTRY) {
        host_file_read(file, bytes, OBJECT_ENTRY, offset);
        if (object_entry_decode(bytes, &binding, 0, object, &entry)) {
            host_file_release(file);
            return offset;
        }
    }
    ck_abort_msg("no entry");
}

START_TEST(a_damaged_entry_is_that_one_object)
{
    g_autoptr(MemoryDisk) disk = filled_cartridge();
    TapeMedium *m;
    uint8_t bytes[LENGTH];
    size_t length;
    uint32_t i;

    flip(disk, find_entry(disk, (uint64_t)_i) + 20);
    m = open_cartridge(disk, true);
    ck_assert_ptr_nonnull(m);
    for (i = 0; i < 2 * BLOCKS; i++) {
        MediumResult good = i % 2 ? MEDIUM_FILEMARK : MEDIUM_OK;

        ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length),
                         i == (uint32_t)_i ? MEDIUM_CORRUPT : good);
    }
    ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length), MEDIUM_EOD);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_FILE, BLOCKS), MEDIUM_OK);
    medium_free(m);
}
END_TEST

/*
 * Behind damaged entries nobody knows where the data ended, so it goes on beyond everything: which
 * must still be a place that a superblock can tell of.
 */
START_TEST(writing_among_damaged_entries_leaves_a_cartridge)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    g_autofree uint8_t *large = g_malloc0(MEDIUM_BLOCK_MAX);
    TapeMedium *m = open_cartridge(disk, false);
    uint8_t bytes[LENGTH], expected[LENGTH];
    size_t length;
    int i;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(medium_write(m, large, MEDIUM_BLOCK_MAX), MEDIUM_OK);
    }
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);
    flip(disk, find_entry(disk, 0) + 20);
    flip(disk, find_entry(disk, 1) + 20);

    m = open_cartridge(disk, false);
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 1), MEDIUM_OK);
    fill_block(expected, LENGTH, 7);
    ck_assert_int_eq(medium_write(m, expected, LENGTH), MEDIUM_OK);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    ck_assert_int_eq(medium_write(m, expected, LENGTH), MEDIUM_OK);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK); /* both superblocks have been written by now */
    medium_free(m);

    m = open_cartridge(disk, false);
    ck_assert_ptr_nonnull(m);
    ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length), MEDIUM_CORRUPT);
    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length), MEDIUM_OK);
        ck_assert_mem_eq(bytes, expected, LENGTH);
    }
    ck_assert_int_eq(medium_read(m, bytes, LENGTH, &length), MEDIUM_EOD);
    medium_free(m);
}
END_TEST

/* Does the superblock that counts name attributes that are whole? */
static bool names_whole_attributes(MemoryDisk *disk)
{
    HostFile *file = memory_disk_open(disk);
    g_autofree Superblock *s = g_new0(Superblock, SUPERBLOCK_SLOTS);
    const Superblock *best = NULL;
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version, crc;
    int i;

    for (i = 0; i < SUPERBLOCK_SLOTS; i++) {
        host_file_read(file, bytes, sizeof bytes, (uint64_t)i * SUPERBLOCK_SLOT_SIZE);
        if (superblock_decode(bytes, &s[i], &version) == SUPERBLOCK_GOOD &&
            (!best || s[i].sequence > best->sequence)) {
            best = &s[i];
        }
    }
    ck_assert_ptr_nonnull(best);
    ck_assert_uint_ge(best->attribute_area, 1);
    ck_assert_uint_le(best->attribute_length, sizeof bytes);
    host_file_read(file, bytes, best->attribute_length,
                   ATTRIBUTE_AREA + (uint64_t)(best->attribute_area - 1) * ATTRIBUTE_AREA_SIZE);
    crc = crc32c(0, bytes, best->attribute_length);
    host_file_release(file);
    return crc == best->attribute_crc;
}

/* Those that were synced would be the next to be overwritten if it did not. */
START_TEST(a_power_cut_after_closing_leaves_whole_attributes)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    TapeMedium *m = open_cartridge(disk, false);
    GRand *rand = g_rand_new_with_seed(1);
    int closed, i;

    set_attribute(m, 1);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    closed = memory_disk_events(disk);
    set_attribute(m, 2);
    medium_free(m);
    ck_assert_int_gt(memory_disk_events(disk), closed);
    for (i = 0; i < 64; i++) {
        int event = g_rand_int_range(rand, closed, memory_disk_events(disk) + 1);
        g_autoptr(MemoryDisk) cut = memory_disk_cut(disk, event, CUT_POWER, rand);

        ck_assert_msg(names_whole_attributes(cut), "cut %d, at event %d", i, event);
    }
    g_rand_free(rand);
}
END_TEST

static int cannot_punch(HostFile *file, uint64_t offset, uint64_t length)
{
    return -EIO;
}

/* A partition that is added again holds nothing, though the bytes of the old one are all there. */
START_TEST(a_partition_that_comes_again_is_empty)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    const uint64_t capacities[] = { 1 << 20, 1 << 20 };
    HostFile *file = memory_disk_open(disk);
    HostFileOps ops = *file->ops;
    MediumPartition partition;
    uint8_t bytes[LENGTH];
    TapeMedium *m;
    int i;

    ops.punch = cannot_punch;
    file->ops = &ops;
    m = cartridge_open(file, "tape", false, executor_inline(), NULL, NULL);
    ck_assert_int_eq(medium_locate(m, 1, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    fill_block(bytes, LENGTH, 1);
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
    }
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    ck_assert_int_eq(medium_redivide(m, 1, capacities), MEDIUM_OK);
    ck_assert_int_eq(medium_redivide(m, 2, capacities), MEDIUM_OK);
    for (i = 0; i < 2; i++) { /* empty; with one block, which the old ones would follow */
        medium_partition(m, 1, &partition);
        ck_assert_uint_eq(partition.objects, (uint64_t)i);
        medium_free(m);
        m = open_cartridge(disk, false);
        medium_partition(m, 1, &partition);
        ck_assert_uint_eq(partition.objects, (uint64_t)i);
        ck_assert_int_eq(medium_locate(m, 1, MEDIUM_LOCATE_OBJECT, (uint64_t)i), MEDIUM_OK);
        ck_assert_int_eq(medium_write(m, bytes, LENGTH), MEDIUM_OK);
        ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    }
    medium_free(m);
}
END_TEST

/* The attributes that count are damaged; those before them are whole, and all that there is. */
START_TEST(the_attributes_fallen_back_on_are_not_written_over)
{
    g_autoptr(MemoryDisk) disk = new_cartridge();
    TapeMedium *m = open_cartridge(disk, false);
    g_autofree char *notice = NULL;
    int event, opened;

    set_attribute(m, 1);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    set_attribute(m, 2);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    flip(disk, ATTRIBUTE_AREA +
                   (cartridge(m)->superblock.attribute_area - 1) * (uint64_t)ATTRIBUTE_AREA_SIZE);
    cartridge(m)->failed = true; /* killed here */
    medium_free(m);

    opened = memory_disk_events(disk);
    m = cartridge_open(memory_disk_open(disk), "tape", false, executor_inline(), &notice, NULL);
    ck_assert_int_eq(get_attribute(m), 1);
    ck_assert_ptr_nonnull(strstr(notice, "attributes are damaged: those before them"));
    set_attribute(m, 3);
    ck_assert_int_eq(sync_now(m), MEDIUM_OK);
    medium_free(m);
    for (event = opened; event <= memory_disk_events(disk); event++) {
        g_autoptr(MemoryDisk) cut = memory_disk_cut(disk, event, CUT_KILLED, NULL);
        g_autoptr(TapeMedium) after = open_cartridge(cut, true);

        ck_assert_msg(get_attribute(after) == 1 || get_attribute(after) == 3, "event %d of %d: %d",
                      event - opened, memory_disk_events(disk) - opened, get_attribute(after));
    }
}
END_TEST

TCase *make_medium_fault_tcase(void)
{
    TCase *tcase = tcase_create("fault");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, each_failing_call_is_reported_and_survived, 0,
                        (int)G_N_ELEMENTS(failures));
    tcase_add_test(tcase, a_disk_may_fill_up_and_be_emptied);
    tcase_add_loop_test(tcase, a_full_disk_is_told_by_the_write_that_does_not_fit, 0,
                        (int)G_N_ELEMENTS(full_disks));
    tcase_add_test(tcase, an_attribute_that_does_not_fit_is_refused);
    tcase_add_test(tcase, a_full_disk_can_be_written_from_the_beginning);
    tcase_add_test(tcase, damaged_data_is_that_one_block);
    tcase_add_loop_test(tcase, a_damaged_entry_is_that_one_object, 0, 2 * BLOCKS);
    tcase_add_test(tcase, writing_among_damaged_entries_leaves_a_cartridge);
    tcase_add_test(tcase, a_power_cut_after_closing_leaves_whole_attributes);
    tcase_add_test(tcase, a_partition_that_comes_again_is_empty);
    tcase_add_test(tcase, the_attributes_fallen_back_on_are_not_written_over);
    return tcase;
}
