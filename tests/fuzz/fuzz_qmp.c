/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a socket says that was taken for QEMU's monitor: some answers are asked for, then it ends.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/base/json-read.h"
#include "emu/base/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Few enough to fit into the socket, so that nothing waits. */
#define SAID_MAX (64u * 1024)

static void read_as_anything(JsonNode *node)
{
    static const char *const names[] = { "name", "type", "label", "filename", "status" };
    JsonArray *array = json_as_array(node);
    guint i, j;

    for (i = 0; array && i < json_array_get_length(array); i++) {
        JsonObject *object = json_nth_object(array, i);

        for (j = 0; j < G_N_ELEMENTS(names); j++) {
            g_assert(json_text_at(object, names[j], ""));
            json_number_at(object, names[j], 0);
            json_real_at(object, names[j], 0);
            json_bool_at(object, names[j], false);
            json_object_at(object, names[j]);
            json_array_at(object, names[j]);
        }
    }
}

/* `peer` takes what is said to it: one that does not is waited for. */
static void converse(Qmp *qmp, int peer)
{
    g_autoptr(GError) error = NULL;
    bool good = true;
    char taken[4096];

    while (good) {
        while (recv(peer, taken, sizeof taken, MSG_DONTWAIT) > 0) {
        }
        g_autoptr(JsonNode) list = NULL;
        g_autofree char *status = NULL;

        good = qmp_execute(qmp, "qom-list", "{\"path\":\"/\"}", &list, &error);
        g_assert(good == !error && good == (list != NULL));
        if (good) {
            read_as_anything(list);
            status = qmp_query(qmp, "query-status", "status", &error);
            g_assert(!status == (error != NULL));
            good = status != NULL;
        }
    }
    g_assert(!strpbrk(error->message, "\n\033"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Qmp) qmp = NULL;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
        g_error("no sockets");
    }
    if (send(ends[1], data, MIN(size, SAID_MAX), MSG_NOSIGNAL) < 0 && size > 0) {
        g_error("it does not fit");
    }
    shutdown(ends[1], SHUT_WR);
    qmp = qmp_new(ends[0], G_MAXINT64, NULL, &error);
    g_assert(!qmp == (error != NULL));
    if (qmp) {
        converse(qmp, ends[1]);
    } else {
        g_assert(!strpbrk(error->message, "\n\033"));
    }
    close(ends[1]);
    return 0;
}
