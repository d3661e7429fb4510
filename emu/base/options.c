/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/options.h"

#include <string.h>

#include "emu/base/error.h"

/* GOption sets a flag that is given a value, and forgets the value. */
static bool check_flags(const GOptionEntry *entries, char *const *argv, GError **error)
{
    const GOptionEntry *entry;

    for (argv++; *argv && !g_str_equal(*argv, "--"); argv++) {
        const char *end = g_str_has_prefix(*argv, "--") ? strchr(*argv, '=') : NULL;
        g_autofree char *name = end ? g_strndup(*argv + 2, (gsize)(end - *argv - 2)) : NULL;

        for (entry = entries; name && entry->long_name; entry++) {
            if (entry->arg == G_OPTION_ARG_NONE && g_str_equal(entry->long_name, name)) {
                return usbtape_input_error(error, "%s: --%s takes no value", *argv, name);
            }
        }
    }
    return true;
}

bool options_parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv,
                   GError **error)
{
    g_option_context_add_main_entries(context, entries, NULL);
    return check_flags(entries, *argv, error) && g_option_context_parse(context, argc, argv, error);
}

bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error)
{
    g_option_context_add_main_entries(context, entries, NULL);
    return check_flags(entries, *argv, error) && g_option_context_parse_strv(context, argv, error);
}
