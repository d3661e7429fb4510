/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bot [FILE]: a user-space initiator. Takes the first Bulk-Only Mass Storage device on the bus away
 * from the kernel's driver, does what FILE (or standard input) says, a line a step, and gives it
 * back. Each step says what has to come of it; where something else comes, that is told, and the
 * exit status is 1.
 *
 *   case TEXT                           a heading, for what follows
 *   command DIRECTION LENGTH CDB [WANT] CBW, data, CSW; Reset Recovery by itself on a phase error
 *   begin DIRECTION LENGTH CDB          the CBW alone
 *   in LENGTH [WANT], out LENGTH [WANT] one transfer on a bulk pipe
 *   csw [WANT]                          the CSW alone
 *   invalid LENGTH SIGNATURE            a CBW of so many bytes; nothing but Reset Recovery helps
 *   control SETUP [WANT]                the eight bytes of a setup packet; any data are zeros
 *   clear in|out, reset, recover        Clear Feature HALT; the class request; the whole of it
 *
 * DIRECTION is none, in or out; CDB, SETUP and data are hex. WANT is any of moved=N, halt=in,
 * halt=out, halt=control, status=N, residue=N, data=HEX (what the data begin with). What is not
 * mentioned has to be as when all is well: every byte moved, nothing halted, status 0, residue 0.
 */
#include "scenarios/subjects/linux/usbfs.h"

#include <errno.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CBW_LENGTH    31
#define CSW_LENGTH    13
#define CBW_SIGNATURE 0x43425355u
#define CSW_SIGNATURE 0x53425355u
#define PHASE_ERROR   2
#define PATIENCE      5000 /* ms */
#define BUFFER_MAX    (1u << 20)

typedef struct Device {
    UsbfsDevice usb;
    uint32_t tag;
} Device;

/* What came of a step, and what had to. */
typedef struct Result {
    long moved;
    char halt[8]; /* the pipe, "" if none */
    int status;   /* -1: no CSW */
    long residue;
    uint8_t data[64];
    size_t n_data;
} Result;

typedef struct Step {
    const char *text;
    unsigned line;
    char verb[16];
    char direction[8];
    long length;
    uint8_t bytes[64]; /* CDB or setup packet */
    size_t n_bytes;
    Result want;
} Step;

static uint8_t buffer[BUFFER_MAX];
static char heading[512];
static unsigned failures;

/* ---- transfers ---- */

/* One URB there and back. Bytes moved, or -errno; -EPIPE: the pipe is halted. */
static long bulk(Device *device, uint8_t endpoint, uint8_t *bytes, size_t length)
{
    struct usbdevfs_urb urb = { .type = USBDEVFS_URB_TYPE_BULK,
                                .endpoint = endpoint,
                                .buffer = bytes,
                                .buffer_length = (int)length };
    struct usbdevfs_urb *done = NULL;
    struct pollfd wait = { .fd = device->usb.fd, .events = POLLOUT };

    if (ioctl(device->usb.fd, USBDEVFS_SUBMITURB, &urb) != 0) {
        return -errno;
    }
    if (poll(&wait, 1, PATIENCE) == 0) {
        ioctl(device->usb.fd, USBDEVFS_DISCARDURB, &urb);
        ioctl(device->usb.fd, USBDEVFS_REAPURB, &done);
        return -ETIMEDOUT;
    }
    if (ioctl(device->usb.fd, USBDEVFS_REAPURB, &done) != 0) {
        return -errno;
    }
    /* A halt after some data is told with them. */
    return urb.status == 0 || (urb.status == -EPIPE && urb.actual_length > 0) ? urb.actual_length
                                                                              : urb.status;
}

static long control(Device *device, const uint8_t *setup, uint8_t *bytes)
{
    return usbfs_control(&device->usb, setup, bytes, PATIENCE);
}

static bool clear_halt(Device *device, uint8_t endpoint)
{
    return usbfs_clear_halt(&device->usb, endpoint) == 0;
}

static bool class_reset(Device *device)
{
    const uint8_t setup[8] = { 0x21, 0xff, 0, 0, (uint8_t)device->usb.interface, 0, 0, 0 };

    return control(device, setup, NULL) == 0;
}

/* § 5.3.4 */
static bool recover(Device *device)
{
    return class_reset(device) && clear_halt(device, device->usb.in) &&
           clear_halt(device, device->usb.out);
}

/* ---- Bulk-Only ---- */

static void put_le32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

static uint32_t get_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Sends a CBW, as good as `length` and `signature` are. */
static long send_cbw(Device *device, const Step *step, size_t length, uint32_t signature,
                     long announced)
{
    uint8_t cbw[64] = { 0 };

    put_le32(cbw, signature);
    put_le32(cbw + 4, ++device->tag);
    put_le32(cbw + 8, (uint32_t)announced);
    cbw[12] = strcmp(step->direction, "in") == 0 ? 0x80 : 0;
    cbw[14] = (uint8_t)step->n_bytes;
    memcpy(cbw + 15, step->bytes, step->n_bytes);
    return bulk(device, device->usb.out, cbw, length);
}

static void note_halt(Result *result, const char *pipe)
{
    snprintf(result->halt, sizeof result->halt, "%s", pipe);
}

/* A transfer on one of the bulk pipes, into `result`. */
static void move(Device *device, bool in, size_t length, Result *result)
{
    size_t i;
    long n;

    for (i = 0; i < length; i++) {
        buffer[i] = in ? 0 : (uint8_t)i;
    }
    n = bulk(device, in ? device->usb.in : device->usb.out, buffer, length);
    if (n == -EPIPE) {
        note_halt(result, in ? "in" : "out");
    }
    result->moved = n == -EPIPE ? 0 : n;
    if (in && n > 0) {
        result->n_data = (size_t)n < sizeof result->data ? (size_t)n : sizeof result->data;
        memcpy(result->data, buffer, result->n_data);
    }
}

/* § 6.7.2: a halt in place of the CSW is cleared, once. */
static void take_csw(Device *device, Result *result)
{
    uint8_t csw[64];
    long n = bulk(device, device->usb.in, csw, CSW_LENGTH);

    if (n == -EPIPE) {
        note_halt(result, "in");
        clear_halt(device, device->usb.in);
        n = bulk(device, device->usb.in, csw, CSW_LENGTH);
    }
    if (n == CSW_LENGTH && get_le32(csw) == CSW_SIGNATURE && get_le32(csw + 4) == device->tag) {
        result->status = csw[12];
        result->residue = (long)get_le32(csw + 8);
    }
}

static void command(Device *device, const Step *step, Result *result)
{
    bool in = strcmp(step->direction, "in") == 0;

    if (send_cbw(device, step, CBW_LENGTH, CBW_SIGNATURE, step->length) != CBW_LENGTH) {
        note_halt(result, "out");
        return;
    }
    if (step->length > 0) {
        move(device, in, (size_t)step->length, result);
    }
    if (strcmp(result->halt, "in") == 0) {
        clear_halt(device, device->usb.in);
    } else if (strcmp(result->halt, "out") == 0) {
        clear_halt(device, device->usb.out);
    }
    take_csw(device, result);
    if (result->status == PHASE_ERROR && !recover(device)) {
        result->status = -2;
    }
}

/* § 6.6.1: both pipes halt, and halt again, until Reset Recovery; after that all is well. */
static void invalid(Device *device, const Step *step, Result *result)
{
    unsigned again;

    send_cbw(device, step, (size_t)step->length, get_le32(step->bytes), 0);
    for (again = 0; again < 3; again++) {
        uint8_t csw[64];

        if (bulk(device, device->usb.in, csw, CSW_LENGTH) != -EPIPE) {
            note_halt(result, "no-in");
            return;
        }
        if (bulk(device, device->usb.out, csw, CBW_LENGTH) != -EPIPE) {
            note_halt(result, "no-out");
            return;
        }
        clear_halt(device, device->usb.in);
        clear_halt(device, device->usb.out);
    }
    result->moved = step->length;
    if (!recover(device)) {
        note_halt(result, "control");
    }
}

/* ---- steps ---- */

static size_t parse_hex(const char *text, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    unsigned value;

    while (n < max && sscanf(text + 2 * n, "%2x", &value) == 1 && text[2 * n + 1]) {
        bytes[n++] = (uint8_t)value;
    }
    return n;
}

static bool parse_want(char *word, Result *want)
{
    char *value = strchr(word, '=');

    if (!value) {
        return false;
    }
    *value++ = '\0';
    if (strcmp(word, "moved") == 0) {
        want->moved = strtol(value, NULL, 0);
    } else if (strcmp(word, "halt") == 0) {
        note_halt(want, value);
    } else if (strcmp(word, "status") == 0) {
        want->status = (int)strtol(value, NULL, 0);
    } else if (strcmp(word, "residue") == 0) {
        want->residue = strtol(value, NULL, 0);
    } else if (strcmp(word, "data") == 0) {
        want->n_data = parse_hex(value, want->data, sizeof want->data);
    } else {
        return false;
    }
    return true;
}

/* How many words follow the verb before the first WANT, and which: d, l, b for what they are. */
static const struct {
    const char *verb, *words;
    bool has_csw;
} verbs[] = {
    { "command", "dlb", true }, { "begin", "dlb", false }, { "in", "l", false },
    { "out", "l", false },      { "csw", "", true },       { "invalid", "lb", false },
    { "control", "b", false },  { "clear", "d", false },   { "reset", "", false },
    { "recover", "", false },
};

static bool parse_step(char *line, Step *step)
{
    char *save = NULL, *word = strtok_r(line, " \t", &save);
    const char *kind;
    size_t i;

    snprintf(step->verb, sizeof step->verb, "%s", word);
    for (i = 0; i < sizeof verbs / sizeof verbs[0] && strcmp(verbs[i].verb, word) != 0; i++) {
    }
    if (i == sizeof verbs / sizeof verbs[0]) {
        return false;
    }
    for (kind = verbs[i].words; *kind; kind++) {
        word = strtok_r(NULL, " \t", &save);
        if (!word) {
            return false;
        }
        if (*kind == 'd') {
            snprintf(step->direction, sizeof step->direction, "%s", word);
        } else if (*kind == 'l') {
            step->length = strtol(word, NULL, 0);
        } else {
            step->n_bytes = parse_hex(word, step->bytes, sizeof step->bytes);
        }
    }
    if (step->length < 0 || step->length > (long)BUFFER_MAX || step->n_bytes > 16 ||
        (strcmp(step->verb, "control") == 0 && step->n_bytes != 8) ||
        (strcmp(step->verb, "invalid") == 0 && (step->length > 64 || step->n_bytes != 4))) {
        return false;
    }
    step->want.moved = step->length;
    step->want.status = verbs[i].has_csw ? 0 : -1;
    while ((word = strtok_r(NULL, " \t", &save))) {
        if (!parse_want(word, &step->want)) {
            return false;
        }
    }
    return true;
}

static void do_control(Device *device, const Step *step, Result *result)
{
    long n;

    memset(buffer, 0, 65536);
    n = control(device, step->bytes, buffer);
    if (n == -EPIPE) {
        note_halt(result, "control");
    }
    result->moved = n == -EPIPE ? 0 : n;
    if (n > 0 && (step->bytes[0] & USB_DIR_IN)) {
        result->n_data = (size_t)n < sizeof result->data ? (size_t)n : sizeof result->data;
        memcpy(result->data, buffer, result->n_data);
    }
}

static void do_step(Device *device, const Step *step, Result *result)
{
    const char *verb = step->verb;

    if (strcmp(verb, "command") == 0) {
        command(device, step, result);
    } else if (strcmp(verb, "begin") == 0) {
        result->moved =
            send_cbw(device, step, CBW_LENGTH, CBW_SIGNATURE, step->length) == CBW_LENGTH
                ? step->length
                : -1;
    } else if (strcmp(verb, "in") == 0 || strcmp(verb, "out") == 0) {
        move(device, verb[0] == 'i', (size_t)step->length, result);
    } else if (strcmp(verb, "csw") == 0) {
        take_csw(device, result);
    } else if (strcmp(verb, "invalid") == 0) {
        invalid(device, step, result);
    } else if (strcmp(verb, "control") == 0) {
        do_control(device, step, result);
    } else if (strcmp(verb, "clear") == 0) {
        result->moved =
            clear_halt(device, step->direction[0] == 'i' ? device->usb.in : device->usb.out) ? 0
                                                                                             : -1;
    } else if (strcmp(verb, "reset") == 0) {
        result->moved = class_reset(device) ? 0 : -1;
    } else {
        result->moved = recover(device) ? 0 : -1;
    }
}

static bool fits(const Result *want, const Result *got)
{
    return want->moved == got->moved && strcmp(want->halt, got->halt) == 0 &&
           want->status == got->status && want->residue == got->residue &&
           want->n_data <= got->n_data && memcmp(want->data, got->data, want->n_data) == 0;
}

static void tell(const char *what, const Result *result)
{
    size_t i;

    fprintf(stderr, "  %s: moved %ld, halted %s, status %d, residue %ld, data", what, result->moved,
            result->halt[0] ? result->halt : "nothing", result->status, result->residue);
    for (i = 0; i < result->n_data; i++) {
        fprintf(stderr, "%s%02x", i % 8 ? "" : " ", result->data[i]);
    }
    fputc('\n', stderr);
}

/* False: the line is none of this language. */
static bool run_line(Device *device, char *line, unsigned number)
{
    Step step = { .line = number };
    Result got = { .status = -1 };
    char text[512];

    snprintf(text, sizeof text, "%s", line);
    if (strncmp(line, "case ", 5) == 0) {
        snprintf(heading, sizeof heading, "%s", line + 5);
        printf("%s\n", heading);
        return true;
    }
    if (!parse_step(line, &step)) {
        fprintf(stderr, "bot: line %u is no step: %s\n", number, text);
        return false;
    }
    /* A setup packet's data are its wLength. */
    if (strcmp(step.verb, "control") == 0 && step.want.moved == 0 && !step.want.halt[0]) {
        step.want.moved = step.bytes[6] | step.bytes[7] << 8;
    }
    do_step(device, &step, &got);
    if (!fits(&step.want, &got)) {
        failures++;
        fprintf(stderr, "%s: line %u: %s\n", heading, number, text);
        tell("wanted", &step.want);
        tell("got   ", &got);
        recover(device);
    }
    return true;
}

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "re") : stdin;
    Device device = { .usb.fd = -1 };
    char line[512];
    unsigned number = 0;
    bool good = true;

    if (!file) {
        fprintf(stderr, "bot: %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    if (!usbfs_take(&device.usb, "bot")) {
        return 1;
    }
    while (good && fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")]) {
            good = run_line(&device, line, number);
        }
    }
    usbfs_give_back(&device.usb);
    printf("%u failed\n", failures);
    return !good ? 2 : failures ? 1 : 0;
}
