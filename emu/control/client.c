/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape ctl`: sends one command to a control socket and prints its answer. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/base/json-read.h"
#include "emu/base/lines.h"
#include "emu/base/options.h"
#include "emu/base/units.h"
#include "emu/control/private.h"

/* An answer is a status or a list. A longer one is not from a usbtape drive. */
#define ANSWER_MAX (4u * 1024 * 1024)

/* A running drive sends its greeting at once. A command may take longer. */
#define GREETING_TIME (5 * G_TIME_SPAN_SECOND)

static const ControlCommand *command_named(const char *name)
{
    const ControlCommand *row;

    for (row = control_commands; row->name; row++) {
        if (g_str_equal(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* The command that the words name ("fault add" is fault-add), and the start of its arguments. */
static const ControlCommand *find_command(char **words, char ***rest, GError **error)
{
    const ControlCommand *row = command_named(words[0]);
    g_autofree char *joined = words[1] ? g_strconcat(words[0], "-", words[1], NULL) : NULL;

    *rest = words + 1;
    if (!row && joined) {
        row = command_named(joined);
        *rest = words + 2;
    }
    if (!row) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                    "ctl: there is no command '%s'; `usbtape ctl --help` lists them", words[0]);
    }
    return row;
}

static const ControlArgument *row_find_flag(const ControlCommand *row, const char *word)
{
    const ControlArgument *argument;

    for (argument = row->arguments; argument->name; argument++) {
        if (argument->type == CONTROL_FLAG && g_str_equal(argument->name, word)) {
            return argument;
        }
    }
    return NULL;
}

static const ControlArgument *row_skip_flags(const ControlArgument *argument)
{
    while (argument->name && argument->type == CONTROL_FLAG) {
        argument++;
    }
    return argument;
}

/* File names are made absolute, because the drive has another working directory. */
static bool set_argument(JsonObject *arguments, const ControlCommand *row,
                         const ControlArgument *argument, const char *word, GError **error)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) bad = NULL;
    int64_t time;

    switch (argument->type) {
    case CONTROL_FILE:
        path = g_canonicalize_filename(word, NULL);
        json_object_set_string_member(arguments, argument->name, path);
        return true;
    case CONTROL_ON_OFF:
        if (!g_str_equal(word, "on") && !g_str_equal(word, "off")) {
            return usbtape_input_error(error, "ctl %s: write on or off, not '%s'", row->name, word);
        }
        json_object_set_boolean_member(arguments, argument->name, g_str_equal(word, "on"));
        return true;
    case CONTROL_TIME:
        if (!units_parse_duration(word, &time, &bad)) {
            return usbtape_input_error(error, "ctl %s: %s", row->name, bad->message);
        }
        break;
    case CONTROL_TEXT:
    case CONTROL_FLAG:
        break;
    }
    json_object_set_string_member(arguments, argument->name, word);
    return true;
}

/* Words that name a flag set it. The others are arguments, in the order of the row. */
static JsonObject *read_arguments(const ControlCommand *row, char **words, GError **error)
{
    g_autoptr(JsonObject) arguments = json_object_new();
    const ControlArgument *next = row_skip_flags(row->arguments);

    for (; *words; words++) {
        if (row_find_flag(row, *words)) {
            json_object_set_boolean_member(arguments, *words, TRUE);
            continue;
        }
        if (!next->name) {
            usbtape_input_error(error, "ctl %s: unexpected '%s'", row->name, *words);
            return NULL;
        }
        if (!set_argument(arguments, row, next, *words, error)) {
            return NULL;
        }
        next = row_skip_flags(next + 1);
    }
    if (next->name && !next->optional) {
        usbtape_input_error(error, "ctl %s: %s is missing", row->name,
                            next->type == CONTROL_ON_OFF ? "on or off" : next->name);
        return NULL;
    }
    return g_steal_pointer(&arguments);
}

static int connect_to(const char *text, GError **error)
{
    g_autoptr(Address) address = address_parse("--control", text, true, error);

    return address ? address_dial(address, error) : -1;
}

static bool check_lines_result(LinesResult result, GError **error)
{
    switch (result) {
    case LINES_GOOD:
        return true;
    case LINES_LATE:
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_TIMED_OUT,
                            "ctl: no answer: is the drive stopped, or is that the control socket "
                            "of something else?");
        return false;
    case LINES_LONG:
        g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                            "ctl: that is not a usbtape control socket: it sends a line without "
                            "end");
        return false;
    case LINES_CLOSED:
    case LINES_INTERRUPTED:
    case LINES_FAILED:
        break;
    }
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "ctl: the drive closed the connection");
    return false;
}

/* The deadline after `patience` microseconds, or never for 0. */
static int64_t deadline_after(int64_t patience)
{
    return patience > 0 ? g_get_monotonic_time() + patience : G_MAXINT64;
}

static char *request_text(const ControlCommand *row, JsonObject *arguments)
{
    g_autoptr(JsonObject) request = json_object_new();
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_object_set_string_member(request, "execute", row->name);
    json_object_set_object_member(request, "arguments", json_object_ref(arguments));
    json_node_set_object(root, request);
    text = json_to_string(root, FALSE);
    return g_strconcat(text, "\n", NULL);
}

/* The type of a received line. */
typedef enum LineType {
    LINE_INVALID,
    LINE_EVENT,
    LINE_ANSWER,
} LineType;

typedef struct Options {
    char *control;
    char **words;
    gboolean json, follow;
    char *timeout;
    int64_t patience; /* the same in microseconds, or 0 */
} Options;

static bool refuse_server(GError **error)
{
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "ctl: that is not a usbtape control socket");
    return false;
}

static bool print_answer(JsonObject *answer, const Options *options, GError **error)
{
    JsonNode *node = json_object_get_member(answer, "return");
    g_autofree char *text = NULL;
    JsonObject *why;

    if (node) {
        text = json_to_string(node, TRUE);
        if (options->json) {
            printf("%s\n", text);
        } else if (!g_str_equal(text, "{}")) {
            control_print(node);
        }
        fflush(stdout);
        return true;
    }
    why = json_object_at(answer, "error");
    if (!why) {
        return refuse_server(error);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s",
                json_text_at(why, "desc", "the drive refused"));
    return false;
}

/* Prints an answer. Prints an event only with --follow. */
static bool client_read_line(const char *line, const Options *options, LineType *type,
                             GError **error)
{
    g_autoptr(JsonNode) root = json_read(line, -1, NULL);
    JsonObject *object = json_as_object(root);

    *type = LINE_INVALID;
    if (!object) {
        return refuse_server(error);
    }
    if (json_object_has_member(object, "event")) {
        *type = LINE_EVENT;
        if (options->follow && options->json) {
            printf("%s\n", line);
            fflush(stdout);
        } else if (options->follow) {
            control_print_event(object);
        }
        return true;
    }
    *type = LINE_ANSWER;
    return print_answer(object, options, error);
}

static bool client_read_answer(Lines *lines, const Options *options, GError **error)
{
    int64_t end = deadline_after(options->patience); /* events do not extend it */
    LineType type = LINE_INVALID;

    do {
        g_autofree char *line = NULL;

        if (!check_lines_result(lines_read(lines, end, &line), error) ||
            !client_read_line(line, options, &type, error)) {
            return false;
        }
    } while (type == LINE_EVENT);
    return true;
}

/* Prints events until the drive ends or standard output fails. */
static bool client_follow(Lines *lines, const Options *options, GError **error)
{
    LineType type;

    while (!ferror(stdout)) {
        g_autofree char *line = NULL;
        LinesResult result = lines_read(lines, G_MAXINT64, &line);

        if (result != LINES_GOOD) {
            return result == LINES_CLOSED || check_lines_result(result, error);
        }
        if (!client_read_line(line, options, &type, error)) {
            return false;
        }
    }
    return true;
}

/* The greeting identifies a usbtape control socket. */
static bool client_read_greeting(Lines *lines, int64_t patience, GError **error)
{
    g_autofree char *greeting = NULL;
    g_autoptr(JsonNode) root = NULL;
    JsonObject *object;

    if (!check_lines_result(
            lines_read(lines, deadline_after(patience ? patience : GREETING_TIME), &greeting),
            error)) {
        return false;
    }
    root = json_read(greeting, -1, NULL);
    object = json_as_object(root);
    return (object && json_object_has_member(object, "usbtape")) || refuse_server(error);
}

static bool client_converse(int fd, const char *request, const Options *options, GError **error)
{
    g_autoptr(Lines) lines = lines_new(fd, ANSWER_MAX, NULL);

    if (!client_read_greeting(lines, options->patience, error)) {
        return false;
    }
    if (request && (!check_lines_result(
                        lines_write(lines, deadline_after(options->patience), request), error) ||
                    !client_read_answer(lines, options, error))) {
        return false;
    }
    return !options->follow || client_follow(lines, options, error);
}

static bool client_run(const Options *options, GError **error)
{
    g_autoptr(JsonObject) arguments = NULL;
    g_autofree char *request = NULL;
    bool good;
    int fd;

    if (options->words) {
        char **rest;
        const ControlCommand *row = find_command(options->words, &rest, error);

        arguments = row ? read_arguments(row, rest, error) : NULL;
        if (!arguments) {
            return false;
        }
        request = request_text(row, arguments);
    }
    fd = connect_to(options->control, error);
    if (fd < 0) {
        return false;
    }
    good = client_converse(fd, request, options, error);
    close(fd);
    return good;
}

/* "load FILE [read-only]" */
static char *row_usage(const ControlCommand *row)
{
    GString *text = g_string_new(row->name);
    const ControlArgument *argument;

    for (argument = row->arguments; argument->name; argument++) {
        g_autofree char *name = argument->type == CONTROL_FLAG     ? g_strdup(argument->name)
                                : argument->type == CONTROL_ON_OFF ? g_strdup("on|off")
                                : argument->type == CONTROL_TIME
                                    ? g_strdup("TIME")
                                    : g_ascii_strup(argument->name, -1);
        bool optional = argument->optional || argument->type == CONTROL_FLAG;

        g_string_append_printf(text, optional ? " [%s]" : " %s", name);
    }
    return g_string_free(text, FALSE);
}

static char *list_commands(void)
{
    GString *text = g_string_new("Commands:\n");
    const ControlCommand *row;

    for (row = control_commands; row->name; row++) {
        g_autofree char *left = row_usage(row);

        g_string_append_printf(text, "  %-30s %s\n", left, row->about);
    }
    g_string_append(text, "\nEvents (--follow):\n");
#define CONTROL_EVENT(id, about) g_string_append_printf(text, "  %-30s %s\n", #id, about);
#include "emu/control/events.def"
#undef CONTROL_EVENT
    return g_string_free(text, FALSE);
}

static bool parse(int argc, char **argv, Options *o, GError **error)
{
    const GOptionEntry entries[] = {
        { "control", 0, 0, G_OPTION_ARG_STRING, &o->control,
          "The drive's control socket (serve --control)", "unix:PATH" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "Print JSON", NULL },
        { "follow", 'f', 0, G_OPTION_ARG_NONE, &o->follow,
          "Then print each event as a line, until the drive ends", NULL },
        { "timeout", 0, 0, G_OPTION_ARG_STRING, &o->timeout,
          "Fail with status 124 without an answer after this time (default: 5s for the greeting, "
          "no limit for the answer)",
          "TIME" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->words, NULL, NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("[COMMAND [ARGUMENT]…]");
    g_autofree char *commands = list_commands();
    g_autoptr(GError) bad = NULL;

    g_option_context_set_summary(context,
                                 "Sends a command to a running drive, and prints the answer.");
    g_option_context_set_description(context, commands);
    if (!options_parse(context, entries, &argc, &argv, error)) {
        return false;
    }
    if (!o->control) {
        return usbtape_input_error(error, "ctl: --control unix:PATH is missing");
    }
    if (o->timeout && (!units_parse_duration(o->timeout, &o->patience, &bad) || o->patience == 0)) {
        return usbtape_input_error(error, "--timeout: %s", bad ? bad->message : "must not be 0");
    }
    return o->words || o->follow ||
           usbtape_input_error(error, "ctl: which COMMAND? `usbtape ctl --help` lists them");
}

int ctl_main(int argc, char **argv)
{
    Options options = { 0 };
    g_autoptr(GError) error = NULL;
    bool good = parse(argc, argv, &options, &error) && client_run(&options, &error);

    g_free(options.control);
    g_free(options.timeout);
    g_strfreev(options.words);
    return good ? EXIT_GOOD : usbtape_fail(error);
}
