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

/* ---- short options ---- */

static bool takes_value(const GOptionEntry *entry)
{
    return entry->arg != G_OPTION_ARG_NONE &&
           !(entry->arg == G_OPTION_ARG_CALLBACK && (entry->flags & G_OPTION_FLAG_NO_ARG));
}

/* NULL: there is none of that letter, or of that long name (`length` bytes). */
static const GOptionEntry *find(const GOptionEntry *entries, char letter, const char *name,
                                size_t length)
{
    const GOptionEntry *entry;

    for (entry = entries; entry->long_name; entry++) {
        if (name
                ? strlen(entry->long_name) == length && strncmp(entry->long_name, name, length) == 0
                : entry->short_name == letter) {
            return entry;
        }
    }
    return NULL;
}

/*
 * Appends one word of a command line: "-vj4" as "-vj" and "4", for GOption knows no value that is
 * glued to its letter. True: the next word is the value of this one's option.
 */
static bool add_word(GPtrArray *words, const GOptionEntry *entries, const char *word)
{
    const GOptionEntry *entry = NULL;
    const char *c;

    if (g_str_has_prefix(word, "--")) {
        g_ptr_array_add(words, g_strdup(word));
        entry = strchr(word, '=') ? NULL : find(entries, 0, word + 2, strlen(word + 2));
        return entry && takes_value(entry);
    }
    for (c = word + 1; word[0] == '-' && *c; c++) {
        entry = find(entries, *c, NULL, 0);
        if (!entry || takes_value(entry)) {
            break;
        }
    }
    if (word[0] != '-' || !*c || !entry || !c[1]) {
        g_ptr_array_add(words, g_strdup(word));
        return word[0] == '-' && *c && entry;
    }
    g_ptr_array_add(words, g_strndup(word, (gsize)(c + 1 - word)));
    g_ptr_array_add(words, g_strdup(c + 1));
    return false;
}

/* The words as GOption understands them, a strv. */
static char **split_words(const GOptionEntry *entries, char *const *argv)
{
    GPtrArray *words = g_ptr_array_new();
    bool value = true, rest = false; /* argv[0] is no option */

    for (; *argv; argv++) {
        rest |= !value && g_str_equal(*argv, "--");
        if (value || rest) {
            g_ptr_array_add(words, g_strdup(*argv));
            value = false;
        } else {
            value = add_word(words, entries, *argv);
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error)
{
    char **words;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!check_flags(entries, *argv, error)) {
        return false;
    }
    words = split_words(entries, *argv);
    g_strfreev(*argv);
    *argv = words;
    return g_option_context_parse_strv(context, argv, error);
}

bool options_parse(GOptionContext *context, const GOptionEntry *entries, int *argc, char ***argv,
                   GError **error)
{
    g_auto(GStrv) words = g_strdupv(*argv);
    int i, left;

    if (!options_parse_strv(context, entries, &words, error)) {
        return false;
    }
    /* What is left are words that stand for themselves: each is one of those that were given. */
    left = (int)g_strv_length(words);
    for (i = 1; i < left; i++) {
        (*argv)[i] = (char *)g_intern_string(words[i]);
    }
    (*argv)[left] = NULL;
    *argc = left;
    return true;
}

bool options_number(const char *name, const char *text, uint64_t min, uint64_t max,
                    uint64_t *number, GError **error)
{
    guint64 value;

    if (g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL)) {
        *number = value;
        return true;
    }
    return usbtape_input_error(
        error, "%s '%s': write a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, name,
        text, min, max);
}
