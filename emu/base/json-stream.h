/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON writer for lists of any length. It keeps only its place in the document. Text is valid
 * UTF-8 and has no control sequences for a terminal.
 */
#ifndef USBTAPE_BASE_JSON_STREAM_H
#define USBTAPE_BASE_JSON_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_STREAM_DEPTH = 16 };

typedef struct JsonStream {
    FILE *to;
    unsigned depth;
    struct {
        bool array, row, filled;
    } levels[JSON_STREAM_DEPTH];
} JsonStream;

JsonStream json_stream(FILE *to);

/* `name` of the member in an object. NULL in an array, and for the document itself. */
void json_stream_object(JsonStream *s, const char *name);
/* The same, with its content on one line. */
void json_stream_row(JsonStream *s, const char *name);
void json_stream_array(JsonStream *s, const char *name);
/* Ends the innermost object or array. */
void json_stream_end(JsonStream *s);
/* Ends all objects and arrays except the outer `depth` ones. With 0 also ends the document. */
void json_stream_end_to(JsonStream *s, unsigned depth);

void json_stream_text(JsonStream *s, const char *name, const char *value);
void json_stream_bool(JsonStream *s, const char *name, bool value);
void json_stream_null(JsonStream *s, const char *name);
/* A count above 2^63 - 1, the limit of JSON readers, becomes that limit. */
void json_stream_count(JsonStream *s, const char *name, uint64_t value);

#endif
