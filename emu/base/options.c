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
 * GOption takes "" for 0 and 010 for 8. Numbers are decimal here; their range is for whoever asked
 * for them to check.
 */
static bool check_value(const GOptionEntry *entry, const char *value, GError **error)
{
    const char *digits = value + (value[0] == '-');

    return (entry->arg != G_OPTION_ARG_INT && entry->arg != G_OPTION_ARG_INT64) ||
           (*digits && digits[strspn(digits, "0123456789")] == '\0' &&
            (digits[0] != '0' || digits[1] == '\0')) ||
           usbtape_input_error(error, "--%s '%s': write a decimal number", entry->long_name, value);
}

/* Words as GOption understands them, in the making. */
typedef struct Words {
    GPtrArray *words;
    const GOptionEntry
        *open; /* the next word is the value of this one; NULL: it stands for itself */
} Words;

static bool add_long(Words *self, const GOptionEntry *entries, const char *word, GError **error)
{
    size_t length = strcspn(word + 2, "=");
    const GOptionEntry *entry = find(entries, 0, word + 2, length);

    g_ptr_array_add(self->words, g_strdup(word));
    if (!entry || !takes_value(entry)) {
        return true;
    }
    if (word[2 + length] == '=') {
        return check_value(entry, word + 2 + length + 1, error);
    }
    self->open = entry;
    return true;
}

/* "-vj4" becomes "-vj" and "4", for GOption knows no value that is glued to its letter. */
static bool add_short(Words *self, const GOptionEntry *entries, const char *word, GError **error)
{
    const GOptionEntry *entry = NULL;
    const char *c;

    for (c = word + 1; *c; c++) {
        entry = find(entries, *c, NULL, 0);
        if (!entry || takes_value(entry)) {
            break;
        }
    }
    if (!*c || !entry || !c[1]) {
        g_ptr_array_add(self->words, g_strdup(word));
        self->open = *c ? entry : NULL;
        return true;
    }
    g_ptr_array_add(self->words, g_strndup(word, (gsize)(c + 1 - word)));
    g_ptr_array_add(self->words, g_strdup(c + 1));
    return check_value(entry, c + 1, error);
}

static bool add_word(Words *self, const GOptionEntry *entries, const char *word, GError **error)
{
    const GOptionEntry *open = self->open;

    self->open = NULL;
    if (!open && g_str_has_prefix(word, "--")) {
        return add_long(self, entries, word, error);
    }
    if (!open && word[0] == '-') {
        return add_short(self, entries, word, error);
    }
    g_ptr_array_add(self->words, g_strdup(word));
    return !open || check_value(open, word, error);
}

/* A strv; NULL and an error. */
static char **split_words(const GOptionEntry *entries, char *const *argv, GError **error)
{
    Words self = { g_ptr_array_new_with_free_func(g_free), NULL };
    bool good = true, rest = true; /* argv[0] is no option */

    for (; *argv && good; argv++) {
        if (rest || (!self.open && g_str_equal(*argv, "--"))) {
            rest = self.words->len > 0; /* after "--" all words stand for themselves */
            g_ptr_array_add(self.words, g_strdup(*argv));
        } else {
            good = add_word(&self, entries, *argv, error);
        }
    }
    if (!good) {
        g_ptr_array_unref(self.words);
        return NULL;
    }
    g_ptr_array_add(self.words, NULL);
    return (char **)g_ptr_array_free(self.words, FALSE);
}

bool options_parse_strv(GOptionContext *context, const GOptionEntry *entries, char ***argv,
                        GError **error)
{
    char **words;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!check_flags(entries, *argv, error)) {
        return false;
    }
    words = split_words(entries, *argv, error);
    if (!words) {
        return false;
    }
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
