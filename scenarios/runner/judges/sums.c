/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/sums.h"

#include "scenarios/runner/judges/judges.h"

#include <fnmatch.h>
#include <string.h>

/* Is it one of these, or in one of them? */
static bool is_below(const char *path, char *const *names)
{
    for (; names && *names; names++) {
        size_t length = strlen(*names);

        if (strncmp(path, *names, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
            return true;
        }
    }
    return false;
}

/* The name that a file of /data has in an archive made in `from`; NULL if it is not of the set. */
static const char *name_in_set(const FileSet *set, char *path)
{
    char *slash;

    for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        int differs;

        *slash = '\0';
        differs = fnmatch(set->from, path, FNM_PATHNAME);
        *slash = '/';
        if (!differs) {
            break;
        }
    }
    if (!slash) {
        return NULL;
    }
    return (!set->names || is_below(slash + 1, set->names)) && !is_below(slash + 1, set->except)
               ? slash + 1
               : NULL;
}

/* Name → sum, of a set. Free with g_hash_table_unref. NULL: the guest has no list of sums. */
static GHashTable *sums_of_set(const FileSet *set, const char *guest)
{
    g_autofree char *path = g_build_filename(guest, "data.sha256", NULL);
    g_autofree char *text = NULL;
    GHashTable *sums;
    char *line, *next;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (line = text; *line; line = next) {
        const char *name;

        next = line + strcspn(line, "\n");
        if (*next) {
            *next++ = '\0';
        }
        name = strlen(line) > 66 ? name_in_set(set, line + 66) : NULL;
        if (name) {
            g_hash_table_insert(sums, g_strdup(name), g_strndup(line, 64));
        }
    }
    return sums;
}

void sums_check(void *data, const char *name, const char *sha256)
{
    SumsCheck *check = data;
    const char *expected = g_hash_table_lookup(check->expected, name);

    if (!expected) {
        judge_add_finding(check->findings, "%s holds %s, which is not there or was there before",
                          check->what, name);
    } else if (!g_str_equal(expected, sha256)) {
        judge_add_finding(check->findings, "%s: the contents of %s are not what they were",
                          check->what, name);
    }
    g_hash_table_remove(check->expected, name);
}

bool sums_begin(SumsCheck *check, const FileSet *set, const char *guest)
{
    check->expected = sums_of_set(set, guest);
    if (!check->expected || g_hash_table_size(check->expected) == 0) {
        judge_add_finding(check->findings, "%s: no file of the guest's /data is in %s", check->what,
                          set->from);
    }
    return check->expected != NULL;
}

void sums_end(SumsCheck *check)
{
    GHashTableIter iter;
    void *name;

    g_hash_table_iter_init(&iter, check->expected);
    if (g_hash_table_iter_next(&iter, &name, NULL)) {
        judge_add_finding(check->findings, "%s lacks %u files, such as %s", check->what,
                          g_hash_table_size(check->expected), (const char *)name);
    }
    g_hash_table_unref(check->expected);
}

void sums_compare(const FileSet *set, const char *guest, const char *sums, GPtrArray *findings)
{
    SumsCheck check = { .findings = findings, .what = "what was restored" };
    g_auto(GStrv) lines = g_strsplit(sums, "\n", -1);
    char **line;

    if (!sums_begin(&check, set, guest)) {
        return;
    }
    for (line = lines; *line; line++) {
        const char *name = strlen(*line) > 66 ? *line + 66 : "";

        if (!*name) {
            if (**line) {
                judge_add_finding(findings, "'%.40s' is no line of sha256sum", *line);
            }
            continue;
        }
        while (g_str_has_prefix(name, "./")) {
            name += 2;
        }
        (*line)[MIN(strlen(*line), 64)] = '\0';
        sums_check(&check, name, *line);
    }
    sums_end(&check);
}
