/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/units.h"

#include "emu/base/error.h"

typedef struct Unit {
    const char *name;
    uint64_t factor;
} Unit;

static const Unit size_units[] = {
    { "", 1 },
    { "B", 1 },
    { "KiB", 1ull << 10 },
    { "MiB", 1ull << 20 },
    { "GiB", 1ull << 30 },
    { "TiB", 1ull << 40 },
    { "kB", 1000ull },
    { "KB", 1000ull },
    { "MB", 1000ull * 1000 },
    { "GB", 1000ull * 1000 * 1000 },
    { "TB", 1000ull * 1000 * 1000 * 1000 },
};

static const Unit duration_units[] = {
    { "us", 1 },
    { "ms", 1000 },
    { "s", 1000 * 1000 },
    { "min", 60ull * 1000 * 1000 },
    { "h", 3600ull * 1000 * 1000 },
};

/* Parses DIGITS[.DIGITS]UNIT exactly, in integers. Floating point would round large sizes. */
static bool parse_units(const char *text, const Unit *units, size_t n_units, uint64_t *value)
{
    uint64_t whole = 0, tenths = 0, scale = 1;
    const char *c = text;
    size_t i;

    if (!g_ascii_isdigit(*c)) {
        return false;
    }
    for (; g_ascii_isdigit(*c); c++) {
        if (!g_uint64_checked_mul(&whole, whole, 10) ||
            !g_uint64_checked_add(&whole, whole, (uint64_t)g_ascii_digit_value(*c))) {
            return false;
        }
    }
    if (*c == '.') {
        c++;
        if (!g_ascii_isdigit(*c)) {
            return false;
        }
        for (; g_ascii_isdigit(*c); c++) {
            if (scale > 1000 * 1000) {
                return false;
            }
            scale *= 10;
            tenths = tenths * 10 + (uint64_t)g_ascii_digit_value(*c);
        }
    }
    for (i = 0; i < n_units; i++) {
        uint64_t part;

        if (!g_str_equal(c, units[i].name)) {
            continue;
        }
        if (!g_uint64_checked_mul(&part, tenths, units[i].factor) || part % scale != 0 ||
            !g_uint64_checked_mul(value, whole, units[i].factor) ||
            !g_uint64_checked_add(value, *value, part / scale)) {
            return false;
        }
        return *value <= G_MAXINT64;
    }
    return false;
}

bool units_parse_size(const char *text, uint64_t *bytes, GError **error)
{
    if (parse_units(text, size_units, G_N_ELEMENTS(size_units), bytes)) {
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "'%s' is not a size: write a number and a unit, such as 512, 64KiB or 35GB", text);
    return false;
}

bool units_parse_duration(const char *text, int64_t *microseconds, GError **error)
{
    uint64_t value;

    /* The sum of such a duration and the time of day does not overflow. */
    if (parse_units(text, duration_units, G_N_ELEMENTS(duration_units), &value) &&
        value <= G_MAXINT64 / 2) {
        *microseconds = (int64_t)value;
        return true;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "'%s' is not a duration: write a number and a unit, such as 250ms, 40s or 2min",
                text);
    return false;
}

char *units_format_size(uint64_t bytes)
{
    static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes / 1024;
    size_t i;

    if (bytes < 1024) {
        return g_strdup_printf("%u B", (unsigned)bytes);
    }
    for (i = 0; value >= 1024 && i + 1 < G_N_ELEMENTS(names); i++) {
        value /= 1024;
    }
    return value == (double)(uint64_t)value ? g_strdup_printf("%.0f %s", value, names[i])
                                            : g_strdup_printf("%.1f %s", value, names[i]);
}
