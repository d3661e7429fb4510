/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/formats.h"
#include "media/mtf-walk.h"
#include "scenarios/runner/oracle.h"
#include "scenarios/subjects/mtf/payload.h"

/* More of them would hide the first. */
#define DISPLACED_MAX 8

static void judge_format(const MtfCheck *check, TapeMedium *medium, GPtrArray *findings,
                         GError **error)
{
    g_autoptr(MtfReader) reader = mtf_reader_new(&(MtfReaderOps){ 0 }, NULL);
    int64_t sets;

    if (!mtf_walk(medium, 0, MTF_WALK_ALL, reader, error)) {
        return;
    }
    if (mtf_reader_violation(reader)) {
        g_autofree char *text = mtf_violation_text(mtf_reader_violation(reader));

        g_ptr_array_add(findings, g_strdup_printf("cartridge %" G_GINT64_FORMAT
                                                  " is not as Microsoft Tape Format has it: %s",
                                                  check->cartridge, text));
        return;
    }
    sets = (int64_t)mtf_reader_counts(reader)->sets;
    if (sets < check->sets.min || sets > check->sets.max) {
        g_ptr_array_add(findings, g_strdup_printf("cartridge %" G_GINT64_FORMAT
                                                  " holds %" G_GINT64_FORMAT " backup sets",
                                                  check->cartridge, sets));
    }
}

static void judge_block(const MtfCheck *check, uint64_t object, const uint8_t *bytes, size_t length,
                        unsigned *displaced, GPtrArray *findings)
{
    MtfPayload payload;

    if (mtf_payload_damaged(bytes, length) && (*displaced)++ < DISPLACED_MAX) {
        g_ptr_array_add(findings,
                        g_strdup_printf("cartridge %" G_GINT64_FORMAT ": object %" G_GUINT64_FORMAT
                                        " holds a record whose CRC is wrong",
                                        check->cartridge, object));
    }
    if (mtf_payload_find(bytes, length, &payload) && payload.write != object &&
        (*displaced)++ < DISPLACED_MAX) {
        g_ptr_array_add(findings,
                        g_strdup_printf("cartridge %" G_GINT64_FORMAT ": object %" G_GUINT64_FORMAT
                                        " holds write %" G_GUINT64_FORMAT,
                                        check->cartridge, object, payload.write));
    }
}

static void judge_places(const MtfCheck *check, TapeMedium *medium, GPtrArray *findings)
{
    g_autofree uint8_t *buffer = g_malloc(MEDIUM_BLOCK_MAX);
    MediumResult result = medium_locate(medium, 0, MEDIUM_LOCATE_OBJECT, 0);
    bool more = result == MEDIUM_OK;
    unsigned displaced = 0;
    uint64_t object;

    for (object = 0; more; object++) {
        size_t length = 0;

        result = medium_read(medium, buffer, MEDIUM_BLOCK_MAX, &length);
        if (result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING) {
            judge_block(check, object, buffer, length, &displaced, findings);
        }
        more = result == MEDIUM_OK || result == MEDIUM_EARLY_WARNING || result == MEDIUM_FILEMARK ||
               result == MEDIUM_SETMARK;
    }
    if (result != MEDIUM_EOD && result != MEDIUM_END_OF_PARTITION) {
        g_ptr_array_add(findings,
                        g_strdup_printf("cartridge %" G_GINT64_FORMAT ": object %" G_GUINT64_FORMAT
                                        " cannot be read: what comes after it was not looked at",
                                        check->cartridge, object > 0 ? object - 1 : 0));
    }
}

bool oracle_judge_mtf(const MtfCheck *check, const char *cartridge, GPtrArray *findings,
                      GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TapeMedium) medium = medium_open(cartridge, true, executor_inline(), NULL, &why);

    if (medium) {
        judge_places(check, medium, findings);
        judge_format(check, medium, findings, &why);
    }
    if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return true;
}
