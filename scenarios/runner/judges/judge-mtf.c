/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `mtf:` the cartridge that the simulated backup program wrote is Microsoft Tape Format, and each
 * object is what was written there. Without `runs`, each block's records were meant for its place.
 */
#include "media/crc32c.h"
#include "media/formats/formats.h"
#include "media/mtf/mtf-walk.h"
#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/language/values.h"
#include "scenarios/subjects/mtf/backup-plan.h"
#include "scenarios/subjects/mtf/payload.h"

/* More of them would hide the first. */
#define DISPLACED_MAX 8

typedef struct MtfCheck {
    int64_t cartridge; /* from 1 */
    CountRange sets;
    GArray *runs;   /* of uint64_t: what `winhost` backed up, a set each, and nothing else;
                     * NULL: whose records they are is not said */
    int64_t blocks; /* … of so many blocks */
} MtfCheck;

typedef struct MtfJudging {
    const MtfCheck *check;
    GArray *expected;   /* of MtfObject, all that was written; NULL: that is not known */
    GHashTable *by_crc; /* of those: CRC32C → object */
    unsigned displaced;
    GPtrArray *findings;
} MtfJudging;

static void find(MtfJudging *judging, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What is wrong with the cartridge. */
static void find(MtfJudging *judging, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(judging->findings, g_strdup_printf("cartridge %" G_GINT64_FORMAT "%s",
                                                       judging->check->cartridge, text));
}

/* Is there room for one more object that is not what it should be? */
static bool mtf_may_report(MtfJudging *judging)
{
    return judging->displaced++ < DISPLACED_MAX;
}

/* ---- the format ---- */

static void judge_format(MtfJudging *judging, TapeMedium *medium, GError **error)
{
    g_autoptr(MtfReader) reader = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    CountRange range = judging->check->sets;
    int64_t sets;

    if (!mtf_walk(medium, 0, MTF_WALK_ALL, reader, error)) {
        return;
    }
    if (mtf_reader_violation(reader)) {
        g_autofree char *text = mtf_violation_text(mtf_reader_violation(reader));

        find(judging, " is not as Microsoft Tape Format has it: %s", text);
        return;
    }
    sets = (int64_t)mtf_reader_counts(reader)->sets;
    if (sets < range.min || sets > range.max) {
        find(judging, " holds %" G_GINT64_FORMAT " backup sets", sets);
    }
}

/* ---- each object ---- */

static const MtfObject *expected_at(const MtfJudging *judging, uint64_t object)
{
    return judging->expected && object < judging->expected->len
               ? &g_array_index(judging->expected, MtfObject, object)
               : NULL;
}

/* Of a block that nobody was to write there: whose is it? */
static void report_stranger(MtfJudging *judging, uint64_t object, const uint8_t *bytes,
                            size_t length)
{
    MtfPayload payload;

    if (mtf_payload_damaged(bytes, length)) {
        find(judging, ": object %" G_GUINT64_FORMAT " holds a record whose CRC is wrong", object);
    } else if (mtf_payload_find(bytes, length, &payload)) {
        find(judging,
             ": object %" G_GUINT64_FORMAT " holds write %" G_GUINT64_FORMAT
             " of run %" G_GUINT64_FORMAT ", with contents that are not this case's",
             object, payload.write, payload.run);
    } else {
        find(judging, ": object %" G_GUINT64_FORMAT " holds %zu bytes that nobody wrote", object,
             length);
    }
}

/* By the contents: all that was written is known. */
static void judge_contents(MtfJudging *judging, uint64_t object, const uint8_t *bytes,
                           size_t length)
{
    const MtfObject *one = expected_at(judging, object);
    uint32_t crc = crc32c(0, bytes, length);
    void *write;

    if ((one && !one->mark && one->length == length && one->crc == crc) ||
        !mtf_may_report(judging)) {
        return;
    }
    if (g_hash_table_lookup_extended(judging->by_crc, GUINT_TO_POINTER(crc), NULL, &write)) {
        find(judging, ": object %" G_GUINT64_FORMAT " holds write %u", object,
             GPOINTER_TO_UINT(write));
    } else {
        report_stranger(judging, object, bytes, length);
    }
}

/* By what its records say of themselves. */
static void judge_records(MtfJudging *judging, uint64_t object, const uint8_t *bytes, size_t length)
{
    MtfPayload payload;

    if (mtf_payload_damaged(bytes, length) && mtf_may_report(judging)) {
        find(judging, ": object %" G_GUINT64_FORMAT " holds a record whose CRC is wrong", object);
    }
    if (mtf_payload_find(bytes, length, &payload) && payload.write != object &&
        mtf_may_report(judging)) {
        find(judging, ": object %" G_GUINT64_FORMAT " holds write %" G_GUINT64_FORMAT, object,
             payload.write);
    }
}

static void judge_mark(MtfJudging *judging, uint64_t object)
{
    const MtfObject *one = expected_at(judging, object);

    if (judging->expected && !(one && one->mark) && mtf_may_report(judging)) {
        find(judging, ": object %" G_GUINT64_FORMAT " is a filemark", object);
    }
}

static void judge_length(MtfJudging *judging, uint64_t objects)
{
    if (judging->expected && objects != judging->expected->len) {
        find(judging, ": %" G_GUINT64_FORMAT " blocks and filemarks are on it, and %u were written",
             objects, judging->expected->len);
    }
}

static void judge_objects(MtfJudging *judging, TapeMedium *medium)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    MediumResult result = medium_locate(medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    bool more = result == MEDIUM_OK;
    uint64_t object = 0;

    while (more) {
        size_t length = 0;
        bool block, mark;

        result = medium_read(medium, buffer, MEDIUM_BLOCK_MAX, &length);
        block = result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING;
        mark = result == MEDIUM_FILEMARK || result == MEDIUM_SETMARK;
        if (block) {
            (judging->expected ? judge_contents : judge_records)(judging, object, buffer, length);
        } else if (mark) {
            judge_mark(judging, object);
        }
        more = block || mark;
        object += more;
    }
    if (result == MEDIUM_EOD || result == MEDIUM_END_OF_PARTITION) {
        judge_length(judging, object);
    } else {
        find(judging,
             ": object %" G_GUINT64_FORMAT " cannot be read: what comes after it was not looked at",
             object);
    }
}

/* ---- the whole ---- */

static GHashTable *index_by_crc(const GArray *expected)
{
    GHashTable *by_crc = g_hash_table_new(NULL, NULL);
    guint i;

    for (i = 0; i < expected->len; i++) {
        const MtfObject *one = &g_array_index(expected, MtfObject, i);

        if (!one->mark) {
            g_hash_table_insert(by_crc, GUINT_TO_POINTER(one->crc), GUINT_TO_POINTER(i));
        }
    }
    return by_crc;
}

static bool mtf_judge_cartridge(const MtfCheck *check, const char *cartridge, GPtrArray *findings,
                                GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TapeMedium) medium = medium_open(cartridge, true, executor_inline(), NULL, &why);
    g_autoptr(GArray) expected =
        check->runs ? mtf_plan_tape(check->runs, (unsigned)check->blocks) : NULL;
    g_autoptr(GHashTable) by_crc = expected ? index_by_crc(expected) : NULL;
    MtfJudging judging = {
        .check = check, .expected = expected, .by_crc = by_crc, .findings = findings
    };

    if (medium) {
        judge_objects(&judging, medium);
        judge_format(&judging, medium, &why);
    }
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return true;
}

/* ---- the key ---- */

/* A number, or a list of them. */
static bool read_runs(const YamlNode *node, void *member, GError **error)
{
    GArray **runs = member;
    size_t i;

    g_clear_pointer(runs, g_array_unref);
    *runs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (i = 0; i < value_count(node); i++) {
        int64_t number;
        uint64_t run;

        if (!yaml_node_integer(value_at(node, i), 1, MTF_PLAN_BLOCKS_MAX, &number, error)) {
            return false;
        }
        run = (uint64_t)number;
        g_array_append_val(*runs, run);
    }
    return (*runs)->len > 0 || yaml_node_refuse(node, error, "an empty list");
}

static const YamlField mtf_fields[] = {
    { "cartridge", YAML_TYPE_INTEGER, offsetof(MtfCheck, cartridge), .min = 1, .max = 99 },
    { "sets", YAML_TYPE_CUSTOM, offsetof(MtfCheck, sets), .read = value_read_count },
    { "runs", YAML_TYPE_CUSTOM, offsetof(MtfCheck, runs), .read = read_runs },
    { "blocks", YAML_TYPE_INTEGER, offsetof(MtfCheck, blocks), .min = 1,
      .max = MTF_PLAN_BLOCKS_MAX },
    { NULL },
};

static void mtf_init(void *check)
{
    *(MtfCheck *)check = (MtfCheck){ .cartridge = 1, .blocks = MTF_PLAN_BLOCKS };
}

static bool mtf_read(const YamlNode *node, void *check, GError **error)
{
    MtfCheck *mtf = check;

    if (!yaml_node_read(node, mtf_fields, mtf, error)) {
        return false;
    }
    if (mtf->runs && !yaml_node_get(node, "sets")) {
        mtf->sets = (CountRange){ mtf->runs->len, mtf->runs->len };
    }
    if (!mtf->runs && yaml_node_get(node, "blocks")) {
        return yaml_node_refuse(yaml_node_get(node, "blocks"), error,
                                "so many blocks of which 'runs'?");
    }
    return mtf->runs || yaml_node_get(node, "sets") ||
           yaml_node_refuse(node, error, "write runs, of `winhost`, or how many sets there are");
}

static void mtf_clear(void *check)
{
    g_clear_pointer(&((MtfCheck *)check)->runs, g_array_unref);
}

static bool mtf_judge(const void *check, Judgement *judgement, GError **error)
{
    int64_t cartridge = ((const MtfCheck *)check)->cartridge;

    if (cartridge > g_strv_length((char **)judgement->cartridges)) {
        judge_add_finding(judgement->findings, "there is no cartridge %" G_GINT64_FORMAT,
                          cartridge);
        return true;
    }
    return mtf_judge_cartridge(check, judgement->cartridges[cartridge - 1], judgement->findings,
                               error);
}

const Judge judge_mtf = {
    .key = "mtf",
    .stage = JUDGE_TAPE,
    .size = sizeof(MtfCheck),
    .init = mtf_init,
    .read = mtf_read,
    .clear = mtf_clear,
    .judge = mtf_judge,
};
