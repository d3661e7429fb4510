/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-stamps.h"

#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/judges/tape-walk.h"
#include "scenarios/subjects/linux/stamp.h"

static const YamlField stamp_fields[] = {
    { "cartridge", YAML_TYPE_INTEGER, offsetof(StampRange, cartridge), .min = 1, .max = 99 },
    VALUE_PARTITION(StampRange),
    { "file", YAML_TYPE_INTEGER, offsetof(StampRange, file), .min = 0, .max = 1000000 },
    { "run", YAML_TYPE_INTEGER, offsetof(StampRange, run), .required = true },
    { "first", YAML_TYPE_INTEGER, offsetof(StampRange, first), .min = 0, .max = G_MAXINT64 },
    { "records", YAML_TYPE_CUSTOM, offsetof(StampRange, records), .required = true,
      .read = value_read_count },
    { NULL },
};

static bool stamps_read(const YamlNode *node, void *check, GError **error)
{
    GPtrArray *ranges = ((StampsCheck *)check)->ranges = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    for (i = 0; i < value_count(node); i++) {
        StampRange *range = g_new0(StampRange, 1);

        range->cartridge = 1;
        g_ptr_array_add(ranges, range);
        if (!yaml_node_read(value_at(node, i), stamp_fields, range, error)) {
            return false;
        }
    }
    return true;
}

static void stamps_clear(void *check)
{
    g_clear_pointer(&((StampsCheck *)check)->ranges, g_ptr_array_unref);
}

typedef struct StampCheck {
    const StampRange *range;
    int64_t found;
    bool wrong; /* one finding is enough: the rest follows from it */
} StampCheck;

static void stamp_block(Walk *walk, const uint8_t *bytes, size_t length)
{
    StampCheck *check = walk->data;
    const StampRange *range = check->range;
    Stamp stamp;

    g_autofree char *file = NULL;

    if (walk->partition != range->partition || walk->file != range->file || check->wrong) {
        return;
    }
    check->wrong = true;
    file = walk_file_text(walk);
    if (!stamp_check(bytes, length, &stamp)) {
        judge_add_finding(walk->findings,
                          "%s record %" G_GINT64_FORMAT ": damaged, or not a stamped record", file,
                          walk->block);
    } else if (stamp.run != (uint64_t)range->run ||
               stamp.sequence != (uint64_t)(range->first + check->found)) {
        judge_add_finding(walk->findings,
                          "%s: where record %" G_GINT64_FORMAT " of run %" G_GINT64_FORMAT
                          " was written, there is record %" G_GUINT64_FORMAT
                          " of run %" G_GUINT64_FORMAT,
                          file, range->first + check->found, range->run, stamp.sequence, stamp.run);
    } else {
        check->wrong = false;
        check->found++;
    }
}

static bool stamps_judge_range(const StampRange *range, Judgement *judgement, GError **error)
{
    char *const *cartridges = judgement->cartridges;
    GPtrArray *findings = judgement->findings;
    StampCheck check = { .range = range };
    Walk walk = { .cartridge = (int)range->cartridge,
                  .on_block = stamp_block,
                  .data = &check,
                  .findings = findings };
    g_autofree char *count = count_range_text(range->records);

    if (range->cartridge > (int64_t)g_strv_length((char **)cartridges)) {
        judge_add_finding(findings, "there is no cartridge %" G_GINT64_FORMAT, range->cartridge);
        return true;
    }
    if (!walk_cartridge(&walk, cartridges[range->cartridge - 1], NULL, NULL, error)) {
        return false;
    }
    if (!check.wrong && !count_in_range(range->records, check.found)) {
        g_autofree char *partition = walk_partition_text(walk.cartridge, range->partition);

        judge_add_finding(findings,
                          "%s file %" G_GINT64_FORMAT " holds %" G_GINT64_FORMAT
                          " records of run %" G_GINT64_FORMAT ", not %s",
                          partition, range->file, check.found, range->run, count);
    }
    return true;
}

static bool stamps_judge(const void *check, Judgement *judgement, GError **error)
{
    const GPtrArray *ranges = ((const StampsCheck *)check)->ranges;
    guint i;

    for (i = 0; i < ranges->len; i++) {
        if (!stamps_judge_range(ranges->pdata[i], judgement, error)) {
            return false;
        }
    }
    return true;
}

const Judge judge_stamps = {
    .key = "stamps",
    .stage = JUDGE_TAPE,
    .size = sizeof(StampsCheck),
    .read = stamps_read,
    .clear = stamps_clear,
    .judge = stamps_judge,
};
