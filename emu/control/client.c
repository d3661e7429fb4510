/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape ctl`: one command to a control socket, its answer to standard output. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/base/options.h"
#include "emu/control/private.h"

/* An answer is a status or a list; more is not one of ours. */
#define ANSWER_MAX (4u * 1024 * 1024)

static const ControlCommand *find_command(const char *name, GError **error)
{
    const ControlCommand *row;

    for (row = control_commands; row->name; row++) {
        if (g_str_equal(row->name, name)) {
            return row;
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "ctl: there is no command '%s'; `usbtape ctl --help` lists them", name);
    return NULL;
}

static bool has_flag(const ControlCommand *row, const char *word)
{
    g_autofree char *flag = g_strconcat(word, "?", NULL);

    return g_strv_contains(row->takes, flag);
}

/* Words that name a flag set it; the others fill what must be there, in order. Files are made
 * absolute, for the drive has a working directory of its own. */
static JsonObject *read_arguments(const ControlCommand *row, char **words, GError **error)
{
    g_autoptr(JsonObject) arguments = json_object_new();
    const char *const *next = row->takes;

    for (; *words; words++) {
        if (has_flag(row, *words)) {
            json_object_set_boolean_member(arguments, *words, TRUE);
            continue;
        }
        while (*next && !g_str_has_suffix(*next, "!")) {
            next++;
        }
        if (!*next) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "ctl %s: unexpected '%s'",
                        row->name, *words);
            return NULL;
        }
        {
            g_autofree char *name = g_strndup(*next, strlen(*next) - 1);
            g_autofree char *path = g_canonicalize_filename(*words, NULL);

            json_object_set_string_member(arguments, name, path);
        }
        next++;
    }
    while (*next && !g_str_has_suffix(*next, "!")) {
        next++;
    }
    if (*next) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "ctl %s: %.*s is missing", row->name,
                    (int)strlen(*next) - 1, *next);
        return NULL;
    }
    return g_steal_pointer(&arguments);
}

static int connect_to(const char *text, GError **error)
{
    g_autoptr(Address) address = address_parse("--control", text, true, error);
    g_autoptr(GError) why = NULL;
    struct pollfd poller = { .events = POLLOUT };
    bool pending, connected;
    int fd;

    if (!address) {
        return -1;
    }
    fd = address_connect(address, &pending, &why);
    if (fd >= 0 && pending) {
        poller.fd = fd;
        (void)!poll(&poller, 1, -1);
    }
    connected = fd >= 0 && address_connected(address, fd, &why);
    if (connected) {
        (void)!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "--control %s: nobody answers there (%s)", text, why->message);
    return -1;
}

/* A line, without its end; NULL and an error when the drive goes away first. */
static char *read_line(int fd, GString *input, GError **error)
{
    char buffer[4096];
    const char *end;
    char *line;
    ssize_t n;

    while (!(end = memchr(input->str, '\n', input->len))) {
        n = recv(fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || input->len > ANSWER_MAX) {
            g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                                "ctl: the drive closed the connection");
            return NULL;
        }
        g_string_append_len(input, buffer, n);
    }
    line = g_strndup(input->str, (gsize)(end - input->str));
    g_string_erase(input, 0, end - input->str + 1);
    return line;
}

static bool send_all(int fd, const char *text, GError **error)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                                "ctl: the drive closed the connection");
            return false;
        }
        text += MAX(n, 0);
        left -= (size_t)MAX(n, 0);
    }
    return true;
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

static bool print_answer(const char *line, GError **error)
{
    g_autoptr(JsonNode) root = json_from_string(line, NULL);
    JsonObject *answer = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    g_autofree char *text = NULL;

    if (answer && json_object_has_member(answer, "return")) {
        text = json_to_string(json_object_get_member(answer, "return"), TRUE);
        if (!g_str_equal(text, "{}")) {
            printf("%s\n", text);
        }
        return true;
    }
    if (answer && json_object_has_member(answer, "error")) {
        JsonNode *node = json_object_get_member(answer, "error");

        if (JSON_NODE_HOLDS_OBJECT(node)) {
            g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "%s",
                        json_object_get_string_member_with_default(json_node_get_object(node),
                                                                   "desc", "the drive refused"));
            return false;
        }
    }
    g_set_error_literal(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                        "ctl: that is not a usbtape control socket");
    return false;
}

static bool converse(const char *control, char **words, GError **error)
{
    const ControlCommand *row = find_command(words[0], error);
    g_autoptr(JsonObject) arguments = row ? read_arguments(row, words + 1, error) : NULL;
    g_autoptr(GString) input = g_string_new(NULL);
    g_autofree char *greeting = NULL;
    g_autofree char *answer = NULL;
    g_autofree char *request = NULL;
    bool good;
    int fd;

    if (!arguments) {
        return false;
    }
    fd = connect_to(control, error);
    if (fd < 0) {
        return false;
    }
    request = request_text(row, arguments);
    good = (greeting = read_line(fd, input, error)) && send_all(fd, request, error) &&
           (answer = read_line(fd, input, error)) && print_answer(answer, error);
    close(fd);
    return good;
}

static char *list_commands(void)
{
    GString *text = g_string_new("Commands:\n");
    const ControlCommand *row;

    for (row = control_commands; row->name; row++) {
        g_autofree char *left = g_strdup_printf("%s %s", row->name, row->arguments);

        g_string_append_printf(text, "  %-24s %s\n", left, row->about);
    }
    return g_string_free(text, FALSE);
}

int ctl_main(int argc, char **argv)
{
    g_autofree char *control = NULL;
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        { "control", 0, 0, G_OPTION_ARG_STRING, &control,
          "The drive's control socket (serve --control)", "unix:PATH" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND [ARGUMENT]…");
    g_autofree char *commands = list_commands();
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context, "Asks a running drive to do something.");
    g_option_context_set_description(context, commands);
    if (!options_parse(context, entries, &argc, &argv, &error)) {
        return usbtape_fail(error);
    }
    if (!control || !words || !words[0]) {
        g_set_error_literal(&error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                            control ? "ctl: which COMMAND? `usbtape ctl --help` lists them"
                                    : "ctl: --control unix:PATH is missing");
        return usbtape_fail(error);
    }
    return converse(control, words, &error) ? EXIT_GOOD : usbtape_fail(error);
}
