/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/run-plan.h"

#include "emu/base/error.h"
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/subject.h"

#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The project's own guests lie among its scenarios. */
static bool holds_guests(const char *path)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *own = guest_files_directory();
    g_autofree char *guests = g_canonicalize_filename(own, NULL);

    return g_str_equal(absolute, guests);
}

static bool add_directory(const char *path, GPtrArray *files, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, error);
    const char *name;
    guint i;

    if (!dir) {
        return false;
    }
    while ((name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    for (i = 0; i < names->len; i++) {
        const char *entry = names->pdata[i];

        if (g_file_test(entry, G_FILE_TEST_IS_DIR)) {
            if (!holds_guests(entry) && !add_directory(entry, files, error)) {
                return false;
            }
        } else if (g_str_has_suffix(entry, ".yaml")) {
            g_ptr_array_add(files, g_strdup(entry));
        }
    }
    return true;
}

GPtrArray *plan_files(char **paths, GError **error)
{
    const char *const all[] = { scenarios_directory(), NULL };
    const char *const *path = paths && *paths ? (const char *const *)paths : all;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

    for (; *path; path++) {
        guint before = files->len;

        if (!g_file_test(*path, G_FILE_TEST_IS_DIR)) {
            g_ptr_array_add(files, g_strdup(*path));
            continue;
        }
        if (!add_directory(*path, files, error)) {
            return NULL;
        }
        if (files->len == before) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "%s: no scenario (*.yaml) in this directory", *path);
            return NULL;
        }
    }
    return g_steal_pointer(&files);
}

static bool add_file(const char *path, const PlanOptions *options, const SeedRange *seeds,
                     GPtrArray *cases, GError **error)
{
    const ScenarioOptions how = { .checks = options->checks,
                                  .guest = options->guest,
                                  .seeds = seeds,
                                  .selfcheck = options->selfcheck };
    g_autoptr(GPtrArray) loaded = scenario_load(path, &how, error);
    gsize n, i;
    void **all;

    if (!loaded) {
        return false;
    }
    all = g_ptr_array_steal(loaded, &n);
    for (i = 0; i < n; i++) {
        g_autoptr(Scenario) scenario = all[i];
        g_autofree char *name = scenario_case_name(scenario);

        if ((!options->guest || g_str_equal(options->guest, scenario->guest->name)) &&
            (!options->only || g_str_equal(options->only, name))) {
            g_ptr_array_add(cases, g_steal_pointer(&scenario));
        }
    }
    g_free(all);
    return true;
}

static bool names_differ(const GPtrArray *cases, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint i;

    for (i = 0; i < cases->len; i++) {
        const Scenario *scenario = cases->pdata[i];
        char *name = scenario_case_name(scenario);
        const Scenario *other = g_hash_table_lookup(names, name);

        if (other) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                        "%s: its case '%s' has the name of one of %s: rename one of them",
                        scenario->path, name, other->path);
            g_free(name);
            return false;
        }
        g_hash_table_insert(names, name, (void *)scenario);
    }
    return true;
}

/* Counts from 1, both. */
static bool parse_shard(const char *text, guint64 *number, guint64 *of, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);

    if (parts[0] && parts[1] && g_ascii_isdigit(parts[0][0]) && g_ascii_isdigit(parts[1][0]) &&
        g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT, of, NULL) &&
        g_ascii_string_to_unsigned(parts[0], 10, 1, *of, number, NULL)) {
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "--shard '%s': write i/n with i from 1 to n, such as 2/3", text);
    return false;
}

static void keep_shard(GPtrArray *cases, guint64 number, guint64 of)
{
    gsize n, i;
    void **all = g_ptr_array_steal(cases, &n);

    for (i = 0; i < n; i++) {
        if (i % of == number - 1) {
            g_ptr_array_add(cases, all[i]);
        } else {
            scenario_free(all[i]);
        }
    }
    g_free(all);
}

GPtrArray *plan_cases(const PlanOptions *options, GError **error)
{
    g_autoptr(GPtrArray) files = plan_files(options->paths, error);
    g_autoptr(GPtrArray) cases =
        g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))scenario_free);
    SeedRange seeds = { 0, 0 };
    guint64 shard = 1, shards = 1;
    guint i;

    if (!files || (options->guest && !subject_kind_by_name(options->guest, error)) ||
        (options->seeds && !scenario_parse_seeds(options->seeds, &seeds, error)) ||
        (options->shard && !parse_shard(options->shard, &shard, &shards, error))) {
        return NULL;
    }
    for (i = 0; i < files->len; i++) {
        if (!add_file(files->pdata[i], options, options->seeds ? &seeds : NULL, cases, error)) {
            return NULL;
        }
    }
    if (!names_differ(cases, error)) {
        return NULL;
    }
    if (options->only && cases->len == 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "--case %s: none of these scenarios has a case of that name%s", options->only,
                    options->guest ? " for that guest" : "");
        return NULL;
    }
    keep_shard(cases, shard, shards);
    return g_steal_pointer(&cases);
}
