/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape list`: the runner's own list, with what only the emulator knows. */
#include "emu/commands.h"
#include "emu/fault/kind.h"
#include "emu/ssc/ssc.h"
#include "scenarios/runner/commands.h"

static void add(GArray *entries, const char *name, const char *about)
{
    ListEntry entry = { g_strdup(name), g_strdup(about) };

    g_array_append_val(entries, entry);
}

static void fill_faults(GArray *entries)
{
    const FaultKind *const *kind;

    for (kind = fault_kinds(); *kind; kind++) {
        add(entries, (*kind)->name, (*kind)->about);
    }
}

static void fill_models(GArray *entries)
{
    const SscModel *const *model;

    for (model = ssc_models(); *model; model++) {
        const SscUsbIds *usb = ssc_model_usb_ids(*model);
        g_autofree char *about =
            g_strdup_printf("%s; USB %04x:%04x%s", ssc_model_about(*model), usb->vendor,
                            usb->product, usb->invented ? " (invented)" : "");

        add(entries, ssc_model_name(*model), about);
    }
}

int list_all_main(int argc, char **argv)
{
    static const ListTable tables[] = {
        { "faults", fill_faults },
        { "models", fill_models },
        { NULL },
    };

    return list_main(argc, argv, tables);
}
