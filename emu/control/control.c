/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "emu/base/json-read.h"
#include "emu/base/loop.h"
#include "emu/control/private.h"

/* A controller with more unread answers than this is dropped. */
#define OUTPUT_MAX (1024u * 1024)

/* A controller with more unread output than this loses events. */
#define OUTPUT_EVENTS_MAX (256u * 1024)

typedef struct ControlTrace {
    Trace base;
    Control *control;
} ControlTrace;

struct Control {
    Address *address;
    Drive *drive;
    char **directories;
    ControlTrace trace;
    const ControlOps *ops;
    void *data;
    int listening;
    GSource *accept;
    GPtrArray *clients; /* of Client, owned */
};

typedef struct Client {
    Control *control;
    int fd;
    GSource *reader;
    GSource *writer; /* NULL while nothing is unsent */
    GString *input, *output;
    uint64_t events_lost; /* since the last EVENTS_LOST */
    bool skipping;        /* inside a line that was too long */
    Call *call;           /* the command under way. The next line waits for its end. */
    bool processing;      /* inside client_process() */
    bool closed;          /* closed, and freed after its call or client_process() */
} Client;

struct Call {
    Client *client;
    JsonNode *id; /* or NULL */
};

static void client_process(Client *client);

static void client_release(Client *client)
{
    if (client->closed && !client->call && !client->processing) {
        g_string_free(client->input, TRUE);
        g_string_free(client->output, TRUE);
        g_free(client);
    }
}

/* Closes the connection. A command under way continues, and its answer is discarded. */
static void client_close(Client *client)
{
    if (client->closed) {
        return;
    }
    client->closed = true;
    loop_unwatch(&client->reader);
    loop_unwatch(&client->writer);
    close(client->fd);
    g_ptr_array_remove_fast(client->control->clients, client);
    client_release(client);
}

static gboolean client_on_writable(int fd, GIOCondition condition, void *data);

/* Sends until the controller accepts no more. The rest follows later. */
static void client_flush(Client *client)
{
    ssize_t n;

    if (client->output->len > 0) {
        n = send(client->fd, client->output->str, client->output->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            g_string_erase(client->output, 0, n);
        }
    }
    if (client->output->len == 0) {
        loop_unwatch(&client->writer);
    } else if (!client->writer) {
        client->writer = loop_watch(client->fd, G_IO_OUT, client_on_writable, client);
    }
}

static gboolean client_on_writable(int fd, GIOCondition condition, void *data)
{
    client_flush(data); /* an error is reported to the reader, too */
    return G_SOURCE_CONTINUE;
}

/* ---- answers ---- */

static void call_end(Call *call, const char *member, JsonNode *value)
{
    Client *client = call->client;
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_object_set_member(object, member, value);
    if (call->id) {
        json_object_set_member(object, "id", g_steal_pointer(&call->id));
    }
    json_node_set_object(root, object);
    text = json_to_string(root, FALSE);
    client->call = NULL;
    g_free(call);
    if (client->closed) {
        client_release(client);
        return;
    }
    g_string_append(client->output, text);
    g_string_append_c(client->output, '\n');
    client_flush(client);
    if (!client->processing) {
        client_process(client);
    }
}

void control_call_return(Call *call, JsonNode *value)
{
    if (!value) {
        value = json_node_new(JSON_NODE_OBJECT);
        json_node_take_object(value, json_object_new());
    }
    call_end(call, "return", value);
}

void control_call_fail(Call *call, const char *class_name, const char *format, ...)
{
    JsonObject *object = json_object_new();
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;
    g_autofree char *valid = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    valid = g_utf8_make_valid(text, -1); /* a path may have any bytes */
    json_object_set_string_member(object, "class", class_name);
    json_object_set_string_member(object, "desc", valid);
    json_node_take_object(node, object);
    call_end(call, "error", node);
}

Control *control_call_control(Call *call)
{
    return call->client->control;
}

Drive *control_call_drive(Call *call)
{
    return call->client->control->drive;
}

const ControlOps *control_call_ops(Call *call, void **data)
{
    *data = call->client->control->data;
    return call->client->control->ops;
}

/* ---- events ---- */

static const char *const event_names[] = {
#define CONTROL_EVENT(id, about) #id,
#include "emu/control/events.def"
#undef CONTROL_EVENT
};

/* Takes ownership of `data`. Free the line with g_free. */
static char *event_line(ControlEvent event, JsonObject *data)
{
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *timestamp = json_object_new();
    int64_t now = g_get_real_time();
    g_autofree char *text = NULL;

    json_object_set_string_member(object, "event", event_names[event]);
    json_object_set_object_member(object, "data", data);
    json_object_set_int_member(timestamp, "seconds", now / G_USEC_PER_SEC);
    json_object_set_int_member(timestamp, "microseconds", now % G_USEC_PER_SEC);
    json_object_set_object_member(object, "timestamp", timestamp);
    json_node_set_object(root, object);
    text = json_to_string(root, FALSE);
    return g_strconcat(text, "\n", NULL);
}

static void client_send_event(Client *client, const char *line)
{
    if (client->output->len > OUTPUT_EVENTS_MAX) {
        client->events_lost++;
        return;
    }
    if (client->events_lost > 0) {
        JsonObject *data = json_object_new();
        g_autofree char *lost = NULL;

        json_object_set_int_member(data, "count", (gint64)client->events_lost);
        lost = event_line(CONTROL_EVENTS_LOST, data);
        client->events_lost = 0;
        g_string_append(client->output, lost);
    }
    g_string_append(client->output, line);
    client_flush(client);
}

/* Takes ownership of `data`. */
static void control_send_event(Control *control, ControlEvent event, JsonObject *data)
{
    g_autofree char *line = event_line(event, data);
    guint i;

    for (i = 0; i < control->clients->len; i++) {
        client_send_event(g_ptr_array_index(control->clients, i), line);
    }
}

static void event_set_text(JsonObject *object, const char *name, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);

    json_object_set_string_member(object, name, valid);
}

void control_event(Control *control, ControlEvent event, ...)
{
    JsonObject *data = json_object_new();
    const char *name;
    va_list args;

    va_start(args, event);
    while ((name = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);

        if (value) {
            event_set_text(data, name, value);
        }
    }
    va_end(args);
    control_send_event(control, event, data);
}

static void event_set_value(JsonObject *object, const char *name, const char *value)
{
    static const char *const numbers[] = { "rule", "seed", "firing", "command", NULL };
    uint64_t number;

    if (g_strv_contains(numbers, name) &&
        g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &number, NULL)) {
        json_object_set_int_member(object, name, (gint64)number);
    } else if (g_str_equal(name, "at")) { /* a path, the only value that is escaped */
        g_autofree char *plain = g_uri_unescape_string(value, NULL);

        event_set_text(object, name, plain ? plain : value);
    } else {
        event_set_text(object, name, value);
    }
}

/* The line of a fault is its name, followed by words of the form member=value. */
static void control_on_trace(Trace *trace, TracePoint point, const char *message)
{
    Control *control = ((ControlTrace *)trace)->control;
    JsonObject *data = json_object_new();
    g_auto(GStrv) words = g_strsplit(message, " ", -1);
    char **word;

    for (word = words; *word; word++) {
        char *value = strchr(*word, '=');

        if (word == words) {
            event_set_text(data, "name", *word);
        } else if (value && value != *word) {
            *value++ = '\0';
            event_set_value(data, *word, value);
        }
    }
    control_send_event(control, CONTROL_FAULT_FIRED, data);
}

Trace *control_trace(Control *control)
{
    return &control->trace.base;
}

static void control_on_held(void *data, uint8_t opcode)
{
    Control *control = data;
    DriveHold hold = drive_look_at_hold(control->drive);
    g_autofree char *number = g_strdup_printf("%02Xh", (unsigned)opcode);
    const char *name = drive_command_name(opcode);

    control_event(control, CONTROL_HELD, "command", name ? name : number, "phase", hold.phase,
                  NULL);
}

static void control_on_moved(void *data, bool loaded, const char *by)
{
    Control *control = data;

    control_event(control, loaded ? CONTROL_LOAD : CONTROL_EJECT, "file",
                  drive_cartridge(control->drive), "by", by, NULL);
}

/* ---- directories of cartridges ---- */

char *control_resolve(const Control *control, const char *path, GError **error)
{
    char *resolved = realpath(path, NULL); /* from malloc() */
    g_autofree char *copy = g_strdup(resolved);
    char **directory;

    free(resolved);
    if (!copy) {
        g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "cannot load %s: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    for (directory = control->directories; *directory; directory++) {
        g_autofree char *below = g_str_has_suffix(*directory, "/")
                                     ? g_strdup(*directory)
                                     : g_strconcat(*directory, "/", NULL);

        if (g_str_has_prefix(copy, below)) {
            return g_steal_pointer(&copy);
        }
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK,
                "cannot load %s: it is in none of the directories that serve was started with "
                "(--media-dir)",
                path);
    return NULL;
}

/* ---- lines ---- */

static void client_execute(Client *client, const char *line, size_t length)
{
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) error = NULL;
    Call *call = g_new0(Call, 1);
    JsonNode *id;

    call->client = client;
    client->call = call;
    if (length > CONTROL_LINE_MAX) {
        control_call_fail(call, "GenericError", "the line is longer than %u bytes",
                          CONTROL_LINE_MAX);
        return;
    }
    root = json_read(line, (gssize)length, &error);
    if (!root) {
        control_call_fail(call, "GenericError", "the line %s", error->message);
        return;
    }
    if (!json_as_object(root)) {
        control_call_fail(call, "GenericError", "the line is not a JSON object");
        return;
    }
    id = json_object_get_member(json_as_object(root), "id");
    call->id = id ? json_node_copy(id) : NULL;
    control_execute(call, json_as_object(root));
}

/* Discards the rest of a refused line, as far as it was received. */
static void client_skip(Client *client)
{
    const char *end = memchr(client->input->str, '\n', client->input->len);

    g_string_erase(client->input, 0, end ? end - client->input->str + 1 : -1);
    client->skipping = !end;
}

/*
 * The next line, without its end, or NULL. A line that is too long is refused at once, because its
 * end may never come.
 */
static char *client_take_line(Client *client, size_t *length)
{
    const char *end;
    char *line;

    if (client->skipping) {
        client_skip(client);
    }
    end = memchr(client->input->str, '\n', client->input->len);
    if (!end && client->input->len <= CONTROL_LINE_MAX) {
        return NULL;
    }
    client->skipping = !end;
    end = end ? end : client->input->str + client->input->len;
    *length = (size_t)(end - client->input->str);
    line = g_malloc(*length + 1);
    memcpy(line, client->input->str, *length);
    line[*length] = '\0';
    g_string_erase(client->input, 0, (gssize)MIN(*length + 1, client->input->len));
    return line;
}

/* Executes the received lines, up to a command that does not complete at once. */
static void client_process(Client *client)
{
    size_t length;
    char *line;

    client->processing = true;
    while (!client->closed && !client->call && (line = client_take_line(client, &length))) {
        if (strspn(line, " \t\r") < length) {
            client_execute(client, line, length);
        }
        g_free(line);
    }
    client->processing = false;
    if (!client->closed &&
        (client->input->len > CONTROL_LINE_MAX || client->output->len > OUTPUT_MAX)) {
        if (client->output->len <= OUTPUT_MAX) {
            g_string_append(client->output, "{\"error\":{\"class\":\"GenericError\",\"desc\":"
                                            "\"too much waits behind a command\"}}\n");
            client_flush(client);
        }
        client_close(client);
        return;
    }
    client_release(client);
}

static gboolean client_on_readable(int fd, GIOCondition condition, void *data)
{
    Client *client = data;
    char buffer[4096];
    ssize_t n = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (n > 0) {
        g_string_append_len(client->input, buffer, n);
        client_process(client);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        client_close(client);
    }
    return G_SOURCE_CONTINUE; /* a closed client has already destroyed the source */
}

/* ---- the socket ---- */

static gboolean control_on_acceptable(int fd, GIOCondition condition, void *data)
{
    Control *control = data;
    int connection = address_accept(control->address, fd);
    Client *client;

    if (connection < 0) {
        return G_SOURCE_CONTINUE;
    }
    if (control->clients->len >= CONTROL_CLIENTS_MAX) {
        close(connection);
        return G_SOURCE_CONTINUE;
    }
    client = g_new0(Client, 1);
    client->control = control;
    client->fd = connection;
    client->input = g_string_new(NULL);
    client->output = g_string_new("{\"usbtape\":{\"version\":\"" USBTAPE_VERSION
                                  "\",\"capabilities\":[\"events\"]}}\n");
    g_ptr_array_add(control->clients, client);
    client->reader = loop_watch(connection, G_IO_IN, client_on_readable, client);
    client_flush(client);
    return G_SOURCE_CONTINUE;
}

Control *control_new(const ControlConfig *config, GError **error)
{
    g_autoptr(Control) control = g_new0(Control, 1);

    control->address = config->address;
    control->drive = config->drive;
    control->directories = g_strdupv((char **)config->directories);
    control->ops = config->ops;
    control->data = config->data;
    control->trace = (ControlTrace){
        { .emit = control_on_trace, .muted = ~TRACE_BIT(TRACE_FAULT_FIRED) },
        control,
    };
    control->clients = g_ptr_array_new();
    control->listening = address_listen(control->address, error);
    if (control->listening < 0) {
        return NULL;
    }
    control->accept = loop_watch(control->listening, G_IO_IN, control_on_acceptable, control);
    drive_on_held(control->drive, control_on_held, control);
    drive_on_moved(control->drive, control_on_moved, control);
    return g_steal_pointer(&control);
}

void control_free(Control *control)
{
    if (!control) {
        return;
    }
    while (control->clients->len > 0) {
        Client *client = g_ptr_array_index(control->clients, 0);
        bool waits = client->call != NULL; /* the client then lives until the call has ended */

        client_flush(client);
        client_close(client);
        if (waits) {
            client->control = NULL;
        }
    }
    g_ptr_array_unref(control->clients);
    loop_unwatch(&control->accept);
    if (control->listening >= 0) {
        close(control->listening);
    }
    address_remove(control->address);
    address_free(control->address);
    g_strfreev(control->directories);
    drive_on_held(control->drive, NULL, NULL);
    drive_on_moved(control->drive, NULL, NULL);
    g_free(control);
}
