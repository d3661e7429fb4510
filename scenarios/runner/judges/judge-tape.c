/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-tape.h"

#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/judges/tape-walk.h"

/* More of them are a number. */
#define DAMAGED_MAX 20u

static const YamlField tape_file_fields[] = {
    VALUE_PARTITION(TapeFile),
    { "blocks", YAML_TYPE_CUSTOM, offsetof(TapeFile, blocks), .read = value_read_count },
    { "size", YAML_TYPE_SIZE, offsetof(TapeFile, size) },
    { "short-last", YAML_TYPE_BOOL, offsetof(TapeFile, short_last) },
    { NULL },
};

static bool tape_read(const YamlNode *node, void *check, GError **error)
{
    GPtrArray *tape = ((TapeCheck *)check)->cartridges =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    size_t i, j;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *cartridge = yaml_node_item(node, i);
        GArray *files = g_array_new(FALSE, TRUE, sizeof(TapeFile));

        g_ptr_array_add(tape, files);
        if (!yaml_node_is(cartridge, YAML_KIND_LIST, error)) {
            return false;
        }
        for (j = 0; j < yaml_node_length(cartridge); j++) {
            TapeFile file = { .blocks = { 0, G_MAXINT64 } };

            if (!yaml_node_read(yaml_node_item(cartridge, j), tape_file_fields, &file, error)) {
                return false;
            }
            g_array_append_val(files, file);
        }
    }
    return true;
}

static void tape_clear(void *check)
{
    g_clear_pointer(&((TapeCheck *)check)->cartridges, g_ptr_array_unref);
}

/* ---- the shape of a file: so many blocks of such a size ---- */

typedef struct Shape {
    int64_t blocks;
    size_t first, last; /* sizes */
    int64_t odd; /* the first block, but for the last, that is not as long as the first; -1 */
    bool previous_odd;
    uint64_t bytes;
} Shape;

typedef struct ShapeCheck {
    const GArray *expected; /* of TapeFile; NULL: any */
    Shape shape;
    uint64_t damaged; /* blocks */
    GString *listing;
} ShapeCheck;

/* The `file`th of those that are expected in a partition; NULL: none is. */
static const TapeFile *expected_file(const GArray *expected, int64_t partition, int64_t file)
{
    guint i;

    for (i = 0; i < expected->len; i++) {
        const TapeFile *candidate = &g_array_index(expected, TapeFile, i);

        if (candidate->partition == partition && file-- == 0) {
            return candidate;
        }
    }
    return NULL;
}

static int64_t count_expected(const GArray *expected, int64_t partition)
{
    int64_t count = 0;

    while (expected_file(expected, partition, count)) {
        count++;
    }
    return count;
}

static void shape_block(Walk *walk, const uint8_t *bytes, size_t length)
{
    Shape *shape = &((ShapeCheck *)walk->data)->shape;

    if (shape->blocks == 0) {
        *shape = (Shape){ .first = length, .odd = -1 };
    } else if (shape->odd < 0 && shape->last != shape->first) {
        shape->odd = shape->blocks - 1;
    }
    shape->last = length;
    shape->blocks++;
    shape->bytes += length;
}

static void shape_damage(Walk *walk)
{
    ShapeCheck *check = walk->data;
    g_autofree char *file = walk_file_text(walk);

    check->damaged++;
    judge_add_finding(walk->findings, "%s block %" G_GINT64_FORMAT ": damaged on the medium", file,
                      walk->block);
    g_string_append_printf(check->listing, "%s block %" G_GINT64_FORMAT ": damaged\n", file,
                           walk->block);
}

static void compare_shape(const Walk *walk, const Shape *shape, const TapeFile *expected)
{
    g_autofree char *count = count_range_text(expected->blocks);
    g_autofree char *file = walk_file_text(walk);
    const char *where = shape->odd >= 0 ? " in the middle" : "";

    if (!count_in_range(expected->blocks, shape->blocks)) {
        judge_add_finding(walk->findings, "%s has %" G_GINT64_FORMAT " blocks, not %s", file,
                          shape->blocks, count);
    }
    if (expected->size == 0 || shape->blocks == 0) {
        return;
    }
    if (shape->odd >= 0 || (shape->first != expected->size && shape->blocks > 1) ||
        (shape->last != expected->size &&
         !(expected->short_last && shape->last < expected->size))) {
        judge_add_finding(walk->findings,
                          "%s: blocks of %zu%s and at last %zu bytes, not %" G_GUINT64_FORMAT, file,
                          shape->first, where, shape->last, expected->size);
    }
}

static void shape_end(Walk *walk)
{
    ShapeCheck *check = walk->data;
    Shape *shape = &check->shape;
    g_autofree char *file = walk_file_text(walk);
    const TapeFile *expected =
        check->expected ? expected_file(check->expected, walk->partition, walk->file) : NULL;

    if (shape->blocks == 0) {
        shape->odd = -1;
    }
    g_string_append_printf(check->listing,
                           "%s: %" G_GINT64_FORMAT " blocks, %" G_GUINT64_FORMAT
                           " bytes, first %zu, last %zu%s\n",
                           file, shape->blocks, shape->bytes, shape->first, shape->last,
                           shape->odd >= 0 ? ", others between" : "");
    if (expected) {
        compare_shape(walk, shape, expected);
    }
    *shape = (Shape){ .odd = -1 };
}

static void shape_partition_end(Walk *walk)
{
    const ShapeCheck *check = walk->data;
    int64_t expected = check->expected ? count_expected(check->expected, walk->partition) : 0;
    g_autofree char *partition = walk_partition_text(walk->cartridge, walk->partition);

    if (check->expected && walk->file != expected) {
        judge_add_finding(walk->findings,
                          "%s has %" G_GINT64_FORMAT " files, not %" G_GINT64_FORMAT, partition,
                          walk->file, expected);
    }
}

/* What is expected in partitions that are not there. */
static void miss_partitions(const GArray *expected, int number, uint32_t partitions,
                            GPtrArray *findings)
{
    guint i;

    for (i = 0; i < expected->len; i++) {
        int64_t partition = g_array_index(expected, TapeFile, i).partition;

        if (partition >= partitions) {
            judge_add_finding(findings, "cartridge %d has no partition %" G_GINT64_FORMAT, number,
                              partition);
            return;
        }
    }
}

static bool tape_judge_cartridge(const TapeCheck *tape, int number, Judgement *judgement,
                                 GError **error)
{
    const GPtrArray *cartridges = tape->cartridges;
    GPtrArray *findings = judgement->findings;
    ShapeCheck check = { .listing = judgement->listing,
                         .expected = cartridges && number <= (int)cartridges->len
                                         ? cartridges->pdata[number - 1]
                                         : NULL };
    Walk walk = { .cartridge = number,
                  .on_block = shape_block,
                  .on_file_end = shape_end,
                  .on_damage = shape_damage,
                  .on_partition_end = shape_partition_end,
                  .data = &check,
                  .findings = findings };
    uint32_t partitions;

    if (!walk_cartridge(&walk, judgement->cartridges[number - 1], &partitions, NULL, error)) {
        return false;
    }
    if (check.damaged > DAMAGED_MAX) {
        g_ptr_array_add(findings, g_strdup_printf("cartridge %d: %" G_GUINT64_FORMAT
                                                  " blocks are damaged on the medium",
                                                  number, check.damaged));
    }
    if (check.expected) {
        miss_partitions(check.expected, number, partitions, findings);
    }
    return true;
}

static bool tape_judge(const void *check, Judgement *judgement, GError **error)
{
    const TapeCheck *tape = check;
    guint i;

    for (i = 0; judgement->cartridges[i]; i++) {
        if (!tape_judge_cartridge(tape, (int)i + 1, judgement, error)) {
            return false;
        }
    }
    if (tape->cartridges && tape->cartridges->len > i) {
        judge_add_finding(judgement->findings, "there are %u cartridges, not %u", i,
                          tape->cartridges->len);
    }
    return true;
}

const Judge judge_tape = {
    .key = "tape",
    .stage = JUDGE_TAPE,
    .size = sizeof(TapeCheck),
    .always = true,
    .read = tape_read,
    .clear = tape_clear,
    .judge = tape_judge,
};
