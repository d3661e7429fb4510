/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/channel.h"

#include "emu/base/error.h"

#include <isa-l/crc.h>
#include <stdio.h>
#include <string.h>

struct Channel {
    ChannelFunc func;
    void *data;
    GByteArray *line;       /* the line so far */
    GByteArray *body;       /* its body so far */
    ChannelMessage message; /* the frame whose body is not complete yet */
    size_t body_wanted;
    uint32_t body_crc;
    bool in_body;
};

uint32_t channel_crc(const uint8_t *bytes, size_t length)
{
    return crc32_gzip_refl(0, bytes, length);
}

Channel *channel_new(ChannelFunc func, void *data)
{
    Channel *self = g_new0(Channel, 1);

    self->func = func;
    self->data = data;
    self->line = g_byte_array_new();
    self->body = g_byte_array_new();
    return self;
}

void channel_free(Channel *self)
{
    if (self) {
        g_byte_array_unref(self->line);
        g_byte_array_unref(self->body);
        g_free(self);
    }
}

/* ---- in ---- */

/* The format behind each word. `%zu %x` at its end announces a body. */
static bool parse_line(const char *line, ChannelMessage *m, size_t *length, uint32_t *crc,
                       bool *has_body)
{
    int at = 0;

    *m = (ChannelMessage){ .text = "", .body = (const uint8_t *)"" };
    *has_body = false;
    if (sscanf(line, "DAT %u %d %zu %x", &m->id, &m->stream, length, crc) == 4) {
        m->kind = CHANNEL_DATA;
        *has_body = true;
    } else if (sscanf(line, "RC %u %d", &m->id, &m->number) == 2) {
        m->kind = CHANNEL_RC;
    } else if (sscanf(line, "PONG %u", &m->id) == 1) {
        m->kind = CHANNEL_PONG;
    } else if (sscanf(line, "EVT %zu %x", length, crc) == 2) {
        m->kind = CHANNEL_EVENT;
        *has_body = true;
    } else if (sscanf(line, "ASK %u %zu %x", &m->id, length, crc) == 3) {
        m->kind = CHANNEL_ASK;
        *has_body = true;
    } else if (sscanf(line, "ERR %u %d %n", &m->id, &m->number, &at) == 2 && at) {
        m->kind = CHANNEL_ERROR;
        m->text = line + at;
    } else if (g_str_has_prefix(line, "HELLO ")) {
        m->kind = CHANNEL_HELLO;
        m->text = line + strlen("HELLO ");
    } else {
        return false;
    }
    return true;
}

static bool refuse(GError **error, const char *what, const char *line)
{
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_WORK, "the guest's agent %s: %.60s", what,
                line);
    return false;
}

static bool end_line(Channel *self, GError **error)
{
    const char *line;
    bool has_body;

    g_byte_array_append(self->line, (const uint8_t *)"", 1);
    line = (const char *)self->line->data;
    if (!parse_line(line, &self->message, &self->body_wanted, &self->body_crc, &has_body)) {
        return refuse(error, "says something that is no message", line);
    }
    if (!has_body) {
        self->func(self->data, &self->message);
        g_byte_array_set_size(self->line, 0);
        return true;
    }
    if (self->body_wanted > CHANNEL_BODY_MAX) {
        return refuse(error, "announces too long a body", line);
    }
    self->in_body = true;
    return true;
}

static bool end_body(Channel *self, GError **error)
{
    self->message.length = self->body->len;
    g_byte_array_append(self->body, (const uint8_t *)"", 1);
    self->message.body = self->body->data;
    if (channel_crc(self->message.body, self->message.length) != self->body_crc) {
        return refuse(error, "sent a damaged body", (const char *)self->line->data);
    }
    self->func(self->data, &self->message);
    g_byte_array_set_size(self->line, 0);
    g_byte_array_set_size(self->body, 0);
    self->in_body = false;
    return true;
}

bool channel_feed(Channel *self, const uint8_t *bytes, size_t length, GError **error)
{
    while (length > 0 || (self->in_body && self->body_wanted == 0)) {
        if (self->in_body) {
            size_t n = MIN(length, self->body_wanted - self->body->len);

            g_byte_array_append(self->body, bytes, (guint)n);
            bytes += n;
            length -= n;
            if (self->body->len < self->body_wanted) {
                break;
            }
            if (!end_body(self, error)) {
                return false;
            }
        } else {
            const uint8_t *end = memchr(bytes, '\n', length);
            size_t n = end ? (size_t)(end - bytes) : length;

            if (self->line->len + n > CHANNEL_LINE_MAX) {
                return refuse(error, "sent a line without an end", "");
            }
            g_byte_array_append(self->line, bytes, (guint)n);
            bytes += n + (end ? 1 : 0);
            length -= n + (end ? 1 : 0);
            if (end && !end_line(self, error)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- out ---- */

GBytes *channel_line(const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;
    char *line;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strconcat(text, "\n", NULL);
    return g_bytes_new_take(line, strlen(line));
}

static GBytes *with_body(const char *head, const void *body, size_t length)
{
    GByteArray *frame = g_byte_array_new();

    g_byte_array_append(frame, (const uint8_t *)head, (guint)strlen(head));
    g_byte_array_append(frame, body, (guint)length);
    return g_byte_array_free_to_bytes(frame);
}

GBytes *channel_run(unsigned id, const char *command)
{
    size_t length = strlen(command);
    g_autofree char *head = g_strdup_printf("RUN %u %zu %08x\n", id, length,
                                            channel_crc((const uint8_t *)command, length));

    return with_body(head, command, length);
}

GBytes *channel_put(unsigned id, unsigned mode, const char *path, GBytes *body)
{
    size_t length;
    const uint8_t *bytes = g_bytes_get_data(body, &length);
    g_autofree char *head = g_strdup_printf("PUT %u %o %zu %08x %s\n", id, mode, length,
                                            channel_crc(bytes, length), path);

    return with_body(head, bytes, length);
}
