/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes from a guest's agent: messages within bounds, or an error; and the same in pieces. */
#include "scenarios/runner/machine/channel.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *data, const ChannelMessage *m)
{
    g_assert(m->length <= CHANNEL_BODY_MAX && m->body[m->length] == '\0');
    g_assert(strlen(m->text) <= CHANNEL_LINE_MAX);
    *(size_t *)data += 1 + m->length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = 0, pieces = 0, at;
    g_autoptr(Channel) one = channel_new(count, &whole);
    g_autoptr(Channel) many = channel_new(count, &pieces);
    bool good = channel_feed(one, data, size, NULL);
    bool piecewise = true;

    for (at = 0; at < size && piecewise; at++) {
        piecewise = channel_feed(many, data + at, 1, NULL);
    }
    g_assert(good == piecewise && whole == pieces);
    return 0;
}
