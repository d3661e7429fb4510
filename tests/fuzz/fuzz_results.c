/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the results of a run: refused with a place, or compared with themselves. */
#include "scenarios/runner/report/compare.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(Results) results = results_parse("f", text, size, "d", &error);
    g_autoptr(Comparison) comparison = NULL;
    g_autoptr(GString) to = g_string_new(NULL);

    g_assert((results == NULL) == (error != NULL));
    g_assert(!error || (g_str_has_prefix(error->message, "f:") && !strchr(error->message, '\n')));
    if (results) {
        comparison = comparison_new(results, results);
        g_assert(comparison->cases->len == results->all->len);
        g_assert(comparison->counts[COMPARE_REGRESSION] == 0);
        comparison_text(comparison, to);
        comparison_junit(comparison, to);
        comparison_html(comparison, to);
        comparison_json(comparison, to);
        g_assert(!strchr(to->str, '\033'));
    }
    return 0;
}
