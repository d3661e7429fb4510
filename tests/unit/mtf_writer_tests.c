/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the simulated backup writes, judged by the walker and looked at byte by byte. */
#include "emu/base/bytes.h"
#include "media/formats/formats.h"
#include "scenarios/subjects/mtf/payload.h"
#include "scenarios/subjects/mtf/verifier.h"
#include "tests/support/mtf_tape.h"
#include "tests/support/suite.h"

TCase *make_mtf_writer_tcase(void);

static TapeMedium *medium_of(const MtfTape *tape)
{
    TapeMedium *m = medium_ram_new(&(MediumGeometry){ .partitions = 1 });

    mtf_tape_put(tape, m);
    return m;
}

static void must_be_good(const MtfTape *tape, MtfCounts *counts, const MtfReaderOps *ops,
                         void *data)
{
    g_autoptr(TapeMedium) m = medium_of(tape);
    g_autoptr(MtfReader) r = mtf_reader_new(ops, data);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    ck_assert(mtf_walk_probe(m, 0));
    ck_assert(mtf_walk(m, 0, MTF_WALK_ALL, r, &error));
    text = mtf_reader_violation(r) ? mtf_violation_text(mtf_reader_violation(r)) : NULL;
    ck_assert_msg(!text, "%s", text);
    *counts = *mtf_reader_counts(r);
}

static MtfJob usual_job(void)
{
    return (MtfJob){ .run = 7, .set = 1, .files = mtf_tape_files, .n_files = mtf_tape_n_files };
}

/* The offsets are those of the specification, here in digits once more. */
START_TEST(the_tape_begins_as_structure_5_says)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    const uint8_t *p;
    size_t length, i;
    uint16_t sum = 0;

    mtf_tape_backup(tape, &job, NULL);
    p = g_bytes_get_data(tape->pdata[0], &length);
    ck_assert_uint_eq(length, 16384);
    ck_assert_mem_eq(p, "TAPE", 4);
    ck_assert_uint_eq(p[10], 14); /* Windows NT */
    ck_assert_uint_eq(get_le64(p + 20), 0);
    ck_assert_uint_eq(get_le32(p + 36), 0);
    ck_assert_uint_eq(p[48], 2); /* Unicode */
    for (i = 0; i < 52; i += 2) {
        sum ^= get_le16(p + i);
    }
    ck_assert_uint_eq(sum, 0);
    ck_assert_uint_eq(get_le16(p + 60), 1);
    ck_assert_uint_eq(get_le16(p + 84), 1024);
    ck_assert_uint_eq(p[93], 1);
    ck_assert_mem_eq(p + get_le16(p + 74), "M\0T\0F\0 \0M\0e\0d\0i\0a\0 \0L\0a\0b\0e\0l\0|\0", 32);
    ck_assert_mem_eq(p + get_le16(p + 8), "SPAD", 4);
    ck_assert_uint_eq(get_le16(p + 8) + 22 + get_le64(p + get_le16(p + 8) + 8), 16384);
    ck_assert_ptr_null(tape->pdata[1]);
    p = g_bytes_get_data(tape->pdata[2], &length);
    ck_assert_mem_eq(p, "SSET", 4);
    ck_assert_uint_eq(get_le16(p + 62), 1);
    ck_assert_uint_eq(get_le64(p + 80), 2); /* its own object */
    ck_assert_mem_eq(p + 1024, "VOLB", 4);
    ck_assert_uint_eq(get_le64(p + 1024 + 20), 1);
    ck_assert_uint_eq(get_le32(p + 1024 + 36), 1);
    ck_assert_mem_eq(p + 2048, "DIRB", 4);
}
END_TEST

static const struct {
    uint32_t block_size, flb_size;
    bool soft;
} shapes[] = {
    { 0, 0, false },        { 512, 512, false },      { 1024, 512, false },  { 1024, 1024, false },
    { 65536, 1024, false }, { 3072, 1024, false },    { 16384, 512, false }, { 16384, 1024, true },
    { 512, 512, true },     { 1 << 20, 1024, false },
};

START_TEST(a_backup_is_good_in_any_shape)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    MtfCounts counts;
    uint64_t bytes = 0;
    size_t i;
    guint o;

    job.block_size = shapes[_i].block_size;
    job.flb_size = shapes[_i].flb_size;
    job.soft_filemarks = shapes[_i].soft;
    mtf_tape_backup(tape, &job, NULL);
    must_be_good(tape, &counts, &(MtfReaderOps){ 0 }, NULL);
    for (i = 0; i < mtf_tape_n_files; i++) {
        bytes += mtf_tape_files[i].size;
    }
    ck_assert_uint_eq(counts.sets, 1);
    ck_assert_uint_eq(counts.volumes, 1);
    ck_assert_uint_eq(counts.directories, 3);
    ck_assert_uint_eq(counts.files, mtf_tape_n_files);
    ck_assert_uint_eq(counts.bytes, bytes);
    ck_assert_uint_eq(counts.checksums, 3 + 2 * mtf_tape_n_files);
    for (o = 0; o < tape->len && shapes[_i].soft; o++) {
        ck_assert_ptr_nonnull(tape->pdata[o]);
    }
}
END_TEST

static void append(MtfTape *tape, uint16_t set, MtfWriter **writer)
{
    MtfJob job = usual_job();

    job.set = set;
    job.run = 100 + set;
    job.first_object = tape->len;
    mtf_tape_backup(tape, &job, writer);
}

START_TEST(sets_are_appended)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    g_autoptr(MtfWriter) first = NULL, second = NULL;
    MtfJob job = usual_job();
    MtfCounts counts;

    mtf_tape_backup(tape, &job, &first);
    ck_assert_uint_eq(mtf_writer_end(first), tape->len);
    ck_assert_ptr_nonnull(tape->pdata[mtf_writer_eset(first)]);
    append(tape, 2, &second);
    append(tape, 3, NULL);
    must_be_good(tape, &counts, &(MtfReaderOps){ 0 }, NULL);
    ck_assert_uint_eq(counts.sets, 3);
    ck_assert_uint_eq(counts.files, 3 * mtf_tape_n_files);
}
END_TEST

/* The place where a set believes to be is checked against the other sets'. */
START_TEST(an_append_in_the_wrong_place_is_found)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    g_autoptr(TapeMedium) m = NULL;
    g_autoptr(MtfReader) r = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    guint begin;
    uint8_t *p;
    size_t length;

    mtf_tape_backup(tape, &job, NULL);
    begin = tape->len;
    append(tape, 2, NULL);
    p = g_memdup2(g_bytes_get_data(tape->pdata[begin], &length), 16384);
    p[MTF_SSET_PBA]++;
    g_bytes_unref(tape->pdata[begin]);
    tape->pdata[begin] = g_bytes_new_take(p, length);
    m = medium_of(tape);
    ck_assert(mtf_walk(m, 0, MTF_WALK_ALL, r, NULL));
    ck_assert_int_eq(mtf_reader_violation(r)->rule, MTF_RULE_FIELD);
    ck_assert_uint_eq(mtf_reader_violation(r)->place.object, begin);
}
END_TEST

/* Each tape block that lies in a set says which write it is. */
START_TEST(a_block_says_which_write_it_is)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    guint known = 0, i;

    mtf_tape_backup(tape, &job, NULL);
    for (i = 2; tape->pdata[i]; i++) {
        MtfPayload payload;
        size_t length;
        const uint8_t *data = g_bytes_get_data(tape->pdata[i], &length);

        ck_assert(mtf_payload_find(data, length, &payload));
        ck_assert(!mtf_payload_damaged(data, length));
        ck_assert_uint_eq(payload.run, 7);
        ck_assert_uint_eq(payload.write, i);
        known++;
    }
    ck_assert_uint_gt(known, 10);
}
END_TEST

START_TEST(a_damaged_payload_is_no_payload)
{
    uint8_t record[MTF_PAYLOAD_RECORD];
    const MtfPayload payload = { 1, 2, 3, 4, sizeof record };
    MtfPayload read;
    size_t i;

    mtf_payload_fill(&payload, record);
    MUST(mtf_payload_check(record, sizeof record, &read));
    MUST(read.run == 1 && read.write == 2 && read.file == 3 && read.index == 4);
    MUST(!mtf_payload_check(record, sizeof record - 1, &read));
    MUST(!mtf_payload_damaged(record, sizeof record));
    MUST(!mtf_payload_damaged(record, sizeof record - 1)); /* cut, it goes on in the next block */
    for (i = 0; i < sizeof record * 8; i++) {
        record[i / 8] ^= (uint8_t)(1 << i % 8);
        MUST(!mtf_payload_check(record, sizeof record, &read));
        MUST(i / 8 < MTF_PAYLOAD_HEADER || mtf_payload_damaged(record, sizeof record));
        record[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}
END_TEST

/* ── names ── */

typedef struct Names {
    GString *text;
} Names;

static void note_name(void *data, const MtfBlock *block)
{
    Names *names = data;

    if (block->type == MTF_FILE) {
        g_string_append_printf(names->text, "%s|", block->path);
    }
}

START_TEST(names_come_back_however_long)
{
    g_autofree char *long_name = g_strnfill(700, 'n'), *long_path = g_strnfill(900, 'p');
    g_autofree char *wanted = g_strdup_printf("D:\\A|D:\\B C\\%s|D:\\%s\\Z|", long_name, long_path);
    const MtfFilePlan files[] = { { "", "A", 5 }, { "B C", long_name, 5 }, { long_path, "Z", 5 } };
    MtfJob job = { .run = 1, .set = 1, .device = "D:", .files = files, .n_files = 3 };
    g_autoptr(MtfTape) tape = mtf_tape_new();
    Names names = { g_string_new(NULL) };
    MtfCounts counts;

    mtf_tape_backup(tape, &job, NULL);
    must_be_good(tape, &counts, &(MtfReaderOps){ .block = note_name }, &names);
    ck_assert_str_eq(names.text->str, wanted);
    g_string_free(names.text, TRUE);
}
END_TEST

/* Names can be had without reading what is between them. */
START_TEST(contents_can_be_passed_over)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    Names all = { g_string_new(NULL) }, quick = { g_string_new(NULL) };
    g_autoptr(MtfReader) r = NULL, s = NULL;
    g_autoptr(TapeMedium) m = NULL;

    job.block_size = shapes[_i].block_size;
    job.flb_size = shapes[_i].flb_size;
    mtf_tape_backup(tape, &job, NULL);
    m = medium_of(tape);
    r = mtf_reader_new(&(MtfReaderOps){ .block = note_name }, &all);
    s = mtf_reader_new(&(MtfReaderOps){ .block = note_name }, &quick);
    ck_assert(mtf_walk(m, 0, MTF_WALK_ALL, r, NULL));
    ck_assert(mtf_walk(m, 0, MTF_WALK_NAMES, s, NULL));
    ck_assert_ptr_null(mtf_reader_violation(s));
    ck_assert_str_eq(quick.text->str, all.text->str);
    ck_assert_uint_eq(mtf_reader_counts(s)->blocks, mtf_reader_counts(r)->blocks);
    ck_assert_uint_eq(mtf_reader_counts(s)->bytes, mtf_reader_counts(r)->bytes);
    ck_assert(shapes[_i].block_size != 512 ||
              mtf_reader_counts(s)->checksums < mtf_reader_counts(r)->checksums);
    g_string_free(all.text, TRUE);
    g_string_free(quick.text, TRUE);
}
END_TEST

/* What is passed over may turn out to be something else. */
START_TEST(a_mark_in_what_is_passed_over_is_seen)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    g_autoptr(MtfReader) r = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    g_autoptr(TapeMedium) m = NULL;
    MtfJob job = usual_job();

    mtf_tape_backup(tape, &job, NULL);
    g_ptr_array_insert(tape, 5, NULL);
    m = medium_of(tape);
    ck_assert(mtf_walk(m, 0, MTF_WALK_NAMES, r, NULL));
    ck_assert_int_eq(mtf_reader_violation(r)->rule, MTF_RULE_FILEMARK);
    ck_assert_uint_eq(mtf_reader_violation(r)->place.object, 5);
}
END_TEST

/* ── the verify pass, and restore ── */

START_TEST(the_verify_pass_compares_every_file)
{
    g_autoptr(MtfWriter) writer = NULL;
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    g_autoptr(MtfVerifier) v = NULL, again = NULL;
    MtfCounts counts;

    mtf_tape_backup(tape, &job, &writer);
    ck_assert_uint_eq(mtf_writer_catalog(writer)->len, mtf_tape_n_files);
    v = mtf_verifier_new(7, mtf_writer_catalog(writer), NULL);
    must_be_good(tape, &counts, mtf_verifier_ops(), v);
    ck_assert_uint_eq(mtf_verifier_good(v), mtf_tape_n_files);
    ck_assert(mtf_verifier_done(v));
    ck_assert_uint_eq(mtf_verifier_finish(v)->len, 0);
    /* another run's tape is not this one's */
    again = mtf_verifier_new(8, mtf_writer_catalog(writer), NULL);
    must_be_good(tape, &counts, mtf_verifier_ops(), again);
    ck_assert_uint_ge(mtf_verifier_finish(again)->len, 4);
}
END_TEST

START_TEST(a_file_that_never_came_is_missed)
{
    const char *const chosen[] = { "C:\\DATA\\F2.BIN", "C:\\NOT THERE", NULL };
    g_autoptr(MtfWriter) writer = NULL;
    g_autoptr(MtfTape) tape = mtf_tape_new();
    MtfJob job = usual_job();
    g_autoptr(MtfVerifier) v = NULL;

    mtf_tape_backup(tape, &job, &writer);
    v = mtf_verifier_new(7, mtf_writer_catalog(writer), chosen);
    ck_assert(!mtf_verifier_done(v));
    ck_assert_uint_eq(mtf_verifier_finish(v)->len, 1);
    ck_assert_str_eq(mtf_verifier_finish(v)->pdata[0], "C:\\DATA\\F2.BIN: it was not read back");
}
END_TEST

/* Goes to each file by its catalog entry, and reads until it is there. */
START_TEST(a_chosen_file_is_restored_from_its_place)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    g_autoptr(MtfWriter) writer = NULL;
    g_autofree uint8_t *buffer = g_malloc(16384);
    g_autoptr(TapeMedium) m = NULL;
    MtfJob job = usual_job();
    const GPtrArray *catalog;
    guint i;

    mtf_tape_backup(tape, &job, NULL);
    append(tape, 2, &writer);
    m = medium_of(tape);
    catalog = mtf_writer_catalog(writer);
    for (i = 0; i < catalog->len; i++) {
        const MtfCatalogEntry *entry = catalog->pdata[i];
        const char *const chosen[] = { entry->path, NULL };
        g_autoptr(MtfVerifier) v = mtf_verifier_new(102, catalog, chosen);
        g_autoptr(MtfReader) r = mtf_reader_new(mtf_verifier_ops(), v);
        MtfPlace place = { .object = entry->object };
        size_t length;

        mtf_reader_enter(r, &entry->entry);
        ck_assert_int_eq(medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, entry->object), MEDIUM_OK);
        while (!mtf_verifier_done(v)) {
            ck_assert_int_eq(medium_read(m, buffer, 16384, &length), MEDIUM_OK);
            ck_assert(mtf_reader_push_block(r, &place, buffer, length));
            place.object++;
        }
        ck_assert_uint_eq(mtf_verifier_good(v), 1);
        ck_assert_uint_eq(mtf_verifier_finish(v)->len, 0);
    }
}
END_TEST

START_TEST(a_wrong_catalog_finds_no_file)
{
    g_autoptr(MtfTape) tape = mtf_tape_new();
    g_autoptr(MtfWriter) writer = NULL;
    g_autoptr(MtfReader) r = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    MtfJob job = usual_job();
    const MtfCatalogEntry *entry;
    MtfPlace place = { 0 };
    size_t length;
    const uint8_t *data;

    mtf_tape_backup(tape, &job, &writer);
    entry = mtf_writer_catalog(writer)->pdata[8];
    mtf_reader_enter(r, &entry->entry);
    data = g_bytes_get_data(tape->pdata[entry->object - 1], &length);
    ck_assert(!mtf_reader_push_block(r, &place, data, length));
}
END_TEST

static const struct {
    MtfJob job;
    const char *words;
} bad_jobs[] = {
    { { .set = 0 }, "set 1 begins" },
    { { .set = 2 }, "set 1 begins" },
    { { .set = 1, .first_object = 5 }, "set 1 begins" },
    { { .set = 1, .flb_size = 2048 }, "512 or 1024" },
    { { .set = 1, .block_size = 1536 }, "whole format logical blocks" },
    { { .set = 2, .first_object = 9, .soft_filemarks = true }, "one set" },
    { { .set = 1, .files = &(MtfFilePlan){ "", "", 1 }, .n_files = 1 }, "has a name" },
    { { .set = 1, .files = &(MtfFilePlan){ "", "\xff", 1 }, .n_files = 1 }, "UTF-8" },
};

START_TEST(a_job_that_cannot_be_is_refused)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(mtf_writer_new(&bad_jobs[_i].job, &error));
    ck_assert_msg(strstr(error->message, bad_jobs[_i].words), "%s", error->message);
}
END_TEST

TCase *make_mtf_writer_tcase(void)
{
    TCase *tcase = tcase_create("mtf-writer");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_tape_begins_as_structure_5_says);
    tcase_add_loop_test(tcase, a_backup_is_good_in_any_shape, 0, G_N_ELEMENTS(shapes));
    tcase_add_test(tcase, sets_are_appended);
    tcase_add_test(tcase, an_append_in_the_wrong_place_is_found);
    tcase_add_test(tcase, a_block_says_which_write_it_is);
    tcase_add_test(tcase, a_damaged_payload_is_no_payload);
    tcase_add_test(tcase, names_come_back_however_long);
    tcase_add_loop_test(tcase, contents_can_be_passed_over, 0, G_N_ELEMENTS(shapes));
    tcase_add_test(tcase, a_mark_in_what_is_passed_over_is_seen);
    tcase_add_test(tcase, the_verify_pass_compares_every_file);
    tcase_add_test(tcase, a_file_that_never_came_is_missed);
    tcase_add_test(tcase, a_chosen_file_is_restored_from_its_place);
    tcase_add_test(tcase, a_wrong_catalog_finds_no_file);
    tcase_add_loop_test(tcase, a_job_that_cannot_be_is_refused, 0, G_N_ELEMENTS(bad_jobs));
    return tcase;
}
