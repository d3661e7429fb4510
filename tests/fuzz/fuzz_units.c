/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes and durations, as users write them. */
#include "emu/base/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) size_error = NULL;
    g_autoptr(GError) duration_error = NULL;
    uint64_t bytes = 0;
    int64_t microseconds = 0;
    bool is_size = units_parse_size(text, &bytes, &size_error);
    bool is_duration = units_parse_duration(text, &microseconds, &duration_error);

    /* A value or an error, never both and never neither. */
    g_assert(is_size == !size_error && (!is_size || bytes <= INT64_MAX));
    g_assert(is_duration == !duration_error && (!is_duration || microseconds >= 0));
    return 0;
}
