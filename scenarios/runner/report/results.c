/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/report/results.h"

#include "emu/base/error.h"
#include "emu/base/json-read.h"
#include "scenarios/runner/report/markup.h"
#include "scenarios/runner/run-directory.h"

#include <glib/gstdio.h>
#include <string.h>

/* A run of 10,000 cases has 10 MB of results. */
#define FILE_MAX (256 * 1024 * 1024)

static void result_free(void *data)
{
    Result *result = data;

    g_free(result->name);
    g_free(result->verdict);
    g_free(result->reason);
    g_free(result->guest);
    g_free(result->directory);
    g_free(result);
}

bool result_says_nothing(const Result *result)
{
    return !result->verdict || g_str_equal(result->verdict, "env-error") ||
           g_str_equal(result->verdict, "inconclusive");
}

static Results *results_new(const char *path)
{
    Results *results = g_new0(Results, 1);

    results->path = g_strdup(path);
    results->all = g_ptr_array_new_with_free_func(result_free);
    results->byname = g_hash_table_new(g_str_hash, g_str_equal);
    return results;
}

void results_free(Results *results)
{
    if (results) {
        g_free(results->path);
        g_ptr_array_unref(results->all);
        g_hash_table_unref(results->byname);
        g_free(results);
    }
}

/* ---- one case ---- */

/* Names reach terminals and paths. */
static bool results_name_good(const char *name)
{
    return *name && strlen(name) < 256 && !strchr(name, '/') && name[0] != '.' &&
           g_utf8_validate(name, -1, NULL);
}

static char *results_line_of(JsonArray *reasons)
{
    const char *text = reasons && json_array_get_length(reasons) > 0
                           ? json_as_text(json_array_get_element(reasons, 0), NULL)
                           : NULL;

    return text ? markup_line(text) : NULL;
}

/* `object`: a verdict.json, or NULL for a case without a result. False: refused. */
static bool results_add(Results *self, const char *name, JsonObject *object, const char *directory,
                        const char *place, GError **error)
{
    Result *result;

    if (!results_name_good(name)) {
        return usbtape_input_error(error, "%s: no name of a case", place);
    }
    if (g_hash_table_contains(self->byname, name)) {
        return usbtape_input_error(error, "%s: the case %s stands there twice", place, name);
    }
    result = g_new0(Result, 1);
    g_ptr_array_add(self->all, result);
    result->name = g_strdup(name);
    result->directory = directory ? g_build_filename(directory, name, NULL) : NULL;
    if (object) {
        g_autofree char *verdict = markup_line(json_text_at(object, "verdict", ""));

        result->verdict = *verdict ? g_steal_pointer(&verdict) : NULL;
        result->passed = json_bool_at(object, "passed", false);
        result->guest = markup_line(json_text_at(object, "guest", ""));
        result->reason = results_line_of(json_array_at(object, "reasons"));
    }
    g_hash_table_insert(self->byname, result->name, result);
    return true;
}

/* ---- files ---- */

/* {"usbtape-run": {"cases": [{"case": …, "result": {…}}, …]}} */
static bool results_read_report(Results *self, JsonObject *run, const char *directory,
                                GError **error)
{
    JsonArray *cases = json_array_at(run, "cases");
    guint i, n = cases ? json_array_get_length(cases) : 0;

    if (!cases) {
        return usbtape_input_error(error, "%s: a report without cases", self->path);
    }
    for (i = 0; i < n; i++) {
        JsonObject *row = json_nth_object(cases, i);
        g_autofree char *place = g_strdup_printf("%s: case %u", self->path, i + 1);

        if (!row || !results_add(self, json_text_at(row, "case", ""), json_object_at(row, "result"),
                                 directory, place, error)) {
            return row ? false : usbtape_input_error(error, "%s: it is no object", place);
        }
    }
    return true;
}

/* results.jsonl: a verdict.json a line. */
static bool results_read_lines(Results *self, const char *text, const char *directory,
                               GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint i;

    for (i = 0; lines[i]; i++) {
        g_autofree char *place = g_strdup_printf("%s:%u", self->path, i + 1);
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object;

        if (!*lines[i]) {
            continue;
        }
        node = json_read(lines[i], -1, NULL);
        object = json_as_object(node);
        if (!object) {
            return usbtape_input_error(error, "%s: it is no result of a case", place);
        }
        if (!results_add(self, json_text_at(object, "case", ""), object, directory, place, error)) {
            return false;
        }
    }
    return self->all->len > 0 || usbtape_input_error(error, "%s: it has no results", self->path);
}

Results *results_parse(const char *path, const char *text, size_t length, const char *directory,
                       GError **error)
{
    g_autoptr(Results) self = results_new(path);
    g_autoptr(JsonNode) node = NULL;
    JsonObject *run;
    bool good;

    if (memchr(text, '\0', length) || !g_utf8_validate(text, (gssize)length, NULL)) {
        usbtape_input_error(error, "%s: it is no text in UTF-8, so no results", path);
        return NULL;
    }
    /* A results.jsonl of one line is a document, too, but has no such member. */
    node = json_read(text, (gssize)length, NULL);
    run = json_object_at(json_as_object(node), "usbtape-run");
    good = run ? results_read_report(self, run, directory, error)
               : results_read_lines(self, text, directory, error);
    return good ? g_steal_pointer(&self) : NULL;
}

Results *results_load(const char *path, GError **error)
{
    bool is_directory = g_file_test(path, G_FILE_TEST_IS_DIR);
    g_autofree char *file =
        is_directory ? g_build_filename(path, RUN_RESULTS_NAME, NULL) : g_strdup(path);
    g_autofree char *parent = g_path_get_dirname(file);
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *text = NULL;
    GStatBuf status;
    gsize length;

    if (g_stat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
        !g_file_get_contents(file, &text, &length, NULL)) {
        usbtape_input_error(
            error, "%s: there are no results: name what `run --out` or `run --json` wrote", file);
        return NULL;
    }
    if (status.st_size > FILE_MAX) {
        usbtape_input_error(error, "%s: results of more than %d MiB", file, FILE_MAX >> 20);
        return NULL;
    }
    return results_parse(file, text, length, g_str_equal(name, RUN_RESULTS_NAME) ? parent : NULL,
                         error);
}
