/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of stages, each of which asks for operations of one kind. A stage ends when all that it
 * asked for has been answered and taken in order; then the next one begins.
 */
#include "scenarios/subjects/mtf/application.h"

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "media/medium.h"

typedef enum Stage {
    STAGE_REWIND,    /* BACKUP, APPEND */
    STAGE_READ_TAPE, /* APPEND: is this one of our tapes? */
    STAGE_TO_END,    /* … */
    STAGE_POSITION,  /* … where does its data end */
    STAGE_TO_ESET,   /* … */
    STAGE_READ_ESET, /* … which set was the last? */
    STAGE_TO_APPEND, /* … and back to the end */
    STAGE_WRITE,     /* BACKUP, APPEND */
    STAGE_TO_SET,    /* verify */
    STAGE_VERIFY,    /* … */
    STAGE_TO_FILE,   /* RESTORE: the next chosen one */
    STAGE_RESTORE,   /* … */
    STAGE_DONE,
} Stage;

/* A request that is outstanding, or answered but not yet its turn. */
typedef struct Slot {
    uint64_t ticket;
    MtfRequestType type;
    uint64_t object;
    bool answered;
    MtfStatus status;
    GBytes *data;
    uint64_t position;
    char *error;
} Slot;

struct MtfApplication {
    MtfTask task; /* pointers in it are borrowed */
    Stage stage;
    bool asked_all; /* the stage has nothing more to ask for */
    GQueue slots;   /* of Slot *, in the order of asking */
    uint64_t tickets;

    MtfWriter *writer;
    MtfOp held; /* a filemark that waits for the writes before it */
    bool holds;
    uint64_t next_object; /* of the next read, as far as we know */
    uint64_t file;        /* tape file */
    MtfReader *reader;
    MtfVerifier *verifier;
    guint entry; /* of the catalog: the next to restore */

    MtfOutcome outcome;
    const char *message;
    char *detail;
    GPtrArray *differences;
    size_t files_good;
};

static void slot_free(void *data)
{
    Slot *slot = data;

    g_clear_pointer(&slot->data, g_bytes_unref);
    g_free(slot->error);
    g_free(slot);
}

void mtf_request_clear(MtfRequest *request)
{
    g_clear_pointer(&request->data, g_bytes_unref);
}

const char *mtf_outcome_name(MtfOutcome outcome)
{
    static const char *const names[] = {
        [MTF_OUTCOME_SUCCESS] = "success",
        [MTF_OUTCOME_INCONSISTENT] = "inconsistent",
        [MTF_OUTCOME_DIFFERENT] = "different",
        [MTF_OUTCOME_DEVICE_ERROR] = "device error",
    };

    return names[outcome];
}

/* ── how it ends ── */

/* Takes `detail`. The first failure stays. */
static void fail(MtfApplication *a, MtfOutcome outcome, const char *message, char *detail)
{
    if (a->outcome != MTF_OUTCOME_SUCCESS) {
        g_free(detail);
        return;
    }
    a->outcome = outcome;
    a->message = message;
    g_free(a->detail);
    a->detail = detail;
}

static void fail_inconsistent(MtfApplication *a, char *detail)
{
    fail(a, MTF_OUTCOME_INCONSISTENT, MTF_APPLICATION_MESSAGE, detail);
}

/* Ends the reading of what the verifier was to see. */
static void collect_differences(MtfApplication *a)
{
    const GPtrArray *found;
    guint i;

    if (!a->verifier) {
        return;
    }
    found = mtf_verifier_finish(a->verifier);
    for (i = 0; i < found->len; i++) {
        g_ptr_array_add(a->differences, g_strdup(found->pdata[i]));
    }
    a->files_good += mtf_verifier_good(a->verifier);
    g_clear_pointer(&a->verifier, mtf_verifier_free);
    g_clear_pointer(&a->reader, mtf_reader_free);
}

/* ── what the stages do when they begin ── */

static bool begin_writing(MtfApplication *a)
{
    g_autoptr(GError) error = NULL;

    a->writer = mtf_writer_new(&a->task.job, &error);
    if (!a->writer) {
        fail(a, MTF_OUTCOME_DEVICE_ERROR, "The backup could not be started.",
             g_strdup(error->message));
    }
    return a->writer != NULL;
}

/* Where a set begins, as tape files go: TAPE takes one, and each set two. */
static uint64_t file_of_set(uint16_t set)
{
    return set > 1 ? 2u * set - 1 : 0;
}

static void begin_verifying(MtfApplication *a)
{
    const MtfJob *job = &a->task.job;

    a->verifier = mtf_verifier_new(job->run, mtf_writer_catalog(a->writer), NULL);
    a->reader = mtf_reader_new(mtf_verifier_ops(), a->verifier);
    if (job->set > 1) {
        mtf_reader_enter_set(a->reader, job->block_size, job->flb_size);
    }
    a->next_object = job->first_object;
    a->file = file_of_set(job->set);
}

/* The next entry of the catalog that was chosen; NULL: that was all. */
static const MtfCatalogEntry *next_chosen(MtfApplication *a)
{
    const MtfTask *task = &a->task;

    for (; a->entry < task->catalog->len; a->entry++) {
        const MtfCatalogEntry *entry = task->catalog->pdata[a->entry];

        if (!task->chosen || g_strv_contains(task->chosen, entry->path)) {
            return entry;
        }
    }
    return NULL;
}

static void begin_restoring(MtfApplication *a)
{
    const MtfCatalogEntry *entry = next_chosen(a);
    const char *const one[] = { entry->path, NULL };

    a->verifier = mtf_verifier_new(a->task.run, a->task.catalog, one);
    a->reader = mtf_reader_new(mtf_verifier_ops(), a->verifier);
    mtf_reader_enter(a->reader, &entry->entry);
    a->task.job.block_size = entry->entry.block_size;
    a->next_object = entry->object;
    a->file = MAX(file_of_set(entry->entry.set), 1);
}

/* The stage after this one. */
static Stage stage_after(MtfApplication *a)
{
    switch (a->stage) {
    case STAGE_REWIND:
        return a->task.type == MTF_TASK_APPEND ? STAGE_READ_TAPE : STAGE_WRITE;
    case STAGE_READ_TAPE:
    case STAGE_TO_END:
    case STAGE_POSITION:
    case STAGE_TO_ESET:
    case STAGE_READ_ESET:
    case STAGE_TO_APPEND:
        return a->stage + 1;
    case STAGE_WRITE:
        return a->task.verify ? STAGE_TO_SET : STAGE_DONE;
    case STAGE_TO_SET:
        return STAGE_VERIFY;
    case STAGE_TO_FILE:
        return STAGE_RESTORE;
    case STAGE_RESTORE:
        a->entry++;
        return next_chosen(a) ? STAGE_TO_FILE : STAGE_DONE;
    case STAGE_VERIFY:
    case STAGE_DONE:
    default:
        return STAGE_DONE;
    }
}

/* What the verify pass believes of what it found; a restore has nothing to compare with. */
static void end_stage(MtfApplication *a)
{
    if (a->stage != STAGE_VERIFY && a->stage != STAGE_RESTORE) {
        return;
    }
    collect_differences(a);
    if (a->stage == STAGE_VERIFY && a->differences->len > 0) {
        fail(a, MTF_OUTCOME_DIFFERENT, "The verify pass found differences.",
             g_strdup(a->differences->pdata[0]));
    }
}

static void enter_next_stage(MtfApplication *a)
{
    end_stage(a);
    a->stage = a->outcome == MTF_OUTCOME_SUCCESS ? stage_after(a) : STAGE_DONE;
    a->asked_all = false;
    if (a->stage == STAGE_WRITE && !begin_writing(a)) {
        a->stage = STAGE_DONE;
    } else if (a->stage == STAGE_READ_TAPE) {
        a->next_object = 0;
    } else if (a->stage == STAGE_VERIFY) {
        begin_verifying(a);
    } else if (a->stage == STAGE_RESTORE) {
        begin_restoring(a);
    }
}

/* ── what the stages ask for ── */

static void ask(MtfApplication *a, MtfRequest *request, MtfRequestType type, uint64_t object)
{
    Slot *slot = g_new0(Slot, 1);

    *request = (MtfRequest){ .type = type, .ticket = a->tickets++, .object = object };
    *slot = (Slot){ .ticket = request->ticket, .type = type, .object = object };
    g_queue_push_tail(&a->slots, slot);
}

static void ask_once(MtfApplication *a, MtfRequest *request, MtfRequestType type, uint64_t object)
{
    ask(a, request, type, object);
    a->asked_all = true;
}

static void ask_read(MtfApplication *a, MtfRequest *request)
{
    enum { BEFORE_SIZE_IS_KNOWN = 64 * 1024 };

    ask(a, request, MTF_REQUEST_READ, a->next_object + g_queue_get_length(&a->slots));
    request->length = a->stage == STAGE_READ_TAPE
                          ? MAX(a->task.job.block_size, BEFORE_SIZE_IS_KNOWN)
                          : a->task.job.block_size;
}

/* False: it has to wait, or there is no more. */
static bool ask_write(MtfApplication *a, MtfRequest *request)
{
    MtfOp op;

    if (a->holds) {
        op = a->held;
    } else if (!mtf_writer_next(a->writer, &op)) {
        a->asked_all = true;
        return false;
    }
    a->holds = false;
    if (op.type == MTF_OP_FILEMARK && a->task.wait_at_marks && !g_queue_is_empty(&a->slots)) {
        a->held = op;
        a->holds = true;
        return false;
    }
    ask(a, request, op.type == MTF_OP_WRITE ? MTF_REQUEST_WRITE : MTF_REQUEST_FILEMARK, op.number);
    request->data = op.data;
    return true;
}

/* Is a mark outstanding that has to be waited for? */
static bool mark_under_way(const MtfApplication *a)
{
    const Slot *last = g_queue_peek_tail((GQueue *)&a->slots);

    return a->task.wait_at_marks && last && last->type == MTF_REQUEST_FILEMARK;
}

static bool ask_for_stage(MtfApplication *a, MtfRequest *request)
{
    switch (a->stage) {
    case STAGE_REWIND:
        ask_once(a, request, MTF_REQUEST_REWIND, 0);
        return true;
    case STAGE_READ_TAPE:
    case STAGE_READ_ESET:
        ask_read(a, request);
        a->asked_all = true;
        return true;
    case STAGE_TO_END:
        ask_once(a, request, MTF_REQUEST_SPACE_EOD, 0);
        return true;
    case STAGE_POSITION:
        ask_once(a, request, MTF_REQUEST_POSITION, 0);
        return true;
    case STAGE_TO_ESET:
        ask_once(a, request, MTF_REQUEST_LOCATE, a->next_object);
        return true;
    case STAGE_WRITE:
        return ask_write(a, request);
    case STAGE_TO_APPEND:
    case STAGE_TO_SET:
        ask_once(a, request, MTF_REQUEST_LOCATE, a->task.job.first_object);
        return true;
    case STAGE_TO_FILE:
        ask_once(a, request, MTF_REQUEST_LOCATE, next_chosen(a)->object);
        return true;
    case STAGE_VERIFY:
    case STAGE_RESTORE:
        ask_read(a, request);
        return true;
    case STAGE_DONE:
    default:
        return false;
    }
}

/* ── what comes back ── */

static void take_failure(MtfApplication *a, const Slot *slot)
{
    static const char *const names[] = {
        [MTF_REQUEST_WRITE] = "write",       [MTF_REQUEST_FILEMARK] = "write of a filemark",
        [MTF_REQUEST_READ] = "read",         [MTF_REQUEST_REWIND] = "rewind",
        [MTF_REQUEST_LOCATE] = "locate",     [MTF_REQUEST_SPACE_EOD] = "space to the end of data",
        [MTF_REQUEST_POSITION] = "position",
    };
    static const char *const what[] = {
        [MTF_STATUS_GOOD] = "good",
        [MTF_STATUS_FILEMARK] = "a filemark",
        [MTF_STATUS_END_OF_DATA] = "the end of data",
        [MTF_STATUS_END_OF_MEDIA] = "the end of the medium",
        [MTF_STATUS_ERROR] = "an error",
    };

    fail(a, MTF_OUTCOME_DEVICE_ERROR, "The device reported an error.",
         g_strdup_printf("%s of object %" G_GUINT64_FORMAT ": %s%s%s", names[slot->type],
                         slot->object, what[slot->status], slot->error ? ": " : "",
                         slot->error ? slot->error : ""));
}

/* A header at the beginning of a block that had to be of this type; NULL: it is not. */
static const uint8_t *expect_block(MtfApplication *a, const Slot *slot, uint32_t type, size_t size)
{
    const char *name = type == MTF_TAPE ? "'TAPE'" : "'ESET'";
    size_t length = 0;
    const uint8_t *p = slot->data ? g_bytes_get_data(slot->data, &length) : NULL;

    if (slot->status == MTF_STATUS_GOOD && length >= size && get_le32(p) == type &&
        mtf_header_checksum(p) == get_le16(p + MTF_HDR_CHECKSUM)) {
        return p;
    }
    if (slot->status == MTF_STATUS_ERROR) {
        take_failure(a, slot);
    } else {
        fail_inconsistent(
            a,
            g_strdup_printf("object %" G_GUINT64_FORMAT ": expected %s, found %s", slot->object,
                            name, slot->status == MTF_STATUS_GOOD ? "something else" : "no block"));
    }
    return NULL;
}

/* The tape's own sizes are taken over; where its data ends is still to be found. */
static void take_tape(MtfApplication *a, const Slot *slot)
{
    const uint8_t *p = expect_block(a, slot, MTF_TAPE, MTF_TAPE_SIZE);

    if (p) {
        a->task.job.block_size = (uint32_t)g_bytes_get_size(slot->data);
        a->task.job.flb_size = get_le16(p + MTF_TAPE_FLB_SIZE);
    }
}

/* Before the end there have to be an ESET and a filemark. */
static void take_position(MtfApplication *a, const Slot *slot)
{
    a->task.job.first_object = slot->position;
    if (slot->position < 2) {
        fail_inconsistent(a, g_strdup("the tape holds no set"));
    } else {
        a->next_object = a->task.job.last_eset = slot->position - 2;
    }
}

static void take_eset(MtfApplication *a, const Slot *slot)
{
    const uint8_t *p = expect_block(a, slot, MTF_ESET, MTF_ESET_SIZE);

    if (p) {
        a->task.job.set = (uint16_t)(get_le16(p + MTF_ESET_NUMBER) + 1);
    }
}

/* The next object of the tape goes to the reader. */
static void push_read(MtfApplication *a, const Slot *slot)
{
    MtfPlace place = { .object = a->next_object, .file = a->file };
    const MtfViolation *v;
    size_t length;

    a->next_object++;
    if (slot->status == MTF_STATUS_GOOD) {
        const uint8_t *data = g_bytes_get_data(slot->data, &length);

        mtf_reader_push_block(a->reader, &place, data, length);
    } else if (slot->status == MTF_STATUS_FILEMARK) {
        mtf_reader_push_filemark(a->reader, &place);
        a->file++;
    } else if (slot->status == MTF_STATUS_END_OF_DATA) {
        mtf_reader_push_end(a->reader, &place);
    } else {
        take_failure(a, slot);
    }
    v = mtf_reader_violation(a->reader);
    if (v) {
        fail_inconsistent(a, mtf_violation_text(v));
    }
    a->asked_all = a->asked_all || a->outcome != MTF_OUTCOME_SUCCESS ||
                   (a->stage == STAGE_VERIFY ? mtf_reader_counts(a->reader)->sets > 0
                                             : mtf_verifier_done(a->verifier));
}

/* An answer whose turn it is. */
static void take(MtfApplication *a, const Slot *slot)
{
    bool reading = a->stage == STAGE_VERIFY || a->stage == STAGE_RESTORE;

    if (reading) {
        if (!a->asked_all) {
            push_read(a, slot); /* else it was read ahead for nothing */
        }
        return;
    }
    if (a->stage == STAGE_READ_TAPE) {
        take_tape(a, slot);
    } else if (a->stage == STAGE_READ_ESET) {
        take_eset(a, slot);
    } else if (slot->status != MTF_STATUS_GOOD) {
        take_failure(a, slot);
    } else if (a->stage == STAGE_POSITION) {
        take_position(a, slot);
    }
    a->asked_all = a->asked_all || a->outcome != MTF_OUTCOME_SUCCESS;
}

/* ── the outside ── */

MtfApplication *mtf_application_new(const MtfTask *task, GError **error)
{
    MtfApplication *a;
    MtfJob first = task->job;

    first.set = 1;
    first.first_object = 0;
    if (task->type != MTF_TASK_RESTORE) {
        g_autoptr(MtfWriter) w = mtf_writer_new(&first, error); /* can it be done at all? */

        if (!w) {
            return NULL;
        }
    } else if (!task->catalog) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "restore: there is no catalog");
        return NULL;
    }
    a = g_new0(MtfApplication, 1);
    a->task = *task;
    a->task.depth = MAX(task->depth, 1);
    a->task.job.set = 1;
    a->task.job.first_object = 0;
    a->task.job.block_size = first.block_size > 0 ? first.block_size : MTF_WRITER_BLOCK_SIZE;
    a->task.job.flb_size = first.flb_size > 0 ? first.flb_size : MTF_WRITER_FLB_SIZE;
    a->message = "The operation completed.";
    a->detail = g_strdup("");
    a->differences = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&a->slots);
    a->stage = task->type != MTF_TASK_RESTORE ? STAGE_REWIND
               : next_chosen(a)               ? STAGE_TO_FILE
                                              : STAGE_DONE;
    return a;
}

void mtf_application_free(MtfApplication *a)
{
    if (!a) {
        return;
    }
    g_queue_clear_full(&a->slots, slot_free);
    if (a->holds) {
        mtf_op_clear(&a->held);
    }
    g_clear_pointer(&a->reader, mtf_reader_free);
    g_clear_pointer(&a->verifier, mtf_verifier_free);
    g_clear_pointer(&a->writer, mtf_writer_free);
    g_ptr_array_unref(a->differences);
    g_free(a->detail);
    g_free(a);
}

MtfNext mtf_application_next(MtfApplication *a, MtfRequest *request)
{
    while (a->stage != STAGE_DONE) {
        if (!a->asked_all && g_queue_get_length(&a->slots) < a->task.depth && !mark_under_way(a) &&
            ask_for_stage(a, request)) {
            return MTF_NEXT_REQUEST;
        }
        if (!g_queue_is_empty(&a->slots)) {
            return MTF_NEXT_WAIT;
        }
        if (a->asked_all) {
            enter_next_stage(a);
        }
    }
    return MTF_NEXT_DONE;
}

static Slot *find_slot(MtfApplication *a, uint64_t ticket)
{
    GList *l;

    for (l = a->slots.head; l; l = l->next) {
        if (((Slot *)l->data)->ticket == ticket) {
            return l->data;
        }
    }
    return NULL;
}

void mtf_application_complete(MtfApplication *a, uint64_t ticket, const MtfCompletion *c)
{
    Slot *slot = find_slot(a, ticket);

    g_return_if_fail(slot && !slot->answered);
    slot->answered = true;
    slot->status = c->status;
    slot->position = c->object;
    slot->error = g_strdup(c->error);
    if (slot->type == MTF_REQUEST_READ && c->status == MTF_STATUS_GOOD) {
        slot->data = g_bytes_new(c->data, c->length);
    }
    while ((slot = g_queue_peek_head(&a->slots)) && slot->answered) {
        g_queue_pop_head(&a->slots);
        take(a, slot);
        slot_free(slot);
    }
}

MtfOutcome mtf_application_outcome(const MtfApplication *a)
{
    return a->outcome;
}

const char *mtf_application_message(const MtfApplication *a)
{
    return a->message;
}

const char *mtf_application_detail(const MtfApplication *a)
{
    return a->detail;
}

const GPtrArray *mtf_application_differences(const MtfApplication *a)
{
    return a->differences;
}

size_t mtf_application_files_good(const MtfApplication *a)
{
    return a->files_good;
}

const GPtrArray *mtf_application_catalog(const MtfApplication *a)
{
    return a->writer ? mtf_writer_catalog(a->writer) : NULL;
}
