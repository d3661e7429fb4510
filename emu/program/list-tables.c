/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape list`: the runner's lists, and those of the emulator. */
#include "emu/bot/judge.h"
#include "emu/fault/kind.h"
#include "emu/program/subcommands.h"
#include "emu/ssc/models/model.h"
#include "emu/ssc/pages/pages.h"
#include "emu/ssc/table.h"
#include "scenarios/runner/runner.h"

static void add(GArray *entries, const char *name, const char *about, char **cells)
{
    ListEntry entry = { g_strdup(name), g_strdup(about), cells };

    g_array_append_val(entries, entry);
}

static char **cells_new(const char *first, const char *second, const char *third)
{
    const char *const cells[] = { first, second, third, NULL };

    return g_strdupv((char **)cells);
}

static void append(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(GString *text, const char *format, ...)
{
    va_list args;

    g_string_append(text, text->len ? "; " : "");
    va_start(args, format);
    g_string_append_vprintf(text, format, args);
    va_end(args);
}

static char *parameters_of(const FaultKind *kind)
{
    GString *text = g_string_new(NULL);

    for (const FaultParam *param = kind->params; param->name; param++) {
        g_autofree char *described = fault_param_describe(param);

        append(text, "%s: %s", described, param->about);
    }
    return g_string_free(text, FALSE);
}

/* The triggers of a kind, or "" for "any command". */
static char *triggers_of(const FaultKind *kind)
{
    g_autofree char *phases = fault_phases_describe(kind);
    g_autofree char *requests = fault_requests_describe(kind);
    GString *text = g_string_new(kind->only);

    if (*phases) {
        append(text, "%s", phases);
    }
    if (*requests) {
        append(text, "%s", requests);
    }
    if (kind->always) {
        append(text, "every time");
    }
    return g_string_free(text, FALSE);
}

static void fill_faults(GArray *entries)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        g_autofree char *parameters = parameters_of(*kind);
        g_autofree char *triggers = triggers_of(*kind);
        const char *const cells[] = { fault_class_name((*kind)->class_),
                                      triggers,
                                      parameters,
                                      (*kind)->right,
                                      (*kind)->evidence,
                                      (*kind)->example,
                                      NULL };

        add(entries, (*kind)->name, (*kind)->about, g_strdupv((char **)cells));
    }
}

static char *densities_of(const SscModel *model)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < model->n_densities; i++) {
        g_string_append_printf(text, "%s%02Xh%s", i ? ", " : "", model->densities[i].primary,
                               model->densities[i].writable ? "" : " (read)");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *blocks_of(const SscModel *model)
{
    g_autofree char *fixed = model->variable_only  ? g_strdup("variable only")
                             : model->block_length ? g_strdup_printf("%u", model->block_length)
                                                   : g_strdup("variable");

    return g_strdup_printf("%u to %u, multiples of %u; %s", model->limits.min, model->limits.max,
                           1u << model->limits.granularity, fixed);
}

static void fill_models(GArray *entries)
{
    const SscModel *const *model;

    for (model = ssc_models(); *model; model++) {
        const SscUsbIds *usb = ssc_model_usb_ids(*model);
        g_autofree char *about =
            g_strdup_printf("%s; USB %04x:%04x%s", ssc_model_about(*model), usb->vendor,
                            usb->product, usb->invented ? " (invented)" : "");
        g_autofree char *inquiry =
            g_strdup_printf("%s %s %s", (*model)->vendor, (*model)->product, (*model)->revision);
        g_autofree char *densities = densities_of(*model), *blocks = blocks_of(*model);

        add(entries, ssc_model_name(*model), about, cells_new(inquiry, densities, blocks));
    }
}

/* Names of the models for which has(model, data): "all", "all but …", or a list. */
static char *models_with(bool (*has)(const SscModel *model, const void *data), const void *data)
{
    g_autoptr(GString) with = g_string_new(NULL);
    g_autoptr(GString) without = g_string_new(NULL);
    unsigned n_with = 0, n_without = 0;

    for (const SscModel *const *model = ssc_models(); *model; model++) {
        bool yes = has(*model, data);
        unsigned *n = yes ? &n_with : &n_without;

        g_string_append_printf(yes ? with : without, "%s%s", (*n)++ ? ", " : "",
                               ssc_model_name(*model));
    }
    if (n_without == 0) {
        return g_strdup("all");
    }
    return n_with > n_without ? g_strdup_printf("all but %s", without->str)
                              : g_string_free(g_steal_pointer(&with), FALSE);
}

static bool has_row(const SscModel *model, const void *row)
{
    return ssc_model_has(model, row);
}

static void fill_opcodes(GArray *entries)
{
    static const char *const directions[] = {
        [SCSI_NO_DATA] = "none",
        [SCSI_DATA_IN] = "in",
        [SCSI_DATA_OUT] = "out",
    };
    unsigned n_rows;
    const SscRow *rows = ssc_table(&n_rows);

    for (unsigned i = 0; i < n_rows; i++) {
        g_autofree char *code = rows[i].command->service_action < 0
                                    ? g_strdup_printf("%02Xh", rows[i].command->opcode)
                                    : g_strdup_printf("%02Xh/%02Xh", rows[i].command->opcode,
                                                      (unsigned)rows[i].command->service_action);
        g_autofree char *length = g_strdup_printf("%u", rows[i].command->length);
        g_autofree char *models = models_with(has_row, &rows[i]);

        add(entries, code, rows[i].command->name,
            cells_new(length, directions[rows[i].command->direction], models));
    }
}

/* A page of any type, and its name in the models that have it. */
typedef struct Page {
    const char *(*name_of)(const SscModel *model, unsigned code);
    unsigned code; /* with a subpage in bits 15-8 */
} Page;

static const char *vpd_name(const SscModel *model, unsigned code)
{
    return code > 0xff ? NULL : ssc_vpd_page_name(model, (uint8_t)code);
}

static const char *mode_name(const SscModel *model, unsigned code)
{
    return ssc_mode_page_name(model, (uint8_t)code, (uint8_t)(code >> 8));
}

static const char *log_name(const SscModel *model, unsigned code)
{
    return ssc_log_page_name(model, (uint8_t)code, (uint8_t)(code >> 8));
}

static bool has_page(const SscModel *model, const void *data)
{
    const Page *page = data;

    return page->name_of(model, page->code) != NULL;
}

static const char *page_name(const Page *page)
{
    const char *name = NULL;

    for (const SscModel *const *model = ssc_models(); *model && !name; model++) {
        name = page->name_of(*model, page->code);
    }
    return name;
}

static void fill_pages(GArray *entries)
{
    static const struct {
        const char *kind;
        const char *(*name_of)(const SscModel *model, unsigned code);
    } kinds[] = { { "VPD", vpd_name }, { "mode", mode_name }, { "log", log_name } };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (unsigned n = 0; n <= 0xffff; n++) { /* ordered by code, then subpage */
            Page page = { kinds[i].name_of, (n & 0xff) << 8 | n >> 8 };
            const char *name = page_name(&page);

            if (name) {
                g_autofree char *code = page.code > 0xff
                                            ? g_strdup_printf("%s %02Xh/%02Xh", kinds[i].kind,
                                                              page.code & 0xff, page.code >> 8)
                                            : g_strdup_printf("%s %02Xh", kinds[i].kind, page.code);
                g_autofree char *models = models_with(has_page, &page);

                add(entries, code, name, cells_new(models, NULL, NULL));
            }
        }
    }
}

static void fill_bus_rules(GArray *entries)
{
    for (int rule = 0; rule < BOT_N_RULES; rule++) {
        add(entries, bot_rule_key((BotRule)rule), bot_rule_about((BotRule)rule),
            cells_new(bot_rule_clause((BotRule)rule),
                      bot_rule_is_advice((BotRule)rule) ? "advice" : "violation", NULL));
    }
}

int list_all_main(int argc, char **argv)
{
    static const char *const bus_rules[] = { "standard", "level", NULL };
    static const char *const faults[] = { "class",    "set off by", "parameters", "a right host",
                                          "evidence", "example",    NULL };
    static const char *const models[] = { "INQUIRY", "densities", "blocks", NULL };
    static const char *const opcodes[] = { "CDB", "data", "models", NULL };
    static const char *const pages[] = { "models", NULL };
    static const ListTable tables[] = {
        { "bus-rules", bus_rules, fill_bus_rules },
        { "faults", faults, fill_faults, .headings = true },
        { "models", models, fill_models },
        { "opcodes", opcodes, fill_opcodes },
        { "pages", pages, fill_pages },
        { NULL },
    };

    return list_main(argc, argv, tables);
}
