/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a scenario, and as a guest: refused with a place, or cases that have names. */
#include "scenarios/runner/language/guest-file.h"
#include "scenarios/runner/language/scenario.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_guest(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestKind) kind = guest_file_parse("f", (const char *)data, size, &error);

    g_assert((kind == NULL) == (error != NULL));
    g_assert(!error || g_str_has_prefix(error->message, "f:"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) cases = scenario_parse("f", (const char *)data, size, NULL, &error);
    guint i;

    g_assert((cases == NULL) == (error != NULL));
    g_assert(!error || g_str_has_prefix(error->message, "f:"));
    for (i = 0; cases && i < MIN(cases->len, 100); i++) {
        g_autofree char *name = scenario_case_name(cases->pdata[i]);

        g_assert(g_ascii_isalnum(name[0]) && !strchr(name, '/'));
    }
    fuzz_guest(data, size);
    return 0;
}
