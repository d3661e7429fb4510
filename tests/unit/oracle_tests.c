/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle has to see what is wrong: every check here is shown a tape that fails it. */
#include "media/formats/formats.h"
#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/judges/sums.h"
#include "scenarios/runner/language/scenario.h"
#include "scenarios/subjects/linux/stamp.h"
#include "scenarios/subjects/mtf/backup-plan.h"
#include "tests/support/suite.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

TCase *make_oracle_tcase(void);

typedef struct Bench {
    char *directory;
    char *tapes[3]; /* NULL-terminated */
    TapeMedium *medium;
    GPtrArray *findings;
    GString *listing;
} Bench;

static void bench_insert(Bench *b, int i)
{
    MediumGeometry geometry = { .partitions = 1 };
    const MediumFormat *format;

    g_clear_pointer(&b->medium, medium_free);
    b->tapes[i] = g_strdup_printf("%s/%d.tape", b->directory, i);
    format = medium_format_for_path(b->tapes[i]);
    ck_assert(medium_create(b->tapes[i], format, &geometry, NULL));
    b->medium = medium_open(b->tapes[i], false, executor_inline(), NULL, NULL);
    ck_assert_ptr_nonnull(b->medium);
}

static void bench_open(Bench *b)
{
    *b = (Bench){ .directory = suite_temp_dir(),
                  .findings = g_ptr_array_new_with_free_func(g_free),
                  .listing = g_string_new(NULL) };
    bench_insert(b, 0);
}

static void bench_close(Bench *b)
{
    g_autofree char *sums = g_build_filename(b->directory, "data.sha256", NULL);
    int i;

    g_clear_pointer(&b->medium, medium_free);
    for (i = 0; b->tapes[i]; i++) {
        g_unlink(b->tapes[i]);
        g_free(b->tapes[i]);
    }
    g_unlink(sums);
    g_rmdir(b->directory);
    g_free(b->directory);
    g_ptr_array_unref(b->findings);
    g_string_free(b->listing, TRUE);
}

static void write_stamp(Bench *b, uint64_t run, uint64_t sequence, uint32_t length)
{
    uint8_t record[4096];
    Stamp stamp = { run, sequence, length };

    stamp_fill(&stamp, record);
    ck_assert_int_eq(medium_write(b->medium, record, length), MEDIUM_OK);
}

static void write_mark(Bench *b)
{
    uint64_t written;

    ck_assert_int_eq(medium_write_marks(b->medium, MEDIUM_MARK_FILEMARK, 1, &written), MEDIUM_OK);
}

/* The first finding, or "". */
static const char *judge(Bench *b, const char *expect)
{
    g_autofree char *text =
        g_strdup_printf("name: n\nabout: a\nsteps: [{run: x}]\nexpect: %s\n", expect);
    g_autoptr(GPtrArray) cases = scenario_parse("f", text, strlen(text), NULL, NULL);
    Judgement judgement = { .cartridges = b->tapes,
                            .guest = b->directory,
                            .listing = b->listing,
                            .findings = b->findings };
    const Scenario *scenario;

    ck_assert_msg(cases != NULL, "%s", expect);
    scenario = cases->pdata[0];
    g_clear_pointer(&b->medium, medium_free);
    g_ptr_array_set_size(b->findings, 0);
    ck_assert(judges_ask(JUDGE_TAPE, scenario->expect.checks, &judgement, NULL));
    return b->findings->len > 0 ? b->findings->pdata[0] : "";
}

/* Two files: ten records of 512 bytes, the last of 100; and one of 4096. */
static void write_two_files(Bench *b)
{
    uint64_t i;

    for (i = 0; i < 10; i++) {
        write_stamp(b, 7, i, i < 9 ? 512 : 100);
    }
    write_mark(b);
    write_stamp(b, 8, 0, 4096);
    write_mark(b);
}

static const struct {
    const char *expect;
    const char *finding;
} shapes[] = {
    { "{tape: [[{blocks: 10, size: 512, short-last: true}, {blocks: 1, size: 4096}]]}", "" },
    { "{tape: [[{blocks: 3..10}, {}]]}", "" },
    { "{}", "" },
    { "{tape: [[{blocks: 10, size: 512}, {}]]}",
      "cartridge 1 file 0: blocks of 512 and at last 100 bytes, not 512" },
    { "{tape: [[{blocks: 9}, {}]]}", "cartridge 1 file 0 has 10 blocks, not 9" },
    { "{tape: [[{blocks: \">=11\"}, {}]]}", "cartridge 1 file 0 has 10 blocks, not at least 11" },
    { "{tape: [[{}, {size: 512}]]}",
      "cartridge 1 file 1: blocks of 4096 and at last 4096 bytes, not 512" },
    { "{tape: [[{}]]}", "cartridge 1 has 2 files, not 1" },
    { "{tape: [[{}, {}, {}]]}", "cartridge 1 has 2 files, not 3" },
    { "{tape: [[{}, {}], []]}", "there are 1 cartridges, not 2" },
    { "{stamps: [{run: 7, records: 10, file: 0}, {run: 8, records: 1, file: 1}]}", "" },
    { "{stamps: {run: 7, records: 11}}", "cartridge 1 file 0 holds 10 records of run 7, not 11" },
    { "{stamps: {run: 7, records: 10, first: 1}}",
      "cartridge 1 file 0: where record 1 of run 7 was written, there is record 0 of run 7" },
    { "{stamps: {run: 7, records: 1, file: 1}}",
      "cartridge 1 file 1: where record 0 of run 7 was written, there is record 0 of run 8" },
    { "{stamps: {run: 7, records: 1, cartridge: 2}}", "there is no cartridge 2" },
};

START_TEST(tape_is_compared_with_what_was_expected)
{
    Bench b;

    bench_open(&b);
    write_two_files(&b);
    ck_assert_str_eq(judge(&b, shapes[_i].expect), shapes[_i].finding);
    bench_close(&b);
}
END_TEST

START_TEST(order_and_damage_are_seen)
{
    uint8_t record[512];
    Stamp stamp = { 1, 2, sizeof record };
    Bench b;

    bench_open(&b);
    write_stamp(&b, 1, 0, 512);
    write_stamp(&b, 1, 2, 512);
    write_stamp(&b, 1, 1, 512);
    write_mark(&b);
    stamp_fill(&stamp, record);
    record[300] ^= 1;
    medium_write(b.medium, record, sizeof record);
    ck_assert_str_eq(
        judge(&b, "{stamps: {run: 1, records: 3}}"),
        "cartridge 1 file 0: where record 1 of run 1 was written, there is record 2 of run 1");
    ck_assert_str_eq(judge(&b, "{stamps: {run: 1, records: 1, first: 2, file: 1}}"),
                     "cartridge 1 file 1 record 0: damaged, or not a stamped record");
    bench_close(&b);
}
END_TEST

/* ---- partitions ---- */

static void nothing(void *data, MediumResult result)
{
}

/* Three: one file of two records; nothing; three records. */
static void write_partitions(Bench *b)
{
    const uint64_t capacities[] = { 1 << 20, 1 << 20, 1 << 20 };
    uint64_t i;

    ck_assert_int_eq(medium_format_partitions(b->medium, 3, capacities), MEDIUM_OK);
    write_stamp(b, 1, 0, 512);
    write_stamp(b, 1, 1, 512);
    write_mark(b);
    ck_assert_int_eq(medium_locate(b->medium, 2, MEDIUM_LOCATE_OBJECT, 0), MEDIUM_OK);
    for (i = 0; i < 3; i++) {
        write_stamp(b, 2, i, 1024);
    }
    medium_sync(b->medium, nothing, NULL);
}

static const struct {
    const char *expect;
    const char *finding;
} partitions[] = {
    { "{}", "" },
    { "{tape: [[{blocks: 2}, {partition: 2, blocks: 3, size: 1024}]]}", "" },
    { "{tape: [[{partition: 2, blocks: 3}, {blocks: 2}]]}", "" },
    { "{tape: [[{blocks: 2}]]}", "cartridge 1 partition 2 has 1 files, not 0" },
    { "{tape: [[{blocks: 2}, {partition: 1}, {partition: 2}]]}",
      "cartridge 1 partition 1 has 0 files, not 1" },
    { "{tape: [[{blocks: 2}, {partition: 2, blocks: 4}]]}",
      "cartridge 1 partition 2 file 0 has 3 blocks, not 4" },
    { "{tape: [[{blocks: 2}, {partition: 2}, {partition: 3}]]}", "cartridge 1 has no partition 3" },
    { "{stamps: {run: 2, records: 3, partition: 2}}", "" },
    { "{stamps: {run: 2, records: 3, partition: 1}}",
      "cartridge 1 partition 1 file 0 holds 0 records of run 2, not 3" },
    { "{stamps: {run: 1, records: 2, partition: 2}}",
      "cartridge 1 partition 2 file 0: where record 0 of run 1 was written, there is record 0 of "
      "run 2" },
};

START_TEST(every_partition_is_walked)
{
    Bench b;

    bench_open(&b);
    write_partitions(&b);
    ck_assert_str_eq(judge(&b, partitions[_i].expect), partitions[_i].finding);
    bench_close(&b);
}
END_TEST

/* A byte of each of two records is turned over in the file. */
START_TEST(damage_is_found_wherever_it_is)
{
    g_autofree char *bytes = NULL;
    size_t length, at;
    int turned = 0;
    Bench b;

    bench_open(&b);
    write_partitions(&b);
    g_clear_pointer(&b.medium, medium_free);
    ck_assert(g_file_get_contents(b.tapes[0], &bytes, &length, NULL));
    for (at = 0; at + 1024 <= length; at++) {
        Stamp stamp;

        if (stamp_check((uint8_t *)bytes + at, 1024, &stamp) && stamp.sequence != 1) {
            bytes[at + 700] = (char)~bytes[at + 700];
            turned++;
        }
    }
    ck_assert_int_eq(turned, 2);
    ck_assert(g_file_set_contents(b.tapes[0], bytes, (gssize)length, NULL));
    ck_assert_str_eq(judge(&b, "{tar: {from: nowhere}, stamps: {run: 1, records: 2}}"),
                     "cartridge 1 partition 2 file 0 block 0: damaged on the medium");
    ck_assert_str_eq(b.findings->pdata[1],
                     "cartridge 1 partition 2 file 0 block 2: damaged on the medium");
    ck_assert_str_eq(
        b.listing->str,
        "cartridge 1 file 0: 2 blocks, 1024 bytes, first 512, last 512\n"
        "cartridge 1 partition 2 file 0 block 0: damaged\n"
        "cartridge 1 partition 2 file 0 block 2: damaged\n"
        "cartridge 1 partition 2 file 0: 1 blocks, 1024 bytes, first 1024, last 1024\n");
    bench_close(&b);
}
END_TEST

/* ---- tar ---- */

static void put_header(uint8_t *block, const char *name, char type, size_t size)
{
    unsigned sum = 0;
    size_t i;

    memset(block, 0, 512);
    strcpy((char *)block, name);
    memcpy(block + 100, "0000644", 8);
    g_snprintf((char *)block + 124, 12, "%011o", (unsigned)size);
    memset(block + 148, ' ', 8);
    block[156] = (uint8_t)type;
    memcpy(block + 257, "ustar  ", 8);
    for (i = 0; i < 512; i++) {
        sum += block[i];
    }
    g_snprintf((char *)block + 148, 8, "%06o", sum);
}

static void add_file(GByteArray *archive, const char *name, char type, const char *contents)
{
    uint8_t block[512];
    size_t length = strlen(contents);

    put_header(block, name, type, length);
    g_byte_array_append(archive, block, 512);
    while (length > 0) {
        size_t n = MIN(length, 512);

        memset(block, 0, 512);
        memcpy(block, contents, n);
        g_byte_array_append(archive, block, 512);
        contents += n;
        length -= n;
    }
}

static void add_end(GByteArray *archive)
{
    g_byte_array_set_size(archive, archive->len + 1024);
    memset(archive->data + archive->len - 1024, 0, 1024);
}

static void write_archive(Bench *b, const GByteArray *archive, guint from, guint to)
{
    guint at;

    for (at = from; at < to; at += 1024) {
        ck_assert_int_eq(medium_write(b->medium, archive->data + at, MIN(1024, to - at)),
                         MEDIUM_OK);
    }
    write_mark(b);
}

static void know(const Bench *b, const char *first, const char *second)
{
    g_autofree char *path = g_build_filename(b->directory, "data.sha256", NULL);
    g_autofree char *one = g_compute_checksum_for_string(G_CHECKSUM_SHA256, first, -1);
    g_autofree char *two = g_compute_checksum_for_string(G_CHECKSUM_SHA256, second, -1);
    g_autofree char *text = g_strdup_printf("%s  lib/v1/net/one\n%s  lib/v1/net/two\n%s  lib/v1/x\n"
                                            "%s  lib/v1/net/gpu/big\n",
                                            one, two, one, one);

    ck_assert(g_file_set_contents(path, text, -1, NULL));
}

#define TAR "{tar: {from: \"lib/*\", names: net, except: net/gpu}}"

static const struct {
    const char *one, *two; /* what the archive holds; NULL: leaves it out */
    const char *finding;
} archives[] = {
    { "first", "second", "" },
    { "first", "secont",
      "the archive on the tape: the contents of net/two are not what they were" },
    { "first", NULL, "the archive on the tape lacks 1 files, such as net/two" },
};

START_TEST(archive_is_compared_file_by_file)
{
    g_autoptr(GByteArray) archive = g_byte_array_new();
    Bench b;

    bench_open(&b);
    know(&b, "first", "second");
    add_file(archive, "net/", '5', "");
    add_file(archive, "././@LongLink", 'L', "./net/one");
    add_file(archive, "something else", '0', archives[_i].one);
    if (archives[_i].two) {
        add_file(archive, "pax", 'x', "16 path=net/two\n");
        add_file(archive, "whatever", '0', archives[_i].two);
    }
    add_end(archive);
    write_archive(&b, archive, 0, archive->len);
    ck_assert_str_eq(judge(&b, TAR), archives[_i].finding);
    bench_close(&b);
}
END_TEST

START_TEST(broken_archive_is_seen)
{
    g_autoptr(GByteArray) archive = g_byte_array_new();
    Bench b;

    bench_open(&b);
    know(&b, "first", "second");
    add_file(archive, "net/one", '0', "first");
    add_file(archive, "net/two", '0', "second");
    write_archive(&b, archive, 0, archive->len);
    ck_assert_str_eq(judge(&b, TAR), "tar block 4: the archive ends before its end marks");
    bench_close(&b);

    bench_open(&b);
    know(&b, "first", "second");
    archive->data[1024 + 3] ^= 1; /* in the name of the second */
    write_archive(&b, archive, 0, archive->len);
    ck_assert_str_eq(judge(&b, TAR),
                     "cartridge 1 record 1: tar block 3: not a header: its checksum is wrong");
    bench_close(&b);
}
END_TEST

START_TEST(archive_goes_on_on_the_next_volume)
{
    g_autofree char *big = g_strnfill(5000, 'b');
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    Bench b;

    bench_open(&b);
    know(&b, big, "second");
    add_file(first, "net/one", '0', big);
    write_archive(&b, first, 0, 512 + 2048);
    bench_insert(&b, 1);
    add_file(second, "net/one", 'M', big + 2048);
    add_file(second, "net/two", '0', "second");
    add_end(second);
    write_archive(&b, second, 0, second->len);
    ck_assert_str_eq(judge(&b, "{tar: {from: \"lib/*\", names: net, except: net/gpu, "
                               "cartridges: 2}}"),
                     "");
    ck_assert_str_eq(judge(&b, TAR), "tar block 5: the archive ends before its end marks");
    bench_close(&b);
}
END_TEST

START_TEST(volume_that_goes_on_elsewhere_is_seen)
{
    g_autofree char *big = g_strnfill(5000, 'b');
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) second = g_byte_array_new();
    Bench b;

    bench_open(&b);
    know(&b, big, "second");
    add_file(first, "net/one", '0', big);
    write_archive(&b, first, 0, 512 + 2048);
    bench_insert(&b, 1);
    add_file(second, "net/one", 'M', big + 2560); /* a record is missing between the two */
    add_end(second);
    write_archive(&b, second, 0, second->len);
    ck_assert_str_eq(judge(&b, "{tar: {from: \"lib/*\", names: net, cartridges: 2}}"),
                     "cartridge 2 record 0: tar block 6: this volume goes on with another file "
                     "than the last ended in");
    bench_close(&b);
}
END_TEST

/* ---- dump ---- */

/* What is on the tape that dump_tests.c says is there; in blocks of 2 KiB, two of them swapped. */
static void write_dump(Bench *b, unsigned swapped)
{
    g_autofree char *dump = NULL;
    size_t length, at;

    ck_assert(g_file_get_contents(TEST_CORPUS "/dump/files", &dump, &length, NULL));
    for (at = 0; at < length; at += 2048) {
        size_t block = at / 2048;
        size_t from = swapped && block == swapped       ? at + 2048
                      : swapped && block == swapped + 1 ? at - 2048
                                                        : at;

        ck_assert_int_eq(medium_write(b->medium, (uint8_t *)dump + from, 2048), MEDIUM_OK);
    }
    write_mark(b);
}

static void know_dumped(const Bench *b)
{
    g_autofree char *path = g_build_filename(b->directory, "data.sha256", NULL);

    ck_assert(g_file_set_contents(
        path,
        "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4  top/fs/again\n"
        "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4  top/fs/deep/two\n"
        "5d72cf7902bc6ba9f6af8da8601aa3f047a50e3e0d094708980197f1972d2b52  top/fs/holes\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  top/fs/nothing\n"
        "b935f6b7a9c56a15e7b99c8d6d4b5e918f5a68fafc4490544a446b2ae47bf809  top/fs/one\n"
        "586d7e271f9a4553a6e81502380c2ee79151993f59c1f1615769debe5ec3dbf5  top/fs/plain\n",
        -1, NULL));
}

/* The tenth block begins with the header of a file; 17 and 18 are in the middle of one. */
static const struct {
    unsigned swapped;
    const char *expect, *finding;
} dumps[] = {
    { 0, "{dump: {from: top, names: fs}}", "" },
    { 0, "{dump: {from: top, except: fs/one}}",
      "the dump on the tape holds fs/one, which is not there or was there before" },
    { 17, "{dump: {from: top}}",
      "the dump on the tape: the contents of fs/plain are not what they were" },
    { 10, "{dump: {from: top}}",
      "cartridge 1 record 10: dump record 20: expected a header, found none" },
    { 0, "{dump: {from: top, file: 1}}", "dump record 0: the dump ends before it is said to" },
    { 0, "{dump: {from: top, partition: 1}}", "dump record 0: the dump ends before it is said to" },
    { 0, "{dump: {from: top, cartridge: 2}}", "there is no cartridge 2" },
    { 0, "{dump: {from: elsewhere}}",
      "the dump on the tape: no file of the guest's /data is in elsewhere" },
};

START_TEST(dump_is_compared_file_by_file)
{
    Bench b;

    bench_open(&b);
    know_dumped(&b);
    write_dump(&b, dumps[_i].swapped);
    ck_assert_str_eq(judge(&b, dumps[_i].expect), dumps[_i].finding);
    bench_close(&b);
}
END_TEST

START_TEST(sums_of_restored_files_are_compared)
{
    FileSet set = { .from = (char *)"lib/*", .names = (char *[]){ (char *)"net", NULL } };
    g_autofree char *one = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "first", -1);
    g_autofree char *sums = g_strdup_printf("%s  ./net/one\nbash: oops\n", one);
    Bench b;

    bench_open(&b);
    know(&b, "first", "second");
    sums_compare(&set, b.directory, sums, b.findings);
    ck_assert_uint_eq(b.findings->len, 2);
    ck_assert_str_eq(b.findings->pdata[0], "'bash: oops' is no line of sha256sum");
    ck_assert(g_str_has_prefix(b.findings->pdata[1], "what was restored lacks 2 files"));
    bench_close(&b);
}
END_TEST

/* ---- the simulated backup ---- */

/* What is done wrong with a backup. */
typedef enum Wrong { RIGHT, SWAPPED, TORN, CUT } Wrong;

static void write_object(Bench *b, const MtfOp *op, const uint8_t *other)
{
    uint64_t written;
    size_t length;

    if (op->type == MTF_OP_FILEMARK) {
        ck_assert_int_eq(medium_write_marks(b->medium, MEDIUM_MARK_FILEMARK, 1, &written),
                         MEDIUM_OK);
    } else {
        const uint8_t *data = g_bytes_get_data(op->data, &length);
        g_autofree uint8_t *copy = g_memdup2(data, length);

        if (other) { /* its second half is another's */
            memcpy(copy + length / 2, other + length / 2, length / 2);
        }
        ck_assert_int_eq(medium_write(b->medium, copy, length), MEDIUM_OK);
    }
}

/* All that a run writes: of MtfOp, which are cleared with it. */
static GArray *ops_of(uint64_t run, uint16_t set, uint64_t from, unsigned blocks)
{
    MtfFilePlan files[MTF_PLAN_FILES];
    const MtfJob job = { .run = run,
                         .set = set,
                         .first_object = from,
                         .last_eset = from > 0 ? from - 2 : 0,
                         .files = files,
                         .n_files = MTF_PLAN_FILES };
    GArray *ops = g_array_new(FALSE, FALSE, sizeof(MtfOp));
    g_autoptr(MtfWriter) writer = NULL;
    MtfOp op;

    g_array_set_clear_func(ops, (GDestroyNotify)(void (*)(void))mtf_op_clear);
    mtf_plan_files(blocks, files);
    writer = mtf_writer_new(&job, NULL);
    while (mtf_writer_next(writer, &op)) {
        g_array_append_val(ops, op);
    }
    return ops;
}

/* `at`: the object that changes places with the next, has half of the next in it, or is the first
 * that is missing. The number of objects. */
static uint64_t write_backup(Bench *b, uint64_t run, uint16_t set, uint64_t from, Wrong wrong,
                             uint64_t at)
{
    g_autoptr(GArray) ops = ops_of(run, set, from, 24);
    guint i;

    for (i = 0; i < ops->len && !(wrong == CUT && i == at); i++) {
        guint which = i;

        if (wrong == SWAPPED) {
            which = i == at ? i + 1 : i == at + 1 ? i - 1 : i;
        }
        write_object(b, &g_array_index(ops, MtfOp, which),
                     wrong == TORN && i == at
                         ? g_bytes_get_data(g_array_index(ops, MtfOp, i + 1).data, NULL)
                         : NULL);
    }
    return from + i;
}

/* Two blocks in the middle of a file: the format does not see it, the records do. The first two
 * blocks of a set: it does. What is said is the nth finding; NULL: there is none. */
static const struct {
    uint64_t runs[2];
    Wrong wrong;
    uint64_t at;
    const char *expect;
    unsigned nth;
    const char *finding;
} backups[] = {
    { { 1 }, RIGHT, 0, "{mtf: {sets: 1}}", 0, NULL },
    { { 1 }, RIGHT, 0, "{mtf: {sets: 2}}", 0, "cartridge 1 holds 1 backup sets" },
    { { 1 }, RIGHT, 0, "{mtf: {sets: 1, cartridge: 2}}", 0, "there is no cartridge 2" },
    { { 1 }, SWAPPED, 16, "{mtf: {sets: 1}}", 0, "cartridge 1: object 16 holds write 17" },
    { { 1 }, SWAPPED, 2, "{mtf: {sets: 1}}", 0, "cartridge 1: object 2 holds write 3" },
    /* It is known what was written. */
    { { 1 }, RIGHT, 0, "{mtf: {runs: 1, blocks: 24}}", 0, NULL },
    { { 1, 2 }, RIGHT, 0, "{mtf: {runs: [1, 2], blocks: 24}}", 0, NULL },
    { { 1 },
      SWAPPED,
      16,
      "{mtf: {runs: 1, blocks: 24}}",
      0,
      "cartridge 1: object 16 holds write 17" },
    { { 1 },
      SWAPPED,
      16,
      "{mtf: {runs: 1, blocks: 24}}",
      1,
      "cartridge 1: object 17 holds write 16" },
    { { 1 },
      TORN,
      16,
      "{mtf: {runs: 1, blocks: 24}}",
      0,
      "cartridge 1: object 16 holds a record whose CRC is wrong" },
    /* A tape that an earlier run left, sound and as long. */
    { { 7 }, RIGHT, 0, "{mtf: {sets: 1}}", 0, NULL },
    { { 7 },
      RIGHT,
      0,
      "{mtf: {runs: 1, blocks: 24}}",
      0,
      "cartridge 1: object 0 holds 16384 bytes that nobody wrote" },
    { { 7 },
      RIGHT,
      0,
      "{mtf: {runs: 1, blocks: 24}}",
      1,
      "cartridge 1: object 2 holds write 2 of run 7, with contents that are not this case's" },
    { { 1, 3 },
      RIGHT,
      0,
      "{mtf: {runs: [1, 2], blocks: 24}}",
      0,
      "cartridge 1: object 28 holds write 28 of run 3, with contents that are not this case's" },
    /* One that lacks what was written last, or holds more. */
    { { 1 },
      RIGHT,
      0,
      "{mtf: {runs: [1, 2], blocks: 24}}",
      0,
      "cartridge 1: 28 blocks and filemarks are on it, and 54 were written" },
    { { 1 },
      CUT,
      20,
      "{mtf: {runs: 1, blocks: 24}}",
      0,
      "cartridge 1: 20 blocks and filemarks are on it, and 28 were written" },
    { { 1, 2 },
      RIGHT,
      0,
      "{mtf: {runs: 1, blocks: 24}}",
      8,
      "cartridge 1: 54 blocks and filemarks are on it, and 28 were written" },
    { { 1 },
      RIGHT,
      0,
      "{mtf: {runs: 1, blocks: 25}}",
      0,
      "cartridge 1: object 2 holds write 2 of run 1, with contents that are not this case's" },
};

START_TEST(backup_is_judged)
{
    uint64_t objects;
    Bench b;

    bench_open(&b);
    objects = write_backup(&b, backups[_i].runs[0], 1, 0, backups[_i].wrong, backups[_i].at);
    if (backups[_i].runs[1] > 0) {
        write_backup(&b, backups[_i].runs[1], 2, objects, RIGHT, 0);
    }
    judge(&b, backups[_i].expect);
    if (backups[_i].finding) {
        ck_assert_uint_gt(b.findings->len, backups[_i].nth);
        ck_assert_str_eq(b.findings->pdata[backups[_i].nth], backups[_i].finding);
    } else {
        ck_assert_msg(b.findings->len == 0, "%s",
                      b.findings->len > 0 ? (char *)b.findings->pdata[0] : "");
    }
    /* What the format itself violates comes after what holds something else. */
    ck_assert(backups[_i].at != 2 ||
              strstr(b.findings->pdata[b.findings->len - 1], "as Microsoft Tape Format has it"));
    bench_close(&b);
}
END_TEST

TCase *make_oracle_tcase(void)
{
    TCase *tcase = tcase_create("oracle");

    tcase_add_loop_test(tcase, tape_is_compared_with_what_was_expected, 0, G_N_ELEMENTS(shapes));
    tcase_add_test(tcase, order_and_damage_are_seen);
    tcase_add_loop_test(tcase, archive_is_compared_file_by_file, 0, G_N_ELEMENTS(archives));
    tcase_add_test(tcase, broken_archive_is_seen);
    tcase_add_test(tcase, archive_goes_on_on_the_next_volume);
    tcase_add_test(tcase, volume_that_goes_on_elsewhere_is_seen);
    tcase_add_loop_test(tcase, dump_is_compared_file_by_file, 0, G_N_ELEMENTS(dumps));
    tcase_add_test(tcase, sums_of_restored_files_are_compared);
    tcase_add_loop_test(tcase, every_partition_is_walked, 0, G_N_ELEMENTS(partitions));
    tcase_add_test(tcase, damage_is_found_wherever_it_is);
    tcase_add_loop_test(tcase, backup_is_judged, 0, G_N_ELEMENTS(backups));
    return tcase;
}
