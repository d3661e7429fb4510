/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated backup program on a host in a few lines, which keeps what it was asked for in a
 * queue, and can do all that wrong that a driver can do wrong with a queue.
 */
#include "media/formats/formats.h"
#include "media/mtf/mtf-walk.h"
#include "scenarios/subjects/mtf/application.h"
#include "tests/support/mtf_tape.h"
#include "tests/support/suite.h"

TCase *make_mtf_application_tcase(void);

/* ── the host ── */

typedef struct Host {
    TapeMedium *m;
    GQueue queue; /* of MtfRequest *, not yet performed */
    /* What is wrong with it: */
    bool answers_late; /* performs in order, and answers in the opposite one: allowed */
    bool lifo;         /* performs the newest first */
    uint64_t lose;     /* GOOD for the write with this ticket, which never gets to the tape */
    uint64_t refuse;   /* an error for the request with this ticket */
    uint64_t longest;  /* so many were in the queue */
} Host;

static MtfStatus status_of(MediumResult result)
{
    return result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING ? MTF_STATUS_GOOD
           : result == MEDIUM_FILEMARK                           ? MTF_STATUS_FILEMARK
           : result == MEDIUM_EOD                                ? MTF_STATUS_END_OF_DATA
           : result == MEDIUM_END_OF_PARTITION                   ? MTF_STATUS_END_OF_MEDIA
                                                                 : MTF_STATUS_ERROR;
}

static MediumResult perform_write(Host *h, const MtfRequest *r)
{
    size_t length;
    const uint8_t *data = g_bytes_get_data(r->data, &length);

    return r->ticket == h->lose ? MEDIUM_OK : medium_write(h->m, data, length);
}

static void perform(Host *h, MtfApplication *a, const MtfRequest *r)
{
    g_autofree uint8_t *buffer = g_malloc(r->length + 1);
    MtfCompletion c = { .data = buffer };
    MediumResult result = MEDIUM_OK;
    MediumPosition position;
    uint64_t moved;

    switch (r->type) {
    case MTF_REQUEST_WRITE:
        result = perform_write(h, r);
        break;
    case MTF_REQUEST_FILEMARK:
        result = medium_write_marks(h->m, MEDIUM_MARK_FILEMARK, 1, &moved);
        break;
    case MTF_REQUEST_READ:
        result = medium_read(h->m, buffer, r->length, &c.length);
        break;
    case MTF_REQUEST_REWIND:
    case MTF_REQUEST_LOCATE:
        result = medium_locate(h->m, 0, MEDIUM_LOCATE_OBJECT, r->object);
        break;
    case MTF_REQUEST_SPACE_EOD:
        result = medium_space(h->m, MEDIUM_SPACE_EOD, 0, false, &moved);
        break;
    case MTF_REQUEST_POSITION:
        medium_position(h->m, &position);
        c.object = position.object;
        break;
    }
    c.status = r->ticket == h->refuse ? MTF_STATUS_ERROR : status_of(result);
    c.error = r->ticket == h->refuse ? "refused" : NULL;
    mtf_application_complete(a, r->ticket, &c);
}

static void perform_all(Host *h, MtfApplication *a)
{
    MtfRequest *r;

    h->longest = MAX(h->longest, g_queue_get_length(&h->queue));
    while ((r = h->lifo ? g_queue_pop_tail(&h->queue) : g_queue_pop_head(&h->queue))) {
        perform(h, a, r);
        mtf_request_clear(r);
        g_free(r);
    }
}

/* The tape operations are done in order; only the answers come in another one. */
static void perform_answering_late(Host *h, MtfApplication *a)
{
    typedef struct Answer {
        uint64_t ticket;
        MtfStatus status;
        uint8_t *data;
        size_t length;
    } Answer;
    g_autoptr(GArray) answers = g_array_new(FALSE, FALSE, sizeof(Answer));
    MtfRequest *r;

    while ((r = g_queue_pop_head(&h->queue))) {
        Answer answer = { .ticket = r->ticket, .data = g_malloc(r->length + 1) };

        if (r->type == MTF_REQUEST_READ) {
            answer.status = status_of(medium_read(h->m, answer.data, r->length, &answer.length));
            g_array_append_val(answers, answer);
        } else {
            g_free(answer.data);
            perform(h, a, r); /* a motion is alone; writes may be answered at once */
        }
        mtf_request_clear(r);
        g_free(r);
    }
    while (answers->len > 0) {
        Answer *last = &g_array_index(answers, Answer, answers->len - 1);

        mtf_application_complete(
            a, last->ticket,
            &(MtfCompletion){ .status = last->status, .data = last->data, .length = last->length });
        g_free(last->data);
        g_array_set_size(answers, answers->len - 1);
    }
}

static Host new_host(void)
{
    return (Host){ .m = medium_ram_new(&(MediumGeometry){ .partitions = 1 }),
                   .queue = G_QUEUE_INIT,
                   .lose = G_MAXUINT64,
                   .refuse = G_MAXUINT64 };
}

static MtfApplication *run(Host *h, const MtfTask *task)
{
    MtfApplication *a = mtf_application_new(task, NULL);
    MtfRequest request;
    MtfNext next;

    ck_assert_ptr_nonnull(a);
    while ((next = mtf_application_next(a, &request)) != MTF_NEXT_DONE) {
        if (next == MTF_NEXT_REQUEST) {
            g_queue_push_tail(&h->queue, g_memdup2(&request, sizeof request));
        } else if (h->answers_late) {
            perform_answering_late(h, a);
        } else {
            perform_all(h, a);
        }
    }
    ck_assert(g_queue_is_empty(&h->queue));
    return a;
}

static void must_succeed(const MtfApplication *a)
{
    ck_assert_msg(mtf_application_outcome(a) == MTF_OUTCOME_SUCCESS, "%s: %s",
                  mtf_application_message(a), mtf_application_detail(a));
    ck_assert_uint_eq(mtf_application_differences(a)->len, 0);
}

static MtfTask backup_task(unsigned depth)
{
    return (MtfTask){ .type = MTF_TASK_BACKUP,
                      .job = { .run = 5, .files = mtf_tape_files, .n_files = mtf_tape_n_files },
                      .verify = true,
                      .depth = depth };
}

static uint64_t sets_on(TapeMedium *m)
{
    g_autoptr(MtfReader) r = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);

    ck_assert(mtf_walk(m, 0, MTF_WALK_ALL, r, NULL));
    ck_assert_ptr_null(mtf_reader_violation(r));
    return mtf_reader_counts(r)->sets;
}

/* ── what has to work ── */

static const struct {
    unsigned depth;
    bool answers_late, wait_at_marks;
} good_hosts[] = {
    { 0, false, false }, { 1, false, true },  { 2, true, false },  { 8, false, false },
    { 8, true, true },   { 64, true, false }, { 64, false, true },
};

START_TEST(backup_append_and_restore_succeed)
{
    Host h = new_host();
    MtfTask task = backup_task(good_hosts[_i].depth);
    g_autoptr(MtfApplication) backup = NULL, second = NULL, third = NULL, restore = NULL;

    h.answers_late = good_hosts[_i].answers_late;
    task.wait_at_marks = good_hosts[_i].wait_at_marks;
    backup = run(&h, &task);
    must_succeed(backup);
    ck_assert_uint_eq(mtf_application_files_good(backup), mtf_tape_n_files);
    task.type = MTF_TASK_APPEND;
    task.job.run = 6;
    second = run(&h, &task);
    must_succeed(second);
    task.job.run = 7;
    third = run(&h, &task);
    must_succeed(third);
    ck_assert_uint_eq(sets_on(h.m), 3);
    restore = run(&h, &(MtfTask){ .type = MTF_TASK_RESTORE,
                                  .depth = good_hosts[_i].depth,
                                  .catalog = mtf_application_catalog(second),
                                  .run = 6 });
    must_succeed(restore);
    ck_assert_uint_eq(mtf_application_files_good(restore), mtf_tape_n_files);
    ck_assert(h.answers_late || h.longest == MIN(MAX(good_hosts[_i].depth, 1), h.longest));
    ck_assert(good_hosts[_i].depth < 8 || h.answers_late || h.longest > 4);
    medium_free(h.m);
}
END_TEST

START_TEST(only_the_chosen_files_are_read)
{
    const char *const chosen[] = { "C:\\DATA\\F2.BIN", "C:\\DATA\\DEEP\\ER\\LAST.BIN", NULL };
    const char *const none[] = { "C:\\NO SUCH FILE", NULL };
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) backup = run(&h, &task), restore = NULL, nothing = NULL;
    MtfTask wanted = { .type = MTF_TASK_RESTORE,
                       .depth = 1,
                       .catalog = mtf_application_catalog(backup),
                       .chosen = chosen,
                       .run = 5 };

    restore = run(&h, &wanted);
    must_succeed(restore);
    ck_assert_uint_eq(mtf_application_files_good(restore), 2);
    wanted.chosen = none;
    nothing = run(&h, &wanted);
    ck_assert_uint_eq(mtf_application_files_good(nothing), 0);
    medium_free(h.m);
}
END_TEST

START_TEST(a_backup_begins_the_tape_anew)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) first = run(&h, &task);
    g_autoptr(MtfApplication) again = run(&h, &task);

    must_succeed(again);
    ck_assert_uint_eq(sets_on(h.m), 1);
    medium_free(h.m);
}
END_TEST

/* ── what has to be noticed ── */

START_TEST(one_write_at_a_time_cannot_be_reordered)
{
    Host h = new_host();
    MtfTask task = backup_task(1);
    g_autoptr(MtfApplication) a = NULL;

    h.lifo = true;
    a = run(&h, &task);
    must_succeed(a);
    medium_free(h.m);
}
END_TEST

START_TEST(a_last_in_first_out_queue_is_an_inconsistency)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) a = NULL;

    h.lifo = true;
    a = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(a), MTF_OUTCOME_INCONSISTENT);
    ck_assert_str_eq(mtf_application_message(a),
                     "An inconsistency was encountered on the requested media.");
    ck_assert_ptr_nonnull(strstr(mtf_application_detail(a), "object "));
    medium_free(h.m);
}
END_TEST

/* Without the verify pass the program believes what it was told. */
START_TEST(a_lost_write_is_noticed_only_by_reading)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) blind = NULL, seeing = NULL, restore = NULL;

    h.lose = 5; /* after the rewind and TAPE: in the second file's data */
    task.verify = false;
    blind = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(blind), MTF_OUTCOME_SUCCESS);
    restore = run(&h, &(MtfTask){ .type = MTF_TASK_RESTORE,
                                  .catalog = mtf_application_catalog(blind),
                                  .run = 5 });
    ck_assert_int_eq(mtf_application_outcome(restore), MTF_OUTCOME_INCONSISTENT);
    ck_assert_uint_gt(mtf_application_differences(restore)->len, 0);
    task.verify = true;
    seeing = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(seeing), MTF_OUTCOME_INCONSISTENT);
    medium_free(h.m);
}
END_TEST

/* Two blocks in one file's data change places: no rule of the format is broken. */
static void swap_blocks(TapeMedium **m, uint64_t one)
{
    g_autofree uint8_t *a = g_malloc(16384), *b = g_malloc(16384);
    TapeMedium *copy = medium_ram_new(&(MediumGeometry){ .partitions = 1 });
    size_t length;
    MediumResult result;
    uint64_t i, written;

    medium_locate(*m, 0, MEDIUM_LOCATE_OBJECT, 0);
    for (i = 0; (result = medium_read(*m, a, 16384, &length)) != MEDIUM_EOD; i++) {
        if (result == MEDIUM_FILEMARK) {
            medium_write_marks(copy, MEDIUM_MARK_FILEMARK, 1, &written);
        } else if (i == one) {
            medium_read(*m, b, 16384, &length);
            medium_write(copy, b, length);
            medium_write(copy, a, length);
            i++;
        } else {
            medium_write(copy, a, length);
        }
    }
    medium_free(*m);
    *m = copy;
}

START_TEST(the_silent_case_is_known_to_the_judge_alone)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) backup = NULL, restore = NULL;
    const GPtrArray *differences;

    task.verify = false;
    backup = run(&h, &task);
    swap_blocks(&h.m, 4);
    ck_assert_uint_eq(sets_on(h.m), 1);
    restore = run(&h, &(MtfTask){ .type = MTF_TASK_RESTORE,
                                  .catalog = mtf_application_catalog(backup),
                                  .run = 5 });
    ck_assert_int_eq(mtf_application_outcome(restore), MTF_OUTCOME_SUCCESS);
    differences = mtf_application_differences(restore);
    ck_assert_uint_eq(differences->len, 1);
    ck_assert_ptr_nonnull(strstr(differences->pdata[0], "C:\\DATA\\F2.BIN: byte "));
    medium_free(h.m);
}
END_TEST

START_TEST(a_failed_request_is_reported)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) a = NULL;

    h.refuse = (uint64_t)_i;
    a = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(a), MTF_OUTCOME_DEVICE_ERROR);
    ck_assert_ptr_nonnull(strstr(mtf_application_detail(a), "an error: refused"));
    medium_free(h.m);
}
END_TEST

static void put_block(TapeMedium *m)
{
    uint8_t block[512] = { 0 };
    uint64_t written;

    medium_write(m, block, sizeof block);
    medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &written);
}

START_TEST(nothing_is_appended_to_a_tape_of_others)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) blank = NULL, other = NULL;

    task.type = MTF_TASK_APPEND;
    blank = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(blank), MTF_OUTCOME_INCONSISTENT);
    put_block(h.m);
    other = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(other), MTF_OUTCOME_INCONSISTENT);
    ck_assert_ptr_nonnull(strstr(mtf_application_detail(other), "expected 'TAPE'"));
    medium_free(h.m);
}
END_TEST

START_TEST(nothing_is_appended_to_a_set_without_end)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) first = run(&h, &task), second = NULL;

    medium_space(h.m, MEDIUM_SPACE_EOD, 0, false, &(uint64_t){ 0 });
    put_block(h.m);
    task.type = MTF_TASK_APPEND;
    second = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(second), MTF_OUTCOME_INCONSISTENT);
    ck_assert_ptr_nonnull(strstr(mtf_application_detail(second), "expected 'ESET'"));
    medium_free(h.m);
}
END_TEST

START_TEST(a_full_tape_is_a_device_error)
{
    Host h = new_host();
    MtfTask task = backup_task(4);
    g_autoptr(MtfApplication) a = NULL;

    medium_free(h.m);
    h.m = medium_ram_new(&(MediumGeometry){ .partitions = 1, .capacity = 100000 });
    a = run(&h, &task);
    ck_assert_int_eq(mtf_application_outcome(a), MTF_OUTCOME_DEVICE_ERROR);
    ck_assert_ptr_nonnull(strstr(mtf_application_detail(a), "the end of the medium"));
    medium_free(h.m);
}
END_TEST

START_TEST(a_task_that_cannot_be_is_refused)
{
    MtfTask task = backup_task(1);
    g_autoptr(GError) error = NULL, no_catalog = NULL;

    task.job.block_size = 1000;
    ck_assert_ptr_null(mtf_application_new(&task, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "format logical block"));
    ck_assert_ptr_null(mtf_application_new(&(MtfTask){ .type = MTF_TASK_RESTORE }, &no_catalog));
    ck_assert_ptr_nonnull(strstr(no_catalog->message, "catalog"));
}
END_TEST

TCase *make_mtf_application_tcase(void)
{
    TCase *tcase = tcase_create("mtf-application");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, backup_append_and_restore_succeed, 0, G_N_ELEMENTS(good_hosts));
    tcase_add_test(tcase, only_the_chosen_files_are_read);
    tcase_add_test(tcase, a_backup_begins_the_tape_anew);
    tcase_add_test(tcase, one_write_at_a_time_cannot_be_reordered);
    tcase_add_test(tcase, a_last_in_first_out_queue_is_an_inconsistency);
    tcase_add_test(tcase, a_lost_write_is_noticed_only_by_reading);
    tcase_add_test(tcase, the_silent_case_is_known_to_the_judge_alone);
    tcase_add_loop_test(tcase, a_failed_request_is_reported, 0, 30);
    tcase_add_test(tcase, nothing_is_appended_to_a_tape_of_others);
    tcase_add_test(tcase, nothing_is_appended_to_a_set_without_end);
    tcase_add_test(tcase, a_full_tape_is_a_device_error);
    tcase_add_test(tcase, a_task_that_cannot_be_is_refused);
    return tcase;
}
