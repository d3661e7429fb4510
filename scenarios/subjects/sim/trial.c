/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/subjects/sim/trial.h"

#include <string.h>

#include "emu/base/error.h"
#include "emu/base/random.h"
#include "media/crc32c.h"
#include "media/mtf/mtf-walk.h"
#include "scenarios/subjects/sim/wire-transport.h"

#define BLOCK        MTF_WRITER_BLOCK_SIZE
#define CAPACITY     (256u * 1024 * 1024)
#define FILES_MAX    6
#define FINDINGS_MAX 8u
#define EVENTS_MAX   4000u
/* Nothing takes this long; a host that still waits waits for ever. */
#define PATIENCE (3600 * (int64_t)G_USEC_PER_SEC)

typedef struct Trial {
    const TrialConfig *config;
    const SimDriveOps *ops;
    TrialResult *result;
    SimDrive *drive;
    Clock *clock;
    SimHost *host;
    WireTransport *transport;
    HostPort *port;
    TapeClass *tape;
    Workload *workload;
    int64_t begun;
    Random random;
    char names[FILES_MAX][16];
    MtfFilePlan files[FILES_MAX];
    size_t n_files;
    unsigned trigger_rules; /* of the drive's fault plan */
    MtfWriter *earlier;     /* the set that is on the tape before the task; NULL: none */
    GArray *earlier_crcs;   /* of uint32_t: its objects, marks as 0 */
} Trial;

/* ---- what the seed stands for ---- */

static bool needs_earlier(TrialTask task)
{
    return task == TRIAL_RESTORE || task == TRIAL_APPEND;
}

/* Some files that make about as many blocks as was said. */
static void plan_files(Trial *t)
{
    static const char *const directories[] = { "DATA", "DATA", "DATA\\DEEP" };
    uint64_t left = (uint64_t)t->config->blocks * BLOCK;
    size_t i, n = 1 + random_below(&t->random, MIN(FILES_MAX, MAX(t->config->blocks / 2, 1)));

    for (i = 0; i < n; i++) {
        uint64_t size =
            i + 1 == n ? left : left / (n - i) / 2 + random_below(&t->random, left / (n - i) + 1);

        size = MIN(size, left);
        left -= size;
        g_snprintf(t->names[i], sizeof t->names[i], "F%zu.BIN", i + 1);
        t->files[i] = (MtfFilePlan){ .directory = directories[i * G_N_ELEMENTS(directories) / n],
                                     .name = t->names[i],
                                     .size = size };
    }
    t->n_files = n;
}

static HostTrigger draw_trigger(Trial *t)
{
    unsigned triggers = trial_triggers(t->config->task, t->config->triggers), bit;
    HostTrigger list[HOST_N_TRIGGERS];
    unsigned n = 0;

    for (bit = 1; bit <= triggers; bit <<= 1) {
        if (triggers & bit) {
            list[n++] = (HostTrigger)bit;
        }
    }
    return n > 0 ? list[random_below(&t->random, n)] : 0;
}

/* About how many reads or writes the task takes: the trigger may come at any of them. */
static unsigned commands_of(const TrialConfig *config)
{
    size_t maximum = config->maximum > 0 ? config->maximum : TAPE_CLASS_MAXIMUM;
    size_t buffer = trial_writes(config->task) ? MAX(config->gather, 1) * (size_t)BLOCK : BLOCK;

    return (unsigned)MAX(config->blocks * (size_t)BLOCK / MIN(buffer, maximum), 1);
}

/* What is said of early warning is said in blocks. */
static unsigned draw_place(Trial *t, HostTrigger trigger)
{
    unsigned n = trigger == HOST_TRIGGER_EARLY_WARNING ? t->config->blocks : commands_of(t->config);
    unsigned drawn = 1 + (unsigned)random_below(&t->random, n);

    return t->config->at > 0 ? t->config->at : drawn;
}

static MtfJob job_of(const Trial *t, uint64_t run)
{
    return (MtfJob){ .run = run, .set = 1, .files = t->files, .n_files = t->n_files };
}

/* ---- the tape before the task ---- */

static bool write_earlier(Trial *t, GError **error)
{
    TapeMedium *m = t->ops->tape(t->drive);
    MtfJob job = job_of(t, 1);
    MtfOp op;

    t->earlier = mtf_writer_new(&job, error);
    if (!t->earlier) {
        return false;
    }
    while (mtf_writer_next(t->earlier, &op)) {
        uint32_t crc = 0;
        uint64_t written;
        size_t length;

        if (op.type == MTF_OP_WRITE) {
            const uint8_t *data = g_bytes_get_data(op.data, &length);

            crc = crc32c(0, data, length);
            medium_write(m, data, length);
        } else {
            medium_write_marks(m, MEDIUM_MARK_FILEMARK, 1, &written);
        }
        g_array_append_val(t->earlier_crcs, crc);
        mtf_op_clear(&op);
    }
    medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0);
    return true;
}

/* ---- running ---- */

static void on_event(void *data, HostEvent event, const HostRequest *request)
{
    Trial *t = data;
    TrialResult *result = t->result;
    TrialEvent kept = { .at = clock_now(t->clock) - t->begun, .event = event };

    result->overlaps += event == HOST_EVENT_OVERLAP;
    if (!result->events) {
        return;
    }
    if (request) {
        kept.opcode = request->cdb[0];
        kept.number = request->number;
    }
    if (result->events->len < EVENTS_MAX) {
        g_array_append_val(result->events, kept);
    } else {
        result->events_left_out++;
    }
}

/* Takes the unit attentions that a drive begins with. */
static void make_ready(SimHost *host)
{
    static const uint8_t ready[6] = { 0 };
    unsigned i;

    for (i = 0; i < 4; i++) {
        if (sim_host_command(host, ready, sizeof ready, NULL, 0, NULL, 0).end == SIM_GOOD) {
            return;
        }
    }
}

static bool open_drive(Trial *t, HostTrigger trigger, unsigned at, GError **error)
{
    SimDriveConfig drive = { .seed = t->config->seed,
                             .cartridge = t->config->cartridge,
                             .geometry = { .capacity = CAPACITY, .partitions = 1 } };

    if (trigger == HOST_TRIGGER_EARLY_WARNING) {
        uint64_t from = (uint64_t)at * BLOCK;

        /* An appended set begins about where the one before it ends. */
        from += t->config->task == TRIAL_APPEND ? (uint64_t)(t->config->blocks + 2) * BLOCK : 0;
        drive.geometry.early_warning = CAPACITY - from;
    }
    t->drive = t->ops->create(&drive, error);
    if (!t->drive) {
        return false;
    }
    t->clock = t->ops->clock(t->drive);
    if (needs_earlier(t->config->task) && !write_earlier(t, error)) {
        return false;
    }
    t->host = sim_host_new(t->clock, t->ops->world, t->drive);
    if (!sim_host_attach(t->host)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "the simulated host did not get its drive: %s", sim_host_log(t->host));
        return false;
    }
    make_ready(t->host);
    return true;
}

static bool open_workload(Trial *t, HostTrigger trigger, GError **error)
{
    const TrialConfig *config = t->config;
    static const MtfTaskType types[] = { [TRIAL_BACKUP] = MTF_TASK_BACKUP,
                                         [TRIAL_BACKUP_VERIFY] = MTF_TASK_BACKUP,
                                         [TRIAL_RESTORE] = MTF_TASK_RESTORE,
                                         [TRIAL_APPEND] = MTF_TASK_APPEND };
    WorkloadConfig workload = {
        .task = { .type = types[config->task],
                  .job = job_of(t, 2),
                  .verify = config->task == TRIAL_BACKUP_VERIFY,
                  .wait_at_marks = !config->marks_at_once && trigger != HOST_TRIGGER_QUEUED_MARK,
                  .catalog = t->earlier ? mtf_writer_catalog(t->earlier) : NULL,
                  .run = 1 },
        .outstanding = config->outstanding,
        .gather = config->gather,
        .steady = trigger == HOST_TRIGGER_QUEUED_MARK,
        .seed = config->seed,
    };

    t->transport = wire_transport_new(t->host);
    t->port = host_port_new(wire_transport_bus(t->transport), t->clock, config->model);
    host_port_watch(t->port, on_event, t);
    t->tape = tape_class_new(t->port, t->clock, config->maximum);
    if (trigger == HOST_TRIGGER_STALE_KEYS) {
        tape_class_leave_keys(t->tape, config->seed);
    }
    t->workload = workload_new(t->tape, t->clock, &workload, error);
    return t->workload != NULL;
}

static void run_workload(Trial *t)
{
    t->begun = clock_now(t->clock);
    workload_start(t->workload);
    while (!workload_done(t->workload) && wire_transport_turn(t->transport, t->begun + PATIENCE)) {
    }
    t->result->duration = clock_now(t->clock) - t->begun;
}

static void close_all(Trial *t)
{
    g_clear_pointer(&t->port, host_port_free);
    g_clear_pointer(&t->workload, workload_free);
    g_clear_pointer(&t->tape, tape_class_free);
    g_clear_pointer(&t->transport, wire_transport_free);
    g_clear_pointer(&t->host, sim_host_free);
    g_clear_pointer(&t->drive, t->ops->destroy);
    g_clear_pointer(&t->earlier, mtf_writer_free);
    g_clear_pointer(&t->earlier_crcs, g_array_unref);
}

/* ---- judging ---- */

/* Evidence, for people. */
static void G_GNUC_PRINTF(2, 3) find(TrialResult *result, const char *format, ...)
{
    va_list args;

    if (result->findings->len < FINDINGS_MAX) {
        va_start(args, format);
        g_ptr_array_add(result->findings, g_strdup_vprintf(format, args));
        va_end(args);
    }
}

/* What an object ought to be. */
typedef struct Expected {
    bool mark;
    bool acknowledged;
    uint32_t crc;
} Expected;

/* What the tape should hold, object by object: what was there, then what was issued. */
static GArray *expect(const Trial *t)
{
    const GArray *entries = workload_entries(t->workload);
    GArray *expected = g_array_new(FALSE, TRUE, sizeof(Expected));
    guint i;

    for (i = 0; i < t->earlier_crcs->len; i++) {
        uint32_t crc = g_array_index(t->earlier_crcs, uint32_t, i);
        Expected one = { .mark = crc == 0, .acknowledged = true, .crc = crc };

        g_array_append_val(expected, one);
    }
    for (i = 0; i < entries->len; i++) {
        const WorkloadEntry *entry = &g_array_index(entries, WorkloadEntry, i);

        if (entry->type == MTF_REQUEST_WRITE || entry->type == MTF_REQUEST_FILEMARK) {
            Expected one = { .mark = entry->type == MTF_REQUEST_FILEMARK,
                             .acknowledged = entry->answered && entry->status == MTF_STATUS_GOOD,
                             .crc = entry->crc };

            g_array_append_val(expected, one);
        }
    }
    return expected;
}

/* Which write put those contents there: by the contents, -1 if nobody's. */
static int64_t whose(GHashTable *by_crc, uint32_t crc)
{
    void *object;

    return g_hash_table_lookup_extended(by_crc, GUINT_TO_POINTER(crc), NULL, &object)
               ? (int64_t)GPOINTER_TO_SIZE(object)
               : -1;
}

static GHashTable *index_by_crc(const GArray *expected)
{
    GHashTable *by_crc = g_hash_table_new(NULL, NULL);
    guint i;

    for (i = 0; i < expected->len; i++) {
        const Expected *one = &g_array_index(expected, Expected, i);

        if (!one->mark) {
            g_hash_table_insert(by_crc, GUINT_TO_POINTER(one->crc), GSIZE_TO_POINTER(i));
        }
    }
    return by_crc;
}

static void keep_order(TrialResult *result, int64_t issued, int64_t object)
{
    TrialRecord record = { issued, object };

    if (result->order) {
        g_array_append_val(result->order, record);
    }
}

static void judge_block(Trial *t, const GArray *expected, GHashTable *by_crc, uint64_t object,
                        const uint8_t *data, size_t length)
{
    const Expected *one =
        object < expected->len ? &g_array_index(expected, Expected, object) : NULL;
    uint32_t crc = crc32c(0, data, length);
    int64_t write = one && !one->mark && one->crc == crc ? (int64_t)object : whose(by_crc, crc);

    keep_order(t->result, write, (int64_t)object);
    if (write == (int64_t)object) {
        return;
    }
    t->result->wrong = true;
    if (write >= 0) {
        find(t->result, "object %" G_GUINT64_FORMAT " holds write %" G_GINT64_FORMAT, object,
             write);
    } else {
        find(t->result, "object %" G_GUINT64_FORMAT " holds %zu bytes that nobody wrote", object,
             length);
    }
}

/* Every object against what should be there. */
static void judge_objects(Trial *t, TapeMedium *m, const GArray *expected)
{
    g_autoptr(GHashTable) by_crc = index_by_crc(expected);
    g_autofree uint8_t *buffer = g_malloc(BLOCK * 4);
    uint64_t object = 0;
    size_t length;
    bool more = medium_locate(m, 0, MEDIUM_LOCATE_OBJECT, 0) == MEDIUM_OK;

    while (more) {
        MediumResult got = medium_read(m, buffer, BLOCK * 4, &length);

        more = got == MEDIUM_OK || got == MEDIUM_FILEMARK;
        if (got == MEDIUM_OK) {
            judge_block(t, expected, by_crc, object, buffer, MIN(length, BLOCK * 4));
        } else if (got == MEDIUM_FILEMARK &&
                   (object >= expected->len || !g_array_index(expected, Expected, object).mark)) {
            t->result->wrong = true;
            find(t->result, "object %" G_GUINT64_FORMAT " is a filemark", object);
        }
        object += more;
    }
    t->result->objects = object;
    for (; object < expected->len; object++) {
        if (g_array_index(expected, Expected, object).acknowledged) {
            t->result->wrong = true;
            find(t->result, "object %" G_GUINT64_FORMAT ", which was acknowledged, is not there",
                 object);
        }
    }
}

/* Which object each read got. What was read ahead for nothing harms nobody: what counts are the
 * contents of the files that came of it. */
static void judge_reads(Trial *t, const GArray *expected)
{
    g_autoptr(GHashTable) by_crc = index_by_crc(expected);
    const GArray *entries = workload_entries(t->workload);
    guint i;

    for (i = 0; i < entries->len; i++) {
        const WorkloadEntry *entry = &g_array_index(entries, WorkloadEntry, i);
        int64_t got;

        if (entry->type != MTF_REQUEST_READ || !entry->answered) {
            continue;
        }
        if (entry->status == MTF_STATUS_FILEMARK && entry->object < expected->len &&
            !g_array_index(expected, Expected, entry->object).mark) {
            t->result->misread = true;
            find(t->result, "the read of object %" G_GUINT64_FORMAT " got a filemark",
                 entry->object);
        }
        if (entry->status != MTF_STATUS_GOOD) {
            continue;
        }
        got = whose(by_crc, entry->crc);
        if (t->config->task == TRIAL_RESTORE) {
            keep_order(t->result, (int64_t)entry->object, got);
        }
        if (got >= 0 && got != (int64_t)entry->object) {
            t->result->misread = true;
            find(t->result, "the read of object %" G_GUINT64_FORMAT " got object %" G_GINT64_FORMAT,
                 entry->object, got);
        } else if (got < 0) {
            t->result->misread = true;
            find(t->result,
                 "the read of object %" G_GUINT64_FORMAT " got %zu bytes that are no block",
                 entry->object, entry->length);
        }
    }
}

/* False: the tape could not be walked (`error`), which says nothing of it. */
static bool judge_format(Trial *t, TapeMedium *m, GError **error)
{
    g_autoptr(MtfReader) reader = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);

    if (!mtf_walk(m, 0, MTF_WALK_ALL, reader, error)) {
        return false;
    }
    if (mtf_reader_violation(reader)) {
        t->result->violation = mtf_violation_text(mtf_reader_violation(reader));
    }
    return true;
}

/* The drive has reported it: what lies on the tape reaches beyond it. */
static bool early_warning_came(const Trial *t)
{
    TapeMedium *m = t->ops->tape(t->drive);
    MediumPosition position;

    if (medium_locate(m, 0, MEDIUM_LOCATE_EOD, 0) != MEDIUM_OK) {
        return false;
    }
    medium_position(m, &position);
    return position.early_warning;
}

/* Each rule of the trigger. They are the first of the plan. */
static bool rules_fired(const Trial *t)
{
    SimFault fault;
    unsigned i;

    for (i = 0; i < t->trigger_rules; i++) {
        if (!t->ops->fault(t->drive, i, &fault) || fault.fired == 0) {
            return false;
        }
    }
    return true;
}

static bool trigger_came(const Trial *t)
{
    switch (t->result->trigger) {
    case HOST_TRIGGER_STALE_KEYS:
        return tape_class_stale_keys(t->tape) > 0;
    case HOST_TRIGGER_EARLY_WARNING:
        return early_warning_came(t);
    case HOST_TRIGGER_QUEUED_MARK:
        return workload_queued_marks(t->workload) > 0;
    case HOST_TRIGGER_UNIT_ATTENTION:
    case HOST_TRIGGER_BUSY:
    case HOST_TRIGGER_STALL:
    case HOST_TRIGGER_STALL_CBW:
    case HOST_TRIGGER_NAK_FOREVER:
    case HOST_TRIGGER_CSW_LOST:
    default:
        return rules_fired(t);
    }
}

/* `sound`: every object is as it should be. What was not read back after a complaint does not speak
 * for the complaint: it follows from it. */
static TrialEnd end_of(const Trial *t, bool sound)
{
    const TrialResult *result = t->result;

    if (!workload_done(t->workload)) {
        return TRIAL_HUNG;
    }
    if (!trigger_came(t)) {
        return TRIAL_INCONCLUSIVE;
    }
    if (result->outcome != MTF_OUTCOME_SUCCESS) {
        return sound && !result->violation && !result->misread ? TRIAL_FALSE_ALARM : TRIAL_REPORTED;
    }
    if (!result->wrong && !result->violation) {
        return TRIAL_CLEAN;
    }
    return result->violation ? TRIAL_UNREADABLE : TRIAL_SILENT;
}

/* What the application did, and what it told its user. */
static void take_outcome(Trial *t)
{
    const MtfApplication *application = workload_application(t->workload);
    const MtfRequestType counted =
        trial_writes(t->config->task) ? MTF_REQUEST_WRITE : MTF_REQUEST_READ;
    const GArray *entries = workload_entries(t->workload);
    TrialResult *result = t->result;
    guint i;

    result->requests = tape_class_requests(t->tape);
    result->outcome = mtf_application_outcome(application);
    result->message = g_strdup(workload_done(t->workload) ? mtf_application_message(application)
                                                          : "(it still waits)");
    result->detail = g_strdup(mtf_application_detail(application));
    for (i = 0; i < entries->len; i++) {
        result->issued += g_array_index(entries, WorkloadEntry, i).type == counted;
    }
}

/* Files read back that are not what was backed up, whether it noticed or not. */
static void take_differences(Trial *t)
{
    const GPtrArray *differences = mtf_application_differences(workload_application(t->workload));
    guint i;

    for (i = 0; i < differences->len; i++) {
        t->result->wrong = true;
        find(t->result, "%s", (const char *)differences->pdata[i]);
    }
}

static bool judge(Trial *t, GError **error)
{
    TrialResult *result = t->result;
    TapeMedium *m = t->ops->tape(t->drive);
    g_autoptr(GArray) expected = expect(t);
    bool done = workload_done(t->workload), sound;

    take_outcome(t);
    judge_objects(t, m, expected);
    if (t->config->task == TRIAL_RESTORE && result->order) {
        g_array_set_size(result->order, 0); /* its order is that of the reads */
    }
    if (!judge_format(t, m, error)) {
        return false;
    }
    sound = !result->wrong;
    if (done) {
        take_differences(t);
    }
    if (sound &&
        (!done || result->outcome != MTF_OUTCOME_SUCCESS || result->wrong || result->order)) {
        judge_reads(t, expected);
    }
    result->end = end_of(t, sound);
    return true;
}

static void take_bus(Trial *t)
{
    const GPtrArray *bus = t->ops->bus(t->drive);
    guint i;

    for (i = 0; i < bus->len; i++) {
        g_ptr_array_add(t->result->bus, g_strdup(bus->pdata[i]));
    }
}

/* How often the rules of TrialConfig.faults fired. */
static void take_faults(Trial *t)
{
    SimFault fault;
    unsigned i;

    for (i = t->trigger_rules; t->ops->fault(t->drive, i, &fault); i++) {
        g_array_append_val(t->result->faults, fault);
    }
}

/* ---- the whole ---- */

static bool add_faults(Trial *t, GError **error)
{
    const char *faults = t->config->faults;
    SimFault fault;

    if (*t->result->rules && !t->ops->add_faults(t->drive, t->result->rules, error)) {
        return false;
    }
    while (t->ops->fault(t->drive, t->trigger_rules, &fault)) {
        t->trigger_rules++;
    }
    return !faults || t->ops->add_faults(t->drive, faults, error);
}

bool trial_run(const TrialConfig *config, const SimDriveOps *ops, TrialResult *result,
               GError **error)
{
    Trial t = { .config = config,
                .ops = ops,
                .result = result,
                .random = random_new(config->seed, 0x747269616c), /* "trial" */
                .earlier_crcs = g_array_new(FALSE, FALSE, sizeof(uint32_t)) };
    bool good;

    *result = (TrialResult){ .findings = g_ptr_array_new_with_free_func(g_free),
                             .bus = g_ptr_array_new_with_free_func(g_free),
                             .faults = g_array_new(FALSE, FALSE, sizeof(SimFault)) };
    if (config->keep_story) {
        result->order = g_array_new(FALSE, FALSE, sizeof(TrialRecord));
        result->events = g_array_new(FALSE, FALSE, sizeof(TrialEvent));
    }
    plan_files(&t);
    result->trigger = draw_trigger(&t);
    result->at = draw_place(&t, result->trigger);
    result->rules =
        trial_rules(config->task, result->trigger, result->at, random_below(&t.random, 2));
    good = open_drive(&t, result->trigger, result->at, error) &&
           open_workload(&t, result->trigger, error) && add_faults(&t, error);
    if (good) {
        run_workload(&t);
        take_bus(&t);
        take_faults(&t);
        good = judge(&t, error);
    }
    close_all(&t);
    return good;
}

void trial_result_clear(TrialResult *result)
{
    g_free(result->rules);
    g_free(result->message);
    g_free(result->detail);
    g_free(result->violation);
    g_clear_pointer(&result->findings, g_ptr_array_unref);
    g_clear_pointer(&result->bus, g_ptr_array_unref);
    g_clear_pointer(&result->faults, g_array_unref);
    g_clear_pointer(&result->order, g_array_unref);
    g_clear_pointer(&result->events, g_array_unref);
}
