/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of `media ls` and `media check` for a tape in Microsoft Tape Format. */
#include "media/tool/tool.h"

#include "emu/base/error.h"
#include "emu/base/text.h"
#include "emu/base/units.h"
#include "media/mtf/mtf-walk.h"

#include <stdio.h>

/* ── listing ── */

typedef struct Listing {
    JsonStream *b; /* NULL for text output */
    bool in_set;
} Listing;

/* " TEXT" if there is one, in quotation marks. */
static char *text_quoted(const char *before, const char *text)
{
    g_autofree char *line = text_line(text);

    return text[0] ? g_strdup_printf("%s\"%s\"", before, line) : g_strdup("");
}

static void text_tape(const MtfBlock *block, const char *date)
{
    g_autofree char *name = text_quoted(" ", block->name),
                    *owner = text_quoted(", written by ", block->owner);

    printf("  Microsoft Tape Format:%s%s%s%s\n", name, owner, date[0] ? ", " : "", date);
}

static void text_set(const MtfBlock *block, const char *date)
{
    g_autofree char *name = text_quoted(" ", block->name),
                    *owner = text_quoted(", by ", block->owner);

    printf("    set %u at %" G_GUINT64_FORMAT ":%s%s%s%s\n", block->set, block->place.object, name,
           owner, date[0] ? ", " : "", date);
}

static void text_file(const MtfBlock *block)
{
    g_autofree char *size = units_format_size(block->displayable_size);
    g_autofree char *path = text_line(block->path);

    printf("      at %-8" G_GUINT64_FORMAT " %10s  %s\n", block->place.object, size, path);
}

static void json_tape(JsonStream *b, const MtfBlock *block, const char *date)
{
    json_stream_text(b, "name", block->name);
    json_stream_text(b, "label", block->label);
    json_stream_text(b, "software", block->owner);
    json_stream_text(b, "date", date);
    json_stream_array(b, "sets");
}

static void json_end_set(Listing *l)
{
    if (l->in_set && l->b) {
        json_stream_end(l->b);
        json_stream_end(l->b);
    }
    l->in_set = false;
}

static void json_set(JsonStream *b, const MtfBlock *block, const char *date)
{
    json_stream_object(b, NULL);
    json_stream_count(b, "set", block->set);
    json_stream_count(b, "object", block->place.object);
    json_stream_text(b, "name", block->name);
    json_stream_text(b, "description", block->label);
    json_stream_text(b, "user", block->owner);
    json_stream_text(b, "date", date);
    json_stream_array(b, "files");
}

static void json_mtf_file(JsonStream *b, const MtfBlock *block, const char *date)
{
    json_stream_row(b, NULL);
    json_stream_text(b, "path", block->path);
    json_stream_count(b, "size", block->displayable_size);
    json_stream_count(b, "object", block->place.object);
    json_stream_count(b, "byte", block->place.byte);
    json_stream_text(b, "date", date);
    json_stream_end(b);
}

static void mtf_list_block(void *data, const MtfBlock *block)
{
    Listing *l = data;
    g_autofree char *date = mtf_date_text(&block->date);

    switch (block->type) {
    case MTF_TAPE:
        l->b ? json_tape(l->b, block, date) : text_tape(block, date);
        return;
    case MTF_SSET:
        json_end_set(l);
        l->in_set = true;
        l->b ? json_set(l->b, block, date) : text_set(block, date);
        return;
    case MTF_FILE:
        l->b ? json_mtf_file(l->b, block, date) : text_file(block);
        return;
    default:
        return;
    }
}

static void json_violation(JsonStream *b, const MtfViolation *v)
{
    g_autofree char *text = NULL;

    if (!v) {
        json_stream_null(b, "violation");
        return;
    }
    text = mtf_violation_text(v);
    json_stream_object(b, "violation");
    json_stream_text(b, "text", text);
    json_stream_text(b, "rule", mtf_rule_name(v->rule));
    json_stream_count(b, "object", v->place.object);
    json_stream_count(b, "file", v->place.file);
    json_stream_count(b, "byte", v->place.byte);
    json_stream_count(b, "set", v->set);
    json_stream_text(b, "expected", v->expected);
    json_stream_text(b, "found", v->found);
    json_stream_end(b);
}

bool tool_mtf_list(TapeMedium *m, uint32_t partition, JsonStream *b, GError **error)
{
    Listing l = { .b = b };
    g_autoptr(MtfReader) r = NULL;
    const MtfViolation *v;

    if (!mtf_walk_probe(m, partition)) {
        return true;
    }
    r = mtf_reader_new(&(MtfReaderOps){ .block = mtf_list_block }, &l);
    if (b) {
        json_stream_object(b, "mtf");
    }
    if (!mtf_walk(m, partition, MTF_WALK_NAMES, r, error)) {
        return false;
    }
    v = mtf_reader_violation(r);
    if (b) {
        json_end_set(&l);
        if (mtf_reader_flb_size(r) > 0) {
            json_stream_end(b);
        }
        json_violation(b, v);
        json_stream_end(b);
    } else if (v) {
        g_autofree char *text = mtf_violation_text(v);
        g_autofree char *line = text_line(text);

        printf("    and from here on not as the format has it: %s\n", line);
    }
    return true;
}

/* ── judging ── */

static void mtf_print_good(const char *path, const MtfReader *r)
{
    g_autofree char *shown = text_line(path);
    const MtfCounts *c = mtf_reader_counts(r);
    g_autofree char *size = units_format_size(c->bytes);

    printf("%s: good Microsoft Tape Format: sets %" G_GUINT64_FORMAT ", volumes %" G_GUINT64_FORMAT
           ", directories %" G_GUINT64_FORMAT ", files %" G_GUINT64_FORMAT
           " with %s, checksums %" G_GUINT64_FORMAT "\n",
           shown, c->sets, c->volumes, c->directories, c->files, size, c->checksums);
}

bool tool_mtf_verdict(const char *path, const MtfReader *r, GError **error)
{
    const MtfViolation *v = mtf_reader_violation(r);
    g_autofree char *text = v ? mtf_violation_text(v) : NULL, *shown = text_line(path);

    if (!v) {
        mtf_print_good(path, r);
        return true;
    }
    if (v->rule == MTF_RULE_UNSUPPORTED) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s: not judged to its end: %s", path,
                    text);
        return false;
    }
    printf("%s: what a Windows backup would report: \"%s\" (our mapping: the text is that of "
           "KB 817765, which does not say what leads to it)\n",
           shown, MTF_APPLICATION_MESSAGE);
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "%s: not as Microsoft Tape Format 1.00a has it: %s", path, text);
    return false;
}
