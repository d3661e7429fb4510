/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/qmp.h"

#include "emu/base/error.h"
#include "scenarios/runner/proc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A monitor that is silent that long belongs to a QEMU that hangs. */
#define QMP_PATIENCE SECONDS(15)

/* Its longest answers describe a whole machine. */
#define QMP_LINE_MAX (16u * 1024 * 1024)

struct Qmp {
    int fd;
    GString *input;
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "QEMU's monitor: %s", what);
    return false;
}

/* The next line, as JSON. */
static JsonNode *next(Qmp *self, GError **error)
{
    int64_t end = g_get_monotonic_time() + QMP_PATIENCE;
    char *newline;
    JsonNode *node;

    while (!(newline = memchr(self->input->str, '\n', self->input->len))) {
        struct pollfd fd = { .fd = self->fd, .events = POLLIN };
        char bytes[4096];
        ssize_t n;

        /* However much it says: what ends no line is no answer. */
        if (interrupted() || g_get_monotonic_time() > end || self->input->len > QMP_LINE_MAX) {
            fail(error, interrupted() ? "interrupted" : "no answer");
            return NULL;
        }
        if (poll(&fd, 1, 100) <= 0) {
            continue;
        }
        n = read(self->fd, bytes, sizeof bytes);
        if (n <= 0) {
            fail(error, n == 0 ? "QEMU has gone" : g_strerror(errno));
            return NULL;
        }
        g_string_append_len(self->input, bytes, n);
    }
    *newline = '\0';
    node = json_from_string(self->input->str, NULL);
    g_string_erase(self->input, 0, newline - self->input->str + 1);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_clear_pointer(&node, json_node_unref);
        fail(error, "an answer that is not JSON");
    }
    return node;
}

Qmp *qmp_new(int fd, GError **error)
{
    g_autoptr(Qmp) self = g_new0(Qmp, 1);
    g_autoptr(JsonNode) greeting = NULL;

    self->fd = fd;
    self->input = g_string_new(NULL);
    greeting = next(self, error);
    if (!greeting || !qmp_execute(self, "qmp_capabilities", NULL, NULL, error)) {
        return NULL;
    }
    return g_steal_pointer(&self);
}

void qmp_free(Qmp *self)
{
    if (self) {
        close(self->fd);
        g_string_free(self->input, TRUE);
        g_free(self);
    }
}

static bool is_answer(JsonObject *object, const char *command, JsonNode **result, GError **error,
                      bool *good)
{
    if (json_object_has_member(object, "error")) {
        JsonObject *why = json_object_get_object_member(object, "error");

        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "QEMU refuses %s: %s", command,
                    why ? json_object_get_string_member_with_default(why, "desc", "") : "");
        *good = false;
        return true;
    }
    if (json_object_has_member(object, "return")) {
        if (result) {
            *result = json_node_copy(json_object_get_member(object, "return"));
        }
        *good = true;
        return true;
    }
    return false; /* an event */
}

bool qmp_execute(Qmp *self, const char *command, const char *arguments, JsonNode **result,
                 GError **error)
{
    g_autofree char *line = g_strdup_printf("{\"execute\":\"%s\",\"arguments\":%s}\n", command,
                                            arguments ? arguments : "{}");
    size_t length = strlen(line);
    ssize_t written = write(self->fd, line, length);
    bool good = false;

    if (written != (ssize_t)length) {
        return fail(error, written < 0 ? g_strerror(errno) : "QEMU takes only part of a command");
    }
    for (;;) {
        g_autoptr(JsonNode) node = next(self, error);

        if (!node) {
            return false;
        }
        if (is_answer(json_node_get_object(node), command, result, error, &good)) {
            return good;
        }
    }
}

char *qmp_query(Qmp *self, const char *command, const char *key, GError **error)
{
    g_autoptr(JsonNode) node = NULL;

    if (!qmp_execute(self, command, NULL, &node, error)) {
        return NULL;
    }
    return JSON_NODE_HOLDS_OBJECT(node) ? g_strdup(json_object_get_string_member_with_default(
                                              json_node_get_object(node), key, ""))
                                        : g_strdup("");
}
