/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/qmp.h"

#include "emu/base/error.h"
#include "emu/base/json-read.h"
#include "emu/base/lines.h"
#include "emu/base/text.h"

#include <errno.h>
#include <unistd.h>

/* A monitor without an answer after this time belongs to a QEMU that hangs. */
#define QMP_PATIENCE (15 * G_USEC_PER_SEC)

/* The longest answers describe a whole machine. */
#define QMP_LINE_MAX (16u * 1024 * 1024)

struct Qmp {
    int fd;
    Lines *lines;
    int64_t end; /* end of the conversation, or G_MAXINT64 */
};

static bool qmp_fail(GError **error, const char *what)
{
    g_autofree char *line = text_line(what);

    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "QEMU's monitor: %s", line);
    return false;
}

static bool qmp_check_result(LinesResult result, GError **error)
{
    switch (result) {
    case LINES_GOOD:
        return true;
    case LINES_CLOSED:
        return qmp_fail(error, "QEMU has gone");
    case LINES_LATE:
        return qmp_fail(error, "no answer in time");
    case LINES_LONG:
        return qmp_fail(error, "the answer is too long; check that this is a QEMU monitor");
    case LINES_INTERRUPTED:
        return qmp_fail(error, "interrupted");
    case LINES_FAILED:
        return qmp_fail(error, g_strerror(errno));
    }
    return false;
}

/* Reads the next line as a JSON object. */
static JsonNode *qmp_next(Qmp *self, int64_t end, GError **error)
{
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GError) why = NULL;
    g_autofree char *line = NULL;

    if (!qmp_check_result(lines_read(self->lines, end, &line), error)) {
        return NULL;
    }
    node = json_read(line, -1, &why);
    if (!json_as_object(node)) {
        g_autofree char *what =
            g_strconcat("an answer that ", why ? why->message : "is no JSON object", NULL);

        qmp_fail(error, what);
        return NULL;
    }
    return g_steal_pointer(&node);
}

/* The time at which an answer to a command sent now is late. */
static int64_t qmp_answer_deadline(const Qmp *self)
{
    return MIN(self->end, g_get_monotonic_time() + QMP_PATIENCE);
}

Qmp *qmp_new(int fd, int64_t end, bool (*stop)(void), GError **error)
{
    g_autoptr(Qmp) self = g_new0(Qmp, 1);
    g_autoptr(JsonNode) greeting = NULL;

    self->fd = fd;
    self->end = end;
    self->lines = lines_new(fd, QMP_LINE_MAX, stop);
    greeting = qmp_next(self, qmp_answer_deadline(self), error);
    if (!greeting || !qmp_execute(self, "qmp_capabilities", NULL, NULL, error)) {
        return NULL;
    }
    return g_steal_pointer(&self);
}

void qmp_free(Qmp *self)
{
    if (self) {
        close(self->fd);
        lines_free(self->lines);
        g_free(self);
    }
}

static bool qmp_is_answer(JsonObject *object, const char *command, JsonNode **result,
                          GError **error, bool *good)
{
    if (json_object_has_member(object, "error")) {
        g_autofree char *why =
            text_line(json_text_at(json_object_at(object, "error"), "desc", "it does not say why"));

        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "QEMU refuses %s: %s", command, why);
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
    int64_t end = qmp_answer_deadline(self); /* events do not extend it */
    bool good = false;

    if (!qmp_check_result(lines_write(self->lines, end, line), error)) {
        return false;
    }
    for (;;) {
        g_autoptr(JsonNode) node = qmp_next(self, end, error);

        if (!node) {
            return false;
        }
        if (qmp_is_answer(json_as_object(node), command, result, error, &good)) {
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
    return g_strdup(json_text_at(json_as_object(node), key, ""));
}
