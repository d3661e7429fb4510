/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/crc32c.h"
#include "media/formats/formats.h"
#include "media/mtf/mtf-walk.h"
#include "scenarios/runner/judges/oracle.h"
#include "scenarios/subjects/mtf/payload.h"
#include "scenarios/subjects/mtf/plan.h"

/* More of them would hide the first. */
#define DISPLACED_MAX 8

typedef struct Judge {
    const MtfCheck *check;
    GArray *expected;   /* of MtfObject, all that was written; NULL: that is not known */
    GHashTable *by_crc; /* of those: CRC32C → object */
    unsigned displaced;
    GPtrArray *findings;
} Judge;

static void find(Judge *judge, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What is wrong with the cartridge. */
static void find(Judge *judge, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(judge->findings, g_strdup_printf("cartridge %" G_GINT64_FORMAT "%s",
                                                     judge->check->cartridge, text));
}

/* Is there room for one more object that is not what it should be? */
static bool may_tell(Judge *judge)
{
    return judge->displaced++ < DISPLACED_MAX;
}

/* ---- the format ---- */

static void judge_format(Judge *judge, TapeMedium *medium, GError **error)
{
    g_autoptr(MtfReader) reader = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    CountRange range = judge->check->sets;
    int64_t sets;

    if (!mtf_walk(medium, 0, MTF_WALK_ALL, reader, error)) {
        return;
    }
    if (mtf_reader_violation(reader)) {
        g_autofree char *text = mtf_violation_text(mtf_reader_violation(reader));

        find(judge, " is not as Microsoft Tape Format has it: %s", text);
        return;
    }
    sets = (int64_t)mtf_reader_counts(reader)->sets;
    if (sets < range.min || sets > range.max) {
        find(judge, " holds %" G_GINT64_FORMAT " backup sets", sets);
    }
}

/* ---- each object ---- */

static const MtfObject *expected_at(const Judge *judge, uint64_t object)
{
    return judge->expected && object < judge->expected->len
               ? &g_array_index(judge->expected, MtfObject, object)
               : NULL;
}

/* Of a block that nobody was to write there: whose is it? */
static void tell_stranger(Judge *judge, uint64_t object, const uint8_t *bytes, size_t length)
{
    MtfPayload payload;

    if (mtf_payload_damaged(bytes, length)) {
        find(judge, ": object %" G_GUINT64_FORMAT " holds a record whose CRC is wrong", object);
    } else if (mtf_payload_find(bytes, length, &payload)) {
        find(judge,
             ": object %" G_GUINT64_FORMAT " holds write %" G_GUINT64_FORMAT
             " of run %" G_GUINT64_FORMAT ", with contents that are not this case's",
             object, payload.write, payload.run);
    } else {
        find(judge, ": object %" G_GUINT64_FORMAT " holds %zu bytes that nobody wrote", object,
             length);
    }
}

/* By the contents: all that was written is known. */
static void judge_contents(Judge *judge, uint64_t object, const uint8_t *bytes, size_t length)
{
    const MtfObject *one = expected_at(judge, object);
    uint32_t crc = crc32c(0, bytes, length);
    void *write;

    if ((one && !one->mark && one->length == length && one->crc == crc) || !may_tell(judge)) {
        return;
    }
    if (g_hash_table_lookup_extended(judge->by_crc, GUINT_TO_POINTER(crc), NULL, &write)) {
        find(judge, ": object %" G_GUINT64_FORMAT " holds write %u", object,
             GPOINTER_TO_UINT(write));
    } else {
        tell_stranger(judge, object, bytes, length);
    }
}

/* By what its records say of themselves. */
static void judge_records(Judge *judge, uint64_t object, const uint8_t *bytes, size_t length)
{
    MtfPayload payload;

    if (mtf_payload_damaged(bytes, length) && may_tell(judge)) {
        find(judge, ": object %" G_GUINT64_FORMAT " holds a record whose CRC is wrong", object);
    }
    if (mtf_payload_find(bytes, length, &payload) && payload.write != object && may_tell(judge)) {
        find(judge, ": object %" G_GUINT64_FORMAT " holds write %" G_GUINT64_FORMAT, object,
             payload.write);
    }
}

static void judge_mark(Judge *judge, uint64_t object)
{
    const MtfObject *one = expected_at(judge, object);

    if (judge->expected && !(one && one->mark) && may_tell(judge)) {
        find(judge, ": object %" G_GUINT64_FORMAT " is a filemark", object);
    }
}

static void judge_length(Judge *judge, uint64_t objects)
{
    if (judge->expected && objects != judge->expected->len) {
        find(judge, ": %" G_GUINT64_FORMAT " blocks and filemarks are on it, and %u were written",
             objects, judge->expected->len);
    }
}

static void judge_objects(Judge *judge, TapeMedium *medium)
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
            (judge->expected ? judge_contents : judge_records)(judge, object, buffer, length);
        } else if (mark) {
            judge_mark(judge, object);
        }
        more = block || mark;
        object += more;
    }
    if (result == MEDIUM_EOD || result == MEDIUM_END_OF_PARTITION) {
        judge_length(judge, object);
    } else {
        find(judge,
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

bool oracle_judge_mtf(const MtfCheck *check, const char *cartridge, GPtrArray *findings,
                      GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TapeMedium) medium = medium_open(cartridge, true, executor_inline(), NULL, &why);
    g_autoptr(GArray) expected =
        check->runs ? mtf_plan_tape(check->runs, (unsigned)check->blocks) : NULL;
    g_autoptr(GHashTable) by_crc = expected ? index_by_crc(expected) : NULL;
    Judge judge = { .check = check, .expected = expected, .by_crc = by_crc, .findings = findings };

    if (medium) {
        judge_objects(&judge, medium);
        judge_format(&judge, medium, &why);
    }
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return true;
}
