/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The axes of a scenario's `vary:`, and the text of the file with a value of each in its place.
 *
 * Owns: `vary:`. Does not own: what the filled-in text says (matrix.c).
 */
#ifndef USBTAPE_SCENARIOS_AXES_H
#define USBTAPE_SCENARIOS_AXES_H

#include "emu/base/yaml.h"

#define AXES_MAX 8

typedef struct Axis {
    const char *name;
    GPtrArray *values; /* of const char *, borrowed from the file */
} Axis;

/* Reads `vary` (NULL: there is none) into `axes`, AXES_MAX of them, which the caller clears. */
bool axes_read(const YamlNode *vary, Axis *axes, size_t *n, GError **error);
void axes_clear(Axis *axes);

/* The value of each axis in the combination `at`. */
void axes_values(const Axis *axes, const size_t *at, size_t n, const char **values);
/* Counts up as a clock does, the last axis fastest. False: that was the last combination. */
bool axes_next(const Axis *axes, size_t *at, size_t n);

/* The text with the values where <name> stands. A result of more than YAML_FILE_MAX is cut: its
 * reader refuses it. Free with g_free. */
char *axes_substitute(const char *text, const Axis *axes, const char *const *values, size_t n);
/* "record=64KiB.mode=fixed". Free with g_free. */
char *axes_variant(const Axis *axes, const char *const *values, size_t n);
/*
 * The text without the values of its axes. They were read, and reading them anew for each of them
 * would take the square of their number. Every other line keeps its number. Free with g_free. NULL:
 * they do not stand on lines of their own.
 */
char *axes_cut(const YamlNode *root, const char *text);

#endif
