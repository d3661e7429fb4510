/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/options.h"

#include <string.h>

#include "emu/base/error.h"

/* GOption accepts a value for a flag and ignores it. */
static bool options_check_flags(const GOptionEntry *entries, char *const *argv, GError **error)
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

static bool entry_takes_value(const GOptionEntry *entry)
{
    return entry->arg != G_OPTION_ARG_NONE &&
           !(entry->arg == G_OPTION_ARG_CALLBACK && (entry->flags & G_OPTION_FLAG_NO_ARG));
}

/* The entry of that letter or long name (`length` bytes), or NULL. */
static const GOptionEntry *find_entry(const GOptionEntry *entries, char letter, const char *name,
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

/* GOption reads "" as 0 and 010 as 8. Numbers are decimal here. The caller checks their range. */
static bool entry_check_value(const GOptionEntry *entry, const char *value, GError **error)
{
    const char *digits = value + (value[0] == '-');

    return (entry->arg != G_OPTION_ARG_INT && entry->arg != G_OPTION_ARG_INT64) ||
           (*digits && digits[strspn(digits, "0123456789")] == '\0' &&
            (digits[0] != '0' || digits[1] == '\0')) ||
           usbtape_input_error(error, "--%s '%s': write a decimal number", entry->long_name, value);
}

/* Words in the form that GOption understands, under construction. */
typedef struct Words {
    GPtrArray *words;
    const GOptionEntry *open; /* the option whose value is the next word, or NULL */
} Words;

static bool words_add_long(Words *self, const GOptionEntry *entries, const char *word,
                           GError **error)
{
    size_t length = strcspn(word + 2, "=");
    const GOptionEntry *entry = find_entry(entries, 0, word + 2, length);

    g_ptr_array_add(self->words, g_strdup(word));
    if (!entry || !entry_takes_value(entry)) {
        return true;
    }
    if (word[2 + length] == '=') {
        return entry_check_value(entry, word + 2 + length + 1, error);
    }
    self->open = entry;
    return true;
}

/* Splits "-vj4" into "-vj" and "4", because GOption knows no value attached to its letter. */
static bool words_add_short(Words *self, const GOptionEntry *entries, const char *word,
                            GError **error)
{
    const GOptionEntry *entry = NULL;
    const char *c;

    for (c = word + 1; *c; c++) {
        entry = find_entry(entries, *c, NULL, 0);
        if (!entry || entry_takes_value(entry)) {
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
    return entry_check_value(entry, c + 1, error);
}

static bool words_add(Words *self, const GOptionEntry *entries, const char *word, GError **error)
{
    const GOptionEntry *open = self->open;

    self->open = NULL;
    if (!open && g_str_has_prefix(word, "--")) {
        return words_add_long(self, entries, word, error);
    }
    if (!open && word[0] == '-') {
        return words_add_short(self, entries, word, error);
    }
    g_ptr_array_add(self->words, g_strdup(word));
    return !open || entry_check_value(open, word, error);
}

/* A strv, or NULL and an error. */
static char **split_words(const GOptionEntry *entries, char *const *argv, GError **error)
{
    Words self = { g_ptr_array_new_with_free_func(g_free), NULL };
    bool good = true, rest = true; /* argv[0] is not an option */

    for (; *argv && good; argv++) {
        if (rest || (!self.open && g_str_equal(*argv, "--"))) {
            rest = self.words->len > 0; /* after "--" no word is an option */
            g_ptr_array_add(self.words, g_strdup(*argv));
        } else {
            good = words_add(&self, entries, *argv, error);
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
    if (!options_check_flags(entries, *argv, error)) {
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
    /* The remaining words are not options. Each is one of the caller's strings. */
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
