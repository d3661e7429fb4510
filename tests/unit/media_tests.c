/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces beneath the native cartridge. What they do together is in tests/contract. */
#include "emu/base/bytes.h"
#include "media/cartridge/attributes.h"
#include "media/cartridge/cartridge.h"
#include "media/cartridge/superblock-epochs.h"
#include "media/crc32c.h"
#include "media/geometry.h"
#include "tests/support/memory_disk.h"
#include "tests/support/suite.h"

TCase *make_media_tcase(void);

/* One bit after the other, as the polynomial says. */
static uint32_t plain_crc32c(uint32_t crc, const uint8_t *data, size_t length)
{
    size_t i;
    int bit;

    crc = ~crc;
    for (i = 0; i < length; i++) {
        crc ^= data[i];
        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

/* Each way of computing it, with every rest, from every alignment, and on from any other CRC. */
START_TEST(crc32c_is_the_same_at_every_length)
{
    uint8_t bytes[2048 + 70];
    size_t length, start;

    for (length = 0; length < sizeof bytes; length++) {
        bytes[length] = (uint8_t)(length * 131 + (length >> 7));
    }
    for (length = 0; length <= 2048; length += length < 1024 ? 1 : 37) {
        start = length % 67;
        MUST(crc32c((uint32_t)length * 77, bytes + start, length) ==
             plain_crc32c((uint32_t)length * 77, bytes + start, length));
    }
}
END_TEST

START_TEST(crc32c_is_the_one_of_iscsi)
{
    uint8_t zeroes[32] = { 0 };

    ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
    ck_assert_uint_eq(crc32c(0, zeroes, 32), 0x8a9136aa); /* RFC 3720 appendix B.4 */
}
END_TEST

/* The offsets of media/FORMAT.md. */
START_TEST(the_superblock_is_as_documented)
{
    static const uint8_t zero[4];
    g_autofree Superblock *s = g_new0(Superblock, 1), *read = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version;

    s->version = 4;
    memset(s->identity, 0xa5, sizeof s->identity);
    s->sequence = 7;
    s->generation = 3;
    s->chunk_shift = 24;
    s->geometry = (MediumGeometry){
        .capacity = 1000, .early_warning = 10, .partitions = 2, .density = 0x31, .worm = true
    };
    g_strlcpy(s->geometry.barcode, "AB", sizeof s->geometry.barcode);
    s->usage = (MediumUsage){ 11, 12, 13 };
    s->partitions[0] = (PartitionRecord){ 600, 5, { 4, 3000, 1, 1 }, 0xbeef, 2, 1 };
    s->partitions[1] = (PartitionRecord){ 400, 6, { 0, 0, 0, 0 }, 0, 7, 2 };
    s->earlier[0] = (EpochStart){ 1, 3 };
    s->earlier[1] = (EpochStart){ 0, 2 };
    s->earlier[2] = (EpochStart){ 4, 5 };
    ck_assert_uint_eq(superblock_encode(s, bytes), 256 + 2 * 64 + 3 * 12);
    ck_assert_mem_eq(bytes, "USBTAPE\x1a\x04\0\0\0", 12);
    ck_assert_uint_eq(get_le32(bytes + 16), 384);
    ck_assert_uint_eq(get_le32(bytes + 20), 1);
    ck_assert_uint_eq(get_le64(bytes + 24), 7);
    ck_assert_uint_eq(get_le32(bytes + 32), 3);
    ck_assert_uint_eq(bytes[44], 0x31);
    ck_assert_uint_eq(get_le64(bytes + 48), 1000);
    ck_assert_mem_eq(bytes + 80, "AB\0", 3);
    ck_assert_uint_eq(get_le64(bytes + 112), 11);
    ck_assert_uint_eq(get_le64(bytes + 128), 13);
    ck_assert_uint_eq(bytes[160], 0xa5);
    ck_assert_uint_eq(bytes[175], 0xa5);
    ck_assert_uint_eq(get_le32(bytes + 256 + 64 + 8), 6);
    ck_assert_uint_eq(get_le32(bytes + 256 + 12), 0xbeef);
    ck_assert_uint_eq(get_le64(bytes + 256 + 48), 2);
    ck_assert_uint_eq(get_le64(bytes + 256 + 16), 4);
    ck_assert_uint_eq(get_le64(bytes + 256 + 24), 3000);
    ck_assert_uint_eq(get_le32(bytes + 256 + 56), 1);
    ck_assert_uint_eq(get_le32(bytes + 256 + 60), crc32c(0, bytes + 384, 12));
    ck_assert_uint_eq(get_le32(bytes + 256 + 64 + 56), 2);
    ck_assert_uint_eq(get_le32(bytes + 256 + 64 + 60), crc32c(0, bytes + 384 + 12, 24));
    ck_assert_uint_eq(get_le64(bytes + 384 + 24), 4);
    ck_assert_uint_eq(get_le32(bytes + 384 + 32), 5);
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_GOOD);
    ck_assert(read->geometry.worm && read->partitions[0].durable.setmarks == 1);
    ck_assert(read->partitions[0].link == 0xbeef && read->partitions[0].began == 2);
    ck_assert_mem_eq(read->identity, s->identity, sizeof s->identity);
    ck_assert(read->partitions[1].earlier == 2 && read->earlier[2].object == 4 &&
              read->earlier[2].epoch == 5);
    bytes[384 + 24] ^= 1; /* torn: the list belongs to it */
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_DAMAGED);
    bytes[8] = 1; /* what an earlier version wrote is read */
    put_le32(bytes + 12, crc32c(crc32c(crc32c(0, bytes, 12), zero, 4), bytes + 16, 384 - 16));
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_GOOD);
    bytes[300] ^= 1;
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_DAMAGED);
    bytes[8] = 5;
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_OTHER_VERSION);
    ck_assert_uint_eq(version, 5);
}
END_TEST

/* Nothing is counted up to there, and one more would wrap. */
START_TEST(a_superblock_with_a_last_number_is_refused)
{
    g_autofree Superblock *s = g_new0(Superblock, 1), *read = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version;

    *s = (Superblock){ .version = 4,
                       .sequence = _i == 1 ? SEQUENCE_MAX + 1 : SEQUENCE_MAX,
                       .generation = _i == 2 ? G_MAXUINT32 : G_MAXUINT32 - 1,
                       .chunk_shift = 24,
                       .geometry.partitions = 1 };
    s->partitions[0] =
        (PartitionRecord){ .capacity = 1, .epoch = _i == 3 ? G_MAXUINT32 : G_MAXUINT32 - 1 };
    superblock_encode(s, bytes);
    ck_assert_int_eq(superblock_decode(bytes, read, &version),
                     _i == 0 ? SUPERBLOCK_GOOD : SUPERBLOCK_DAMAGED);
}
END_TEST

/* Starts and epochs of a list rise, and end below those of the partition. */
START_TEST(a_list_of_epochs_that_no_cut_makes_is_refused)
{
    static const struct {
        EpochStart list[2];
        bool good;
    } rows[] = {
        { { { 0, 2 }, { 5, 3 } }, true },   { { { 5, 2 }, { 5, 3 } }, false },
        { { { 0, 3 }, { 5, 3 } }, false },  { { { 6, 2 }, { 5, 3 } }, false },
        { { { 0, 2 }, { 10, 3 } }, false }, { { { 0, 2 }, { 5, 9 } }, false },
    };
    g_autofree Superblock *s = g_new0(Superblock, 1), *read = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version;

    *s = (Superblock){ .version = 4, .chunk_shift = 24, .geometry.partitions = 1 };
    s->partitions[0] = (PartitionRecord){ .capacity = 1, .epoch = 9, .began = 10, .earlier = 2 };
    memcpy(s->earlier, rows[_i].list, sizeof rows[_i].list);
    superblock_encode(s, bytes);
    ck_assert_int_eq(superblock_decode(bytes, read, &version),
                     rows[_i].good ? SUPERBLOCK_GOOD : SUPERBLOCK_DAMAGED);
}
END_TEST

/* Beside a model that keeps the epoch of each object. */
START_TEST(cuts_tell_the_epoch_of_each_object)
{
    enum { PARTITIONS = 3, OBJECTS = 64, CUTS = 4000 };
    g_autofree Superblock *s = g_new0(Superblock, 1);
    uint32_t epochs[PARTITIONS][OBJECTS] = { { 0 } }, end[PARTITIONS] = { 0 }, i, object;
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);

    s->version = 4;
    s->geometry.partitions = PARTITIONS;
    for (i = 0; i < CUTS; i++) {
        uint32_t p = (uint32_t)g_rand_int_range(rand, 0, PARTITIONS);
        uint32_t at = (uint32_t)g_rand_int_range(rand, 0, (gint32)end[p] + 1);

        superblock_begin_epoch(s, p, at);
        end[p] = (uint32_t)g_rand_int_range(rand, (gint32)at, OBJECTS);
        for (object = at; object < end[p]; object++) {
            epochs[p][object] = s->partitions[p].epoch;
        }
        ck_assert(superblock_epochs_possible(s, p));
        for (object = 0; object < end[p]; object++) {
            MUST(superblock_has_epoch(s, p, object, epochs[p][object]));
            MUST(!superblock_has_epoch(s, p, object, epochs[p][object] + 1));
            MUST(!superblock_has_epoch(s, p, object, epochs[p][object] - 1));
        }
    }
}
END_TEST

/* The first ones go. Of what lies before the others, entries are still of an earlier epoch. */
START_TEST(too_many_epochs_leave_the_last_ones)
{
    g_autofree Superblock *s = g_new0(Superblock, 1);
    enum { MORE = 100, CUTS = EARLIER_EPOCHS_MAX + MORE };
    uint32_t i;

    s->version = 4;
    s->geometry.partitions = 2;
    superblock_begin_epoch(s, 1, 0);
    superblock_begin_epoch(s, 1, 10);
    for (i = 0; i < CUTS; i++) {
        superblock_begin_epoch(s, 0, i); /* epoch i + 1, of one object */
    }
    ck_assert_uint_eq(s->partitions[0].earlier, EARLIER_EPOCHS_MAX - 1);
    ck_assert_uint_eq(s->partitions[1].earlier, 1);
    for (i = MORE; i < CUTS; i++) {
        MUST(superblock_has_epoch(s, 0, i, i + 1) && !superblock_has_epoch(s, 0, i, i));
    }
    ck_assert(superblock_has_epoch(s, 0, 3, 4) && superblock_has_epoch(s, 0, 3, 3));
    ck_assert(!superblock_has_epoch(s, 0, 3, MORE + 1));
    ck_assert(superblock_has_epoch(s, 1, 5, 1) && !superblock_has_epoch(s, 1, 5, 2));
    superblock_forget_epochs(s, 0);
    ck_assert(superblock_has_epoch(s, 1, 5, 1) && !superblock_has_epoch(s, 1, 5, 2));
}
END_TEST

/* Programs that know of data alone must not take it for an empty tape. */
START_TEST(a_cleaning_cartridge_has_a_version_of_its_own)
{
    g_autofree Superblock *s = g_new0(Superblock, 1), *read = g_new0(Superblock, 1);
    uint8_t bytes[SUPERBLOCK_MAX];
    uint32_t version;

    s->version = 3;
    s->chunk_shift = 24;
    s->geometry = (MediumGeometry){ .partitions = 1, .cleanings = 50 };
    s->partitions[0].capacity = G_MAXUINT64;
    superblock_encode(s, bytes);
    ck_assert_uint_eq(bytes[8], 3);
    ck_assert_uint_eq(get_le16(bytes + 46), 50);
    ck_assert_int_eq(superblock_decode(bytes, read, &version), SUPERBLOCK_GOOD);
    ck_assert_uint_eq(read->geometry.cleanings, 50);
}
END_TEST

START_TEST(an_entry_is_as_documented)
{
    static const Binding bindings[] = { { false, 0, 3 }, { true, 0x12345678, 3 } };
    const Binding *binding = &bindings[_i], older = { binding->bound, binding->id, 2 },
                  other = { binding->bound, binding->id + 1, 3 };
    ObjectEntry entry = { OBJECT_BLOCK, ENCODING_PLAIN,     9,      513, 513,
                          0xcafe,       { 12, 5000, 2, 1 }, 0xbeef, 0 };
    ObjectEntry read;
    uint8_t bytes[OBJECT_ENTRY];
    size_t i;

    object_entry_encode(&entry, binding, 1, bytes);
    ck_assert_uint_eq(get_le32(bytes), crc32c(0, bytes + 4, 60) ^ binding->id);
    ck_assert_uint_eq(bytes[4], 1);
    ck_assert_uint_eq(get_le16(bytes + 6), 1);
    ck_assert_uint_eq(get_le32(bytes + 8), 3);
    ck_assert_uint_eq(get_le32(bytes + 12), 9);
    ck_assert_uint_eq(get_le32(bytes + 16), 513);
    ck_assert_uint_eq(get_le32(bytes + 24), 0xcafe);
    ck_assert_uint_eq(get_le32(bytes + 28), binding->bound ? 0xbeef : 0);
    ck_assert_uint_eq(get_le64(bytes + 32), 12);
    ck_assert_uint_eq(get_le64(bytes + 40), 5000);
    ck_assert(object_entry_decode(bytes, binding, 1, 12, &read));
    ck_assert_uint_eq(read.crc, entry.crc);
    ck_assert(!object_entry_decode(bytes, &older, 1, 12, &read));
    ck_assert(!object_entry_decode(bytes, &other, 1, 12, &read));
    ck_assert(!object_entry_decode(bytes, binding, 0, 12, &read));
    ck_assert(!object_entry_decode(bytes, binding, 1, 13, &read));
    for (i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 0x40;
        ck_assert_msg(!object_entry_decode(bytes, binding, 1, 12, &read), "byte %zu", i);
        bytes[i] ^= 0x40;
    }
}
END_TEST

/* Of version 4 the checksum of a block's data covers what it is of, as media/FORMAT.md has it. */
START_TEST(data_is_bound_to_its_object)
{
    const Binding binding = { true, 0x12345678, 3 }, plain = { false, 0, 3 };
    ObjectEntry entry = { .epoch = 9, .before.object = 12 };
    const uint8_t what[20] = { 1, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 12 };

    ck_assert_uint_eq(object_data_crc(&plain, 1, &entry), 0);
    ck_assert_uint_eq(object_data_crc(&binding, 1, &entry), crc32c(0, what, sizeof what));
}
END_TEST

/* No place that a file may name is so far out that adding a block to it overflows. */
START_TEST(places_are_bounded)
{
    const uint64_t most = G_GUINT64_CONSTANT(1) << 38;

    ck_assert(place_possible(&(Place){ most, most * MEDIUM_BLOCK_MAX, 0, 0 }));
    ck_assert(!place_possible(&(Place){ most + 1, 0, 0, 0 }));
    ck_assert(!place_possible(&(Place){ 1, MEDIUM_BLOCK_MAX + 1, 0, 0 }));
    ck_assert(!place_possible(&(Place){ most * 1024, G_MAXUINT64 / 2, 0, 0 }));
    ck_assert(!place_possible(&(Place){ 2, 1, 1, 1 }));
    ck_assert(!place_possible(&(Place){ 1, 0, G_MAXUINT64, 2 }));
}
END_TEST

START_TEST(attributes_are_bounded)
{
    g_autoptr(AttributeSet) set = attribute_set_new();
    g_autofree uint8_t *bytes = g_malloc0(MEDIUM_ATTRIBUTE_MAX);
    g_autoptr(GBytes) value = g_bytes_new(bytes, MEDIUM_ATTRIBUTE_MAX);
    uint16_t id = 0;

    while (attribute_set_put(set, 0, &(MediumAttribute){ id, 0, false, value }) == MEDIUM_OK) {
        id++;
    }
    ck_assert_uint_eq(id, ATTRIBUTES_BYTES_MAX / (MEDIUM_ATTRIBUTE_MAX + 8));
    ck_assert_int_eq(attribute_set_put(set, 0, &(MediumAttribute){ 0, 1, true, value }), MEDIUM_OK);
}
END_TEST

START_TEST(shares_and_warnings)
{
    const MediumGeometry three = { .capacity = 11, .partitions = 3 };
    const MediumGeometry unlimited = { .partitions = 3 };

    ck_assert_uint_eq(geometry_share(&three, 0), 5);
    ck_assert_uint_eq(geometry_share(&three, 2), 3);
    ck_assert_uint_eq(geometry_share(&unlimited, 1), G_MAXUINT64);
    ck_assert_uint_eq(geometry_early_warning_point(100, 30), 70);
    ck_assert_uint_eq(geometry_early_warning_point(100, 300), 0);
    ck_assert_uint_eq(geometry_early_warning_point(G_MAXUINT64, 30), G_MAXUINT64);
    ck_assert(!geometry_check(&(MediumGeometry){ .partitions = 0 }, NULL));
    ck_assert(!geometry_check(&(MediumGeometry){ .partitions = 257 }, NULL));
    ck_assert(!geometry_check(&(MediumGeometry){ .partitions = 3, .capacity = 2 }, NULL));
}
END_TEST

/* ── an executor that waits to be told ── */

typedef struct Waiting {
    Executor base;
    ExecutorFunc work, done;
    void *data;
    int runs;
} Waiting;

static void waiting_run(Executor *executor, ExecutorFunc work, ExecutorFunc done, void *data)
{
    Waiting *w = (Waiting *)executor;

    ck_assert(w->work == NULL);
    w->work = work;
    w->done = done;
    w->data = data;
}

static void waiting_free(Executor *executor)
{
}

static bool run_waiting(Waiting *w)
{
    ExecutorFunc work = w->work, done = w->done;

    if (!work) {
        return false;
    }
    w->work = NULL;
    w->runs++;
    work(w->data);
    done(w->data);
    return true;
}

static void note_result(void *data, MediumResult result)
{
    *(int *)data = (int)result;
}

/* A plain sync is one trip; one that must acknowledge attributes needs the superblock on disk too.
 */
START_TEST(sync_ends_when_everything_is_on_disk)
{
    static const ExecutorOps ops = { waiting_run, waiting_free };
    Waiting waiting = { { &ops } };
    g_autoptr(MemoryDisk) disk = memory_disk_new();
    g_autoptr(GBytes) value = g_bytes_new_static("x", 1);
    HostFile *file = memory_disk_open(disk);
    MediumPosition at;
    TapeMedium *m;
    int result = -1;

    ck_assert(cartridge_create(file, "tape", &(MediumGeometry){ .partitions = 1 }, CHUNK_SHIFT_MIN,
                               NULL));
    m = cartridge_open(file, "tape", false, &waiting.base, NULL, NULL);
    ck_assert_int_eq(medium_write(m, (const uint8_t *)"block", 5), MEDIUM_OK);
    medium_sync(m, note_result, &result);
    ck_assert_int_eq(result, -1);
    medium_position(m, &at);
    ck_assert_uint_eq(at.object, 1);
    ck_assert(run_waiting(&waiting) && !run_waiting(&waiting));
    ck_assert_int_eq(result, MEDIUM_OK);

    result = -1;
    medium_sync(m, note_result, &result);
    ck_assert_int_eq(result, MEDIUM_OK); /* nothing to do: at once */
    ck_assert_int_eq(waiting.runs, 1);

    result = -1;
    medium_set_attribute(m, 0, &(MediumAttribute){ 0x400, 1, false, value });
    medium_sync(m, note_result, &result);
    ck_assert(run_waiting(&waiting));
    ck_assert_int_eq(result, -1);
    ck_assert(run_waiting(&waiting) && !run_waiting(&waiting));
    ck_assert_int_eq(result, MEDIUM_OK);

    result = -1;
    ck_assert_int_eq(medium_write(m, (const uint8_t *)"block", 5), MEDIUM_OK);
    medium_sync(m, note_result, &result);
    memory_disk_fail(disk, 0, 5 /* EIO */, false);
    ck_assert(run_waiting(&waiting));
    ck_assert_int_eq(result, MEDIUM_HOST_ERROR);
    ck_assert_int_eq(medium_write(m, (const uint8_t *)"block", 5), MEDIUM_HOST_ERROR);
    medium_sync(m, note_result, &result);
    ck_assert_int_eq(result, MEDIUM_HOST_ERROR); /* what was lost stays lost */
    medium_free(m);
}
END_TEST

TCase *make_media_tcase(void)
{
    TCase *tcase = tcase_create("media");

    tcase_add_test(tcase, crc32c_is_the_one_of_iscsi);
    tcase_add_test(tcase, crc32c_is_the_same_at_every_length);
    tcase_add_test(tcase, the_superblock_is_as_documented);
    tcase_add_loop_test(tcase, a_superblock_with_a_last_number_is_refused, 0, 4);
    tcase_add_loop_test(tcase, a_list_of_epochs_that_no_cut_makes_is_refused, 0, 6);
    tcase_add_loop_test(tcase, cuts_tell_the_epoch_of_each_object, 0, 5);
    tcase_add_test(tcase, too_many_epochs_leave_the_last_ones);
    tcase_add_test(tcase, a_cleaning_cartridge_has_a_version_of_its_own);
    tcase_add_loop_test(tcase, an_entry_is_as_documented, 0, 2);
    tcase_add_test(tcase, data_is_bound_to_its_object);
    tcase_add_test(tcase, places_are_bounded);
    tcase_add_test(tcase, attributes_are_bounded);
    tcase_add_test(tcase, shares_and_warnings);
    tcase_add_test(tcase, sync_ends_when_everything_is_on_disk);
    return tcase;
}
