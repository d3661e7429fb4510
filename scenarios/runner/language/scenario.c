/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/scenario.h"

#include "emu/base/error.h"
#include "emu/base/text.h"
#include "emu/base/units.h"
#include "media/formats/formats.h"
#include "scenarios/runner/machine/host.h"
#include "scenarios/runner/subject.h"
#include "scenarios/subjects/mtf/plan.h"

#include <errno.h>
#include <string.h>

#define CASES_MAX 10000u

/*
 * Each case and each combination of axes reads the whole file again: so many bytes at most for one
 * file, which takes half a second.
 */
#define READING_MAX (16u * 1024 * 1024)

/* ---- freeing ---- */

static void file_set_clear(FileSet *set)
{
    g_free(set->from);
    g_strfreev(set->names);
    g_strfreev(set->except);
}

static void step_free(void *data)
{
    Step *step = data;

    g_free(step->text);
    g_clear_pointer(&step->statuses, g_array_unref);
    g_clear_pointer(&step->wrong, g_array_unref);
    g_strfreev(step->outputs);
    if (step->files) {
        file_set_clear(step->files);
        g_free(step->files);
    }
    g_free(step);
}

static void complaint_free(void *data)
{
    Complaint *complaint = data;

    g_free(complaint->text);
    g_free(complaint);
}

static void acted_free(void *data)
{
    Acted *acted = data;

    if (acted) {
        g_free(acted->text);
        g_free(acted->dmesg);
        g_free(acted);
    }
}

static void fault_check_free(void *data)
{
    FaultCheck *check = data;

    g_free(check->name);
    g_free(check);
}

static void mtf_check_free(MtfCheck *check)
{
    if (check) {
        g_clear_pointer(&check->runs, g_array_unref);
        g_free(check);
    }
}

void scenario_free(Scenario *s)
{
    if (!s) {
        return;
    }
    g_free(s->path);
    g_free(s->name);
    g_free(s->about);
    g_free(s->variant);
    g_free(s->bad);
    acted_free(s->acted);
    g_clear_pointer(&s->unsaid, g_ptr_array_unref);
    g_free(s->tape.model);
    g_free(s->tape.format);
    g_strfreev(s->tape.settings);
    g_free(s->faults);
    g_clear_pointer(&s->steps, g_ptr_array_unref);
    g_clear_pointer(&s->expect.complaints, g_ptr_array_unref);
    g_clear_pointer(&s->expect.tape, g_ptr_array_unref);
    g_clear_pointer(&s->expect.stamps, g_ptr_array_unref);
    g_clear_pointer(&s->expect.fired, g_ptr_array_unref);
    mtf_check_free(s->expect.mtf);
    if (s->expect.tar) {
        file_set_clear(&s->expect.tar->files);
        g_free(s->expect.tar);
    }
    if (s->expect.dump) {
        file_set_clear(&s->expect.dump->files);
        g_free(s->expect.dump);
    }
    g_strfreev(s->expect.dmesg.none_of);
    g_strfreev(s->expect.dmesg.some_of);
    if (s->plan) {
        subject_of(s)->plan_free(s->plan);
    }
    g_free(s);
}

/* ---- small readers ---- */

/* A list, or a single value that stands for a list of one. */
static size_t many(const YamlNode *node)
{
    return yaml_node_kind(node) == YAML_KIND_LIST ? yaml_node_length(node) : 1;
}

static const YamlNode *one_of(const YamlNode *node, size_t i)
{
    return yaml_node_kind(node) == YAML_KIND_LIST ? yaml_node_item(node, i) : node;
}

static bool read_texts(const YamlNode *node, void *member, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    for (i = 0; i < many(node); i++) {
        const char *text = yaml_node_text(one_of(node, i), error);

        if (!text) {
            return false;
        }
        g_ptr_array_add(texts, g_strdup(text));
    }
    g_ptr_array_add(texts, NULL);
    g_strfreev(*(char ***)member);
    *(char ***)member = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return true;
}

static bool read_patterns(const YamlNode *node, void *member, GError **error)
{
    char **texts;
    size_t i;

    if (!read_texts(node, member, error)) {
        return false;
    }
    texts = *(char ***)member;
    for (i = 0; texts[i]; i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(GRegex) pattern = g_regex_new(texts[i], 0, 0, &why);

        if (!pattern) {
            return yaml_node_refuse(one_of(node, i), error, "%s", why->message);
        }
    }
    return true;
}

/* 5, ">=5", "<=5" or "3..5". */
static bool read_count(const YamlNode *node, void *member, GError **error)
{
    CountRange *range = member;
    const char *text = yaml_node_text(node, error);
    const char *digits = text;
    g_autofree char *shown = NULL;
    char *end = NULL;

    if (!text) {
        return false;
    }
    errno = 0;
    *range = (CountRange){ 0, G_MAXINT64 };
    digits += text[0] == '>' || text[0] == '<' ? 2 : 0;
    if (digits != text && text[1] != '=') {
        digits = "";
    }
    if (g_ascii_isdigit(digits[0])) {
        int64_t number = g_ascii_strtoll(digits, &end, 10);

        range->min = text[0] == '<' ? 0 : number;
        range->max = text[0] == '>' ? G_MAXINT64 : number;
        if (digits == text && g_str_has_prefix(end, "..") && g_ascii_isdigit(end[2])) {
            range->max = g_ascii_strtoll(end + 2, &end, 10);
        }
    }
    if (!end || *end || errno == ERANGE || range->max < range->min) {
        shown = text_quote(text);
        return yaml_node_refuse(node, error, "%s is not a count: write 5, \">=5\", \"<=5\" or 3..5",
                                shown);
    }
    return true;
}

bool count_in_range(CountRange range, int64_t count)
{
    return count >= range.min && count <= range.max;
}

char *count_range_text(CountRange range)
{
    if (range.min == range.max) {
        return g_strdup_printf("%" G_GINT64_FORMAT, range.min);
    }
    if (range.max == G_MAXINT64) {
        return g_strdup_printf("at least %" G_GINT64_FORMAT, range.min);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, range.min, range.max);
}

static const YamlField file_set_fields[] = {
    { "from", YAML_TYPE_TEXT, offsetof(FileSet, from), .required = true },
    { "names", YAML_TYPE_CUSTOM, offsetof(FileSet, names), .read = read_texts },
    { "except", YAML_TYPE_CUSTOM, offsetof(FileSet, except), .read = read_texts },
    { NULL },
};

static bool read_file_set(const YamlNode *node, void *member, GError **error)
{
    FileSet **set = member;

    *set = g_new0(FileSet, 1);
    return yaml_node_read(node, file_set_fields, *set, error);
}

/* ---- steps ---- */

static bool read_statuses(const YamlNode *node, void *member, GError **error)
{
    GArray **statuses = member;
    size_t i;

    g_clear_pointer(statuses, g_array_unref);
    if (yaml_node_kind(node) == YAML_KIND_SCALAR) {
        const char *text = yaml_node_text(node, error);

        if (!text) {
            return false;
        }
        if (g_str_equal(text, "any")) {
            return true;
        }
    }
    *statuses = g_array_new(FALSE, FALSE, sizeof(int));
    for (i = 0; i < many(node); i++) {
        int64_t number;
        int status;

        if (!yaml_node_integer(one_of(node, i), 0, 255, &number, error)) {
            return false;
        }
        status = (int)number;
        g_array_append_val(*statuses, status);
    }
    return true;
}

static bool read_wrong(const YamlNode *node, void *member, GError **error)
{
    return read_statuses(node, member, error) &&
           (*(GArray **)member || yaml_node_refuse(node, error, "write the exit statuses"));
}

typedef struct StepKeys {
    Step step;
    char *run, *host;
} StepKeys;

static const YamlField step_fields[] = {
    { "run", YAML_TYPE_TEXT, offsetof(StepKeys, run) },
    { "host", YAML_TYPE_TEXT, offsetof(StepKeys, host) },
    { "timeout", YAML_TYPE_DURATION, offsetof(StepKeys, step.timeout) },
    { "expect-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.statuses), .read = read_statuses },
    { "wrong-rc", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.wrong), .read = read_wrong },
    { "expect-out", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.outputs), .read = read_patterns },
    { "expect-files", YAML_TYPE_CUSTOM, offsetof(StepKeys, step.files), .read = read_file_set },
    { NULL },
};

static bool read_step(const YamlNode *node, GPtrArray *steps, GError **error)
{
    StepKeys *keys = g_new0(StepKeys, 1);
    Step *step = &keys->step; /* the first member: freeing the step frees the keys */
    g_autoptr(GError) why = NULL;
    int good = 0;

    step->statuses = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(step->statuses, good);
    step->line = yaml_node_line(node);
    g_ptr_array_add(steps, step);
    if (!yaml_node_read(node, step_fields, keys, error)) {
        g_free(keys->run);
        g_free(keys->host);
        return false;
    }
    step->kind = keys->host ? STEP_HOST : STEP_RUN;
    step->text = keys->host ? keys->host : keys->run;
    if (!keys->run == !keys->host) {
        g_free(keys->run && keys->host ? keys->run : NULL);
        return yaml_node_refuse(node, error, "a step has one of 'run' and 'host'");
    }
    if (step->kind == STEP_HOST && (step->files || step->outputs || step->wrong)) {
        return yaml_node_refuse(node, error, "only a 'run' step has output to expect");
    }
    if (step->kind == STEP_HOST && !host_check(step->text, &why)) {
        return yaml_node_refuse(yaml_node_get(node, "host"), error, "%s", why->message);
    }
    return true;
}

static bool read_steps(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *steps = *(GPtrArray **)member = g_ptr_array_new_with_free_func(step_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    if (yaml_node_length(node) == 0) {
        return yaml_node_refuse(node, error, "a scenario without steps shows nothing");
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        if (!read_step(yaml_node_item(node, i), steps, error)) {
            return false;
        }
    }
    return true;
}

/* ---- expectations ---- */

static bool read_outcomes(const YamlNode *node, void *member, GError **error)
{
    static const unsigned not_silent =
        1u << VERDICT_INTACT | 1u << VERDICT_RECOVERED | 1u << VERDICT_DETECTED;
    unsigned *outcomes = member;
    size_t i;
    int index;

    *outcomes = 0;
    if (many(node) == 0) {
        return yaml_node_refuse(node, error, "no verdict at all cannot be expected");
    }
    for (i = 0; i < many(node); i++) {
        const YamlNode *item = one_of(node, i);
        const char *text = yaml_node_text(item, error);

        if (!text) {
            return false;
        }
        if (g_str_equal(text, "not-silent")) {
            *outcomes |= not_silent;
        } else if (yaml_node_choice(item, verdict_names(), &index, error)) {
            *outcomes |= 1u << index;
        } else {
            return false;
        }
        if (*outcomes & 1u << VERDICT_ENV_ERROR || *outcomes & 1u << VERDICT_INCONCLUSIVE) {
            return yaml_node_refuse(item, error, "'%s' shows nothing, so it cannot be expected",
                                    text);
        }
    }
    return true;
}

static bool read_pattern(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);
    g_autoptr(GError) why = NULL;
    g_autoptr(GRegex) pattern = text ? g_regex_new(text, 0, 0, &why) : NULL;

    if (!pattern) {
        return text && yaml_node_refuse(node, error, "%s", why->message);
    }
    *(char **)member = g_strdup(text);
    return true;
}

static const YamlField complaint_fields[] = {
    { "step", YAML_TYPE_INTEGER, offsetof(Complaint, step), .min = 1, .max = 100000 },
    { "text", YAML_TYPE_CUSTOM, offsetof(Complaint, text), .read = read_pattern },
    { NULL },
};

static bool read_complaints(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *complaints = *(GPtrArray **)member = g_ptr_array_new_with_free_func(complaint_free);
    size_t i;

    if (many(node) == 0) {
        return yaml_node_refuse(node, error, "no complaint at all cannot be expected");
    }
    for (i = 0; i < many(node); i++) {
        const YamlNode *item = one_of(node, i);
        Complaint *complaint = g_new0(Complaint, 1);

        g_ptr_array_add(complaints, complaint);
        if (!yaml_node_read(item, complaint_fields, complaint, error)) {
            return false;
        }
        if (!complaint->step && !complaint->text) {
            return yaml_node_refuse(item, error, "a complaint has a 'step', a 'text', or both");
        }
    }
    return true;
}

/* Once it is known what may come of it, and how many steps there are. `parent`: of their key. */
static bool check_complaints(const YamlNode *parent, const Scenario *scenario, GError **error)
{
    const GPtrArray *complaints = scenario->expect.complaints;
    const YamlNode *node = complaints ? yaml_node_get(parent, "complaint") : NULL;
    guint i;

    if (complaints &&
        !(scenario->expect.outcomes & (1u << VERDICT_DETECTED | 1u << VERDICT_HANG))) {
        return yaml_node_refuse(node, error,
                                "only where the outcome is 'detected' or 'hang' is there one");
    }
    for (i = 0; complaints && i < complaints->len; i++) {
        const Complaint *complaint = complaints->pdata[i];

        if (complaint->step > scenario->steps->len) {
            return yaml_node_refuse(yaml_node_get(one_of(node, i), "step"), error,
                                    "there are %u steps", scenario->steps->len);
        }
    }
    return true;
}

#define PARTITION(type)                                                                            \
    "partition", YAML_TYPE_INTEGER, offsetof(type, partition), .min = 0, .max = 255

static const YamlField tape_file_fields[] = {
    { PARTITION(TapeFile) },
    { "blocks", YAML_TYPE_CUSTOM, offsetof(TapeFile, blocks), .read = read_count },
    { "size", YAML_TYPE_SIZE, offsetof(TapeFile, size) },
    { "short-last", YAML_TYPE_BOOL, offsetof(TapeFile, short_last) },
    { NULL },
};

static bool read_tape(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *tape = *(GPtrArray **)member =
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

static const YamlField stamp_fields[] = {
    { "cartridge", YAML_TYPE_INTEGER, offsetof(StampRange, cartridge), .min = 1, .max = 99 },
    { PARTITION(StampRange) },
    { "file", YAML_TYPE_INTEGER, offsetof(StampRange, file), .min = 0, .max = 1000000 },
    { "run", YAML_TYPE_INTEGER, offsetof(StampRange, run), .required = true },
    { "first", YAML_TYPE_INTEGER, offsetof(StampRange, first), .min = 0, .max = G_MAXINT64 },
    { "records", YAML_TYPE_CUSTOM, offsetof(StampRange, records), .required = true,
      .read = read_count },
    { NULL },
};

static bool read_stamps(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *stamps = *(GPtrArray **)member = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    for (i = 0; i < many(node); i++) {
        StampRange *range = g_new0(StampRange, 1);

        range->cartridge = 1;
        g_ptr_array_add(stamps, range);
        if (!yaml_node_read(one_of(node, i), stamp_fields, range, error)) {
            return false;
        }
    }
    return true;
}

static const YamlField tar_fields[] = {
    { "from", YAML_TYPE_TEXT, offsetof(TarCheck, files.from), .required = true },
    { "names", YAML_TYPE_CUSTOM, offsetof(TarCheck, files.names), .read = read_texts },
    { "except", YAML_TYPE_CUSTOM, offsetof(TarCheck, files.except), .read = read_texts },
    { PARTITION(TarCheck) },
    { "file", YAML_TYPE_INTEGER, offsetof(TarCheck, file), .min = 0, .max = 1000000 },
    { "cartridges", YAML_TYPE_INTEGER, offsetof(TarCheck, cartridges), .min = 1, .max = 99 },
    { NULL },
};

static bool read_tar(const YamlNode *node, void *member, GError **error)
{
    TarCheck *tar = *(TarCheck **)member = g_new0(TarCheck, 1);

    tar->cartridges = 1;
    return yaml_node_read(node, tar_fields, tar, error);
}

static const YamlField dump_fields[] = {
    { "from", YAML_TYPE_TEXT, offsetof(DumpCheck, files.from), .required = true },
    { "names", YAML_TYPE_CUSTOM, offsetof(DumpCheck, files.names), .read = read_texts },
    { "except", YAML_TYPE_CUSTOM, offsetof(DumpCheck, files.except), .read = read_texts },
    { "cartridge", YAML_TYPE_INTEGER, offsetof(DumpCheck, cartridge), .min = 1, .max = 99 },
    { PARTITION(DumpCheck) },
    { "file", YAML_TYPE_INTEGER, offsetof(DumpCheck, file), .min = 0, .max = 1000000 },
    { NULL },
};

static bool read_dump(const YamlNode *node, void *member, GError **error)
{
    DumpCheck *dump = *(DumpCheck **)member = g_new0(DumpCheck, 1);

    dump->cartridge = 1;
    return yaml_node_read(node, dump_fields, dump, error);
}

/* A number, or a list of them. */
static bool read_runs(const YamlNode *node, void *member, GError **error)
{
    GArray **runs = member;
    size_t i;

    g_clear_pointer(runs, g_array_unref);
    *runs = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (i = 0; i < many(node); i++) {
        int64_t number;
        uint64_t run;

        if (!yaml_node_integer(one_of(node, i), 1, MTF_PLAN_BLOCKS_MAX, &number, error)) {
            return false;
        }
        run = (uint64_t)number;
        g_array_append_val(*runs, run);
    }
    return (*runs)->len > 0 || yaml_node_refuse(node, error, "an empty list");
}

static const YamlField mtf_fields[] = {
    { "cartridge", YAML_TYPE_INTEGER, offsetof(MtfCheck, cartridge), .min = 1, .max = 99 },
    { "sets", YAML_TYPE_CUSTOM, offsetof(MtfCheck, sets), .read = read_count },
    { "runs", YAML_TYPE_CUSTOM, offsetof(MtfCheck, runs), .read = read_runs },
    { "blocks", YAML_TYPE_INTEGER, offsetof(MtfCheck, blocks), .min = 1,
      .max = MTF_PLAN_BLOCKS_MAX },
    { NULL },
};

static bool read_mtf(const YamlNode *node, void *member, GError **error)
{
    MtfCheck *mtf = *(MtfCheck **)member = g_new0(MtfCheck, 1);

    mtf->cartridge = 1;
    mtf->blocks = MTF_PLAN_BLOCKS;
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

static bool read_fired(const YamlNode *node, void *member, GError **error)
{
    GPtrArray *fired = *(GPtrArray **)member = g_ptr_array_new_with_free_func(fault_check_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        FaultCheck *check = g_new0(FaultCheck, 1);

        g_ptr_array_add(fired, check);
        check->name = g_strdup(yaml_node_key_text(node, i));
        if (!read_count(yaml_node_item(node, i), &check->fired, error)) {
            return false;
        }
    }
    return true;
}

static const YamlField dmesg_fields[] = {
    { "none-of", YAML_TYPE_CUSTOM, offsetof(DmesgCheck, none_of), .read = read_patterns },
    { "some-of", YAML_TYPE_CUSTOM, offsetof(DmesgCheck, some_of), .read = read_patterns },
    { NULL },
};

static bool read_dmesg(const YamlNode *node, void *member, GError **error)
{
    return yaml_node_read(node, dmesg_fields, member, error);
}

static const YamlField deadline_fields[] = {
    { "scenario", YAML_TYPE_DURATION, offsetof(Deadlines, scenario) },
    { "step", YAML_TYPE_DURATION, offsetof(Deadlines, step) },
    { "silence", YAML_TYPE_DURATION, offsetof(Deadlines, silence) },
    { NULL },
};

static bool read_deadline(const YamlNode *node, void *member, GError **error)
{
    return yaml_node_read(node, deadline_fields, member, error);
}

/* NAME: VALUE, as the drive takes NAME=VALUE. */
static bool read_settings(const YamlNode *node, void *member, GError **error)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(node); i++) {
        const char *value = yaml_node_text(yaml_node_item(node, i), error);

        if (!value) {
            return false;
        }
        g_ptr_array_add(settings, g_strdup_printf("%s=%s", yaml_node_key_text(node, i), value));
    }
    g_ptr_array_add(settings, NULL);
    *(char ***)member = (char **)g_ptr_array_free(g_steal_pointer(&settings), FALSE);
    return true;
}

static const YamlField tape_config_fields[] = {
    { "model", YAML_TYPE_TEXT, offsetof(TapeConfig, model) },
    { "set", YAML_TYPE_CUSTOM, offsetof(TapeConfig, settings), .read = read_settings },
    { "format", YAML_TYPE_TEXT, offsetof(TapeConfig, format) },
    { "capacity", YAML_TYPE_SIZE, offsetof(TapeConfig, capacity) },
    { "early-warning", YAML_TYPE_SIZE, offsetof(TapeConfig, early_warning) },
    { NULL },
};

/* The suffix decides: with one that no format has, the cartridge would quietly be a native one. */
static bool is_suffix(const char *format)
{
    const MediumFormat *const *f;

    for (f = medium_formats(); *f; f++) {
        g_auto(GStrv) suffixes = g_strsplit((*f)->suffixes ? (*f)->suffixes : "", " ", -1);
        char **suffix;

        for (suffix = suffixes; *suffix; suffix++) {
            if (**suffix == '.' && g_str_equal(*suffix + 1, format)) {
                return true;
            }
        }
    }
    return false;
}

static bool read_tape_config(const YamlNode *node, void *member, GError **error)
{
    const TapeConfig *tape = member;
    g_autofree char *shown = NULL;

    if (!yaml_node_read(node, tape_config_fields, member, error)) {
        return false;
    }
    if (!tape->format || is_suffix(tape->format)) {
        return true;
    }
    shown = text_quote(tape->format);
    return yaml_node_refuse(yaml_node_get(node, "format"), error,
                            "no image format has the suffix %s", shown);
}

/* ---- the whole ---- */

static const YamlField expect_fields[] = {
    { "outcome", YAML_TYPE_CUSTOM, offsetof(Expectation, outcomes), .read = read_outcomes },
    { "complaint", YAML_TYPE_CUSTOM, offsetof(Expectation, complaints), .read = read_complaints },
    { "tape", YAML_TYPE_CUSTOM, offsetof(Expectation, tape), .read = read_tape },
    { "stamps", YAML_TYPE_CUSTOM, offsetof(Expectation, stamps), .read = read_stamps },
    { "tar", YAML_TYPE_CUSTOM, offsetof(Expectation, tar), .read = read_tar },
    { "dump", YAML_TYPE_CUSTOM, offsetof(Expectation, dump), .read = read_dump },
    { "mtf", YAML_TYPE_CUSTOM, offsetof(Expectation, mtf), .read = read_mtf },
    { "faults-fired", YAML_TYPE_CUSTOM, offsetof(Expectation, fired), .read = read_fired },
    { "clean", YAML_TYPE_BOOL, offsetof(Expectation, clean) },
    { "dmesg", YAML_TYPE_CUSTOM, offsetof(Expectation, dmesg), .read = read_dmesg },
    { NULL },
};

static bool read_expect(const YamlNode *node, void *member, GError **error)
{
    return yaml_node_read(node, expect_fields, member, error);
}

/* The plan's text; the drive itself says what is wrong with it. */
static bool read_faults(const YamlNode *node, void *member, GError **error)
{
    GString *text;
    size_t i;

    if (!yaml_node_is(node, YAML_KIND_LIST, error)) {
        return false;
    }
    text = g_string_new(NULL);
    for (i = 0; i < yaml_node_length(node); i++) {
        g_string_append(text, "- ");
        yaml_node_print(yaml_node_item(node, i), text);
        g_string_append_c(text, '\n');
    }
    *(char **)member = g_string_free(text, text->len == 0);
    return true;
}

/* The axes are read before the rest, by expand(). */
static bool read_elsewhere(const YamlNode *node, void *member, GError **error)
{
    return true;
}

/* It names a directory as well. */
static bool read_name(const YamlNode *node, void *member, GError **error)
{
    const char *text = yaml_node_text(node, error);

    if (!text) {
        return false;
    }
    if (!g_ascii_isalnum(text[0]) || strlen(text) > 60) {
        return yaml_node_refuse(node, error,
                                "a name begins with a letter or digit and has at most 60");
    }
    g_free(*(char **)member);
    *(char **)member = g_strdup(text);
    return true;
}

static const char *const starts[] = { "restored", "cold", NULL };

static const YamlField scenario_fields[] = {
    { "name", YAML_TYPE_CUSTOM, offsetof(Scenario, name), .required = true, .read = read_name },
    { "about", YAML_TYPE_TEXT, offsetof(Scenario, about), .required = true },
    { "guest", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "seed", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "vary", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { "memory", YAML_TYPE_INTEGER, offsetof(Scenario, memory), .min = 128, .max = 65536 },
    { "start", YAML_TYPE_CHOICE, offsetof(Scenario, start), .words = starts },
    { "tape", YAML_TYPE_CUSTOM, offsetof(Scenario, tape), .read = read_tape_config },
    { "faults", YAML_TYPE_CUSTOM, offsetof(Scenario, faults), .read = read_faults },
    { "steps", YAML_TYPE_CUSTOM, offsetof(Scenario, steps), .read = read_steps },
    { "expect", YAML_TYPE_CUSTOM, offsetof(Scenario, expect), .read = read_expect },
    { "deadline", YAML_TYPE_CUSTOM, offsetof(Scenario, deadline), .read = read_deadline },
    { "selfcheck", YAML_TYPE_CUSTOM, 0, .read = read_elsewhere },
    { NULL },
};

static Scenario *scenario_new(const char *path)
{
    static const char *const oops[] = { "BUG:",        "WARNING: ",    "Oops",
                                        "Call Trace:", "Kernel panic", "blocked for more than",
                                        NULL };
    Scenario *s = g_new0(Scenario, 1);

    s->path = g_strdup(path);
    s->memory = 256;
    s->seed = 1;
    s->expect.outcomes = 1u << VERDICT_INTACT;
    s->expect.clean = true;
    s->expect.dmesg.none_of = g_strdupv((char **)oops);
    s->deadline = (Deadlines){ SECONDS(300), SECONDS(60), SECONDS(20) };
    return s;
}

/* The key of its subject is read into `plan`; those of other subjects are left to check_subject().
 */
static bool read_scenario(const YamlNode *root, Scenario *scenario, GError **error)
{
    YamlField fields[G_N_ELEMENTS(scenario_fields) + N_SUBJECTS];
    size_t i, n = G_N_ELEMENTS(scenario_fields) - 1;

    memcpy(fields, scenario_fields, sizeof scenario_fields);
    for (i = 0; i < N_SUBJECTS; i++) {
        const Subject *subject = subjects()[i];

        if (subject->key) {
            fields[n++] = (YamlField){ subject->key, YAML_TYPE_CUSTOM, offsetof(Scenario, plan),
                                       .read = subject == subject_of(scenario) ? subject->read
                                                                               : read_elsewhere };
        }
    }
    fields[n] = (YamlField){ NULL };
    return yaml_node_read(root, fields, scenario, error);
}

/* The subject whose key is in the file, although the scenario is for another. NULL: none. */
static const Subject *other_subject(const YamlNode *root, const Scenario *scenario)
{
    size_t i;

    for (i = 0; i < N_SUBJECTS; i++) {
        const Subject *subject = subjects()[i];

        if (subject != subject_of(scenario) && subject->key && yaml_node_get(root, subject->key)) {
            return subject;
        }
    }
    return NULL;
}

/* Are the keys in the file those of its subject? */
static bool check_subject(const YamlNode *root, const Scenario *scenario, GError **error)
{
    const Subject *subject = subject_of(scenario);
    const Subject *other = other_subject(root, scenario);
    const YamlNode *expect = yaml_node_get(root, "expect");
    bool complete = subject->key ? scenario->plan != NULL : scenario->steps != NULL;

    return (!subject->keys || yaml_node_only(root, subject->keys, error)) &&
           (!other || yaml_node_refuse(yaml_node_get(root, other->key), error,
                                       "the guest '%s' is no %s: write guest: %s",
                                       scenario->guest->name, other->name, other->kinds[0].name)) &&
           (!expect || !subject->expect_keys ||
            yaml_node_only(expect, subject->expect_keys, error)) &&
           (complete || yaml_node_refuse(root, error, "the key '%s' is missing",
                                         subject->key ? subject->key : "steps")) &&
           (!subject->check || subject->check(scenario, root, error));
}

/* ---- what only the drive can judge ---- */

/* The plan was printed a rule a line, those of `more` last: its error's line is the rule's number.
 */
static const YamlNode *rule_at(const YamlNode *faults, const YamlNode *more, size_t line)
{
    size_t n = faults ? yaml_node_length(faults) : 0;

    if (line >= 1 && line <= n) {
        return yaml_node_item(faults, line - 1);
    }
    if (more && line > n && line <= n + yaml_node_length(more)) {
        return yaml_node_item(more, line - n - 1);
    }
    return more ? more : faults;
}

static bool check_faults(const YamlNode *faults, const YamlNode *more, const char *plan,
                         const ScenarioChecks *checks, GError **error)
{
    static const char name[] = "faults:";
    g_autoptr(GError) why = NULL;
    const char *words;
    size_t line = 0;

    if (checks->faults("faults", plan, strlen(plan), &why)) {
        return true;
    }
    words = why->message;
    if (g_str_has_prefix(words, name)) {
        line = (size_t)g_ascii_strtoull(words + strlen(name), NULL, 10);
        words = strstr(words, ": ") ? strstr(words, ": ") + 2 : words;
    }
    return yaml_node_refuse(rule_at(faults, more, line), error, "%s", words);
}

static bool check_drive(const YamlNode *root, const Scenario *scenario,
                        const ScenarioOptions *options, GError **error)
{
    const ScenarioChecks *checks = options ? options->checks : NULL;
    const YamlNode *tape = yaml_node_get(root, "tape");
    g_autoptr(GError) why = NULL;
    int wrong = -1;

    if (checks && (scenario->tape.model || scenario->tape.settings) &&
        !checks->model(scenario->tape.model, scenario->tape.settings, &wrong, &why)) {
        const YamlNode *set = yaml_node_get(tape, "set");
        const YamlNode *model = yaml_node_get(tape, "model");

        return yaml_node_refuse(wrong >= 0 ? yaml_node_item(set, (size_t)wrong)
                                           : (model ? model : set),
                                error, "%s", why->message);
    }
    return !checks || !scenario->faults ||
           check_faults(yaml_node_get(root, "faults"), NULL, scenario->faults, checks, error);
}

/* ---- bad drivers ---- */

/* What must turn the scenario red: more faults, another guest, other values of its axes, or that
 * nothing is seen of the scenario's own faults. */
typedef struct BadDriver {
    char *name;
    char *faults;         /* NULL: none */
    char *guest;          /* NULL: the scenario's own */
    const YamlNode *vary; /* NULL: the first value of each axis */
    bool hides;           /* it is as if the scenario had no faults */
    Acted *acted;         /* NULL: it does not say that it did */
    unsigned outcomes;
    GPtrArray *complaints; /* of Complaint; NULL: any counts */
} BadDriver;

static bool read_node(const YamlNode *node, void *out, GError **error)
{
    *(const YamlNode **)out = node;
    return yaml_node_is(node, YAML_KIND_MAP, error);
}

static const YamlField acted_fields[] = {
    { "step", YAML_TYPE_INTEGER, offsetof(Acted, step), .min = 1, .max = 100000 },
    { "text", YAML_TYPE_CUSTOM, offsetof(Acted, text), .read = read_pattern },
    { "dmesg", YAML_TYPE_CUSTOM, offsetof(Acted, dmesg), .read = read_pattern },
    { NULL },
};

static bool read_acted(const YamlNode *node, void *member, GError **error)
{
    Acted *acted = *(Acted **)member = g_new0(Acted, 1);

    if (!yaml_node_read(node, acted_fields, acted, error)) {
        return false;
    }
    return (!acted->text == !acted->dmesg || (acted->step && !acted->text))
               ? yaml_node_refuse(node, error,
                                  "it is known by a 'text' of some step, or from 'dmesg'")
               : true;
}

static const YamlField bad_fields[] = {
    { "bad", YAML_TYPE_CUSTOM, offsetof(BadDriver, name), .required = true, .read = read_name },
    { "faults", YAML_TYPE_CUSTOM, offsetof(BadDriver, faults), .read = read_faults },
    { "guest", YAML_TYPE_TEXT, offsetof(BadDriver, guest) },
    { "vary", YAML_TYPE_CUSTOM, offsetof(BadDriver, vary), .read = read_node },
    { "hides-faults", YAML_TYPE_BOOL, offsetof(BadDriver, hides) },
    { "acted", YAML_TYPE_CUSTOM, offsetof(BadDriver, acted), .read = read_acted },
    { "outcome", YAML_TYPE_CUSTOM, offsetof(BadDriver, outcomes), .required = true,
      .read = read_outcomes },
    { "complaint", YAML_TYPE_CUSTOM, offsetof(BadDriver, complaints), .read = read_complaints },
    { NULL },
};

static void bad_driver_clear(BadDriver *bad)
{
    g_free(bad->name);
    g_free(bad->faults);
    g_free(bad->guest);
    g_clear_pointer(&bad->acted, acted_free);
    g_clear_pointer(&bad->complaints, g_ptr_array_unref);
}

/* Without its faults, and without what they alone would leave. */
static void hide_faults(Scenario *scenario)
{
    g_clear_pointer(&scenario->faults, g_free);
    g_clear_pointer(&scenario->expect.fired, g_ptr_array_unref);
    g_clear_pointer(&scenario->expect.dmesg.some_of, g_strfreev);
}

/* How it is known of each bad driver of `list` that it acted. NULL: an error. */
static GPtrArray *read_acts(const YamlNode *list, GError **error)
{
    g_autoptr(GPtrArray) acts = g_ptr_array_new_with_free_func(acted_free);
    size_t i;

    if (!yaml_node_is(list, YAML_KIND_LIST, error)) {
        return NULL;
    }
    for (i = 0; i < yaml_node_length(list); i++) {
        const YamlNode *node = yaml_node_get(yaml_node_item(list, i), "acted");
        Acted *acted = NULL;

        if (node) {
            bool fine = read_acted(node, &acted, error);

            g_ptr_array_add(acts, acted);
            if (!fine) {
                return NULL;
            }
        }
    }
    return g_steal_pointer(&acts);
}

/* The runner cannot see what a `vary` value did inside the guest, so its output has to say so. */
static bool check_acted(const YamlNode *node, const Scenario *scenario, const BadDriver *bad,
                        GError **error)
{
    if (!subject_of(scenario)->names_driver && bad->vary && !bad->acted) {
        return yaml_node_refuse(yaml_node_get(node, "vary"), error,
                                "say in 'acted' by what it is known that it did something");
    }
    if (bad->acted && bad->acted->step > scenario->steps->len) {
        return yaml_node_refuse(yaml_node_get(yaml_node_get(node, "acted"), "step"), error,
                                "there are %u steps", scenario->steps->len);
    }
    if (bad->acted && bad->acted->step > 0 &&
        ((const Step *)scenario->steps->pdata[bad->acted->step - 1])->kind == STEP_HOST) {
        return yaml_node_refuse(yaml_node_get(yaml_node_get(node, "acted"), "step"), error,
                                "step %" G_GINT64_FORMAT " is done from outside, and says nothing",
                                bad->acted->step);
    }
    return true;
}

/* Makes a scenario, which stands for the good driver, one for the bad. */
static bool turn_bad(Scenario *scenario, const YamlNode *root, const YamlNode *node, BadDriver *bad,
                     const ScenarioOptions *options, GError **error)
{
    const ScenarioChecks *checks = options ? options->checks : NULL;
    const YamlNode *own = bad->hides ? NULL : yaml_node_get(root, "faults");
    char *about = g_strdup_printf("red under %s: %s", bad->name, scenario->about);
    g_autoptr(GError) why = NULL;
    const GuestKind *kind;

    g_free(scenario->about);
    scenario->about = about;
    scenario->bad = g_strdup(bad->name);
    if (!bad->faults && !bad->guest && !bad->vary && !bad->hides) {
        return yaml_node_refuse(node, error,
                                "a bad driver is made by 'faults', by a 'guest', by 'vary', or by "
                                "'hides-faults'");
    }
    if (bad->hides && !scenario->faults) {
        return yaml_node_refuse(yaml_node_get(node, "hides-faults"), error,
                                "the scenario has no faults");
    }
    if (bad->hides) {
        hide_faults(scenario);
    }
    if (bad->faults) {
        char *faults = g_strconcat(scenario->faults ? scenario->faults : "", bad->faults, NULL);

        g_free(scenario->faults);
        scenario->faults = faults;
    }
    if (subject_of(scenario)->names_driver &&
        (bad->faults || bad->guest || bad->acted || bad->complaints)) {
        return yaml_node_refuse(node, error, "a %s's bad driver is made by 'vary' alone",
                                subject_of(scenario)->name);
    }
    if (!check_acted(node, scenario, bad, error)) {
        return false;
    }
    if (bad->outcomes & scenario->expect.outcomes) {
        return yaml_node_refuse(yaml_node_get(node, "outcome"), error,
                                "the good driver may come to this, so it proves nothing");
    }
    scenario->acted = g_steal_pointer(&bad->acted);
    scenario->expect.outcomes = bad->outcomes;
    /* The case may end before the kernel has anything to say. */
    g_clear_pointer(&scenario->expect.dmesg.some_of, g_strfreev);
    g_clear_pointer(&scenario->expect.complaints, g_ptr_array_unref);
    scenario->expect.complaints = g_steal_pointer(&bad->complaints);
    if (!check_complaints(node, scenario, error)) {
        return false;
    }
    kind = bad->guest ? subject_kind_by_name(bad->guest, &why) : scenario->guest;
    if (!kind) {
        return yaml_node_refuse(yaml_node_get(node, "guest"), error, "%s", why->message);
    }
    if (kind->subject->key != subject_of(scenario)->key) {
        return yaml_node_refuse(yaml_node_get(node, "guest"), error, "a %s has no %s to do",
                                kind->subject->name,
                                scenario->plan ? subject_of(scenario)->key : "steps");
    }
    scenario->guest = kind;
    return !checks || !bad->faults ||
           check_faults(own, yaml_node_get(node, "faults"), scenario->faults, checks, error);
}

/* ---- the matrix ---- */

#define AXES_MAX 8

typedef struct Axis {
    const char *name;
    GPtrArray *values; /* of const char *, borrowed from the file */
} Axis;

static void axes_clear(Axis *axes)
{
    size_t i;

    for (i = 0; i < AXES_MAX; i++) {
        g_clear_pointer(&axes[i].values, g_ptr_array_unref);
    }
}

/* The value of each axis in a combination. */
static void values_at(const Axis *axes, const size_t *at, size_t n, const char **values)
{
    size_t i;

    for (i = 0; i < n; i++) {
        values[i] = axes[i].values->pdata[at[i]];
    }
}

/* The axis whose name in angle brackets begins the text; n: none. */
static size_t axis_at(const char *text, const Axis *axes, size_t n)
{
    size_t i, length;

    for (i = 0; i < n; i++) {
        length = strlen(axes[i].name);
        if (text[0] == '<' && strncmp(text + 1, axes[i].name, length) == 0 &&
            text[1 + length] == '>') {
            return i;
        }
    }
    return n;
}

/* The values where <name> stands. More than a file may hold is cut: that is refused by its reader.
 */
static char *substituted(const char *text, const Axis *axes, const char *const *values, size_t n)
{
    GString *result = g_string_new(NULL);

    while (*text && result->len <= YAML_FILE_MAX) {
        size_t plain = *text == '<' ? 0 : strcspn(text, "<");
        size_t axis = axis_at(text, axes, n);

        if (axis < n) {
            g_string_append(result, values[axis]);
            text += strlen(axes[axis].name) + 2;
        } else {
            plain = MAX(plain, 1);
            g_string_append_len(result, text, (gssize)plain);
            text += plain;
        }
    }
    return g_string_free(result, FALSE);
}

static char *variant_name(const Axis *axes, const char *const *values, size_t n)
{
    GString *name = g_string_new(NULL);
    size_t i;

    for (i = 0; i < n; i++) {
        g_string_append_printf(name, "%s%s=%s", i > 0 ? "." : "", axes[i].name, values[i]);
    }
    return g_string_free(name, FALSE);
}

/* Reads `vary` into `axes`, which the caller clears. */
static bool read_axes(const YamlNode *vary, Axis *axes, size_t *n, GError **error)
{
    size_t i, j;

    *n = 0;
    if (!vary) {
        return true;
    }
    if (!yaml_node_is(vary, YAML_KIND_MAP, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(vary); i++) {
        const YamlNode *values = yaml_node_item(vary, i);
        Axis *axis = &axes[*n];

        if (*n == AXES_MAX) {
            return yaml_node_refuse(values, error, "more than %d axes", AXES_MAX);
        }
        if (many(values) == 0) {
            return yaml_node_refuse(values, error, "an axis without values");
        }
        *axis = (Axis){ yaml_node_key_text(vary, i), g_ptr_array_new() };
        (*n)++;
        for (j = 0; j < many(values); j++) {
            const char *text = yaml_node_text(one_of(values, j), error);

            if (!text) {
                return false;
            }
            g_ptr_array_add(axis->values, (void *)text);
        }
    }
    return true;
}

static bool read_seeds(const YamlNode *node, GArray *seeds, GError **error)
{
    static const char *const keys[] = { "from", "count", NULL };
    int64_t from = 1, count = 1, i;

    if (node && yaml_node_kind(node) == YAML_KIND_MAP) {
        const YamlNode *first = yaml_node_get(node, "from");
        const YamlNode *number = yaml_node_get(node, "count");

        if (!yaml_node_only(node, keys, error) ||
            (first && !yaml_node_integer(first, 0, G_MAXINT32, &from, error)) ||
            (number && !yaml_node_integer(number, 1, CASES_MAX, &count, error))) {
            return false;
        }
    }
    for (i = 0; i < (node && yaml_node_kind(node) != YAML_KIND_MAP ? (int64_t)many(node) : count);
         i++) {
        int64_t seed = from + i;

        if (node && yaml_node_kind(node) != YAML_KIND_MAP &&
            !yaml_node_integer(one_of(node, (size_t)i), 0, G_MAXINT64, &seed, error)) {
            return false;
        }
        g_array_append_val(seeds, seed);
    }
    return true;
}

static bool read_guests(const YamlNode *node, GPtrArray *guests, GError **error)
{
    size_t i;

    for (i = 0; node && i < many(node); i++) {
        const char *name = yaml_node_text(one_of(node, i), error);
        g_autoptr(GError) why = NULL;
        const GuestKind *kind = name ? subject_kind_by_name(name, &why) : NULL;

        if (!kind) {
            return name && yaml_node_refuse(one_of(node, i), error, "%s", why->message);
        }
        g_ptr_array_add(guests, (void *)kind);
    }
    if (!node) {
        g_ptr_array_add(guests, (void *)subject_kind_at(0));
    }
    return true;
}

/* A file that drops out of a run without a word would be taken for one that passed. */
static bool leaves_cases(const YamlNode *axis, GError **error)
{
    return !axis || many(axis) > 0 || yaml_node_refuse(axis, error, "an empty list leaves no case");
}

/* The file with its axes, before any value is in its place. */
typedef struct Matrix {
    const char *path;
    const char *text;
    const Axis *axes;
    size_t n;
    uint64_t *reading; /* bytes read so far, of READING_MAX */
} Matrix;

/* Counts one more reading of `length` bytes. */
static bool reading_left(const Matrix *matrix, size_t length, GError **error)
{
    *matrix->reading += length;
    return *matrix->reading <= READING_MAX ||
           usbtape_input_error(error,
                               "%s:1:1: too many cases for a file of this size: split it, so that "
                               "cases times bytes are below %u MiB",
                               matrix->path, READING_MAX >> 20);
}

/* One combination of the axes, as a file. */
static YamlFile *matrix_file(const Matrix *matrix, const char *text, GError **error)
{
    size_t length = strlen(text);

    return reading_left(matrix, length, error) ? yaml_file_parse(matrix->path, text, length, error)
                                               : NULL;
}

/* What a bad driver gives the axes, and the first values of the others. */
static bool bad_values(const Matrix *matrix, const YamlNode *vary, const char **values,
                       GError **error)
{
    const size_t first[AXES_MAX] = { 0 };
    size_t i, j;

    values_at(matrix->axes, first, matrix->n, values);
    for (i = 0; vary && i < yaml_node_length(vary); i++) {
        const char *name = yaml_node_key_text(vary, i);

        for (j = 0; j < matrix->n && !g_str_equal(matrix->axes[j].name, name); j++) {
        }
        if (j == matrix->n) {
            return yaml_node_refuse(yaml_node_key(vary, i), error, "the scenario has no axis '%s'",
                                    name);
        }
        values[j] = yaml_node_text(yaml_node_item(vary, i), error);
        if (!values[j]) {
            return false;
        }
    }
    return true;
}

/* The values of a bad driver may change anything but the subject of the scenario. */
static bool check_same_subject(const YamlNode *root, const Scenario *good, const Scenario *bad,
                               const YamlNode *node, GError **error)
{
    const char *key = subject_of(good)->key;

    return (!good->plan == !bad->plan && !good->steps == !bad->steps &&
            !other_subject(root, bad)) ||
           yaml_node_refuse(node, error, "with these values the scenario has no '%s' alone",
                            key ? key : "steps");
}

/* `good`'s case, and its seeds, under one bad driver. */
static Scenario *bad_case(const Matrix *matrix, const YamlNode *node, const Scenario *good,
                          const GArray *seeds, const ScenarioOptions *options, GError **error)
{
    g_autoptr(Scenario) scenario = scenario_new(good->path);
    g_autoptr(YamlFile) file = NULL;
    g_autofree char *text = NULL;
    const char *values[AXES_MAX];
    BadDriver bad = { 0 };
    bool fine = yaml_node_read(node, bad_fields, &bad, error) &&
                bad_values(matrix, bad.vary, values, error);

    scenario->guest = good->guest;
    scenario->seed = good->seed;
    if (fine) {
        scenario->variant = variant_name(matrix->axes, values, matrix->n);
        text = substituted(matrix->text, matrix->axes, values, matrix->n);
        file = matrix_file(matrix, text, error);
    }
    fine = file && read_scenario(yaml_file_root(file), scenario, error) &&
           check_same_subject(yaml_file_root(file), good, scenario, node, error);
    if (fine && subject_of(scenario)->take_seeds) {
        subject_of(scenario)->take_seeds(scenario, seeds);
    }
    fine = fine && turn_bad(scenario, yaml_file_root(file), node, &bad, options, error);
    bad_driver_clear(&bad);
    return fine ? g_steal_pointer(&scenario) : NULL;
}

/* A case for each bad driver that the file names. */
static bool add_bad(const Matrix *matrix, const YamlNode *root, const Scenario *good,
                    const GArray *seeds, const ScenarioOptions *options, GPtrArray *cases,
                    GError **error)
{
    const YamlNode *list = yaml_node_get(root, "selfcheck");
    size_t i;

    if (!list) {
        return true;
    }
    if (!yaml_node_is(list, YAML_KIND_LIST, error)) {
        return false;
    }
    for (i = 0; i < yaml_node_length(list); i++) {
        g_autoptr(Scenario) scenario =
            bad_case(matrix, yaml_node_item(list, i), good, seeds, options, error);

        if (!scenario) {
            return false;
        }
        if (options && options->selfcheck) {
            g_ptr_array_add(cases, g_steal_pointer(&scenario));
        }
    }
    return true;
}

/* The cases of one combination of the axes: guests × seeds. */
static bool expand(const Matrix *matrix, const char *text, const char *variant,
                   const ScenarioOptions *options, GPtrArray *cases, GError **error)
{
    g_autoptr(YamlFile) file = matrix_file(matrix, text, error);
    g_autoptr(GPtrArray) guests = g_ptr_array_new();
    g_autoptr(GArray) seeds = g_array_new(FALSE, FALSE, sizeof(int64_t));
    const YamlNode *root = file ? yaml_file_root(file) : NULL;
    const SeedRange *range = options ? options->seeds : NULL;
    const YamlNode *list = root ? yaml_node_get(root, "selfcheck") : NULL;
    g_autoptr(GPtrArray) unsaid = NULL;
    bool first = cases->len == 0;
    guint g, s;

    if (!root || !yaml_node_is(root, YAML_KIND_MAP, error) ||
        !leaves_cases(yaml_node_get(root, "guest"), error) ||
        !leaves_cases(yaml_node_get(root, "seed"), error) ||
        !read_guests(yaml_node_get(root, "guest"), guests, error) ||
        !read_seeds(yaml_node_get(root, "seed"), seeds, error)) {
        return false;
    }
    if (list && options && options->selfcheck && !(unsaid = read_acts(list, error))) {
        return false;
    }
    if (range) {
        g_array_set_size(seeds, 0);
        for (s = 0; s <= range->to - range->from; s++) {
            int64_t seed = (int64_t)(range->from + s);

            g_array_append_val(seeds, seed);
        }
    }
    for (g = 0; g < guests->len; g++) {
        const Subject *subject = ((const GuestKind *)guests->pdata[g])->subject;

        for (s = 0; s < (subject->take_seeds ? 1 : seeds->len); s++) {
            Scenario *scenario;

            /* Seeds of the command line are not the file's doing. */
            if (!range && !reading_left(matrix, strlen(text) + strlen(variant), error)) {
                return false;
            }
            scenario = scenario_new(matrix->path);
            g_ptr_array_add(cases, scenario);
            scenario->guest = guests->pdata[g];
            scenario->seed = (uint64_t)g_array_index(seeds, int64_t, s);
            scenario->variant = g_strdup(variant);
            scenario->has_bad = list && yaml_node_length(list) > 0;
            scenario->unsaid = unsaid ? g_ptr_array_ref(unsaid) : NULL;
            if (!read_scenario(root, scenario, error) || !check_subject(root, scenario, error) ||
                !check_complaints(yaml_node_get(root, "expect"), scenario, error) ||
                (g == 0 && s == 0 && !check_drive(root, scenario, options, error))) {
                return false;
            }
            if (subject->take_seeds) {
                subject->take_seeds(scenario, seeds);
            }
            if (cases->len > CASES_MAX) {
                return yaml_node_refuse(root, error, "more than %u cases", CASES_MAX);
            }
        }
    }
    /* Red once is red: under one combination of the axes. */
    return !first || add_bad(matrix, root, cases->pdata[0], seeds, options, cases, error);
}

/* Counts up as a clock does, the last axis fastest; false when it has gone round. */
static bool next_combination(const Axis *axes, size_t *at, size_t n)
{
    while (n-- > 0) {
        if (++at[n] < axes[n].values->len) {
            return true;
        }
        at[n] = 0;
    }
    return false;
}

/*
 * The text without the values of its axes, which have been read, and which are not to be read anew
 * for each of them: that would take the square of their number. Every other line keeps its number.
 * NULL: they do not stand on lines of their own.
 */
static char *without_axes(const YamlNode *root, const char *text)
{
    const char *end = text + strlen(text), *c;
    GString *rest;
    const char *first = NULL;
    size_t key;

    for (key = 0; key < yaml_node_length(root); key++) {
        if (first || g_str_equal(yaml_node_key_text(root, key), "vary")) {
            /* It is searched for from the start: for two keys, not for each. */
            c = g_utf8_offset_to_pointer(text, (glong)yaml_node_offset(yaml_node_key(root, key)));
            /* A key of a map in blocks begins a line, unless it is written "? key". */
            if (yaml_node_in_flow(root) || (c > text && c[-1] != '\n')) {
                return NULL;
            }
            if (first) {
                end = c;
                break;
            }
            first = c;
        }
    }
    if (!first) {
        return NULL;
    }
    rest = g_string_new_len(text, first - text);
    for (c = first; c < end; c++) {
        if (*c == '\n') {
            g_string_append_c(rest, '\n');
        }
    }
    g_string_append(rest, end);
    return g_string_free(rest, FALSE);
}

static bool parse_cases(const char *path, const char *text, const YamlNode *root, Axis *axes,
                        const ScenarioOptions *options, GPtrArray *cases, GError **error)
{
    g_autofree char *template = NULL;
    size_t at[AXES_MAX] = { 0 };
    uint64_t reading = 0;
    Matrix matrix = { path, NULL, axes, 0, &reading };

    if (!yaml_node_is(root, YAML_KIND_MAP, error) ||
        !read_axes(yaml_node_get(root, "vary"), axes, &matrix.n, error)) {
        return false;
    }
    template = without_axes(root, text);
    matrix.text = template ? template : text;
    do {
        const char *values[AXES_MAX];
        g_autofree char *filled = NULL;
        g_autofree char *variant = NULL;

        values_at(axes, at, matrix.n, values);
        filled = substituted(matrix.text, axes, values, matrix.n);
        variant = variant_name(axes, values, matrix.n);
        if (!expand(&matrix, filled, variant, options, cases, error)) {
            return false;
        }
    } while (next_combination(axes, at, matrix.n));
    return true;
}

GPtrArray *scenario_parse(const char *path, const char *text, size_t length,
                          const ScenarioOptions *options, GError **error)
{
    g_autoptr(YamlFile) file = yaml_file_parse(path, text, length, error);
    g_autoptr(GPtrArray) cases =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))scenario_free);
    size_t mark = yaml_skip_order_mark(text, length);
    g_autofree char *whole = g_strndup(text + mark, length - mark);
    Axis axes[AXES_MAX] = { { NULL } };
    bool good = file && parse_cases(path, whole, yaml_file_root(file), axes, options, cases, error);

    axes_clear(axes);
    return good ? g_steal_pointer(&cases) : NULL;
}

GPtrArray *scenario_load(const char *path, const ScenarioOptions *options, GError **error)
{
    g_autofree char *text = NULL;
    size_t length;
    g_autoptr(YamlFile) file = yaml_file_load(path, error); /* bounds it, and names what is wrong */

    if (!file) {
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, error)) {
        return NULL;
    }
    return scenario_parse(path, text, length, options, error);
}

bool scenario_parse_seeds(const char *text, SeedRange *seeds, GError **error)
{
    g_auto(GStrv) ends = g_strsplit(text, "..", 2);
    guint64 from = 0, to = 0;
    bool good =
        ends[0] && g_ascii_string_to_unsigned(ends[0], 10, 0, G_MAXUINT64, &from, NULL) &&
        g_ascii_string_to_unsigned(ends[1] ? ends[1] : ends[0], 10, 0, G_MAXUINT64, &to, NULL);

    *seeds = (SeedRange){ from, to };
    if (good && from <= to && to - from < CASES_MAX) {
        return true;
    }
    return usbtape_input_error(error,
                               "--seed '%s': write a number from 0 to 18446744073709551615, or a "
                               "range of at most %u of them, such as 1..20",
                               text, CASES_MAX);
}

/* ---- names ---- */

const char *scenario_note(const Scenario *s)
{
    const Subject *subject = s->guest ? subject_of(s) : NULL;

    return subject && subject->note ? subject->note(s) : NULL;
}

char *scenario_case_name(const Scenario *s)
{
    GString *name = g_string_new(s->name);

    if (*s->variant) {
        g_string_append_printf(name, ".%s", s->variant);
    }
    if (!subject_kind_is_default(s->guest)) {
        g_string_append_printf(name, ".%s", s->guest->name);
    }
    if (s->seed != 1 && !subject_of(s)->take_seeds) {
        g_string_append_printf(name, ".seed=%" G_GUINT64_FORMAT, s->seed);
    }
    if (s->bad) {
        g_string_append_printf(name, ".bad=%s", s->bad);
    }
    /* It names a directory, too. */
    return g_strcanon(g_string_free(name, FALSE),
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.=_+-", '_');
}

char *scenario_case_id(const Scenario *s)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head =
        g_strdup_printf("%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s\n", s->name, s->variant,
                        s->guest->name, s->seed, s->bad ? s->bad : "");
    g_autofree char *text = NULL;
    size_t length = 0;

    g_checksum_update(sum, (const guchar *)head, -1);
    if (g_file_get_contents(s->path, &text, &length, NULL)) {
        g_checksum_update(sum, (const guchar *)text, (gssize)length);
    }
    return g_strdup(g_checksum_get_string(sum));
}
