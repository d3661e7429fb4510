/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words between the runner and the agent in a guest, as bytes: scenarios/GUESTS.md has the
 * list. Any guest speaks the same, Linux over virtio-serial, others over a serial port.
 *
 * Owns: taking frames apart and putting them together. Does not own: the wire.
 */
#ifndef USBTAPE_SCENARIOS_CHANNEL_H
#define USBTAPE_SCENARIOS_CHANNEL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_LINE_MAX 512u
#define CHANNEL_BODY_MAX (1024u * 1024)

typedef enum ChannelKind {
    CHANNEL_HELLO, /* text: the name of the agent and of its system */
    CHANNEL_DATA,  /* id, stream, body */
    CHANNEL_RC,    /* id, number: exit status */
    CHANNEL_ERROR, /* id, number: errno, text */
    CHANNEL_EVENT, /* body */
    CHANNEL_ASK,   /* id (of the question), body */
    CHANNEL_PONG,  /* id */
} ChannelKind;

typedef struct ChannelMessage {
    ChannelKind kind;
    unsigned id;
    int stream; /* 1 output, 2 errors */
    int number;
    const char *text;    /* borrowed for the call; "" if there is none */
    const uint8_t *body; /* the same; NUL-terminated after `length` bytes */
    size_t length;
} ChannelMessage;

typedef void (*ChannelFunc)(void *data, const ChannelMessage *message);

typedef struct Channel Channel;

Channel *channel_new(ChannelFunc func, void *data);
void channel_free(Channel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Channel, channel_free)

/* Takes bytes in any pieces. False: no agent sends this, and the channel cannot be used any
 * more. */
bool channel_feed(Channel *channel, const uint8_t *bytes, size_t length, GError **error);

/* What the runner sends: a line, or a line with a body. */
GBytes *channel_run(unsigned id, const char *command);
GBytes *channel_put(unsigned id, unsigned mode, const char *path, GBytes *body);
GBytes *channel_line(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* CRC-32 as in zlib. */
uint32_t channel_crc(const uint8_t *bytes, size_t length);

#endif
