/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree is built from libyaml's events. A libyaml document has resolved its anchors, aliases and
 * tags, so they could not be refused at their place.
 */
#include "emu/base/yaml-node.h"

#include "emu/base/error.h"
#include "emu/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* Characters of a message, which may quote a text as long as the file. */
#define MESSAGE_MAX 4000

/* Editors on Windows put a byte order mark before the text. */
#define ORDER_MARK "\xef\xbb\xbf"

struct YamlFile {
    char *name;
    YamlNode *root;
};

static void node_free(void *data)
{
    YamlNode *node = data;

    g_free(node->text);
    g_clear_pointer(&node->places, g_tree_unref);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->items, g_ptr_array_unref);
    g_free(node);
}

void yaml_file_free(YamlFile *file)
{
    if (file) {
        g_clear_pointer(&file->root, node_free);
        g_free(file->name);
        g_free(file);
    }
}

static bool refuse_at(const YamlFile *file, yaml_mark_t mark, GError **error, const char *what)
{
    return usbtape_input_error(error, "%s:%zu:%zu: %s", file->name, mark.line + 1, mark.column + 1,
                               what);
}

bool yaml_node_refuse(const YamlNode *node, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    line = text_line(what);
    if (g_utf8_strlen(line, -1) > MESSAGE_MAX) {
        g_autofree char *start = g_utf8_substring(line, 0, MESSAGE_MAX);

        return usbtape_input_error(error, "%s:%u:%u: %s…", node->file->name, node->line,
                                   node->column, start);
    }
    return usbtape_input_error(error, "%s:%u:%u: %s", node->file->name, node->line, node->column,
                               line);
}

/* ---- nodes from events ---- */

typedef struct Builder {
    YamlFile *file;
    YamlNode *open[YAML_DEPTH_MAX]; /* lists and maps around the next node, outermost first */
    unsigned depth;
} Builder;

static int compare_texts(const void *a, const void *b, void *data)
{
    return strcmp(a, b);
}

static YamlNode *node_new(YamlFile *file, YamlKind kind, yaml_mark_t mark)
{
    YamlNode *node = g_new0(YamlNode, 1);

    node->file = file;
    node->kind = kind;
    node->line = (unsigned)mark.line + 1;
    node->column = (unsigned)mark.column + 1;
    node->offset = mark.index;
    if (kind != YAML_KIND_SCALAR) {
        node->items = g_ptr_array_new_with_free_func(node_free);
    }
    if (kind == YAML_KIND_MAP) {
        node->keys = g_ptr_array_new_with_free_func(node_free);
        /* A tree, because the author of a file could choose keys with equal hashes. */
        node->places = g_tree_new_full(compare_texts, NULL, NULL, NULL);
    }
    return node;
}

static bool builder_awaits_key(const YamlNode *node)
{
    return node && node->kind == YAML_KIND_MAP && node->keys->len == node->items->len;
}

bool yaml_node_is_nothing(const YamlNode *node)
{
    return node->plain && (node->text[0] == '\0' || g_str_equal(node->text, "~"));
}

/* The index of a key in its map, from 1, or 0. */
static size_t map_key_index(const YamlNode *map, const char *key)
{
    return GPOINTER_TO_SIZE(g_tree_lookup(map->places, key));
}

/* A key is a text and never empty. All readers depend on that. */
static bool map_check_key(const YamlNode *map, const YamlNode *key, GError **error)
{
    size_t earlier;

    if (key->kind != YAML_KIND_SCALAR) {
        return yaml_node_refuse(key, error, "a key must be text");
    }
    if (yaml_node_is_nothing(key)) {
        return yaml_node_refuse(key, error, "a key is missing here: write its name before the ':'");
    }
    if (key->plain && g_str_equal(key->text, "<<")) {
        return yaml_node_refuse(key, error, "merge keys are not allowed: write the keys out");
    }
    earlier = map_key_index(map, key->text);
    if (earlier > 0) {
        g_autofree char *name = text_quote(key->text);

        return yaml_node_refuse(key, error, "duplicate key %s: it is already on line %u", name,
                                yaml_node_line(map->keys->pdata[earlier - 1]));
    }
    return true;
}

/* Takes ownership of `node`, on failure too. */
static bool builder_add(Builder *self, YamlNode *node, GError **error)
{
    YamlNode *parent = self->depth > 0 ? self->open[self->depth - 1] : NULL;

    if (!parent) {
        self->file->root = node;
        return true;
    }
    if (builder_awaits_key(parent)) {
        bool good = map_check_key(parent, node, error);

        g_ptr_array_add(parent->keys, node);
        if (good) {
            g_tree_insert(parent->places, node->text, GSIZE_TO_POINTER(parent->keys->len));
        }
        return good;
    }
    g_ptr_array_add(parent->items, node);
    return true;
}

static bool builder_open(Builder *self, YamlKind kind, const yaml_event_t *event, GError **error)
{
    YamlNode *node = node_new(self->file, kind, event->start_mark);

    node->flow = kind == YAML_KIND_MAP
                     ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                     : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    if (!builder_add(self, node, error)) {
        return false;
    }
    if (self->depth == YAML_DEPTH_MAX) {
        return yaml_node_refuse(node, error, "nested deeper than %u levels", YAML_DEPTH_MAX);
    }
    self->open[self->depth++] = node;
    return true;
}

static bool builder_scalar(Builder *self, const yaml_event_t *event, GError **error)
{
    YamlNode *node = node_new(self->file, YAML_KIND_SCALAR, event->start_mark);

    node->text = g_strndup((const char *)event->data.scalar.value, event->data.scalar.length);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (strlen(node->text) != event->data.scalar.length) {
        yaml_node_refuse(node, error, "a text may not hold a NUL");
        node_free(node);
        return false;
    }
    return builder_add(self, node, error);
}

static const char *refuse_event(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not allowed: write the value out, or quote the text";
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor ? "anchors (&name) are not allowed"
               : event->data.scalar.tag  ? "tags (!name) are not allowed: quote the text"
                                         : NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor ? "anchors (&name) are not allowed"
               : event->data.sequence_start.tag  ? "tags (!name) are not allowed"
                                                 : NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor ? "anchors (&name) are not allowed"
               : event->data.mapping_start.tag  ? "tags (!name) are not allowed"
                                                : NULL;
    case YAML_DOCUMENT_START_EVENT:
        return event->data.document_start.version_directive ||
                       event->data.document_start.tag_directives.start !=
                           event->data.document_start.tag_directives.end
                   ? "directives (%…) are not allowed"
                   : NULL;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return NULL;
    }
    return NULL;
}

static bool builder_event(Builder *self, const yaml_event_t *event, GError **error)
{
    const char *why = refuse_event(event);

    if (why) {
        return refuse_at(self->file, event->start_mark, error, why);
    }
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return !self->file->root ||
               refuse_at(self->file, event->start_mark, error, "only one document to a file");
    case YAML_SCALAR_EVENT:
        return builder_scalar(self, event, error);
    case YAML_SEQUENCE_START_EVENT:
        return builder_open(self, YAML_KIND_LIST, event, error);
    case YAML_MAPPING_START_EVENT:
        return builder_open(self, YAML_KIND_MAP, event, error);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        self->depth--;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        return true;
    }
    return true;
}

/* The length of the line break at `c`, of all kinds that libyaml knows, or 0. */
static size_t line_break(const char *c, const char *end)
{
    static const char *const breaks[] = { "\r\n",     "\n",           "\r",
                                          "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(breaks); i++) {
        size_t n = strlen(breaks[i]);

        if ((size_t)(end - c) >= n && memcmp(c, breaks[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

/* The start of the next line, or the end. */
static const char *next_line(const char *c, const char *end)
{
    size_t n = 0;

    for (; c < end && (n = line_break(c, end)) == 0; c++) {
    }
    return c + n;
}

/* The line and column of the byte at `end`. */
static yaml_mark_t mark_of(const char *text, const char *end)
{
    const char *c = text, *line_start = text;
    yaml_mark_t mark = { 0 };

    while (c < end) {
        size_t n = line_break(c, end);

        c += MAX(n, 1);
        if (n > 0) {
            mark.line++;
            line_start = c;
        }
    }
    mark.column = (size_t)g_utf8_strlen(line_start, end - line_start);
    return mark;
}

static bool refuse_syntax(const YamlFile *file, const char *text, const yaml_parser_t *parser,
                          GError **error)
{
    const char *problem = parser->problem ? parser->problem : "this is not YAML";

    /* A reader error (a forbidden character) has an offset and no mark. */
    return refuse_at(file,
                     parser->error == YAML_READER_ERROR
                         ? mark_of(text, text + parser->problem_offset)
                         : parser->problem_mark,
                     error, problem);
}

static bool build_tree(YamlFile *file, const char *text, size_t length, GError **error)
{
    Builder builder = { .file = file };
    bool good = true, ended = false;
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        g_error("out of memory");
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (good && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event)) {
            good = refuse_syntax(file, text, &parser, error);
            break;
        }
        good = builder_event(&builder, &event, error);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (good && !file->root) {
        usbtape_input_error(error, "%s:1:1: the file is empty", file->name);
    }
    return good && file->root;
}

static bool check_utf8(const YamlFile *file, const char *text, size_t length, GError **error)
{
    const char *end;

    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        return refuse_at(file, (yaml_mark_t){ 0 }, error,
                         "this is UTF-16 text: save the file as UTF-8");
    }
    return g_utf8_validate(text, (gssize)length, &end) ||
           refuse_at(file, mark_of(text, end), error, "this is not UTF-8 text");
}

/*
 * Refuses directives, which come before a document. libyaml compares each directive with all
 * earlier ones, which takes too long.
 */
static bool check_directives(const YamlFile *file, const char *text, size_t length, GError **error)
{
    const char *end = text + length, *line, *next;
    bool before_document = true;

    for (line = text; line < end; line = next) {
        next = next_line(line, end);
        if (before_document && *line == '%') {
            return refuse_at(file, mark_of(text, line), error, "directives (%…) are not allowed");
        }
        if (next - line >= 3 && memcmp(line, "...", 3) == 0) {
            before_document = true;
        } else if (!strchr("# \t", *line) && line_break(line, end) == 0) {
            before_document = false;
        }
    }
    return true;
}

size_t yaml_skip_order_mark(const char *text, size_t length)
{
    size_t mark = strlen(ORDER_MARK);

    return length >= mark && memcmp(text, ORDER_MARK, mark) == 0 ? mark : 0;
}

YamlFile *yaml_file_parse(const char *name, const char *text, size_t length, GError **error)
{
    g_autoptr(YamlFile) file = g_new0(YamlFile, 1);
    size_t mark = yaml_skip_order_mark(text, length);

    file->name = g_strdup(name);
    if (length > YAML_FILE_MAX) {
        usbtape_input_error(error, "%s:1:1: longer than %u KiB", name, YAML_FILE_MAX / 1024);
        return NULL;
    }
    text += mark;
    length -= mark;
    if (!check_utf8(file, text, length, error) || !check_directives(file, text, length, error) ||
        !build_tree(file, text, length, error)) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

static YamlFile *refuse_file(const char *path, int number, GError **error)
{
    usbtape_input_error(error, "%s: %s", path, g_strerror(number));
    return NULL;
}

YamlFile *yaml_file_load(const char *path, GError **error)
{
    g_autofree char *text = g_malloc(YAML_FILE_MAX + 1);
    size_t length = 0;
    struct stat status;
    /* O_NONBLOCK, so that opening a FIFO by mistake does not hang. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int failed = 0;

    if (fd < 0) {
        return refuse_file(path, errno, error);
    }
    if (fstat(fd, &status) != 0) {
        failed = errno;
    } else if (S_ISDIR(status.st_mode)) {
        failed = EISDIR;
    }
    while (!failed && length <= YAML_FILE_MAX) {
        ssize_t n = read(fd, text + length, YAML_FILE_MAX + 1 - length);

        if (n == 0) {
            break;
        }
        if (n > 0) {
            length += (size_t)n;
        } else if (errno != EINTR) {
            failed = errno;
        }
    }
    close(fd);
    return failed ? refuse_file(path, failed, error) : yaml_file_parse(path, text, length, error);
}

const YamlNode *yaml_file_root(const YamlFile *file)
{
    return file->root;
}

/* ---- access ---- */

YamlKind yaml_node_kind(const YamlNode *node)
{
    return node->kind;
}

unsigned yaml_node_line(const YamlNode *node)
{
    return node->line;
}

size_t yaml_node_offset(const YamlNode *node)
{
    return node->offset;
}

bool yaml_node_in_flow(const YamlNode *node)
{
    return node->flow;
}

size_t yaml_node_length(const YamlNode *node)
{
    return node->items ? node->items->len : 0;
}

const YamlNode *yaml_node_item(const YamlNode *node, size_t i)
{
    g_assert(i < yaml_node_length(node));
    return node->items->pdata[i];
}

const YamlNode *yaml_node_key(const YamlNode *map, size_t i)
{
    g_assert(map->keys && i < map->keys->len);
    return map->keys->pdata[i];
}

const char *yaml_node_key_text(const YamlNode *map, size_t i)
{
    return yaml_node_key(map, i)->text;
}

const YamlNode *yaml_node_get(const YamlNode *map, const char *key)
{
    size_t place = map->places ? map_key_index(map, key) : 0;

    return place > 0 ? map->items->pdata[place - 1] : NULL;
}

bool yaml_node_is_word(const YamlNode *node, const char *word)
{
    return node->kind == YAML_KIND_SCALAR && !yaml_node_is_nothing(node) &&
           g_str_equal(node->text, word);
}

bool yaml_node_is(const YamlNode *node, YamlKind kind, GError **error)
{
    static const char *const names[] = { "a single value", "a list", "a map of keys" };

    return node->kind == kind ||
           yaml_node_refuse(node, error, "this must be %s, not %s", names[kind], names[node->kind]);
}

/* ---- writing ---- */

static void node_print_text(const YamlNode *node, GString *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    const char *c;

    if (node->plain && (g_ascii_isalnum(node->text[0]) || node->text[0] == '-') &&
        !g_str_equal(node->text, "-") && node->text[strspn(node->text, safe)] == '\0') {
        g_string_append(text, node->text);
        return;
    }
    g_string_append_c(text, '"');
    for (c = node->text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(text, '\\');
            g_string_append_c(text, *c);
        } else if (g_ascii_iscntrl(*c)) {
            g_string_append_printf(text, "\\x%02x", (unsigned)(unsigned char)*c);
        } else {
            g_string_append_c(text, *c);
        }
    }
    g_string_append_c(text, '"');
}

void yaml_node_print(const YamlNode *node, GString *text)
{
    size_t i;

    if (node->kind == YAML_KIND_SCALAR) {
        node_print_text(node, text);
        return;
    }
    g_string_append_c(text, node->keys ? '{' : '[');
    for (i = 0; i < node->items->len; i++) {
        g_string_append(text, i > 0 ? ", " : "");
        if (node->keys) {
            node_print_text(node->keys->pdata[i], text);
            g_string_append(text, ": ");
        }
        yaml_node_print(node->items->pdata[i], text);
    }
    g_string_append_c(text, node->keys ? '}' : ']');
}
