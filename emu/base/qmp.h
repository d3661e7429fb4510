/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's monitor protocol: one command at a time, answered at once. */
#ifndef USBTAPE_BASE_QMP_H
#define USBTAPE_BASE_QMP_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct Qmp Qmp;

/*
 * Takes ownership of the connected socket, and negotiates. An answer that is missing after 15
 * seconds is an error. Events do not extend the time. After `end` (monotonic time, or G_MAXINT64)
 * every call fails. `stop` is called ten times a second and ends the wait. It may be NULL.
 */
Qmp *qmp_new(int fd, int64_t end, bool (*stop)(void), GError **error);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/*
 * Executes `command` with arguments in JSON ("{…}", or NULL). `result`, if not NULL, receives the
 * returned node of any type (json_node_unref). An error has QEMU's own text.
 */
bool qmp_execute(Qmp *qmp, const char *command, const char *arguments, JsonNode **result,
                 GError **error);
/* The text under one key of the answer, such as "status" of query-status, or NULL. */
char *qmp_query(Qmp *qmp, const char *command, const char *key, GError **error);

#endif
