/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/driver-file.h"

#include "emu/base/error.h"
#include "scenarios/subjects/sim/driver-plugin.h"

#include <dlfcn.h>
#include <string.h>

#define SYMBOL          "usbtape_driver"
#define NAME_MAX_LENGTH 40

static bool is_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;

    return n > 0 && n <= NAME_MAX_LENGTH && g_ascii_isalnum(*name) &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* False: there is no trigger of some name, which is the error. */
static bool read_triggers(const char *path, const char *text, unsigned *triggers, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text ? text : "", " ", -1);
    char **name;

    for (name = names; *name; name++) {
        unsigned bit = host_trigger_by_name(*name);

        if (**name && !bit) {
            return usbtape_input_error(error, "--driver %s: it needs a trigger that there is not",
                                       path);
        }
        *triggers |= bit;
    }
    return true;
}

static HostModel *model_of(const char *path, const UsbtapeDriver *driver, GError **error)
{
    HostModel model = { .plugin = driver, .known = "nothing: it is the user's own" };

    if (driver->version != USBTAPE_DRIVER_VERSION || driver->size != sizeof *driver) {
        usbtape_input_error(error,
                            "--driver %s: its table is of version %u, and this program takes "
                            "version %u: compile it again with scenarios/subjects/sim/"
                            "driver-plugin.h",
                            path, driver->version, USBTAPE_DRIVER_VERSION);
        return NULL;
    }
    if (!is_name(driver->name) || !driver->about || !driver->leaves) {
        usbtape_input_error(error,
                            "--driver %s: it needs a name of letters, digits and hyphens, 'about' "
                            "and 'leaves'",
                            path);
        return NULL;
    }
    model.name = driver->name;
    model.about = driver->about;
    model.signature = driver->leaves;
    model.file = g_intern_string(path);
    return read_triggers(path, driver->triggers, &model.triggers, error)
               ? g_memdup2(&model, sizeof model)
               : NULL;
}

HostModel *driver_file_load(const char *path, GError **error)
{
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    const UsbtapeDriver *driver;
    void *object;

    if (!g_file_test(full, G_FILE_TEST_IS_REGULAR)) {
        usbtape_input_error(error, "--driver %s: there is no such file", path);
        return NULL;
    }
    object = dlopen(full, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        g_autofree char *why = g_strdelimit(g_strdup(dlerror()), "\n", ' ');

        usbtape_input_error(error, "--driver %s: it cannot be loaded: %s", path, why);
        return NULL;
    }
    driver = dlsym(object, SYMBOL);
    if (!driver) {
        usbtape_input_error(error, "--driver %s: it is no driver: it has no table '" SYMBOL "'",
                            path);
        dlclose(object);
        return NULL;
    }
    /* The object stays loaded, since the model calls its functions. */
    /* cppcheck-suppress resourceLeak */
    return model_of(full, driver, error);
}
