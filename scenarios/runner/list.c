/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape list`: tables of scenarios, guests, faults, models and more. */
#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/base/text.h"
#include "media/mtf/mtf-reader.h"
#include "scenarios/kb817765/fixed-builds.h"
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/language/run-plan.h"
#include "scenarios/runner/language/sim-plan.h"
#include "scenarios/runner/runner.h"
#include "scenarios/runner/subject.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

static void entry_clear(void *data)
{
    ListEntry *entry = data;

    g_free(entry->name);
    g_free(entry->about);
    g_strfreev(entry->cells);
}

static void add(GArray *entries, const char *name, const char *about)
{
    ListEntry entry = { g_strdup(name), g_strdup(about), NULL };

    g_array_append_val(entries, entry);
}

static bool fill_scenarios(GArray *entries, GError **error)
{
    PlanOptions all = { 0 };
    g_autoptr(GPtrArray) cases = plan_cases(&all, error);
    guint i;

    for (i = 0; cases && i < cases->len; i++) {
        g_autofree char *name = scenario_case_name(cases->pdata[i]);
        g_autofree char *about = text_line(((const Scenario *)cases->pdata[i])->about);

        add(entries, name, about);
    }
    return cases != NULL;
}

static bool fill_guests(GArray *entries, GError **error)
{
    const GPtrArray *kinds = guest_kinds(error);
    guint i;

    for (i = 0; kinds && i < kinds->len; i++) {
        const GuestKind *kind = kinds->pdata[i];

        add(entries, kind->name, kind->about);
    }
    return kinds != NULL;
}

static void add_row(GArray *entries, const char *name, const char *about, const char *const *cells)
{
    ListEntry entry = { g_strdup(name), g_strdup(about), g_strdupv((char **)cells) };

    g_array_append_val(entries, entry);
}

static void fill_mtf_rules(GArray *entries)
{
    for (int rule = 0; rule < MTF_N_RULES; rule++) {
        const char *const cells[] = { mtf_rule_clause((MtfRule)rule), NULL };

        add_row(entries, mtf_rule_name((MtfRule)rule), mtf_rule_about((MtfRule)rule), cells);
    }
}

static void fill_fixed_builds(GArray *entries)
{
    size_t n, i;
    const FixedBuild *builds = fixed_builds(&n);

    for (i = 0; i < n; i++) {
        const FixedBuild *b = &builds[i];
        g_autofree char *version = g_strdup_printf("%u.%u.%u.%u", b->version[0], b->version[1],
                                                   b->version[2], b->version[3]);
        g_autofree char *about = g_strdup_printf("%s, %s", b->os, b->architecture);
        g_autofree char *size = g_strdup_printf("%u", b->size);

        const char *const cells[] = { b->date, size, NULL };

        add_row(entries, version, about, cells);
    }
}

static void fill_drivers(GArray *entries)
{
    const HostModel *model;

    for (model = host_models(); model->name; model++) {
        g_autofree char *needs = host_triggers_text(model->triggers);
        const char *const cells[] = { needs, model->signature, model->known, NULL };

        add_row(entries, model->name, model->about, cells);
    }
}

/* Tables that need nothing of the emulator. */
static const ListTable *own_tables(void)
{
    static const char *const rules[] = { "specification", NULL };
    static const char *const builds[] = { "date (UTC)", "bytes", NULL };
    static const char *const drivers[] = { "needs", "leaves", "documented, and ours", NULL };
    static const ListTable tables[] = {
        { "drivers", drivers, fill_drivers,
          SIM_DISCLAIMER " --markdown: what is documented of each" },
        { "fixed-builds", builds, fill_fixed_builds },
        { "mtf-rules", rules, fill_mtf_rules },
        { NULL },
    };

    return tables;
}

static void print_text(const GArray *entries)
{
    int width = 0;
    guint i;

    for (i = 0; i < entries->len; i++) {
        width = MAX(width, (int)g_utf8_strlen(g_array_index(entries, ListEntry, i).name, -1));
    }
    for (i = 0; i < entries->len; i++) {
        const ListEntry *entry = &g_array_index(entries, ListEntry, i);

        printf("%-*s  %s\n", width, entry->name, entry->about);
    }
}

/* A bar would end the cell. */
static void print_cell(const char *text)
{
    putchar(' ');
    for (; *text; text++) {
        printf(*text == '|' ? "\\%c" : "%c", *text);
    }
    fputs(" |", stdout);
}

static void print_markdown(const GArray *entries, const char *const *columns)
{
    guint i, c;

    fputs("| name | about |", stdout);
    for (c = 0; columns && columns[c]; c++) {
        printf(" %s |", columns[c]);
    }
    fputs("\n|---|---|", stdout);
    for (c = 0; columns && columns[c]; c++) {
        fputs("---|", stdout);
    }
    fputs("\n", stdout);
    for (i = 0; i < entries->len; i++) {
        const ListEntry *entry = &g_array_index(entries, ListEntry, i);

        printf("| `%s` |", entry->name);
        print_cell(entry->about);
        for (c = 0; columns && columns[c]; c++) {
            print_cell(entry->cells[c]);
        }
        fputs("\n", stdout);
    }
}

/* For a page that is searched: the last column is code that can be pasted. */
static void print_headings(const GArray *entries, const char *const *columns)
{
    for (guint i = 0; i < entries->len; i++) {
        const ListEntry *entry = &g_array_index(entries, ListEntry, i);
        guint c;

        printf("%s### `%s`\n\n%c%s.\n\n", i ? "\n" : "", entry->name,
               g_ascii_toupper(entry->about[0]), entry->about + 1);
        for (c = 0; columns[c + 1]; c++) {
            if (*entry->cells[c]) {
                printf("- **%s:** %s\n", columns[c], entry->cells[c]);
            }
        }
        printf("\n```yaml\n- %s\n```\n", entry->cells[c]);
    }
}

static void print_json(const GArray *entries, const char *const *columns)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;
    guint i, c;

    json_builder_begin_array(builder);
    for (i = 0; i < entries->len; i++) {
        const ListEntry *entry = &g_array_index(entries, ListEntry, i);

        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "name");
        json_builder_add_string_value(builder, entry->name);
        json_builder_set_member_name(builder, "about");
        json_builder_add_string_value(builder, entry->about);
        for (c = 0; columns && columns[c]; c++) {
            json_builder_set_member_name(builder, columns[c]);
            json_builder_add_string_value(builder, entry->cells[c]);
        }
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    puts(text);
}

/* False: no table has that name. The names of all tables are added to `known`. */
static bool fill_from(const ListTable *tables, const char *what, GArray *entries,
                      const ListTable **found, GString *known)
{
    for (const ListTable *table = tables; table && table->name; table++) {
        if (g_str_equal(what, table->name)) {
            table->fill(entries);
            *found = table;
            return true;
        }
        g_string_append_printf(known, ", %s", table->name);
    }
    return false;
}

/* `*found`: the table of that name. NULL: it is none of these tables. */
static bool fill(const char *what, const ListTable *tables, GArray *entries,
                 const ListTable **found, GError **error)
{
    g_autoptr(GString) known = g_string_new("scenarios, guests");
    *found = NULL;
    if (g_str_equal(what, "scenarios")) {
        return fill_scenarios(entries, error);
    }
    if (g_str_equal(what, "guests")) {
        return fill_guests(entries, error);
    }
    if (fill_from(tables, what, entries, found, known) ||
        fill_from(own_tables(), what, entries, found, known)) {
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "list: there is no '%s': choose from %s",
                what, known->str);
    return false;
}

int list_main(int argc, char **argv, const ListTable *tables)
{
    gboolean json = FALSE, markdown = FALSE;
    g_autofree char *guests = NULL;
    const GOptionEntry options[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "For machines", NULL },
        { "markdown", 0, 0, G_OPTION_ARG_NONE, &markdown, "For documentation", NULL },
        { "guests", 0, 0, G_OPTION_ARG_FILENAME, &guests, "Also the guests of this directory",
          "DIR" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(
        "scenarios|guests|faults|models|opcodes|pages|bus-rules|drivers|fixed-builds|mtf-rules");
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(ListEntry));
    g_autoptr(GError) error = NULL;
    const char *const *columns;
    const ListTable *table;

    g_array_set_clear_func(entries, entry_clear);
    g_option_context_set_summary(context, "Lists what there is, a line each.");
    if (!options_parse(context, options, &argc, &argv, &error)) {
        return usbtape_fail(error);
    }
    if (argc != 2) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "list: of what? One of scenarios, guests, faults, models, opcodes, pages, "
                    "bus-rules, drivers, fixed-builds, mtf-rules");
        return usbtape_fail(error);
    }
    if (json && markdown) {
        g_set_error(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "list: --json and --markdown exclude each other");
        return usbtape_fail(error);
    }
    if ((guests && !guest_files_add(guests, &error)) ||
        !fill(argv[1], tables, entries, &table, &error)) {
        return usbtape_fail(error);
    }
    columns = table ? table->columns : NULL;
    if (json) {
        print_json(entries, columns);
    } else if (markdown && table && table->headings) {
        print_headings(entries, columns);
    } else if (markdown) {
        print_markdown(entries, columns);
    } else {
        print_text(entries);
        if (table && table->note) {
            puts(table->note);
        }
    }
    return EXIT_GOOD;
}
