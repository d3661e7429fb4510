/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-tar.h"

#include "scenarios/runner/judges/judges.h"
#include "scenarios/runner/judges/sums.h"
#include "scenarios/runner/judges/tape-walk.h"
#include "scenarios/runner/judges/tar.h"

static const YamlField tar_fields[] = {
    VALUE_FILE_SET(TarCheck, files),
    VALUE_PARTITION(TarCheck),
    { "file", YAML_TYPE_INTEGER, offsetof(TarCheck, file), .min = 0, .max = 1000000 },
    { "cartridges", YAML_TYPE_INTEGER, offsetof(TarCheck, cartridges), .min = 1, .max = 99 },
    { NULL },
};

static void tar_init(void *check)
{
    ((TarCheck *)check)->cartridges = 1;
}

static void tar_clear(void *check)
{
    file_set_clear(&((TarCheck *)check)->files);
}

typedef struct TarCheckState {
    const TarCheck *check;
    TarReader *reader;
    bool failed;
} TarCheckState;

static void tar_block(Walk *walk, const uint8_t *bytes, size_t length)
{
    TarCheckState *state = walk->data;
    g_autoptr(GError) error = NULL;

    if (walk->partition == state->check->partition &&
        walk->file == (walk->cartridge == 1 ? state->check->file : 0) && !state->failed &&
        !tar_reader_feed(state->reader, bytes, length, &error)) {
        judge_add_finding(walk->findings, "cartridge %d record %" G_GINT64_FORMAT ": %s",
                          walk->cartridge, walk->block, error->message);
        state->failed = true;
    }
}

static bool tar_judge(const void *expected, Judgement *judgement, GError **error)
{
    const TarCheck *check = expected;
    char *const *cartridges = judgement->cartridges;
    GPtrArray *findings = judgement->findings;
    SumsCheck sums = { .findings = findings, .what = "the archive on the tape" };
    g_autoptr(TarReader) reader = tar_reader_new(sums_check, &sums);
    TarCheckState state = { .check = check, .reader = reader };
    Walk walk = { .on_block = tar_block, .data = &state, .findings = findings };
    g_autoptr(GError) incomplete = NULL;

    if (!sums_begin(&sums, &check->files, judgement->guest)) {
        return true;
    }
    for (walk.cartridge = 1; walk.cartridge <= check->cartridges; walk.cartridge++) {
        if (!cartridges[walk.cartridge - 1]) {
            judge_add_finding(findings, "there is no cartridge %d", walk.cartridge);
            break;
        }
        if (walk.cartridge > 1) {
            tar_reader_next_volume(reader);
        }
        if (!walk_cartridge(&walk, cartridges[walk.cartridge - 1], NULL, NULL, error)) {
            g_hash_table_unref(sums.expected);
            return false;
        }
    }
    if (!state.failed && !tar_reader_end(reader, &incomplete)) {
        judge_add_finding(findings, "%s", incomplete->message);
    }
    sums_end(&sums);
    return true;
}

const Judge judge_tar = {
    .key = "tar",
    .stage = JUDGE_TAPE,
    .size = sizeof(TarCheck),
    .init = tar_init,
    .fields = tar_fields,
    .clear = tar_clear,
    .judge = tar_judge,
};
