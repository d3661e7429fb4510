/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's monitor protocol, as much as we need: one command at a time, answers at once. */
#ifndef USBTAPE_BASE_QMP_H
#define USBTAPE_BASE_QMP_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct Qmp Qmp;

/*
 * Takes the connected socket over, and greets. An answer that has not come after 15 seconds is an
 * error, however many events come; after `end` (monotonic time; G_MAXINT64: none) everything is.
 * `stop`, asked ten times a second, ends the waiting; it may be NULL.
 */
Qmp *qmp_new(int fd, int64_t end, bool (*stop)(void), GError **error);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/*
 * Executes `command` with the arguments of a JSON object as text ("{…}", NULL: none). `result`, if
 * not NULL, gets what is returned, of whatever type (json_node_unref). QEMU's own words in the
 * error.
 */
bool qmp_execute(Qmp *qmp, const char *command, const char *arguments, JsonNode **result,
                 GError **error);
/* The text under one key of what `command` returns ("status" of query-status); NULL if none. */
char *qmp_query(Qmp *qmp, const char *command, const char *key, GError **error);

#endif
