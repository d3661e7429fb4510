/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attach, detach and ctl against a socket that is not what it is taken for: answers of wrong types,
 * nested without end, cut short, or drowned in events. Each ends by itself, with a line that says
 * what is wrong, and with the status of an error.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/support/suite.h"

static const char *program; /* argv[1] */

/* ---- the other side ---- */

typedef struct Peer {
    char *dir;
    GSocket *listener;
    GThread *thread;
    const char *begin; /* said once */
    const char *again; /* said until the other side has gone; NULL: nothing, and the end */
} Peer;

static bool say(GSocket *socket, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        gssize n = g_socket_send(socket, text, left, NULL, NULL);

        if (n < 0) {
            return false;
        }
        text += n;
        left -= (size_t)n;
    }
    return true;
}

static void *peer_work(void *data)
{
    Peer *self = data;
    g_autoptr(GSocket) socket = g_socket_accept(self->listener, NULL, NULL);
    char drain[4096];

    if (!socket) {
        return NULL; /* it was told to stop */
    }
    if (say(socket, self->begin)) {
        while (self->again && say(socket, self->again)) {
        }
    }
    g_socket_shutdown(socket, FALSE, TRUE, NULL);
    while (g_socket_receive(socket, drain, sizeof drain, NULL, NULL) > 0) {
    }
    return NULL;
}

static void peer_start(Peer *self, const char *begin, const char *again)
{
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;

    *self = (Peer){ .dir = suite_temp_dir(), .begin = begin, .again = again };
    path = g_build_filename(self->dir, "s", NULL);
    address = g_unix_socket_address_new(path);
    self->listener =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
    g_assert_no_error(error);
    g_socket_bind(self->listener, address, FALSE, &error);
    g_assert_no_error(error);
    g_socket_listen(self->listener, &error);
    g_assert_no_error(error);
    self->thread = g_thread_new("peer", peer_work, self);
}

static void peer_stop(Peer *self)
{
    g_socket_shutdown(self->listener, TRUE, TRUE, NULL);
    g_thread_join(self->thread);
    g_object_unref(self->listener);
    g_free(self->dir);
}

/* ---- this side ---- */

/* Runs the program with these words against the peer; its exit status, 1000 + a signal. */
static int run(const Peer *peer, const char *const *words, char **out, char **err)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(argv, (void *)program);
    for (; *words; words++) {
        g_ptr_array_add(argv, (void *)*words);
    }
    g_ptr_array_add(argv, NULL);
    g_subprocess_launcher_set_cwd(launcher, peer->dir);
    /* What GLib only complains about is a fault of ours as well. */
    g_subprocess_launcher_setenv(launcher, "G_DEBUG", "fatal-criticals", TRUE);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(process, NULL, NULL, out, err, &error);
    g_assert_no_error(error);
    return g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
                                               : 1000 + g_subprocess_get_term_sig(process);
}

static void expect_line(const char *what, const char *err, const char *named)
{
    ck_assert_msg(g_str_has_prefix(err, "usbtape: ") &&
                      strchr(err, '\n') == err + strlen(err) - 1 && strstr(err, named),
                  "%s: %s", what, err);
}

#define HELLO   "{\"QMP\":{}}\n{\"return\":{}}\n"
#define DRIVE   "{\"return\":[{\"name\":\"tape0\",\"type\":\"child<usb-redir>\"}]}\n"
#define DEEP_5  "[[[[["
#define DEEP_25 DEEP_5 DEEP_5 DEEP_5 DEEP_5 DEEP_5
#define DEEP    DEEP_25 DEEP_25 DEEP_25 DEEP_25

static const struct {
    const char *command;
    const char *begin, *again;
    int status;
    const char *named; /* what the one line must name; NULL: it ends well */
} monitors[] = {
    { "attach", "", NULL, 1, "QEMU has gone" },
    { "attach", "{\"QMP\"", NULL, 1, "QEMU has gone" },
    { "attach", "hello\n", NULL, 1, "not JSON" },
    { "attach", "\n", NULL, 1, "not JSON" },
    { "attach", "5\n", NULL, 1, "no JSON object" },
    { "attach", DEEP "\n", NULL, 1, "nested more than 32 deep" },
    { "attach", "", DEEP, 1, "the answer is too long" },
    { "attach", "{\"QMP\":{}}\n{\"error\":5}\n", NULL, 1, "it does not say why" },
    { "attach", "{\"QMP\":{}}\n{\"error\":{\"desc\":[1]}}\n", NULL, 1, "it does not say why" },
    { "attach", "{\"QMP\":{}}\n{\"error\":{\"desc\":\"a\\nb\\u001b[31m\"}}\n", NULL, 1,
      "refuses qmp_capabilities: a\\x0ab\\x1b[31m" },
    { "attach", HELLO "{\"return\":{}}\n", NULL, 1, "returns no list" },
    { "attach", HELLO "{\"return\":5}\n", NULL, 1, "returns no list" },
    { "attach", HELLO "{\"return\":" DEEP "}\n", NULL, 1, "nested more than 32 deep" },
    { "attach", HELLO "{\"return\":[5,null,[],{\"name\":5,\"type\":[]},{\"type\":\"xhci\"}]}\n",
      NULL, 1, "QEMU has gone" },
    { "attach",
      HELLO "{\"return\":[{\"name\":{\"a\":1},\"type\":\"xhci\"}]}\n{\"return\":{}}\n"
            "{\"return\":{}}\n{\"return\":[5,{\"label\":[],\"filename\":5},"
            "{\"label\":\"tape0-link\",\"filename\":[]}]}\n",
      NULL, 0, NULL },
    { "attach", HELLO DRIVE, NULL, 2, "--id tape0" },
    { "detach", HELLO "{\"return\":[{\"name\":\"tape0\"}]}\n", NULL, 2, "is not a drive" },
    { "detach", HELLO "{\"return\":[{\"name\":\"tape0\",\"type\":5}]}\n", NULL, 2,
      "is not a drive" },
    { "detach", HELLO DRIVE "{\"return\":{}}\n{\"return\":null}\n", NULL, 1, "returns no list" },
    { "detach", HELLO "{\"event\":5}\n{\"event\":[]}\n{}\n" DRIVE, NULL, 1, "QEMU has gone" },
};

START_TEST(hostile_monitor_is_an_error)
{
    g_autofree char *out = NULL, *err = NULL;
    const char *words[] = { monitors[_i].command, "--qmp", "unix:s", NULL };
    Peer peer;
    int status;

    peer_start(&peer, monitors[_i].begin, monitors[_i].again);
    status = run(&peer, words, &out, &err);
    peer_stop(&peer);
    ck_assert_msg(status == monitors[_i].status, "%s: status %d: %s", monitors[_i].begin, status,
                  err);
    if (monitors[_i].named) {
        expect_line(monitors[_i].begin, err, monitors[_i].named);
    }
}
END_TEST

/* Fifteen seconds, however much is said. */
START_TEST(flood_of_events_is_no_answer)
{
    g_autofree char *out = NULL, *err = NULL;
    Peer peer;

    peer_start(&peer, HELLO, "{\"event\":\"STOP\"}\n");
    ck_assert_int_eq(
        run(&peer, (const char *const[]){ "detach", "--qmp", "unix:s", NULL }, &out, &err), 1);
    peer_stop(&peer);
    expect_line("a flood", err, "no answer in time");
}
END_TEST

#define WELCOME "{\"usbtape\":{\"version\":\"1\"}}\n"

static const struct {
    const char *begin, *again;
    bool follow;
    int status;
    const char *named; /* in what it says; NULL: nothing in particular */
} drives[] = {
    { "5\n", NULL, false, 1, "not a usbtape control socket" },
    { DEEP "\n", NULL, false, 1, "not a usbtape control socket" },
    { "", DEEP, false, 1, "without end" },
    { WELCOME "{\"return\":" DEEP "}\n", NULL, false, 1, "not a usbtape control socket" },
    { WELCOME "{\"error\":5}\n", NULL, false, 1, "not a usbtape control socket" },
    { WELCOME "{\"error\":{\"desc\":{}}}\n", NULL, false, 1, "the drive refused" },
    { WELCOME "{\"return\":[1,{\"a\":1},null,[2]]}\n", NULL, false, 0, NULL },
    { WELCOME "{\"return\":[{\"a\":1},1,null,[2],{\"a\":{}}]}\n", NULL, false, 0, "A" },
    { WELCOME "{\"return\":{\"a\\u001b[31m\":\"b\\n\",\"c\\u0007\":[],\"d\\r\":{\"e\":null}}}\n",
      NULL, false, 0, "a\\x1b[31m" },
    { WELCOME "{\"return\":{}}\n{\"event\":5,\"data\":7,\"timestamp\":[]}\n"
              "{\"event\":\"\\u001b]0;x\",\"data\":{\"\\n\":\"\\n\"},\"timestamp\":{\"seconds\":"
              "\"x\",\"microseconds\":[]}}\n",
      NULL, true, 0, "\\x1b]0;x \\x0a=\\x0a" },
    { WELCOME, "{\"event\":\"LOAD\"}\n", false, 124, "no answer" },
    { WELCOME, " ", false, 124, "no answer" },
};

START_TEST(hostile_drive_is_an_error)
{
    g_autofree char *out = NULL, *err = NULL;
    const char *words[] = {
        "ctl", "--control", "unix:s", "--timeout", "500ms", "status", NULL, NULL
    };
    const char *c;
    Peer peer;
    int status;

    words[6] = drives[_i].follow ? "--follow" : NULL;
    peer_start(&peer, drives[_i].begin, drives[_i].again);
    status = run(&peer, words, &out, &err);
    peer_stop(&peer);
    ck_assert_msg(status == drives[_i].status, "%s: status %d: %s", drives[_i].begin, status, err);
    for (c = out; *c; c++) {
        ck_assert_msg(*c == '\n' || !g_ascii_iscntrl(*c), "%s: %s", drives[_i].begin, out);
    }
    if (status != 0) {
        expect_line(drives[_i].begin, err, drives[_i].named);
    } else if (drives[_i].named) {
        ck_assert_msg(strstr(out, drives[_i].named) != NULL, "%s: %s", drives[_i].begin, out);
    }
}
END_TEST

static TCase *make_peer_tcase(void)
{
    TCase *tcase = tcase_create("peer");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, hostile_monitor_is_an_error, 0, G_N_ELEMENTS(monitors));
    tcase_add_test(tcase, flood_of_events_is_no_answer);
    tcase_add_loop_test(tcase, hostile_drive_is_an_error, 0, G_N_ELEMENTS(drives));
    return tcase;
}

int main(int argc, char **argv)
{
    static const MakeTCase make[] = { make_peer_tcase };

    g_autofree char *path = NULL;

    g_assert(argc == 2);
    path = g_canonicalize_filename(argv[1], NULL); /* it is run in other directories */
    program = path;
    return suite_run("peer", make, G_N_ELEMENTS(make));
}
