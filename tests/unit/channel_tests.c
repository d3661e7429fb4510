/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/machine/channel.h"
#include "tests/support/suite.h"

#include <string.h>

TCase *make_channel_tcase(void);

static void note(void *data, const ChannelMessage *m)
{
    g_string_append_printf(data, "[%u %u %d %d '%s' '%s' %zu]", (unsigned)m->kind, m->id, m->stream,
                           m->number, m->text, (const char *)m->body, m->length);
}

static const size_t pieces[] = { 1, 2, 7, 64, 4096 };

START_TEST(frames_are_read_in_any_pieces)
{
    static const char body[] = "two\nlines";
    g_autofree char *text = g_strdup_printf(
        "HELLO agent 1\nDAT 3 2 9 %08x\n%sRC 3 7\nDAT 4 1 0 00000000\nERR 5 22 no such thing\n"
        "EVT 9 %08x\n%sASK 1 9 %08x\n%sPONG 9\n",
        channel_crc((const uint8_t *)body, 9), body, channel_crc((const uint8_t *)body, 9), body,
        channel_crc((const uint8_t *)body, 9), body);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(Channel) channel = channel_new(note, log);
    size_t length = strlen(text), at;

    for (at = 0; at < length; at += pieces[_i]) {
        ck_assert(
            channel_feed(channel, (const uint8_t *)text + at, MIN(pieces[_i], length - at), NULL));
    }
    ck_assert_str_eq(log->str, "[0 0 0 0 'agent 1' '' 0]"
                               "[1 3 2 0 '' 'two\nlines' 9]"
                               "[2 3 0 7 '' '' 0]"
                               "[1 4 1 0 '' '' 0]"
                               "[3 5 0 22 'no such thing' '' 0]"
                               "[4 0 0 0 '' 'two\nlines' 9]"
                               "[5 1 0 0 '' 'two\nlines' 9]"
                               "[6 9 0 0 '' '' 0]");
}
END_TEST

static const char *const bad[] = {
    "hello\n",
    "\n",
    "DAT 1 1\n",
    "DAT 1 1 3 00000000\nabc", /* the sum is wrong */
    "DAT 1 1 99999999 00000000\n",
    "RC x\n",
};

START_TEST(what_is_no_frame_is_refused)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(Channel) channel = channel_new(note, log);
    g_autoptr(GError) error = NULL;

    ck_assert(!channel_feed(channel, (const uint8_t *)bad[_i], strlen(bad[_i]), &error));
    ck_assert_str_eq(log->str, "");
    ck_assert(g_str_has_prefix(error->message, "the guest's agent "));
}
END_TEST

START_TEST(line_without_an_end_is_refused)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(Channel) channel = channel_new(note, log);
    char text[CHANNEL_LINE_MAX + 1];

    memset(text, 'x', sizeof text);
    ck_assert(!channel_feed(channel, (const uint8_t *)text, sizeof text, NULL));
}
END_TEST

START_TEST(requests_carry_length_and_sum)
{
    g_autoptr(GBytes) run = channel_run(5, "ls");
    g_autoptr(GBytes) put = channel_put(6, 0755, "/tmp/x y", run);
    g_autoptr(GBytes) line = channel_line("GET %u %s", 7u, "/a");

    ck_assert_mem_eq(g_bytes_get_data(run, NULL), "RUN 5 2 419d16d2\nls", 19);
    ck_assert_mem_eq(g_bytes_get_data(put, NULL), "PUT 6 755 19 ", 13);
    ck_assert_uint_eq(g_bytes_get_size(line), 9);
}
END_TEST

TCase *make_channel_tcase(void)
{
    TCase *tcase = tcase_create("channel");

    tcase_add_loop_test(tcase, frames_are_read_in_any_pieces, 0, G_N_ELEMENTS(pieces));
    tcase_add_loop_test(tcase, what_is_no_frame_is_refused, 0, G_N_ELEMENTS(bad));
    tcase_add_test(tcase, line_without_an_end_is_refused);
    tcase_add_test(tcase, requests_carry_length_and_sum);
    return tcase;
}
