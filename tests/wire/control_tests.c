/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live control socket: what controllers say and hear. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu/base/bytes.h"
#include "emu/control/control.h"
#include "media/formats/formats.h"
#include "tests/support/suite.h"
#include "tests/wire/tape.h"

TCase *make_control_tcase(void);

#define GREETING                                                                                   \
    "{\"usbtape\":{\"version\":\"" USBTAPE_VERSION "\",\"capabilities\":[\"events\"]}}\n"

typedef struct Room {
    Tape tape;
    Control *control;
    char *dir, *socket, *cartridge;
    int quits;
    GString *events; /* "LOAD file=1.tape; " as heard last, from whomever */
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

static bool room_plugged(void *data)
{
    const Port *port = ((Room *)data)->tape.port; /* NULL: nobody has plugged it in yet */

    return !port || port_plugged(port);
}

static void room_unplug(void *data, int64_t replug)
{
    port_unplug(((Room *)data)->tape.port, replug);
}

static void room_replug(void *data)
{
    port_replug(((Room *)data)->tape.port);
}

static void room_init_with(Room *room, const char *faults)
{
    static const ControlOps ops = { room_address, room_host,   room_quit,
                                    room_plugged, room_unplug, room_replug };
    MediumGeometry geometry = { .partitions = 1, .barcode = "VOL1" };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    const char *directories[2] = { NULL };
    ControlConfig config = { .directories = directories, .ops = &ops, .data = room };

    *room = (Room){ .events = g_string_new(NULL) };
    tape_init(&room->tape, faults);
    room->dir = suite_temp_dir();
    directories[0] = room->dir;
    room->socket = g_build_filename(room->dir, "ctl.sock", NULL);
    room->cartridge = g_build_filename(room->dir, "1.tape", NULL);
    ck_assert(medium_create(room->cartridge, medium_format_for_path("x.tape"), &geometry, &error));
    text = g_strconcat("unix:", room->socket, NULL);
    config.address = address_parse("--control", text, false, NULL);
    config.drive = room->tape.drive;
    room->control = control_new(&config, &error);
    g_assert_no_error(error);
    trace_tee_add(&room->tape.trace, control_trace(room->control));
}

static void room_init(Room *room)
{
    room_init_with(room, "- {name: drive.hang, on: any}\n");
}

static void room_clear(Room *room)
{
    trace_tee_remove(&room->tape.trace, control_trace(room->control));
    control_free(room->control);
    tape_clear(&room->tape);
    g_unlink(room->cartridge);
    ck_assert_int_eq(g_rmdir(room->dir), 0); /* the socket is gone */
    g_free(room->dir);
    g_free(room->socket);
    g_free(room->cartridge);
    g_string_free(room->events, TRUE);
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
static char *hear_all(int fd)
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

static char *hear(int fd)
{
    g_autofree char *all = hear_all(fd);
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    GString *text = g_string_new(NULL);
    char **line;

    for (line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, "{\"event\"")) {
            g_string_append_printf(text, "%s%s", *line, line[1] ? "\n" : "");
        }
    }
    return g_string_free(text, FALSE);
}

/* The events that have come, without their times: "LOAD {"file":"1.tape"}; ". Free with g_free. */
static char *hear_events(const Room *room, int fd)
{
    g_autofree char *all = hear_all(fd);
    g_autofree char *where = g_strconcat(room->dir, "/", NULL);
    g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
    GString *text = g_string_new(NULL);
    char **line;

    for (line = lines; *line; line++) {
        char *event = strstr(*line, "{\"event\":\"");
        char *data = event ? strstr(event, "\",\"data\":") : NULL;
        char *stamp = data ? strstr(data, ",\"timestamp\":{\"seconds\":") : NULL;

        if (event) {
            ck_assert_msg(stamp != NULL, "%s", *line);
            *data = *stamp = '\0';
            g_string_append_printf(text, "%s %s; ", event + 10, data + 9);
        }
    }
    g_string_replace(text, where, "", 0);
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
           "{\"return\":{\"address\":\"unix:/drive\",\"plugged\":true,\"host\":null,"
           "\"speed\":\"high\",\"configured\":false,\"serial\":\"9F86D081884C\",\"timing\":\"off\","
           "\"hold\":null,"
           "\"cartridge\":null}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(faults_come_and_go_live)
{
    static const uint8_t test_unit_ready[6] = { 0x00 };
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    expect(fd, "{\"execute\":\"fault-clear\"}\n", "{\"return\":{}}\n");
    tape_plug(&room.tape);
    tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0);
    expect(fd,
           "{\"execute\":\"fault-add\",\"arguments\":{\"rule\":"
           "\"[{name: drive.busy, count: 2}, {name: drive.hang, on: REWIND}]\"}}\n",
           "{\"return\":{\"rules\":[2,3]}}\n");
    ck_assert_int_eq(tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
    /* Nothing changes by what is refused. */
    expect(fd,
           "{\"execute\":\"fault-add\",\"arguments\":{\"rule\":"
           "\"[{name: drive.busy}, {name: drive.hang, on: WROTE}]\"}}\n",
           "{\"error\":{\"class\":\"GenericError\",\"desc\":\"rule:1:45: 'WROTE' is not a command: "
           "write "
           "a name such as WRITE(6), an opcode such as 0Ah, or any\"}}\n");
    expect(fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"4\"}}\n",
           "{\"error\":{\"class\":\"GenericError\",\"desc\":\"there is no rule 4\"}}\n");
    expect(
        fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"two\"}}\n",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"'two' is not the number of a rule, as "
        "fault-list has it\"}}\n");
    expect(fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"3\"}}\n",
           "{\"return\":{}}\n");
    expect(fd, "{\"execute\":\"fault-clear\"}\n", "{\"return\":{}}\n");
    expect(
        fd, "{\"execute\":\"fault-list\"}\n",
        "{\"return\":["
        "{\"rule\":1,\"name\":\"drive.hang\",\"class\":\"reported\",\"file\":\"test\",\"line\":1,"
        "\"on\":\"any\",\"seen\":0,\"fired\":0,\"removed\":true},"
        "{\"rule\":3,\"name\":\"drive.hang\",\"class\":\"reported\",\"file\":\"rule\",\"line\":1,"
        "\"on\":\"REWIND\",\"seen\":0,\"fired\":0,\"removed\":true},"
        "{\"rule\":2,\"name\":\"drive.busy\",\"class\":\"transparent\",\"file\":\"rule\",\"line\":"
        "1,"
        "\"on\":\"any\",\"seen\":1,\"fired\":1,\"removed\":true}]}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

/* One that another needs stays, and the controller is told. */
START_TEST(a_rule_that_is_needed_stays)
{
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    expect(
        fd,
        "{\"execute\":\"fault-add\",\"arguments\":{\"rule\":\"[{name: drive.busy, set-state: ill},"
        " {name: drive.hang, if-state: ill}]\"}}\n",
        "{\"return\":{\"rules\":[2,3]}}\n");
    expect(
        fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"2\"}}\n",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"rule 3 could never fire without rule 2: "
        "remove it first\"}}\n");
    expect(fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"3\"}}\n",
           "{\"return\":{}}\n");
    expect(fd, "{\"execute\":\"fault-remove\",\"arguments\":{\"rule\":\"2\"}}\n",
           "{\"return\":{}}\n");
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
    static const uint8_t ask[6] = { 0x00 };
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
    ck_assert_int_eq(tape_command(&room.tape, ask, 6, NULL, 0, NULL, 0), -1);
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
        { "{\"execute\":\"write-protect\"}\n", "needs the argument 'on'" },
        { "{\"execute\":\"write-protect\",\"arguments\":{\"on\":\"on\"}}\n",
          "must be true or false" },
        { "{\"execute\":\"unplug\",\"arguments\":{\"for\":\"5\"}}\n", "the argument 'for'" },
        { "{\"execute\":\"unplug\",\"arguments\":{\"for\":5}}\n", "must be text" },
        { "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"x\"}}\n", "cbw, data or csw" },
        { "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"csw\",\"command\":\"SING\"}}\n",
          "'SING'" },
        { "{\"execute\":\"release\"}\n", "no hold" },
        { "{\"execute\":\"timing\",\"arguments\":{\"mode\":\"slow\"}}\n", "off or model" },
        { "{\"execute\":\"write-protect\",\"arguments\":{\"on\":true}}\n", "no cartridge" },
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
    expect_error(fd, long_line, "longer than 65536"); /* at once: its end may never come */
    expect_error(fd, "still the same\nnonsense\n", "not JSON"); /* one error, and on */
    long_line[CONTROL_LINE_MAX + 1] = '\n'; /* one byte too many, then two lines more */
    long_line[CONTROL_LINE_MAX + 2] = '\n';
    long_line[CONTROL_LINE_MAX + 3] = '\0';
    expect_error(fd, long_line, "longer than 65536");
    expect_error(fd, "{\"execute\":\"load\",\"arguments\":{\"file\":\"a\\u0000b\"}}\n", "u0000");
    expect_error(fd, "{\"execute\":\"load\",\"arguments\":{\"file\":\"a\\\\u0000b\"}}\n",
                 "cannot load"); /* a backslash, and no NUL */
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

/* ---- what happens is told ---- */

static const uint8_t test_unit_ready[6] = { 0x00 };

static void load(Room *room, int fd)
{
    g_autofree char *line = g_strdup_printf(
        "{\"execute\":\"load\",\"arguments\":{\"file\":\"%s\"}}\n", room->cartridge);

    expect(fd, line, "{\"return\":{}}\n");
}

START_TEST(events_come_to_all)
{
    g_autofree char *told = NULL, *fired = NULL;
    Room room;
    int fd, other;

    room_init_with(&room, "- {name: drive.busy, on: \"TEST UNIT READY\", count: 1}\n");
    fd = controller_new(&room);
    other = controller_new(&room);
    expect(fd, "", GREETING);
    load(&room, fd);
    expect(fd, "{\"execute\":\"write-protect\",\"arguments\":{\"on\":true}}\n",
           "{\"return\":{}}\n");
    expect(fd, "{\"execute\":\"eject\"}\n", "{\"return\":{}}\n");
    told = hear_events(&room, other);
    ck_assert_str_eq(told, "LOAD {\"file\":\"1.tape\",\"by\":\"controller\"}; "
                           "WRITE_PROTECT {\"file\":\"1.tape\",\"write-protect\":\"on\"}; "
                           "EJECT {\"file\":\"1.tape\",\"by\":\"controller\"}; ");
    tape_plug(&room.tape);
    ck_assert_int_eq(tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
    fired = hear_events(&room, other);
    ck_assert_msg(strstr(fired, "FAULT_FIRED {\"name\":\"drive.busy\",") != NULL, "%s", fired);
    ck_assert_msg(strstr(fired, "\"seed\":1,") != NULL, "%s", fired);
    close(fd);
    close(other);
    room_clear(&room);
}
END_TEST

static int host_command(Room *room, uint8_t opcode, uint8_t byte4)
{
    const uint8_t cdb[6] = { opcode, 0, 0, 0, byte4 };

    return tape_command(&room->tape, cdb, 6, NULL, 0, NULL, 0);
}

/* Whoever follows the events knows whether the host can reach the cartridge, and why not. */
START_TEST(the_host_moves_the_cartridge_too)
{
#define BY(event, who) event " {\"file\":\"1.tape\",\"by\":\"" who "\"}; "
    static const char no_medium[] = "{name: drive.no-medium, on: REWIND, for: 1s}";
    g_autofree char *by_host = NULL, *by_drive = NULL, *by_fault = NULL, *after = NULL;
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    load(&room, fd);
    tape_plug(&room.tape);
    host_command(&room, 0x00, 0); /* unit attention */
    host_command(&room, 0x00, 0);
    ck_assert_int_eq(host_command(&room, 0x1b, 0), 0);
    ck_assert_int_eq(host_command(&room, 0x1b, 0), 0); /* it is unloaded already: no event */
    ck_assert_int_eq(host_command(&room, 0x1b, 1), 0);
    by_host = hear_events(&room, fd);
    ck_assert_str_eq(by_host, BY("EJECT", "host") BY("LOAD", "host"));
    ck_assert_int_eq(host_command(&room, 0x1b, 0), 0);
    drive_power_cycle(room.tape.drive);
    by_drive = hear_events(&room, fd);
    ck_assert_str_eq(by_drive, BY("EJECT", "host") BY("LOAD", "drive"));
    close(fd);
    room_clear(&room);

    room_init_with(&room, no_medium);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    load(&room, fd);
    tape_plug(&room.tape);
    host_command(&room, 0x00, 0);
    host_command(&room, 0x00, 0);
    ck_assert_int_eq(host_command(&room, 0x01, 0), 1);
    by_fault = hear_events(&room, fd);
    ck_assert_ptr_nonnull(strstr(by_fault, "FAULT_FIRED {\"name\":\"drive.no-medium\","));
    ck_assert(g_str_has_suffix(by_fault, BY("EJECT", "fault")));
    virtual_clock_advance(room.tape.clock, 2 * G_USEC_PER_SEC);
    after = hear_events(&room, fd);
    ck_assert_str_eq(after, BY("LOAD", "fault"));
    close(fd);
    room_clear(&room);
#undef BY
}
END_TEST

/* A plan's path is one word of a firing's line, whatever is in it, and whole again in the event. */
START_TEST(paths_with_blanks_are_told_whole)
{
    static const char rule[] = "{name: drive.busy, on: \"TEST UNIT READY\"}";
    const char *name = "/my plans/50% =worse\\.yaml";
    g_autoptr(GError) error = NULL;
    g_autofree char *fired = NULL;
    Room room;
    int fd;

    room_init(&room);
    ck_assert(drive_remove_fault(room.tape.drive, 0, &error));
    ck_assert(drive_add_faults(room.tape.drive, name, rule, strlen(rule), &error));
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    tape_plug(&room.tape);
    ck_assert_int_eq(tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
    fired = hear_events(&room, fd);
    ck_assert_msg(strstr(fired, "\"at\":\"/my plans/50% =worse\\\\.yaml:1\",\"seed\":") != NULL,
                  "%s", fired);
    close(fd);
    room_clear(&room);
}
END_TEST

/* Only that path was escaped: a percent sign anywhere else is one. */
START_TEST(only_paths_are_unescaped)
{
    g_autofree char *fired = NULL;
    Room room;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    TRACE(control_trace(room.control), FAULT_FIRED, "%s",
          "drive.busy rule=3 at=/a%20b%25:1 phase=50%41 object=%zz");
    fired = hear_events(&room, fd);
    ck_assert_str_eq(fired, "FAULT_FIRED {\"name\":\"drive.busy\",\"rule\":3,\"at\":\"/a b%:1\","
                            "\"phase\":\"50%41\",\"object\":\"%zz\"}; ");
    close(fd);
    room_clear(&room);
}
END_TEST

/* One that does not read loses events and keeps its connection. */
START_TEST(events_that_nobody_reads_are_counted)
{
    g_autofree char *told = NULL, *again = NULL;
    g_autofree char *text = g_strnfill(1000, 'x');
    Room room;
    int fd, i;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    for (i = 0; i < 5000; i++) {
        control_event(room.control, CONTROL_HOST_LEFT, "why", text, NULL);
    }
    told = hear_events(&room, fd);
    ck_assert_ptr_nonnull(strstr(told, "HOST_LEFT"));
    ck_assert_ptr_null(strstr(told, "EVENTS_LOST"));
    control_event(room.control, CONTROL_PLUGGED, NULL);
    again = hear_events(&room, fd);
    ck_assert_msg(g_str_has_prefix(again, "EVENTS_LOST {\"count\":"), "%s", again);
    ck_assert_ptr_nonnull(strstr(again, "; PLUGGED {}; "));
    expect(fd, "{\"execute\":\"quit\"}\n", "{\"return\":{}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

/* Out of the directories named at start there is no way, by dots or by links. */
START_TEST(cartridges_come_from_named_directories)
{
    g_autofree char *outside = suite_temp_dir();
    g_autofree char *secret = g_build_filename(outside, "secret.tape", NULL);
    g_autofree char *other = NULL, *link = NULL, *sibling = NULL;
    MediumGeometry geometry = { .partitions = 1 };
    const char *paths[4];
    Room room;
    size_t i;
    int fd;

    room_init(&room);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    ck_assert(medium_create(secret, medium_format_for_path(secret), &geometry, NULL));
    link = g_build_filename(room.dir, "link.tape", NULL);
    ck_assert_int_eq(symlink(secret, link), 0);
    other = g_strdup_printf("%s/../%s/secret.tape", room.dir, strrchr(outside, '/') + 1);
    sibling = g_strconcat(room.dir, "2", NULL); /* begins with the name of one that is named */
    ck_assert_int_eq(g_mkdir(sibling, 0700), 0);
    paths[0] = secret;
    paths[1] = link;
    paths[2] = other;
    paths[3] = sibling;
    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *line =
            g_strdup_printf("{\"execute\":\"load\",\"arguments\":{\"file\":\"%s\"}}\n", paths[i]);

        expect_error(fd, line, "--media-dir");
    }
    ck_assert_ptr_null(drive_cartridge(room.tape.drive));
    load(&room, fd);
    g_unlink(link);
    g_rmdir(sibling);
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(tab_is_moved_and_kept)
{
    g_autofree char *heard = NULL;
    uint8_t block[512] = { 1 };
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    load(&room, fd);
    tape_plug(&room.tape);
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 0);
    expect(fd, "{\"execute\":\"write-protect\",\"arguments\":{\"on\":true}}\n",
           "{\"return\":{}}\n");
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 1);
    ck_assert_uint_eq(tape_sense(&room.tape), 0x062800); /* it may be another one */
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 1);
    ck_assert_uint_eq(tape_sense(&room.tape), 0x072700);
    expect(fd, "{\"execute\":\"eject\"}\n", "{\"return\":{}}\n");
    load(&room, fd);
    say(fd, "{\"execute\":\"status\"}\n");
    heard = hear(fd);
    ck_assert_msg(strstr(heard, "\"write-protected\":true") != NULL, "%s", heard);
    expect(fd, "{\"execute\":\"write-protect\",\"arguments\":{\"on\":false}}\n",
           "{\"return\":{}}\n");
    tape_ready(&room.tape);
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 0);
    close(fd);
    room_clear(&room);
}
END_TEST

/* The file is read-only: the tab stays, and so does the cartridge. */
START_TEST(tab_of_a_read_only_file_stays)
{
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    ck_assert(drive_load(room.tape.drive, room.cartridge, true, NULL, NULL));
    expect_error(fd, "{\"execute\":\"write-protect\",\"arguments\":{\"on\":true}}\n",
                 "opened read-only");
    ck_assert_str_eq(drive_cartridge(room.tape.drive), room.cartridge);
    expect(fd, "{\"execute\":\"eject\"}\n", "{\"return\":{}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

/* ---- holds ---- */

static const uint8_t write_512[6] = { 0x0a, 0, 0, 2, 0 };
static const uint8_t read_512[6] = { 0x08, 0, 0, 2, 0 };
static const uint8_t rewind_6[6] = { 0x01 };

static MediumPosition position(Room *room)
{
    MediumPosition where;
    MediumInfo info;
    bool loaded;

    ck_assert(drive_look(room->tape.drive, &info, &where, &loaded));
    return where;
}

static const struct {
    const char *phase;
    const uint8_t *cdb;
    size_t out, in;
    uint64_t object;   /* where the tape is while it is held, from 1 */
    const char *heard; /* replies before the release */
    const char *then;  /* and after it */
} holds[] = {
    { "cbw", write_512, 512, 0, 1, "", "ep 02 31 0; ep 02 512 0; ep 81 13 0; " },
    { "data", write_512, 512, 0, 1, "ep 02 31 0; ", "ep 02 512 0; ep 81 13 0; " },
    { "csw", write_512, 512, 0, 2, "ep 02 31 0; ep 02 512 0; ", "ep 81 13 0; " },
    { "cbw", read_512, 0, 512, 1, "", "ep 02 31 0; ep 81 512 0; ep 81 13 0; " },
    { "data", read_512, 0, 512, 2, "ep 02 31 0; ", "ep 81 512 0; ep 81 13 0; " },
    { "csw", read_512, 0, 512, 2, "ep 02 31 0; ep 81 512 0; ", "ep 81 13 0; " },
    { "cbw", rewind_6, 0, 0, 1, "", "ep 02 31 0; ep 81 13 0; " },
    { "csw", rewind_6, 0, 0, 0, "ep 02 31 0; ", "ep 81 13 0; " },
};

/* CBW, data and CSW at once, as far as the drive lets them; what it answered. */
static char *bulk_heard(Room *room)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) packets = g_strsplit(room->tape.host->heard->str, "; ", -1);
    char **packet;

    for (packet = packets; *packet; packet++) {
        unsigned id, ep, status, length;

        if (sscanf(*packet, "bulk #%u ep %x status %u length %u", &id, &ep, &status, &length) ==
            4) {
            g_string_append_printf(text, "ep %02x %u %u; ", ep, length, status);
        }
    }
    g_string_truncate(room->tape.host->heard, 0);
    return g_string_free(text, FALSE);
}

static void send_command(Room *room, const uint8_t *cdb, size_t out, size_t in)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 7 };
    uint8_t data[512] = { 0 };
    WireHost *host = room->tape.host;

    put_le32(cbw + 8, (uint32_t)(out + in));
    cbw[12] = in ? 0x80 : 0;
    cbw[14] = 6;
    memcpy(cbw + 15, cdb, 6);
    g_string_truncate(host->heard, 0);
    wire_out(host, 101, USB_BULK_OUT, cbw, sizeof cbw);
    if (out) {
        wire_out(host, 102, USB_BULK_OUT, data, out);
    }
    if (in) {
        wire_in(host, 103, USB_BULK_IN, in);
    }
    wire_in(host, 104, USB_BULK_IN, 13);
    wire_pump(host);
}

static void prepare_to_hold(Room *room, int fd)
{
    uint8_t block[512] = { 2 };

    expect(fd, "", GREETING);
    load(room, fd);
    tape_plug(&room->tape);
    tape_ready(&room->tape);
    ck_assert_int_eq(tape_write(&room->tape, block, 512), 0);
    ck_assert_int_eq(tape_write(&room->tape, block, 512), 0);
    ck_assert_int_eq(tape_filemark(&room->tape), 0); /* synced: nothing is in the buffer */
    ck_assert_int_eq(tape_rewind(&room->tape), 0);
    ck_assert_int_eq(tape_read(&room->tape, block, 512, &(size_t){ 0 }), 0);
    g_string_truncate(room->tape.host->heard, 0);
}

START_TEST(command_stops_where_it_is_told_to)
{
    g_autofree char *line = g_strdup_printf(
        "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"%s\"}}\n", holds[_i].phase);
    g_autofree char *held = NULL, *before = NULL, *after = NULL, *told = NULL, *ended = NULL;
    Room room;
    int fd, other;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    other = controller_new(&room);
    prepare_to_hold(&room, fd);
    expect(fd, line, "{\"return\":{}}\n");
    expect_error(fd, line, "in force already");
    g_free(hear_events(&room, other));
    send_command(&room, holds[_i].cdb, holds[_i].out, holds[_i].in);
    before = bulk_heard(&room);
    ck_assert_str_eq(before, holds[_i].heard);
    if (holds[_i].cdb != write_512 || !g_str_equal(holds[_i].phase, "csw")) {
        ck_assert_uint_eq(position(&room).object, holds[_i].object); /* or it is in the buffer */
    }
    told = hear_events(&room, other);
    ck_assert_msg(g_str_has_prefix(told, "HELD {\"command\":"), "%s", told);
    say(fd, "{\"execute\":\"status\"}\n");
    held = hear(fd);
    ck_assert_msg(strstr(held, "\"hold\":{\"phase\":") && !strstr(held, "\"held\":null"), "%s",
                  held);
    expect(fd, "{\"execute\":\"release\"}\n", "{\"return\":{}}\n");
    wire_pump(room.tape.host);
    after = bulk_heard(&room);
    ck_assert_str_eq(after, holds[_i].then);
    ended = hear_events(&room, other);
    ck_assert_str_eq(ended, "RELEASED {}; ");
    ck_assert_int_eq(room.tape.host->data->data[12], 0);
    expect_error(fd, "{\"execute\":\"release\"}\n", "no hold");
    ck_assert_int_eq(tape_rewind(&room.tape), 0); /* all is as before */
    close(fd);
    close(other);
    room_clear(&room);
}
END_TEST

/* Only the command that is named stops. */
START_TEST(hold_waits_for_its_command)
{
    g_autofree char *before = NULL;
    uint8_t block[512];
    size_t length;
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    expect(fd, "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"csw\",\"command\":\"REWIND\"}}\n",
           "{\"return\":{}}\n");
    ck_assert_int_eq(tape_read(&room.tape, block, 512, &length), 0);
    send_command(&room, rewind_6, 0, 0);
    before = bulk_heard(&room);
    ck_assert_str_eq(before, "ep 02 31 0; ");
    expect(fd, "{\"execute\":\"release\"}\n", "{\"return\":{}}\n");
    close(fd);
    room_clear(&room);
}
END_TEST

/* The host gives up on what is held: it may ask again, or reset, as at any slow drive. */
START_TEST(host_gives_up_on_what_is_held)
{
    g_autofree char *again = NULL, *answer = NULL;
    uint8_t block[512];
    size_t length;
    Room room;
    WireHost *host;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    host = room.tape.host;
    expect(fd, "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"csw\"}}\n", "{\"return\":{}}\n");
    send_command(&room, rewind_6, 0, 0);
    usbredirparser_send_cancel_data_packet(host->parser, 104);
    wire_pump(host);
    ck_assert_ptr_nonnull(strstr(host->heard->str, "bulk #104 ep 81 status 1 length 0"));
    g_string_truncate(host->heard, 0);
    expect(fd, "{\"execute\":\"release\"}\n", "{\"return\":{}}\n"); /* with nobody to tell */
    wire_in(host, 105, USB_BULK_IN, 13);
    wire_pump(host);
    answer = bulk_heard(&room);
    ck_assert_str_eq(answer, "ep 81 13 0; ");
    ck_assert_int_eq(tape_read(&room.tape, block, 512, &length), 0);

    expect(fd, "{\"execute\":\"hold\",\"arguments\":{\"phase\":\"data\"}}\n", "{\"return\":{}}\n");
    send_command(&room, read_512, 0, 512);
    usbredirparser_send_cancel_data_packet(host->parser, 103);
    usbredirparser_send_cancel_data_packet(host->parser, 104);
    usbredirparser_send_reset(host->parser);
    wire_configure(host, 106, 1);
    wire_pump(host);
    send_command(&room, rewind_6, 0, 0); /* the unit attention: no data, so it goes through */
    again = bulk_heard(&room);
    ck_assert_str_eq(again, "ep 02 31 0; ep 81 13 0; ");
    send_command(&room, rewind_6, 0, 0);
    send_command(&room, read_512, 0, 512); /* the hold is in force as before */
    g_free(again);
    again = bulk_heard(&room);
    ck_assert_str_eq(again, "ep 02 31 0; ");
    close(fd);
    room_clear(&room); /* while it is held */
}
END_TEST

/* ---- the bus ---- */

START_TEST(drive_leaves_the_bus_and_comes_back)
{
    static const char connect[] = "connect speed 2";
    g_autofree char *status = NULL;
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    expect(fd, "{\"execute\":\"unplug\"}\n", "{\"return\":{}}\n");
    wire_expect(room.tape.host, "disconnect; ");
    virtual_clock_advance(room.tape.clock, INT64_C(3600) * G_USEC_PER_SEC);
    wire_expect(room.tape.host, "");
    say(fd, "{\"execute\":\"status\"}\n");
    status = hear(fd);
    ck_assert_ptr_nonnull(strstr(status, "\"plugged\":false"));
    expect(fd, "{\"execute\":\"replug\"}\n", "{\"return\":{}}\n");
    wire_pump(room.tape.host);
    ck_assert_ptr_nonnull(strstr(room.tape.host->heard->str, connect));
    g_string_truncate(room.tape.host->heard, 0);
    expect(fd, "{\"execute\":\"unplug\",\"arguments\":{\"for\":\"5s\"}}\n", "{\"return\":{}}\n");
    virtual_clock_advance(room.tape.clock, 5 * G_USEC_PER_SEC);
    wire_pump(room.tape.host);
    ck_assert_ptr_nonnull(strstr(room.tape.host->heard->str, connect));
    close(fd);
    room_clear(&room);
}
END_TEST

/* What was in the drive's buffer is gone, the cartridge is in and at its beginning. */
START_TEST(power_cycle_loses_what_was_not_synced)
{
    g_autofree char *told = NULL;
    uint8_t block[512] = { 3 };
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 0);
    g_string_truncate(room.tape.host->heard, 0);
    g_free(hear_events(&room, fd));
    expect(fd, "{\"execute\":\"power-cycle\"}\n", "{\"return\":{}}\n");
    ck_assert_uint_eq(position(&room).object, 0);
    wire_expect(room.tape.host, "disconnect; ");
    virtual_clock_advance(room.tape.clock, 2 * G_USEC_PER_SEC);
    wire_pump(room.tape.host);
    ck_assert_ptr_nonnull(strstr(room.tape.host->heard->str, "connect speed 2"));
    wire_configure(room.tape.host, 1, 1);
    ck_assert_int_eq(tape_write(&room.tape, block, 512), 1);
    ck_assert_uint_eq(tape_sense(&room.tape), 0x062901);
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(bus_reset_is_the_drives_alone)
{
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    expect(fd, "{\"execute\":\"bus-reset\"}\n", "{\"return\":{}}\n");
    wire_expect(room.tape.host, "");
    ck_assert_uint_eq(usb_device_configuration(drive_usb(room.tape.drive)), 0);
    wire_in(room.tape.host, 9, USB_BULK_IN, 13); /* no such endpoint in that state */
    wire_expect(room.tape.host, "bulk #9 ep 81 status 4 length 0; ");
    close(fd);
    room_clear(&room);
}
END_TEST

/* From one command to the next. */
START_TEST(time_is_switched_on_and_off)
{
    g_autofree char *late = NULL, *at_once = NULL;
    Room room;
    int fd;

    room_init_with(&room, NULL);
    fd = controller_new(&room);
    prepare_to_hold(&room, fd);
    expect(fd, "{\"execute\":\"timing\"}\n", "{\"return\":{\"timing\":\"off\"}}\n");
    expect(fd, "{\"execute\":\"timing\",\"arguments\":{\"mode\":\"model\"}}\n",
           "{\"return\":{\"timing\":\"model\"}}\n");
    send_command(&room, read_512, 0, 512);
    late = bulk_heard(&room);
    ck_assert_str_eq(late, "ep 02 31 0; ");
    virtual_clock_advance(room.tape.clock, 60 * G_USEC_PER_SEC);
    wire_pump(room.tape.host);
    g_free(late);
    late = bulk_heard(&room);
    ck_assert_str_eq(late, "ep 81 512 0; ep 81 13 0; ");
    expect(fd, "{\"execute\":\"timing\",\"arguments\":{\"mode\":\"off\"}}\n",
           "{\"return\":{\"timing\":\"off\"}}\n");
    send_command(&room, rewind_6, 0, 0);
    at_once = bulk_heard(&room);
    ck_assert_str_eq(at_once, "ep 02 31 0; ep 81 13 0; ");
    close(fd);
    room_clear(&room);
}
END_TEST

START_TEST(stats_count_what_went_on)
{
    g_autofree char *heard = NULL;
    Room room;
    int fd;

    room_init_with(&room, "- {name: drive.busy, on: \"REWIND\", count: 1}\n");
    fd = controller_new(&room);
    expect(fd, "", GREETING);
    tape_plug(&room.tape);
    ck_assert_int_eq(tape_command(&room.tape, test_unit_ready, 6, NULL, 0, NULL, 0), 1);
    ck_assert_int_eq(tape_rewind(&room.tape), 1); /* busy, and not the drive's */
    say(fd, "{\"execute\":\"stats\"}\n");
    heard = hear(fd);
    ck_assert_msg(strstr(heard, "{\"command\":\"TEST UNIT READY\",\"ended\":") != NULL, "%s",
                  heard);
    ck_assert_msg(strstr(heard, "\"port-resets\":2") != NULL, "%s", heard);
    ck_assert_msg(strstr(heard, "\"name\":\"drive.busy\"") != NULL, "%s", heard);
    ck_assert_msg(strstr(heard, "\"fired\":1") != NULL, "%s", heard);
    ck_assert_msg(strstr(heard, "\"seed\":1,") != NULL, "%s", heard);
    close(fd);
    room_clear(&room);
}
END_TEST

TCase *make_control_tcase(void)
{
    TCase *tcase = tcase_create("control");

    tcase_add_test(tcase, answers_carry_the_id);
    tcase_add_test(tcase, faults_come_and_go_live);
    tcase_add_test(tcase, a_rule_that_is_needed_stays);
    tcase_add_test(tcase, cartridges_go_in_and_out);
    tcase_add_test(tcase, status_is_text_whatever_the_cartridge_is_called);
    tcase_add_test(tcase, eject_waits_for_the_command_under_way);
    tcase_add_loop_test(tcase, nonsense_is_answered_with_an_error, 0, 20);
    tcase_add_test(tcase, deep_and_long_lines_are_refused);
    tcase_add_test(tcase, deaf_controller_is_dropped);
    tcase_add_test(tcase, controllers_are_limited_in_number);
    tcase_add_test(tcase, events_come_to_all);
    tcase_add_test(tcase, the_host_moves_the_cartridge_too);
    tcase_add_test(tcase, paths_with_blanks_are_told_whole);
    tcase_add_test(tcase, only_paths_are_unescaped);
    tcase_add_test(tcase, events_that_nobody_reads_are_counted);
    tcase_add_test(tcase, cartridges_come_from_named_directories);
    tcase_add_test(tcase, tab_is_moved_and_kept);
    tcase_add_test(tcase, tab_of_a_read_only_file_stays);
    tcase_add_loop_test(tcase, command_stops_where_it_is_told_to, 0, G_N_ELEMENTS(holds));
    tcase_add_test(tcase, hold_waits_for_its_command);
    tcase_add_test(tcase, host_gives_up_on_what_is_held);
    tcase_add_test(tcase, drive_leaves_the_bus_and_comes_back);
    tcase_add_test(tcase, power_cycle_loses_what_was_not_synced);
    tcase_add_test(tcase, bus_reset_is_the_drives_alone);
    tcase_add_test(tcase, time_is_switched_on_and_off);
    tcase_add_test(tcase, stats_count_what_went_on);
    return tcase;
}
