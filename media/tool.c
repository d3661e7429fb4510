/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool.h"

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Everything that any subcommand can be told; each offers the options that it understands. */
typedef struct Options {
    char *model, *capacity, *early_warning, *barcode, *format;
    int partitions, partition;
    gint64 file;
    gboolean worm, compression, json, mtf;
} Options;

typedef struct Subcommand {
    const char *name;
    const char *arguments;
    int n_arguments;
    const char *about;
    const char *options; /* their names, space-separated, out of all_options() */
    bool (*run)(char **arguments, const Options *options, GError **error);
} Subcommand;

/* ── what a new cartridge is like ── */

const MediaModel *media_models(void)
{
    static const MediaModel models[] = {
        { "generic", 0x00, 0 },
        { "sdx-420c", 0x30, G_GUINT64_CONSTANT(35000000000) },   /* AIT-1 on the long tape */
        { "sdx-500c", 0x31, G_GUINT64_CONSTANT(50000000000) },   /* AIT-2 */
        { "sdx-570v", 0x3a, G_GUINT64_CONSTANT(80000000000) },   /* AIT-2 Turbo */
        { "sdx-700c", 0x32, G_GUINT64_CONSTANT(100000000000) },  /* AIT-3 */
        { "sdx-900v", 0x33, G_GUINT64_CONSTANT(200000000000) },  /* AIT-4 */
        { "sdx-1100v", 0x34, G_GUINT64_CONSTANT(400000000000) }, /* AIT-5 */
        { NULL, 0, 0 },
    };

    return models;
}

static bool apply_model(const char *name, MediumGeometry *geometry, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const MediaModel *model;

    for (model = media_models(); model->name; model++) {
        if (strcmp(model->name, name) == 0) {
            geometry->density = model->density;
            geometry->capacity = model->capacity;
            return true;
        }
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", model->name);
    }
    return usbtape_input_error(error, "--model: there is no model '%s': there are %s", name,
                               names->str);
}

static bool parse_size(const char *option, const char *text, uint64_t *bytes, GError **error)
{
    if (!text || units_parse_size(text, bytes, error)) {
        return true;
    }
    g_prefix_error(error, "%s: ", option);
    return false;
}

/* One part in a hundred, at least two common blocks, at most a quarter. */
static uint64_t usual_early_warning(uint64_t capacity)
{
    return MIN(MAX(capacity / 100, 128 * 1024), capacity / 4);
}

static bool apply_barcode(const char *text, MediumGeometry *geometry, GError **error)
{
    const char *c;

    for (c = text; *c; c++) {
        if (!g_ascii_isprint(*c)) {
            return usbtape_input_error(error, "--barcode: only printable ASCII characters");
        }
    }
    if (strlen(text) >= sizeof geometry->barcode) {
        return usbtape_input_error(error, "--barcode: at most %zu characters, '%s' has %zu",
                                   sizeof geometry->barcode - 1, text, strlen(text));
    }
    g_strlcpy(geometry->barcode, text, sizeof geometry->barcode);
    return true;
}

static bool geometry_from_options(const Options *o, MediumGeometry *geometry, GError **error)
{
    *geometry = (MediumGeometry){ .worm = o->worm, .compression = o->compression };
    if (o->partitions < 1 || o->partitions > (int)MEDIUM_PARTITIONS_MAX) {
        return usbtape_input_error(error, "--partitions: 1 to %u, not %d", MEDIUM_PARTITIONS_MAX,
                                   o->partitions);
    }
    geometry->partitions = (uint32_t)o->partitions;
    if ((o->model && !apply_model(o->model, geometry, error)) ||
        !parse_size("--capacity", o->capacity, &geometry->capacity, error) ||
        (o->barcode && !apply_barcode(o->barcode, geometry, error))) {
        return false;
    }
    if (o->capacity && geometry->capacity == 0) {
        return usbtape_input_error(
            error, "--capacity: 0: leave the option out for an unlimited cartridge");
    }
    geometry->early_warning = usual_early_warning(geometry->capacity / geometry->partitions);
    if (!parse_size("--early-warning", o->early_warning, &geometry->early_warning, error)) {
        return false;
    }
    if (o->early_warning && geometry->capacity == 0) {
        return usbtape_input_error(error, "--early-warning: an unlimited cartridge has none: give "
                                          "--capacity too");
    }
    if (o->early_warning && geometry->early_warning > geometry->capacity / geometry->partitions) {
        return usbtape_input_error(error, "--early-warning: '%s' is more than a partition holds",
                                   o->early_warning);
    }
    return true;
}

/* ── the subcommands ── */

/* Opens for reading, as all but the targets are; says on standard error what recovery dropped. */
static TapeMedium *open_to_read(const char *path, GError **error)
{
    g_autofree char *notice = NULL;
    TapeMedium *m = medium_open(path, true, executor_inline(), &notice, error);

    if (notice) {
        fprintf(stderr, "usbtape: %s\n", notice);
    }
    return m;
}

static const MediumFormat *target_format(const char *path, const char *name, GError **error)
{
    const MediumFormat *format;

    if (!name) {
        return medium_format_for_path(path);
    }
    format = medium_format_by_name(name, error);
    if (!format) {
        g_prefix_error(error, "--format: ");
    }
    return format;
}

static bool run_create(char **arguments, const Options *o, GError **error)
{
    const MediumFormat *format = target_format(arguments[0], o->format, error);
    MediumGeometry geometry;

    return format && geometry_from_options(o, &geometry, error) &&
           medium_create(arguments[0], format, &geometry, error);
}

static bool run_info(char **arguments, const Options *o, GError **error)
{
    g_autoptr(TapeMedium) m = open_to_read(arguments[0], error);

    return m && tool_info(m, arguments[0], o->json, error);
}

static bool run_ls(char **arguments, const Options *o, GError **error)
{
    g_autoptr(TapeMedium) m = open_to_read(arguments[0], error);

    return m && tool_list(m, arguments[0], o->json, error);
}

static bool run_check(char **arguments, const Options *o, GError **error)
{
    g_autoptr(TapeMedium) m = open_to_read(arguments[0], error);
    MediumInfo info;

    if (!m || !tool_check(m, arguments[0], o->mtf, error)) {
        return false;
    }
    medium_info(m, &info);
    if (info.damaged) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: what can be read is good, but the file is damaged", arguments[0]);
        return false;
    }
    return true;
}

static bool run_cat(char **arguments, const Options *o, GError **error)
{
    g_autoptr(TapeMedium) m = NULL;

    if (o->file < 0 || o->partition < 0) {
        return usbtape_input_error(error, o->file < 0 ? "--file: which? count from 0"
                                                      : "--partition: count from 0");
    }
    if (isatty(STDOUT_FILENO)) {
        return usbtape_input_error(error, "standard output is a terminal: redirect it");
    }
    m = open_to_read(arguments[0], error);
    return m && tool_cat(m, arguments[0], (uint32_t)o->partition, (uint64_t)o->file, error);
}

/* The partitions of the copy are as large as those of the original. */
static bool divide_like(TapeMedium *from, TapeMedium *to, const char *path, GError **error)
{
    uint64_t capacities[MEDIUM_PARTITIONS_MAX];
    MediumInfo info;
    uint32_t i;

    medium_info(from, &info);
    if (info.geometry.partitions == 1) {
        return true;
    }
    for (i = 0; i < info.geometry.partitions; i++) {
        MediumPartition partition;

        medium_partition(from, i, &partition);
        capacities[i] = partition.capacity;
    }
    if (medium_format_partitions(to, info.geometry.partitions, capacities) != MEDIUM_OK) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: cannot make %u partitions", path,
                    info.geometry.partitions);
        return false;
    }
    return true;
}

static bool copy_into(TapeMedium *from, const char *from_path, const char *to_path, GError **error)
{
    g_autoptr(TapeMedium) to = medium_open(to_path, false, executor_inline(), NULL, error);

    return to && divide_like(from, to, to_path, error) &&
           tool_copy(from, from_path, to, to_path, error);
}

/* Import and export are one: from any format to any other. */
static bool run_copy(char **arguments, const Options *o, GError **error)
{
    const MediumFormat *format = target_format(arguments[1], o->format, error);
    g_autoptr(TapeMedium) from = format ? open_to_read(arguments[0], error) : NULL;
    MediumGeometry geometry;
    MediumInfo info;

    if (!from) {
        return false;
    }
    medium_info(from, &info);
    geometry = info.geometry;
    if (!format->holds_geometry) {
        /* the objects are what matters; partitions and WORM would be more than a detail lost */
        geometry = (MediumGeometry){ .partitions = info.geometry.partitions };
    }
    if (!medium_create(arguments[1], format, &geometry, error)) {
        return false;
    }
    if (!copy_into(from, arguments[0], arguments[1], error)) {
        unlink(arguments[1]); /* half a copy is nobody's evidence; we made it just now */
        return false;
    }
    return true;
}

static const Subcommand subcommands[] = {
    { "create", "FILE", 1, "make a new, empty cartridge file",
      "model capacity early-warning partitions worm compression barcode format", run_create },
    { "info", "FILE", 1, "what the cartridge is: capacity, partitions, marks", "json", run_info },
    { "ls", "FILE", 1, "what is on it, tape file by tape file; of Windows backups, file by file",
      "json", run_ls },
    { "import", "SOURCE FILE", 2, "make a cartridge FILE of another tape image", "format",
      run_copy },
    { "export", "FILE TARGET", 2, "write the cartridge as another format's image", "format",
      run_copy },
    { "check", "FILE", 1, "read everything and compare the checksums", "mtf", run_check },
    { "cat", "FILE", 1, "write one tape file to standard output", "file partition", run_cat },
};

/* ── the command line ── */

/* The entries that a subcommand offers, ending in an empty one. */
static GArray *entries_of(const Subcommand *subcommand, Options *o)
{
    const GOptionEntry all[] = {
        { "model", 0, 0, G_OPTION_ARG_STRING, &o->model,
          "density and nominal capacity of this drive's cartridges", "MODEL" },
        { "capacity", 0, 0, G_OPTION_ARG_STRING, &o->capacity,
          "bytes of data, such as 35GB (default: unlimited, or the model's)", "SIZE" },
        { "early-warning", 0, 0, G_OPTION_ARG_STRING, &o->early_warning,
          "how far before the end early warning starts (default: 1%)", "SIZE" },
        { "partitions", 0, 0, G_OPTION_ARG_INT, &o->partitions, "1 to 256 (default: 1)", "N" },
        { "worm", 0, 0, G_OPTION_ARG_NONE, &o->worm, "write once, read many", NULL },
        { "compression", 0, 0, G_OPTION_ARG_NONE, &o->compression,
          "compress blocks while the drive wants it, and count capacity after that", NULL },
        { "barcode", 0, 0, G_OPTION_ARG_STRING, &o->barcode, "its label, up to 32 characters",
          "TEXT" },
        { "format", 0, 0, G_OPTION_ARG_STRING, &o->format,
          "format of the new file (default: by its suffix)", "FORMAT" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "for a machine to read", NULL },
        { "mtf", 0, 0, G_OPTION_ARG_NONE, &o->mtf,
          "a Windows backup's tape: judge it as Microsoft Tape Format, too", NULL },
        { "file", 0, 0, G_OPTION_ARG_INT64, &o->file, "which, from 0", "N" },
        { "partition", 0, 0, G_OPTION_ARG_INT, &o->partition, "of which partition (default: 0)",
          "N" },
    };
    g_auto(GStrv) names = g_strsplit(subcommand->options, " ", -1);
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_strv_contains((const char *const *)names, all[i].long_name)) {
            g_array_append_val(entries, all[i]);
        }
    }
    return entries;
}

static char *describe_formats(void)
{
    GString *text = g_string_new("Formats:\n");
    const MediumFormat *const *format;

    for (format = medium_formats(); *format; format++) {
        g_string_append_printf(text, "  %-8s %-6s %s\n", (*format)->name, (*format)->suffixes,
                               (*format)->about);
    }
    g_string_append(text, "An existing file is recognised by what it holds, not by its name.");
    return g_string_free(text, FALSE);
}

static void options_clear(Options *o)
{
    g_free(o->model);
    g_free(o->capacity);
    g_free(o->early_warning);
    g_free(o->barcode);
    g_free(o->format);
}

static bool check_arguments(const Subcommand *subcommand, char **arguments, GError **error)
{
    int n = (int)g_strv_length(arguments);

    if (n > subcommand->n_arguments) {
        return usbtape_input_error(error, "media %s: '%s' is one argument too many: media %s %s",
                                   subcommand->name, arguments[subcommand->n_arguments],
                                   subcommand->name, subcommand->arguments);
    }
    if (n < subcommand->n_arguments) {
        return usbtape_input_error(error, "media %s: %s missing: media %s %s", subcommand->name,
                                   n + 1 == subcommand->n_arguments ? "an argument is"
                                                                    : "arguments are",
                                   subcommand->name, subcommand->arguments);
    }
    return true;
}

/* `arguments`: those after the name of the subcommand. */
static int run_subcommand(const Subcommand *subcommand, int argc, char **argv)
{
    Options o = { .partitions = 1, .file = -1 };
    g_autoptr(GArray) entries = entries_of(subcommand, &o);
    g_autoptr(GOptionContext) context = g_option_context_new(subcommand->arguments);
    g_autofree char *name = g_strdup_printf("usbtape media %s", subcommand->name);
    g_autofree char *formats = describe_formats();
    g_auto(GStrv) words = g_new0(char *, (gsize)argc + 2);
    g_autoptr(GError) error = NULL;
    bool good;
    int i;

    words[0] = g_strdup(name);
    for (i = 0; i < argc; i++) {
        words[i + 1] = g_strdup(argv[i]);
    }
    g_set_prgname(name);
    g_option_context_set_summary(context, subcommand->about);
    g_option_context_set_description(context, formats);
    good = options_parse_strv(context, (GOptionEntry *)(void *)entries->data, &words, &error);
    if (!good) {
        g_prefix_error(&error, "media %s: ", subcommand->name);
    }
    good = good && check_arguments(subcommand, words + 1, &error) &&
           subcommand->run(words + 1, &o, &error);
    options_clear(&o);
    if (good && fflush(stdout) != 0) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "standard output: %m");
        good = false;
    }
    return good ? EXIT_GOOD : usbtape_fail(error);
}

static void print_help(void)
{
    size_t i;
    g_autofree char *formats = describe_formats();

    puts("Usage: usbtape media SUBCOMMAND [OPTION…] FILE…\n\nCartridge files.\n\nSubcommands:");
    for (i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        printf("  %-7s %-13s %s\n", subcommands[i].name, subcommands[i].arguments,
               subcommands[i].about);
    }
    printf("\n`usbtape media SUBCOMMAND --help` tells its options.\n\n%s\n", formats);
}

int media_main(int argc, char **argv)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    size_t i;

    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help();
        return EXIT_GOOD;
    }
    for (i = 0; i < G_N_ELEMENTS(subcommands); i++) {
        if (argc >= 2 && strcmp(argv[1], subcommands[i].name) == 0) {
            return run_subcommand(&subcommands[i], argc - 2, argv + 2);
        }
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", subcommands[i].name);
    }
    if (argc >= 2) {
        usbtape_input_error(&error, "media: there is no subcommand '%s': there are %s", argv[1],
                            names->str);
    } else {
        usbtape_input_error(&error, "media: a subcommand is missing: there are %s", names->str);
    }
    return usbtape_fail(error);
}
