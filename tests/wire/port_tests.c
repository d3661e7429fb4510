/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may connect, when, and where. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/base/error.h"
#include "tests/support/suite.h"
#include "tests/wire/fixture.h"

TCase *make_port_tcase(void);

static char *new_directory(void)
{
    char *path = suite_temp_dir();

    g_assert(path);
    return path;
}

static void remove_directory(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        g_unlink(file);
    }
    g_rmdir(path);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    g_strlcpy(name.sun_path, path, sizeof name.sun_path);
    if (connect(fd, (struct sockaddr *)&name, sizeof name) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static Port *open_port(Fixture *f, PortMode mode, const char *text, GError **error)
{
    Address *address =
        address_parse(mode == PORT_LISTEN ? "--listen" : "--connect", text, false, error);

    return address ? port_new(address, mode, NULL, f->device, f->clock, NULL, &fixture_port_ops, f,
                              error)
                   : NULL;
}

START_TEST(addresses_are_checked)
{
    static const struct {
        const char *text;
        bool remote;
        const char *error; /* NULL: good */
    } rows[] = {
        { "unix:/tmp/x.sock", false, NULL },
        { "tcp:127.0.0.1:7000", false, NULL },
        { "tcp:127.9.9.9:0", false, NULL },
        { "tcp:[::1]:7000", false, NULL },
        { "tcp:localhost:7000", false, NULL },
        { "tcp:0.0.0.0:7000", true, NULL },
        { "tcp:[::]:7000", true, NULL },
        { "tcp:0.0.0.0:7000", false, "--allow-remote" },
        { "tcp:192.168.1.1:7000", false, "--allow-remote" },
        { "tcp:[::]:7000", false, "--allow-remote" },
        { "tcp:[::ffff:127.0.0.1]:7000", false, "--allow-remote" },
        { "tcp:127.0.0.1:65536", false, "tcp:HOST:PORT" },
        { "tcp:127.0.0.1:", false, "tcp:HOST:PORT" },
        { "tcp:127.0.0.1:+7", false, "tcp:HOST:PORT" },
        { "tcp:127.0.0.1:7x", false, "tcp:HOST:PORT" },
        { "tcp:7000", false, "tcp:HOST:PORT" },
        { "tcp:example.org:80", false, "numeric" },
        { "tcp:[127.0.0.1]:80", false, "IPv6" },
        { "tcp:::1:80", false, "numeric" },
        { "unix:", false, "path of the socket is missing" },
        { "fd:", false, "fd:N" },
        { "fd:-1", false, "fd:N" },
        { "fd:999", false, "not an open stream socket" },
        { "fd:99999999999", false, "fd:N" },
        { "/tmp/x.sock", false, "unix:PATH" },
        { "", false, "unix:PATH" },
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Address) address = address_parse("--listen", rows[_i].text, rows[_i].remote, &error);

    if (!rows[_i].error) {
        g_assert_no_error(error);
        ck_assert_str_eq(address_text(address), rows[_i].text);
    } else {
        ck_assert_ptr_null(address);
        ck_assert(g_error_matches(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT));
        ck_assert_msg(strstr(error->message, rows[_i].error) != NULL, "%s", error->message);
        ck_assert_ptr_nonnull(strstr(error->message, "--listen"));
    }
}
END_TEST

START_TEST(long_socket_paths_are_refused)
{
    g_autofree char *path = g_strnfill(200, 'x');
    g_autofree char *text = g_strconcat("unix:/", path, NULL);
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(address_parse("--listen", text, false, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "too long"));
}
END_TEST

START_TEST(unix_socket_is_private_and_goes_away)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    struct stat st;
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    ck_assert_str_eq(port_address(f.port), text);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    fixture_clear(&f);
    ck_assert_int_eq(lstat(path, &st), -1);
    remove_directory(dir);
}
END_TEST

START_TEST(socket_in_use_is_refused_and_stale_one_replaced)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    g_strlcpy(name.sun_path, path, sizeof name.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_ptr_null(open_port(&f, PORT_LISTEN, text, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "another program is listening"));
    ck_assert_ptr_nonnull(strstr(error->message, path));
    g_clear_error(&error);
    close(fd); /* as a killed program leaves it */
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    ck_assert_ptr_nonnull(f.port);
    g_clear_pointer(&f.port, port_free);

    ck_assert(g_file_set_contents(path, "precious", -1, NULL));
    ck_assert_ptr_null(open_port(&f, PORT_LISTEN, text, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "not a socket"));
    ck_assert(g_file_test(path, G_FILE_TEST_EXISTS));
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

/* Pumps a host that is connected to the port of a fixture. */
#define DEVICE_HIGH                                                                                \
    "hello 7e; eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; "                              \
    "connect speed 2 1234:5678 v0102; "

START_TEST(second_host_waits_for_the_first)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    WireHost *first, *second, *third;
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    first = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    wire_expect(first, DEVICE_HIGH);
    second = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    third = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    wire_expect(second, "");
    wire_expect(third, "");
    ck_assert_ptr_nonnull(strstr(f.notices->str, "another host is waiting"));
    wire_configure(first, 1, 1);
    f.echo.hold_out = true;
    wire_out(first, 2, 0x02, "x", 1);
    wire_pump(first);
    ck_assert_uint_eq(usb_device_configuration(f.device), 1);
    ck_assert_ptr_nonnull(f.echo.held_out);

    wire_host_free(first);
    wire_expect(second, DEVICE_HIGH);
    ck_assert_ptr_null(f.echo.held_out); /* unplugged: cancelled, reset */
    ck_assert_uint_eq(usb_device_configuration(f.device), 0);
    wire_host_free(second);
    wire_expect(third, DEVICE_HIGH);
    ck_assert_ptr_nonnull(strstr(f.notices->str, "host left"));
    wire_host_free(third);
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

/* Killed in the middle of a WRITE: the half packet has no effect, the next host starts afresh. */
START_TEST(host_killed_mid_write_may_come_back)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autofree uint8_t *block = g_malloc0(65536);
    g_autoptr(GError) error = NULL;
    Fixture f;
    int i;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    for (i = 0; i < 3; i++) {
        WireHost *host = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);

        wire_expect(host, DEVICE_HIGH);
        wire_configure(host, 1, 1);
        wire_out(host, 2, 0x02, "a CBW, say", 10);
        wire_pump(host);
        ck_assert_uint_eq(host->bulk_replies, 1);
        wire_out(host, 3, 0x02, block, 65536);
        while (usbredirparser_has_data_to_write(host->parser)) {
            usbredirparser_do_write(host->parser);
        }
        g_byte_array_set_size(host->outgoing, host->outgoing->len / 2);
        wire_pump(host);
        ck_assert_uint_eq(host->bulk_replies, 1);
        wire_host_free(host);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        ck_assert_uint_eq(f.echo.largest, 10);
    }
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

/* Somebody who only connects keeps nobody out. */
START_TEST(peer_without_hello_makes_room)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    WireHost *host, *late;
    char byte;
    Fixture f;
    int mute;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    mute = connect_unix(path);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    virtual_clock_advance(f.clock, INT64_C(3600) * G_USEC_PER_SEC); /* alone it may stay */
    ck_assert_str_eq(f.notices->str, "");
    host = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    wire_expect(host, "");
    virtual_clock_advance(f.clock, 2 * G_USEC_PER_SEC);
    wire_expect(host, DEVICE_HIGH);
    ck_assert_ptr_nonnull(strstr(f.notices->str, "host dropped: it says no hello"));
    ck_assert_int_gt(recv(mute, &byte, 1, MSG_DONTWAIT), 0); /* our hello, then the end */
    close(mute);

    /* One that said hello stays, whoever waits. */
    late = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    wire_expect(late, "");
    virtual_clock_advance(f.clock, INT64_C(3600) * G_USEC_PER_SEC);
    wire_expect(late, "");
    wire_host_free(host);
    wire_expect(late, DEVICE_HIGH);
    ck_assert_str_eq(f.events->str,
                     "attached wire test; left it closed the connection; attached wire test; ");
    wire_host_free(late);
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

/* The host sees its device leave with what was pending, and a new one come. */
START_TEST(plug_is_pulled_and_put_back)
{
    Fixture f;

    fixture_ready(&f);
    f.echo.hold_out = true;
    wire_out(f.host, 2, 0x02, "x", 1);
    wire_pump(f.host);
    ck_assert_ptr_nonnull(f.echo.held_out);
    port_unplug(f.port, -1);
    ck_assert(!port_plugged(f.port));
    ck_assert_ptr_null(f.echo.held_out);
    ck_assert_uint_eq(usb_device_configuration(f.device), 0);
    wire_out(f.host, 3, 0x02, "y", 1); /* on its way before the host knew */
    wire_control(f.host, 4, 0x80, 6, 0x0100, 0, 18);
    wire_configure(f.host, 5, 1);
    wire_expect(f.host, "disconnect; ");
    ck_assert_uint_eq(usb_device_configuration(f.device), 0);
    port_unplug(f.port, -1); /* pulled is pulled */
    wire_expect(f.host, "");
    port_replug(f.port);
    wire_expect(f.host, "eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; "
                        "connect speed 2 1234:5678 v0102; ");
    f.echo.hold_out = false;
    wire_configure(f.host, 6, 1);
    wire_out(f.host, 3, 0x02, "z", 1);
    wire_pump(f.host);
    ck_assert_ptr_nonnull(strstr(f.host->heard->str, "bulk #3 ep 02 status 0 length 1"));
    ck_assert_str_eq(f.events->str, "attached wire test; unplugged; plugged; ");
    fixture_clear(&f);
}
END_TEST

/* Put back before the host has acknowledged: the host hears of it after that. */
START_TEST(quick_replug_waits_for_the_host)
{
    Fixture f;

    fixture_ready(&f);
    port_unplug(f.port, -1);
    port_replug(f.port);
    wire_expect(f.host, "disconnect; eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; "
                        "connect speed 2 1234:5678 v0102; ");
    fixture_clear(&f);
}
END_TEST

/* A host that comes while the plug is out sees no drive until it is in. */
START_TEST(replug_by_the_clock_serves_who_came_meanwhile)
{
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    fixture_plug(&f, WIRE_QEMU_CAPS);
    port_unplug(f.port, 5 * G_USEC_PER_SEC);
    wire_expect(f.host, "hello 7e; ");
    virtual_clock_advance(f.clock, 5 * G_USEC_PER_SEC - 1);
    wire_expect(f.host, "");
    port_unplug(f.port, 5 * G_USEC_PER_SEC); /* the time counts from now */
    virtual_clock_advance(f.clock, G_USEC_PER_SEC);
    wire_expect(f.host, "");
    virtual_clock_advance(f.clock, 4 * G_USEC_PER_SEC);
    wire_expect(f.host, "eps 00:0/0 02:2/512 80:0/0 81:2/512; ifs 1 08/06/50; "
                        "connect speed 2 1234:5678 v0102; ");
    port_unplug(f.port, G_USEC_PER_SEC); /* the port goes away with the timer running */
    fixture_clear(&f);
}
END_TEST

START_TEST(connecting_waits_until_somebody_listens)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "qemu.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    Fixture f;
    int i;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_CONNECT, text, &error);
    g_assert_no_error(error);
    virtual_clock_advance(f.clock, 60 * G_USEC_PER_SEC);
    g_strlcpy(name.sun_path, path, sizeof name.sun_path);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    for (i = 0; i < 2; i++) { /* and again after it has left */
        WireHost *host;
        int fd;

        virtual_clock_advance(f.clock, G_USEC_PER_SEC);
        fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
        ck_assert_int_ge(fd, 0);
        host = wire_host_new(fd, WIRE_QEMU_CAPS);
        wire_expect(host, DEVICE_HIGH);
        wire_host_free(host);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
    }
    close(listening);
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

START_TEST(tcp_says_which_port_it_found)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) connection = NULL;
    g_autoptr(Address) again = NULL;
    WireHost *host;
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, "tcp:127.0.0.1:0", &error);
    g_assert_no_error(error);
    ck_assert(g_str_has_prefix(port_address(f.port), "tcp:127.0.0.1:"));
    ck_assert_str_ne(port_address(f.port), "tcp:127.0.0.1:0");
    connection = g_socket_client_connect_to_host(client, port_address(f.port) + 4, 0, NULL, &error);
    g_assert_no_error(error);
    host = wire_host_new(dup(g_socket_get_fd(g_socket_connection_get_socket(connection))),
                         WIRE_QEMU_CAPS);
    wire_pump(host);
    wire_expect(host, DEVICE_HIGH);
    wire_host_free(host);
    again = address_parse("--listen", port_address(f.port), false, &error);
    g_assert_no_error(error);
    ck_assert_int_eq(address_listen(again, &error), -1);
    ck_assert_ptr_nonnull(strstr(error->message, "another program is listening"));
    fixture_clear(&f);
}
END_TEST

/* Lets this process open no more files; returns the limit that was. */
static struct rlimit no_more_files(void)
{
    struct rlimit before, now;
    int lowest = dup(0);

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    close(lowest);
    now = before;
    now.rlim_cur = (rlim_t)lowest;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

/* A host that cannot be taken is turned away, else its connection would keep the loop busy. */
START_TEST(out_of_descriptors_is_no_busy_loop)
{
    g_autofree char *dir = new_directory();
    g_autofree char *path = g_build_filename(dir, "drive.sock", NULL);
    g_autofree char *text = g_strconcat("unix:", path, NULL);
    g_autoptr(GError) error = NULL;
    struct rlimit limit;
    WireHost *host;
    Fixture f;
    char byte;
    int fd, turns;

    fixture_init(&f, USB_SPEED_HIGH);
    f.port = open_port(&f, PORT_LISTEN, text, &error);
    g_assert_no_error(error);
    g_main_context_iteration(NULL, FALSE); /* GLib opens what it needs */
    fd = connect_unix(path);
    limit = no_more_files();
    for (turns = 0; turns < 100 && g_main_context_iteration(NULL, FALSE); turns++) {
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_lt(turns, 100);
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
    ck_assert_ptr_nonnull(strstr(f.notices->str, "turned away: Too many open files"));
    close(fd);

    host = wire_host_new(connect_unix(path), WIRE_QEMU_CAPS);
    wire_expect(host, DEVICE_HIGH);
    wire_host_free(host);
    fixture_clear(&f);
    remove_directory(dir);
}
END_TEST

START_TEST(descriptors_of_the_wrong_kind_are_refused)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    int fds[2], listening = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    Fixture f;

    fixture_init(&f, USB_SPEED_HIGH);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    text = g_strdup_printf("fd:%d", fds[0]);
    ck_assert_ptr_null(open_port(&f, PORT_LISTEN, text, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "did you mean --connect?"));
    g_clear_error(&error);
    g_free(text);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&name, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    text = g_strdup_printf("fd:%d", listening);
    ck_assert_ptr_null(open_port(&f, PORT_CONNECT, text, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "did you mean --listen?"));
    close(fds[0]);
    close(fds[1]);
    close(listening);
    fixture_clear(&f);
}
END_TEST

TCase *make_port_tcase(void)
{
    TCase *tcase = tcase_create("port");

    tcase_add_loop_test(tcase, addresses_are_checked, 0, 26);
    tcase_add_test(tcase, long_socket_paths_are_refused);
    tcase_add_test(tcase, unix_socket_is_private_and_goes_away);
    tcase_add_test(tcase, socket_in_use_is_refused_and_stale_one_replaced);
    tcase_add_test(tcase, second_host_waits_for_the_first);
    tcase_add_test(tcase, host_killed_mid_write_may_come_back);
    tcase_add_test(tcase, peer_without_hello_makes_room);
    tcase_add_test(tcase, plug_is_pulled_and_put_back);
    tcase_add_test(tcase, quick_replug_waits_for_the_host);
    tcase_add_test(tcase, replug_by_the_clock_serves_who_came_meanwhile);
    tcase_add_test(tcase, connecting_waits_until_somebody_listens);
    tcase_add_test(tcase, tcp_says_which_port_it_found);
    tcase_add_test(tcase, descriptors_of_the_wrong_kind_are_refused);
    tcase_add_test(tcase, out_of_descriptors_is_no_busy_loop);
    return tcase;
}
