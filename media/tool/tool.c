/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/tool/tool.h"

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/text.h"
#include "emu/base/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The options of all subcommands. Each subcommand accepts some of them. */
typedef struct Options {
    const MediaModel *models;
    char *model, *capacity, *early_warning, *barcode, *format, *source_format, *repair;
    int partitions, partition, cleanings;
    gint64 file;
    gboolean worm, compression, json, mtf;
} Options;

/* Without --cleaning. */
enum { NOT_FOR_CLEANING = G_MININT };

typedef struct Subcommand {
    const char *name;
    const char *arguments;
    int n_arguments;
    const char *about;
    const char *options; /* their keys, space-separated: entries_of() */
    bool (*run)(char **arguments, const Options *options, GError **error);
} Subcommand;

/* ── what a new cartridge is like ── */

static bool apply_model(const Options *o, MediumGeometry *geometry, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const MediaModel *model;

    for (model = o->models; model->name; model++) {
        if (strcmp(model->name, o->model) == 0) {
            geometry->density = model->density;
            geometry->capacity = model->capacity;
            return true;
        }
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", model->name);
    }
    return usbtape_input_error(error, "--model: there is no model '%s': there are %s", o->model,
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

/* A cleaning cartridge holds no data, so a label is its only other option. */
static bool apply_cleaning(const Options *o, MediumGeometry *geometry, GError **error)
{
    if (o->cleanings < 1 || o->cleanings > G_MAXUINT16) {
        return usbtape_input_error(error, "--cleaning: 1 to %d, not %d", G_MAXUINT16, o->cleanings);
    }
    if (o->model || o->capacity || o->early_warning || o->partitions != 1 || o->worm ||
        o->compression) {
        return usbtape_input_error(error, "--cleaning: such a cartridge holds no data: leave out "
                                          "all other options but --barcode");
    }
    geometry->cleanings = (uint16_t)o->cleanings;
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
    if ((o->cleanings != NOT_FOR_CLEANING && !apply_cleaning(o, geometry, error)) ||
        (o->model && !apply_model(o, geometry, error)) ||
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

static const MediumFormat *named_format(const char *option, const char *name, GError **error)
{
    const MediumFormat *format = medium_format_by_name(name, error);

    if (!format) {
        g_prefix_error(error, "%s: ", option);
    }
    return format;
}

/*
 * Opens a cartridge for reading and prints the notice of recovery on standard error. `name` is the
 * format that the user named, or NULL to select by contents.
 */
TapeMedium *tool_open(const char *path, const char *option, const char *name, GError **error)
{
    const MediumFormat *format = name ? named_format(option, name, error) : NULL;
    g_autofree char *notice = NULL, *line = NULL;
    TapeMedium *m = NULL;

    if (!name || format) {
        m = medium_open_as(path, format, true, executor_inline(), &notice, error);
    }
    if (notice) {
        line = text_line(notice);
        fprintf(stderr, "usbtape: %s\n", line);
    }
    return m;
}

static const MediumFormat *target_format(const char *path, const char *name, GError **error)
{
    return name ? named_format("--format", name, error) : medium_format_for_path(path);
}

static bool run_create(char **arguments, const Options *o, GError **error)
{
    const MediumFormat *format = target_format(arguments[0], o->format, error);
    MediumGeometry geometry;

    return format && geometry_from_options(o, &geometry, error) &&
           medium_create(arguments[0], format, &geometry, error);
}

/* ── copying ── */

static bool repair_still_there(TapeMedium *m, const char *path, GError **error)
{
    if (tool_is_overwritten(m)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: was overwritten while it was read: what was read is of no use", path);
        return false;
    }
    return true;
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

static bool copy_into(TapeMedium *from, const char *from_path, NewCartridge *new,
                      const char *to_path, CopyTotals *totals, GError **error)
{
    g_autoptr(TapeMedium) to = new_cartridge_open(new, error);

    return to && divide_like(from, to, to_path, error) &&
           tool_copy(from, from_path, to, to_path, totals, error) &&
           repair_still_there(from, from_path, error);
}

/*
 * Copies all whole objects into a new file. A copy that ends with a full disk or a kill leaves no
 * named file.
 */
static bool copy_to(TapeMedium *from, const char *from_path, const MediumFormat *format,
                    const char *path, bool replace, bool compression, CopyTotals *totals,
                    GError **error)
{
    g_autoptr(NewCartridge) new = NULL;
    MediumGeometry geometry;
    MediumInfo info;

    medium_info(from, &info);
    geometry = info.geometry;
    if (geometry.cleanings == 0 && !format->holds_geometry) {
        /* import needs only the objects. Lost partitions or WORM would be more than a detail */
        geometry = (MediumGeometry){ .partitions = info.geometry.partitions };
    }
    geometry.compression = geometry.compression || compression;
    if (geometry.cleanings > 0 && !format->holds_geometry) {
        return usbtape_input_error(error, "%s: a cleaning cartridge holds no data to export",
                                   from_path);
    }
    if (!replace && g_file_test(path, G_FILE_TEST_EXISTS)) { /* checks before the long work */
        return usbtape_input_error(error, "%s: exists already", path);
    }
    new = new_cartridge_begin(path, format, &geometry, error);
    return new &&copy_into(from, from_path, new, path, totals, error) &&
           new_cartridge_finish(new, replace, error);
}

static void print_copied(const char *path, const char *target, const CopyTotals *totals)
{
    g_autofree char *shown_path = text_line(path), *shown_target = text_line(target);

    printf("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " blocks and marks of %s salvaged\n",
           shown_target, totals->objects - totals->lost, totals->objects, shown_path);
}

/* An error if objects of `path` are missing from `target`. */
static bool copied_all(TapeMedium *from, const char *path, const char *target,
                       const CopyTotals *totals, GError **error)
{
    MediumInfo info;

    medium_info(from, &info);
    if (totals->lost == 0 && !info.damaged) {
        return true;
    }
    if (totals->lost > 0) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: %" G_GUINT64_FORMAT " blocks and marks were damaged; the rest is in %s",
                    path, totals->lost, target);
    } else {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                    "%s: the file is damaged; what was found is in %s, and may not be all", path,
                    target);
    }
    return false;
}

/* Import and export are one operation, from any format to any other. */
static bool run_copy(char **arguments, const Options *o, GError **error)
{
    const MediumFormat *format = target_format(arguments[1], o->format, error);
    g_autoptr(TapeMedium) from =
        format ? tool_open(arguments[0], "--from", o->source_format, error) : NULL;
    CopyTotals totals;

    if (!from ||
        !copy_to(from, arguments[0], format, arguments[1], false, o->compression, &totals, error)) {
        return false;
    }
    if (totals.lost > 0) {
        print_copied(arguments[0], arguments[1], &totals);
    }
    return copied_all(from, arguments[0], arguments[1], &totals, error);
}

/* Another program reads the target, so the user has to name its format. */
static bool run_export(char **arguments, const Options *o, GError **error)
{
    const MediumFormat *const *format;
    g_autoptr(GString) suffixes = g_string_new(NULL);

    if (o->format || medium_format_by_suffix(arguments[1])) {
        return run_copy(arguments, o, error);
    }
    for (format = medium_formats(); *format; format++) {
        g_string_append_printf(suffixes, " %s", (*format)->suffixes);
    }
    return usbtape_input_error(error,
                               "%s: its suffix is of no known format: give --format, or one of%s",
                               arguments[1], suffixes->str);
}

static const MediumFormat *format_of(TapeMedium *m)
{
    MediumInfo info;

    medium_info(m, &info);
    return medium_format_by_name(info.format, NULL);
}

/* True if both names refer to one file. */
static bool repair_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/*
 * `*salvaged` is true if only entries that describe themselves were found. The error is that of
 * opening. A salvaged copy never replaces the only original, because a later version may recover
 * more.
 */
static TapeMedium *repair_open(const char *path, const Options *o, bool replace, bool *salvaged,
                               GError **error)
{
    g_autofree char *notice = NULL, *line = NULL;
    g_autoptr(TapeMedium) m = tool_open(path, "--format", o->format, error);
    MediumInfo info;

    if (!m) {
        m = medium_salvage(path, &notice, NULL);
        *salvaged = m != NULL;
    }
    if (!m) {
        return NULL;
    }
    if (*salvaged) {
        g_clear_error(error);
    }
    if (*salvaged && replace) {
        usbtape_input_error(error,
                            "%s: both superblocks are gone, and what is found without them is not "
                            "all: name another file for it",
                            path);
        return NULL;
    }
    medium_info(m, &info);
    if (replace && info.damaged) {
        usbtape_input_error(error,
                            "%s: parts of it were not understood, so it is not replaced: name "
                            "another file for the copy",
                            path);
        return NULL;
    }
    if (*salvaged) {
        line = text_line(notice);
        fprintf(stderr, "usbtape: %s\n", line);
    }
    return g_steal_pointer(&m);
}

/*
 * Copies every readable object, also those beyond damage, into a new cartridge. The damaged file
 * stays unless it is itself the target and every object was understood. Damage is an error in
 * either case.
 */
static bool repair(const char *path, const Options *o, GError **error)
{
    bool replace = repair_same_file(path, o->repair), salvaged = false;
    g_autoptr(TapeMedium) alone = NULL;
    g_autoptr(TapeMedium) m = repair_open(path, o, replace, &salvaged, error);
    CopyTotals totals;

    if (m && replace) { /* no drive may use the file */
        alone = medium_open_as(path, format_of(m), false, executor_inline(), NULL, error);
    }
    if (!m || (replace && !alone) ||
        !copy_to(m, path, format_of(m), o->repair, replace, false, &totals, error)) {
        return false;
    }
    print_copied(path, o->repair, &totals);
    if (totals.lost == 0 && salvaged) {
        g_set_error(
            error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
            "%s: both superblocks were gone; all blocks and marks that were found are in %s", path,
            o->repair);
        return false;
    }
    return copied_all(m, path, o->repair, &totals, error);
}

/* ── the subcommands ── */

static bool look_info(TapeMedium *m, const char *path, const void *options, GError **error)
{
    const Options *o = options;

    return tool_info(m, path, o->json, error);
}

static bool look_list(TapeMedium *m, const char *path, const void *options, GError **error)
{
    const Options *o = options;

    return tool_list(m, path, o->json, error);
}

static bool look_check(TapeMedium *m, const char *path, const void *options, GError **error)
{
    const Options *o = options;

    return tool_check(m, path, o->mtf, o->json, error);
}

static bool run_info(char **arguments, const Options *o, GError **error)
{
    return tool_look(arguments[0], o->format, look_info, o, error);
}

static bool run_ls(char **arguments, const Options *o, GError **error)
{
    return tool_look(arguments[0], o->format, look_list, o, error);
}

static bool run_check(char **arguments, const Options *o, GError **error)
{
    if (o->json && (o->mtf || o->repair)) {
        return usbtape_input_error(error, "--json: not together with %s",
                                   o->mtf ? "--mtf" : "--repair");
    }
    return o->repair ? repair(arguments[0], o, error)
                     : tool_look(arguments[0], o->format, look_check, o, error);
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
    m = tool_open(arguments[0], "--format", o->format, error);
    return m && tool_cat(m, arguments[0], (uint32_t)o->partition, (uint64_t)o->file, error) &&
           repair_still_there(m, arguments[0], error);
}

static const Subcommand subcommands[] = {
    { "create", "FILE", 1, "make a new, empty cartridge file",
      "model capacity early-warning partitions worm compression cleaning barcode format",
      run_create },
    { "info", "FILE", 1, "what the cartridge is: capacity, partitions, marks", "json as",
      run_info },
    { "ls", "FILE", 1, "what is on it, tape file by tape file; of Windows backups, file by file",
      "json as", run_ls },
    { "import", "SOURCE FILE", 2, "make a cartridge FILE of another tape image",
      "format from compression", run_copy },
    { "export", "FILE TARGET", 2, "write the cartridge as another format's image", "format from",
      run_export },
    { "check", "FILE", 1, "read everything and compare the checksums", "json mtf repair as",
      run_check },
    { "cat", "FILE", 1, "write one tape file to standard output", "file partition as", run_cat },
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
        { "cleaning", 0, 0, G_OPTION_ARG_INT, &o->cleanings,
          "a cleaning cartridge, good for N cleanings: holds no data", "N" },
        { "barcode", 0, 0, G_OPTION_ARG_STRING, &o->barcode, "its label, up to 32 characters",
          "TEXT" },
        { "format", 0, 0, G_OPTION_ARG_STRING, &o->format,
          "format of the new file (default: by its suffix)", "FORMAT" },
        { "from", 0, 0, G_OPTION_ARG_STRING, &o->source_format,
          "format of the first file (default: by what it holds)", "FORMAT" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "for a machine to read", NULL },
        { "repair", 0, 0, G_OPTION_ARG_FILENAME, &o->repair,
          "write all that can be read to this new cartridge (or over FILE, if it is that and has a "
          "superblock left)",
          "OUT" },
        { "mtf", 0, 0, G_OPTION_ARG_NONE, &o->mtf,
          "a Windows backup's tape: judge it as Microsoft Tape Format, too", NULL },
        { "file", 0, 0, G_OPTION_ARG_INT64, &o->file, "which, from 0", "N" },
        { "partition", 0, 0, G_OPTION_ARG_INT, &o->partition, "of which partition (default: 0)",
          "N" },
    };
    const GOptionEntry as = { "format",   0,
                              0,          G_OPTION_ARG_STRING,
                              &o->format, "format of the file (default: by what it holds)",
                              "FORMAT" };
    g_auto(GStrv) names = g_strsplit(subcommand->options, " ", -1);
    GArray *entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_strv_contains((const char *const *)names, all[i].long_name)) {
            g_array_append_val(entries, all[i]);
        }
    }
    if (g_strv_contains((const char *const *)names, "as")) {
        g_array_append_val(entries, as);
    }
    return entries;
}

static char *describe_formats(void)
{
    GString *text = g_string_new("Formats:\n");
    const MediumFormat *const *format;

    for (format = medium_formats(); *format; format++) {
        g_string_append_printf(text, "  %-8s %-9s %s\n", (*format)->name, (*format)->suffixes,
                               (*format)->about);
    }
    g_string_append(
        text,
        "An existing file is recognised by what it holds; --format (--from, where a new file is\n"
        "made) overrides that.");
    return g_string_free(text, FALSE);
}

static void options_clear(Options *o)
{
    g_free(o->model);
    g_free(o->capacity);
    g_free(o->early_warning);
    g_free(o->barcode);
    g_free(o->format);
    g_free(o->repair);
    g_free(o->source_format);
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
static int run_subcommand(const Subcommand *subcommand, int argc, char **argv,
                          const MediaModel *models)
{
    Options o = { .models = models, .partitions = 1, .cleanings = NOT_FOR_CLEANING, .file = -1 };
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

int media_main(int argc, char **argv, const MediaModel *models)
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
            return run_subcommand(&subcommands[i], argc - 2, argv + 2, models);
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
