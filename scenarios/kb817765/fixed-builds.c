/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/kb817765/fixed-builds.h"

#include "emu/base/error.h"

#define BUILD(os, architecture, a, b, c, d, date, size)                                            \
    { os, architecture, { a, b, c, d }, date, size },

static const FixedBuild builds[] = {
#include "scenarios/kb817765/fixed-builds.def"
};

const FixedBuild *fixed_builds(size_t *n)
{
    *n = G_N_ELEMENTS(builds);
    return builds;
}

/* Four numbers with dots between them, then the end or a space. */
static bool parse_version(const char *text, uint16_t *version)
{
    const char *p = text;
    int i;

    for (i = 0; i < 4; i++) {
        char *end;
        uint64_t number;

        if (!g_ascii_isdigit(*p)) {
            return false;
        }
        number = g_ascii_strtoull(p, &end, 10);
        if (number > G_MAXUINT16 || (i < 3 && *end != '.')) {
            return false;
        }
        version[i] = (uint16_t)number;
        p = i < 3 ? end + 1 : end;
    }
    return *p == '\0' || *p == ' ';
}

/* The first two numbers tell the product. */
static const FixedBuild *find_row(const uint16_t *version, const char *architecture)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(builds); i++) {
        if (builds[i].version[0] == version[0] && builds[i].version[1] == version[1] &&
            g_ascii_strcasecmp(builds[i].architecture, architecture) == 0) {
            return &builds[i];
        }
    }
    return NULL;
}

static bool is_older(const uint16_t *version, const uint16_t *than)
{
    int i;

    for (i = 0; i < 4; i++) {
        if (version[i] != than[i]) {
            return version[i] < than[i];
        }
    }
    return false;
}

bool fixed_build_expect(const char *version, const char *architecture,
                        FixedExpectation *expectation, const FixedBuild **row, GError **error)
{
    uint16_t numbers[4];
    const FixedBuild *found;

    if (!parse_version(version, numbers)) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "'%s' is no version of a file, such as 5.1.2600.1317", version);
        return false;
    }
    found = find_row(numbers, architecture);
    if (row) {
        *row = found;
    }
    *expectation = !found                              ? FIXED_EXPECT_NOTHING
                   : is_older(numbers, found->version) ? FIXED_EXPECT_FAIL
                                                       : FIXED_EXPECT_PASS;
    return true;
}
