/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-dump.h"

#include "scenarios/runner/judges/dump.h"
#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/judges/sums.h"
#include "scenarios/runner/judges/tape-walk.h"

static const YamlField dump_fields[] = {
    VALUE_FILE_SET(DumpCheck, files),
    { "cartridge", YAML_TYPE_INTEGER, offsetof(DumpCheck, cartridge), .min = 1, .max = 99 },
    VALUE_PARTITION(DumpCheck),
    { "file", YAML_TYPE_INTEGER, offsetof(DumpCheck, file), .min = 0, .max = 1000000 },
    { NULL },
};

static void dump_init(void *check)
{
    ((DumpCheck *)check)->cartridge = 1;
}

static void dump_clear(void *check)
{
    file_set_clear(&((DumpCheck *)check)->files);
}

typedef struct DumpCheckState {
    const DumpCheck *check;
    DumpReader *reader;
    bool failed;
} DumpCheckState;

static void dump_block(Walk *walk, const uint8_t *bytes, size_t length)
{
    DumpCheckState *state = walk->data;
    g_autoptr(GError) error = NULL;

    if (walk->partition == state->check->partition && walk->file == state->check->file &&
        !state->failed && !dump_reader_feed(state->reader, bytes, length, &error)) {
        judge_add_finding(walk->findings, "cartridge %d record %" G_GINT64_FORMAT ": %s",
                          walk->cartridge, walk->block, error->message);
        state->failed = true;
    }
}

static bool dump_judge(const void *expected, Judgement *judgement, GError **error)
{
    const DumpCheck *check = expected;
    char *const *cartridges = judgement->cartridges;
    GPtrArray *findings = judgement->findings;
    SumsCheck sums = { .findings = findings, .what = "the dump on the tape" };
    g_autoptr(DumpReader) reader = dump_reader_new(sums_check, &sums);
    DumpCheckState state = { .check = check, .reader = reader };
    Walk walk = { .cartridge = (int)check->cartridge,
                  .on_block = dump_block,
                  .data = &state,
                  .findings = findings };
    g_autoptr(GError) incomplete = NULL;
    bool read;

    if (check->cartridge > (int64_t)g_strv_length((char **)cartridges)) {
        judge_add_finding(findings, "there is no cartridge %" G_GINT64_FORMAT, check->cartridge);
        return true;
    }
    if (!sums_begin(&sums, &check->files, judgement->guest)) {
        return true;
    }
    read = walk_cartridge(&walk, cartridges[check->cartridge - 1], NULL, NULL, error);
    if (read && !state.failed && !dump_reader_end(reader, &incomplete)) {
        judge_add_finding(findings, "%s", incomplete->message);
    }
    sums_end(&sums);
    return read;
}

const Judge judge_dump = {
    .key = "dump",
    .stage = JUDGE_TAPE,
    .size = sizeof(DumpCheck),
    .init = dump_init,
    .fields = dump_fields,
    .clear = dump_clear,
    .judge = dump_judge,
};
