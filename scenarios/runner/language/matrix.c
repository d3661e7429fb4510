/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of a file: axes × guests × seeds, and one for each bad driver. */
#include "emu/base/error.h"
#include "scenarios/runner/language/axes.h"
#include "scenarios/runner/language/bad-driver.h"
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/language/keys.h"
#include "scenarios/runner/language/values.h"

#include <string.h>

#define CASES_MAX 10000u

/*
 * Each case and each combination of axes reads the whole file again: so many bytes at most for one
 * file, which takes half a second.
 */
#define READING_MAX (16u * 1024 * 1024)

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
    for (i = 0;
         i < (node && yaml_node_kind(node) != YAML_KIND_MAP ? (int64_t)value_count(node) : count);
         i++) {
        int64_t seed = from + i;

        if (node && yaml_node_kind(node) != YAML_KIND_MAP &&
            !yaml_node_integer(value_at(node, (size_t)i), 0, G_MAXINT64, &seed, error)) {
            return false;
        }
        g_array_append_val(seeds, seed);
    }
    return true;
}

static bool read_guests(const YamlNode *node, const char *usual, GPtrArray *guests, GError **error)
{
    size_t i;

    for (i = 0; node && i < value_count(node); i++) {
        const char *name = yaml_node_text(value_at(node, i), error);
        g_autoptr(GError) why = NULL;
        const GuestKind *kind = name ? subject_kind_by_name(name, &why) : NULL;

        if (!kind) {
            return name && yaml_node_refuse(value_at(node, i), error, "%s", why->message);
        }
        g_ptr_array_add(guests, (void *)kind);
    }
    if (!node) {
        const GuestKind *kind = subject_kind_by_name(usual, error);

        if (!kind) {
            return false;
        }
        g_ptr_array_add(guests, (void *)kind);
    }
    return true;
}

/* A file that drops out of a run without a word would be taken for one that passed. */
static bool leaves_cases(const YamlNode *axis, GError **error)
{
    return !axis || value_count(axis) > 0 ||
           yaml_node_refuse(axis, error, "an empty list leaves no case");
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
           usbtape_input_error(
               error,
               "%s:1:1: too value_count cases for a file of this size: split it, so that "
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

    axes_values(matrix->axes, first, matrix->n, values);
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
            !scenario_other_subject(root, bad)) ||
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
    bool fine = yaml_node_read(node, bad_driver_fields, &bad, error) &&
                bad_values(matrix, bad.vary, values, error);

    scenario->guest = good->guest;
    scenario->seed = good->seed;
    if (fine) {
        scenario->variant = axes_variant(matrix->axes, values, matrix->n);
        text = axes_substitute(matrix->text, matrix->axes, values, matrix->n);
        file = matrix_file(matrix, text, error);
    }
    fine = file && scenario_read(yaml_file_root(file), scenario, error) &&
           check_same_subject(yaml_file_root(file), good, scenario, node, error);
    if (fine && subject_of(scenario)->take_seeds) {
        subject_of(scenario)->take_seeds(scenario, seeds);
    }
    fine = fine && bad_driver_apply(scenario, yaml_file_root(file), node, &bad, options, error);
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
    const char *usual = options && options->guest ? options->guest : GUEST_DEFAULT;
    const YamlNode *list = root ? yaml_node_get(root, "selfcheck") : NULL;
    g_autoptr(GPtrArray) unsaid = NULL;
    bool first = cases->len == 0;
    guint g, s;

    if (!root || !yaml_node_is(root, YAML_KIND_MAP, error) ||
        !leaves_cases(yaml_node_get(root, "guest"), error) ||
        !leaves_cases(yaml_node_get(root, "seed"), error) ||
        !read_guests(yaml_node_get(root, "guest"), usual, guests, error) ||
        !read_seeds(yaml_node_get(root, "seed"), seeds, error)) {
        return false;
    }
    if (list && options && options->selfcheck && !(unsaid = bad_drivers_read_acts(list, error))) {
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
            if (!scenario_read(root, scenario, error) ||
                !scenario_check_subject(root, scenario, error) ||
                !expect_check_complaints(yaml_node_get(root, "expect"), &scenario->expect,
                                         scenario->steps ? scenario->steps->len : 0, error) ||
                (g == 0 && s == 0 && !scenario_check_drive(root, scenario, options, error))) {
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

static bool parse_cases(const char *path, const char *text, const YamlNode *root, Axis *axes,
                        const ScenarioOptions *options, GPtrArray *cases, GError **error)
{
    g_autofree char *template = NULL;
    size_t at[AXES_MAX] = { 0 };
    uint64_t reading = 0;
    Matrix matrix = { path, NULL, axes, 0, &reading };

    if (!yaml_node_is(root, YAML_KIND_MAP, error) ||
        !axes_read(yaml_node_get(root, "vary"), axes, &matrix.n, error)) {
        return false;
    }
    template = axes_cut(root, text);
    matrix.text = template ? template : text;
    do {
        const char *values[AXES_MAX];
        g_autofree char *filled = NULL;
        g_autofree char *variant = NULL;

        axes_values(axes, at, matrix.n, values);
        filled = axes_substitute(matrix.text, axes, values, matrix.n);
        variant = axes_variant(axes, values, matrix.n);
        if (!expand(&matrix, filled, variant, options, cases, error)) {
            return false;
        }
    } while (axes_next(axes, at, matrix.n));
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
