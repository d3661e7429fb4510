/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/language/guest-file.h"

#include "emu/base/error.h"
#include "emu/base/yaml.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/subject.h"

#include <string.h>

#define SUFFIX ".yaml"

/* ---- one file ---- */

static bool read_subject(const YamlNode *node, void *member, GError **error)
{
    const Subject **subject = member;
    const char *words[N_SUBJECTS + 1] = { NULL };
    int number;
    size_t i;

    for (i = 0; i < N_SUBJECTS; i++) {
        words[i] = subjects()[i]->name;
    }
    if (!yaml_node_choice(node, words, &number, error)) {
        return false;
    }
    *subject = subjects()[number];
    return true;
}

static const YamlField fields[] = {
    { "about", YAML_TYPE_TEXT, offsetof(GuestKind, about), .required = true },
    { "subject", YAML_TYPE_CUSTOM, offsetof(GuestKind, subject), .required = true,
      .read = read_subject },
    { "builder", YAML_TYPE_TEXT, offsetof(GuestKind, builder) },
    { "own-kernel", YAML_TYPE_TEXT, offsetof(GuestKind, own_kernel) },
    { "needs", YAML_TYPE_TEXT, offsetof(GuestKind, needs) },
    { "model", YAML_TYPE_BOOL, offsetof(GuestKind, is_model) },
    { NULL },
};

/* A name is part of file names, and of the names of cases. */
static char *name_of(const char *path, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);

    if (g_str_has_suffix(name, SUFFIX)) {
        name[strlen(name) - strlen(SUFFIX)] = '\0';
    }
    if (!g_regex_match_simple("^[a-z0-9][a-z0-9._-]{0,63}$", name, G_REGEX_DOLLAR_ENDONLY, 0)) {
        usbtape_input_error(
            error, "%s: a guest's file is named with a-z, 0-9, '.', '_' and '-' alone", path);
        return NULL;
    }
    return g_steal_pointer(&name);
}

static void make_absolute(char **path, const char *directory)
{
    if (*path) {
        char *absolute = g_canonicalize_filename(*path, directory);

        g_free(*path);
        *path = absolute;
    }
}

static bool guest_check(const GuestKind *kind, const YamlNode *root, GError **error)
{
    bool has_machine = kind->subject->prepare != NULL;

    if (has_machine && !kind->builder) {
        return yaml_node_refuse(root, error, "the key 'builder' is missing");
    }
    return has_machine || !kind->builder ||
           yaml_node_refuse(yaml_node_get(root, "builder"), error, "a %s is not built",
                            kind->subject->name);
}

GuestKind *guest_file_parse(const char *path, const char *text, size_t length, GError **error)
{
    g_autoptr(GuestKind) kind = g_new0(GuestKind, 1);
    g_autoptr(YamlFile) file = yaml_file_parse(path, text, length, error);
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    g_autofree char *directory = g_path_get_dirname(absolute);

    if (!file || !yaml_node_read(yaml_file_root(file), fields, kind, error) ||
        !guest_check(kind, yaml_file_root(file), error)) {
        return NULL;
    }
    kind->name = name_of(path, error);
    kind->note = kind->is_model ? SIM_DISCLAIMER : NULL;
    make_absolute(&kind->builder, directory);
    make_absolute(&kind->own_kernel, directory);
    return kind->name ? g_steal_pointer(&kind) : NULL;
}

void guest_kind_free(GuestKind *kind)
{
    if (kind) {
        g_free(kind->name);
        g_free(kind->about);
        g_free(kind->builder);
        g_free(kind->own_kernel);
        g_free(kind->needs);
        g_free(kind);
    }
}

/* ---- all of them ---- */

static GPtrArray *known; /* of GuestKind; NULL: nothing is read yet */

static int by_name(const void *a, const void *b)
{
    const GuestKind *first = *(GuestKind *const *)a, *second = *(GuestKind *const *)b;
    bool is_default = g_str_equal(first->name, GUEST_DEFAULT);

    return is_default != g_str_equal(second->name, GUEST_DEFAULT)
               ? (is_default ? -1 : 1)
               : strcmp(first->name, second->name);
}

static GuestKind *find(const GPtrArray *kinds, const char *name)
{
    guint i;

    for (i = 0; i < kinds->len; i++) {
        GuestKind *kind = kinds->pdata[i];

        if (g_str_equal(kind->name, name)) {
            return kind;
        }
    }
    return NULL;
}

static bool add_file(GPtrArray *kinds, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GuestKind) kind = NULL;

    if (!g_file_get_contents(path, &text, &length, NULL)) {
        return usbtape_input_error(error, "%s: it cannot be read", path);
    }
    kind = guest_file_parse(path, text, length, error);
    if (!kind) {
        return false;
    }
    if (find(kinds, kind->name)) {
        return usbtape_input_error(error, "%s: there is a guest '%s' already: rename the file",
                                   path, kind->name);
    }
    g_ptr_array_add(kinds, g_steal_pointer(&kind));
    return true;
}

static bool add_directory(GPtrArray *kinds, const char *directory, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &why);
    guint before = kinds->len;
    const char *name;

    if (!dir) {
        return usbtape_input_error(error, "guests: %s", why->message);
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        if (g_str_has_suffix(name, SUFFIX) && !add_file(kinds, path, error)) {
            return false;
        }
    }
    g_ptr_array_sort(kinds, by_name);
    return kinds->len > before ||
           usbtape_input_error(error, "%s: no guest (*.yaml) in this directory", directory);
}

char *guest_files_directory(void)
{
    return g_build_filename(scenarios_directory(), "guests", NULL);
}

const GPtrArray *guest_kinds(GError **error)
{
    g_autofree char *own = guest_files_directory();
    g_autoptr(GPtrArray) kinds = NULL;

    if (known) {
        return known;
    }
    kinds = g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))guest_kind_free);
    if (!add_directory(kinds, own, error)) {
        return NULL;
    }
    if (!find(kinds, GUEST_DEFAULT)) {
        usbtape_input_error(error, "%s: the guest '" GUEST_DEFAULT "' is missing, the default one",
                            own);
        return NULL;
    }
    known = g_steal_pointer(&kinds);
    return known;
}

bool guest_files_add(const char *directory, GError **error)
{
    return guest_kinds(error) && add_directory(known, directory, error);
}
