/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live control socket: what controllers say and hear. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/control/control.h"
#include "media/formats.h"
#include "tests/support/suite.h"
#include "tests/wire/tape.h"

TCase *make_control_tcase(void);

#define GREETING "{\"usbtape\":{\"version\":\"" USBTAPE_VERSION "\"}}\n"

typedef struct Room {
    Tape tape;
    Control *control;
    char *dir, *socket, *cartridge;
    int quits;
} Room;

static const char *room_address(void *data)
{
    return "unix:/drive";
}

static const char *room_host(void *data)
{
    return NULL;
}

static void room_quit(void *data)
{
    ((Room *)data)->quits++;
}

static void room_init(Room *room)
{
    static const ControlOps ops = { room_address, room_host, room_quit };
    MediumGeometry geometry = { .partitions = 1, .barcode = "VOL1" };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    *room = (Room){ .quits = 0 };
    tape_init(&room->tape, "- {name: drive.hang, on: any}\n");
    room->dir = suite_temp_dir();
    room->socket = g_build_filename(room->dir, "ctl.sock", NULL);
    room->cartridge = g_build_filename(room->dir, "1.tape", NULL);
    ck_assert(medium_create(room->cartridge, medium_format_for_path("x.tape"), &geometry, &error));
    text = g_strconcat("unix:", room->socket, NULL);
    room->control = control_new(address_parse("--control", text, false, NULL), room->tape.drive,
                                &ops, room, &error);
    g_assert_no_error(error);
}

static void room_clear(Room *room)
{
    control_free(room->control);
    tape_clear(&room->tape);
    g_unlink(room->cartridge);
    ck_assert_int_eq(g_rmdir(room->dir), 0); /* the socket is gone */
    g_free(room->dir);
    g_free(room->socket);
    g_free(room->cartridge);
}

static int controller_new(Room *room)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    g_strlcpy(name.sun_path, room->socket, sizeof name.sun_path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* What has come; "" nothing; ends with "CLOSED" when the connection is. Free with g_free. */
static char *hear(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;

    settle();
    while ((n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        g_string_append_len(text, buffer, n);
        settle();
    }
    if (n == 0 || (n < 0 && errno == ECONNRESET)) {
        g_string_append(text, "CLOSED");
    }
    return g_string_free(text, FALSE);
}

static void say(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t n = send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0) {
            text += n;
            length -= (size_t)n;
        } else {
            settle();
        }
        if (n < 0 && errno != EAGAIN) {
            return;
        }
    }
}

static void expect(int fd, const char *question, const char *answer)
{
    g_autofree char *heard = NULL;

    say(fd, question);
    heard = hear(fd);
    ck_assert_str_eq(heard, answer);
}

static void expect_error(int fd, const char *question, const char *part)
{
    g_autofree char *heard = NULL;

    say(fd, question);
    heard = hear(fd);
    ck_assert_msg(strstr(heard, "\"error\"") && strstr(heard, part), "%s → %s", question, heard);
}

START_TEST(answers_carry_the_id)
{
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    expect(
        fd, "{\"execute\":\"fault-list\",\"id\":{\"a\":[1,\"x\"]}}\n",
        "{\"return\":[{\"rule\":1,\"name\":\"drive.hang\",\"class\":\"reported\",\"file\":\"test\","
        "\"line\":1,\"on\":\"any\",\"seen\":0,\"fired\":0,\"removed\":false}],\"id\":{\"a\":[1,"
        "\"x\"]}}\n");
    expect(fd, "{\"execute\":\"nothing\",\"id\":7}\n",
           "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"there is no command 'nothing'; "
           "'commands' lists them\"},\"id\":7}\n");
    expect(fd, "\r\n  \n{\"execute\":\"status\"}\r\n",
           "{\"return\":{\"address\":\"unix:/drive\",\"host\":null,\"speed\":\"high\","
           "\"configured\":false,\"serial\":\"9F86D081884C\",\"cartridge\":null}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(cartridges_go_in_and_out)
{
    g_autofree char *load = NULL;
    g_autofree char *heard = NULL;
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    expect_error(fd, "{\"execute\":\"eject\"}\n", "there is no cartridge");
    expect_error(fd, "{\"execute\":\"load\",\"arguments\":{\"file\":\"/nowhere/x.tape\"}}\n",
                 "/nowhere/x.tape");
    load =
        g_strdup_printf("{\"execute\":\"load\",\"arguments\":{\"file\":\"%s\"}}\n", room.cartridge);
    expect(fd, load, "{\"return\":{}}\n");
    expect_error(fd, load, "eject it first");
    say(fd, "{\"execute\":\"status\"}\n");
    heard = hear(fd);
    ck_assert_ptr_nonnull(strstr(heard, "\"barcode\":\"VOL1\""));
    expect(fd, "{\"execute\":\"eject\",\"arguments\":{\"force\":true}}\n", "{\"return\":{}}\n");
    ck_assert_ptr_null(drive_cartridge(room.tape.drive));
    /* Several lines at once are done in order. */
    g_free(heard);
    heard = g_strconcat(load, "{\"execute\":\"eject\",\"id\":1}\n", load,
                        "{\"execute\":\"quit\"}\n", NULL);
    expect(fd, heard,
           "{\"return\":{}}\n{\"return\":{},\"id\":1}\n{\"return\":{}}\n{\"return\":{}}\n");
    ck_assert_int_eq(room.quits, 1);
    close(fd);
    room_clear(&room);
}
END_TEST

/* The button waits for the command under way; the controller's next line for the button. */
/* A file may be called anything; what goes to the controller is JSON, and so UTF-8. */
START_TEST(status_is_text_whatever_the_cartridge_is_called)
{
    g_autofree char *path = NULL, *heard = NULL;
    g_autoptr(GError) error = NULL;
    Room room;
    int fd;

    room_init(&room);
    path = g_build_filename(room.dir, "\xff.tape", NULL);
    ck_assert_int_eq(g_rename(room.cartridge, path), 0);
    ck_assert(drive_load(room.tape.drive, path, false, NULL, &error));
    fd = controller_new(&room);
    say(fd, "{\"execute\": \"status\"}\n");
    heard = hear(fd);
    ck_assert_ptr_nonnull(strstr(heard, "\"return\""));
    ck_assert(g_utf8_validate(heard, -1, NULL));
    close(fd);
    settle();
    ck_assert_int_eq(g_rename(path, room.cartridge), 0);
    room_clear(&room);
}
END_TEST

START_TEST(eject_waits_for_the_command_under_way)
{
    static const uint8_t test_unit_ready[6] = { 0x00 };
    g_autofree char *load = NULL;
    FaultRule *rule;
    Room room;
    int fd, other;

    room_init(&room);
    rule = g_ptr_array_index(room.tape.faults->rules, 0);
    rule->values[0].number = 3 * G_USEC_PER_SEC; /* `for` */
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    load =
        g_strdup_printf("{\"execute\":\"load\",\"arguments\":{\"file\":\"%s\"}}\n", room.cartridge);
    expect(fd, load, "{\"return\":{}}\n");
    tape_plug(&room.tape);
    ck_assert_int_eq(tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0), -1);
    /* The hang is in front of the drive, which itself is idle: it ejects at once. */
    expect(fd, "{\"execute\":\"eject\"}\n", "{\"return\":{}}\n");
    other = controller_new(&room);
    expect(other, "{\"execute\":\"eject\"}\n",
           GREETING "{\"error\":{\"class\":\"GenericError\",\"desc\":\"there is no cartridge in "
                    "the drive\"}}\n");
    close(other);
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(nonsense_is_answered_with_an_error)
{
    static const char *const rows[][2] = {
        { "hello\n", "not JSON" },
        { "[1]\n", "not a JSON object" },
        { "{}\n", "'execute' must name" },
        { "{\"execute\":3}\n", "'execute' must name" },
        { "{\"execute\":\"load\"}\n", "needs the argument 'file'" },
        { "{\"execute\":\"load\",\"arguments\":[]}\n", "must be an object" },
        { "{\"execute\":\"load\",\"arguments\":{\"file\":3}}\n", "must be text" },
        { "{\"execute\":\"load\",\"arguments\":{\"file\":null}}\n", "must be text" },
        { "{\"execute\":\"load\",\"arguments\":{\"path\":\"x\"}}\n", "no argument 'path'" },
        { "{\"execute\":\"eject\",\"arguments\":{\"force\":\"x\"}}\n", "must be true or false" },
        { "\xff\xfe\n", "not UTF-8" },
    };
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    expect_error(fd, rows[_i][0], rows[_i][1]);
    expect(fd, "{\"execute\":\"quit\"}\n", "{\"return\":{}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(deep_and_long_lines_are_refused)
{
    g_autofree char *deep = g_strnfill(60000, '[');
    g_autofree char *long_line = g_strnfill(3 * CONTROL_LINE_MAX, 'x');
    g_autofree char *heard = NULL;
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    say(fd, deep);
    expect_error(fd, "\n", "nested more than");
    say(fd, long_line);
    heard = hear(fd);
    ck_assert_msg(g_str_has_suffix(heard, "CLOSED"), "%s", heard);
    close(fd);
    room_clear(&room);
}
END_TEST

/* One that asks and never listens is dropped; the others and the drive do not notice. */
START_TEST(deaf_controller_is_dropped)
{
    g_autofree char *heard = NULL;
    Room room;
    int deaf, i;

    room_init(&room);
    deaf = controller_new(&room);
    for (i = 0; i < 20000; i++) {
        if (send(deaf, "{\"execute\":\"commands\"}\n", 23, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
            errno != EAGAIN) {
            break;
        }
        settle();
    }
    ck_assert_int_lt(i, 20000);
    i = controller_new(&room);
    expect(i, "{\"execute\":\"quit\"}\n", GREETING "{\"return\":{}}\n");
    close(i);
    close(deaf);
    room_clear(&room);
}
END_TEST

START_TEST(controllers_are_limited_in_number)
{
    int fds[CONTROL_CLIENTS_MAX];
    g_autofree char *heard = NULL;
    Room room;
    unsigned i;
    int one_more;

    room_init(&room);
    for (i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fds[i] = controller_new(&room);
        settle();
    }
    one_more = controller_new(&room);
    heard = hear(one_more);
    ck_assert_str_eq(heard, "CLOSED");
    close(one_more);
    for (i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        expect(fds[i], "", GREETING);
        close(fds[i]);
    }
    settle();
    one_more = controller_new(&room);
    expect(one_more, "", GREETING);
    close(one_more);
    room_clear(&room);
}
END_TEST

TCase *make_control_tcase(void)
{
    TCase *tcase = tcase_create("control");

    tcase_add_test(tcase, answers_carry_the_id);
    tcase_add_test(tcase, cartridges_go_in_and_out);
    tcase_add_test(tcase, status_is_text_whatever_the_cartridge_is_called);
    tcase_add_test(tcase, eject_waits_for_the_command_under_way);
    tcase_add_loop_test(tcase, nonsense_is_answered_with_an_error, 0, 11);
    tcase_add_test(tcase, deep_and_long_lines_are_refused);
    tcase_add_test(tcase, deaf_controller_is_dropped);
    tcase_add_test(tcase, controllers_are_limited_in_number);
    return tcase;
}
