/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/tape.h"

#include "media/formats/formats.h"

#include <check.h>
#include <string.h>

#include "emu/base/bytes.h"

static void on_notice(void *data, const char *text)
{
}

static void on_done(void *data)
{
}

void tape_init(Tape *tape, const char *faults)
{
    DriveConfig config = { .speed = USB_SPEED_HIGH, .executor = executor_inline() };
    g_autoptr(GError) error = NULL;

    *tape = (Tape){ .ids = 240 };
    tape->clock = virtual_clock_new();
    trace_tee_init(&tape->trace);
    if (faults) {
        tape->faults = fault_plan_new(1);
        fault_plan_add(tape->faults, "test", faults, strlen(faults), &error);
        g_assert_no_error(error);
    }
    config.model = ssc_model_by_name(NULL, &error);
    config.clock = tape->clock;
    config.trace = &tape->trace.base;
    config.faults = tape->faults;
    drive_default_identity(config.model, "test", &config.identity);
    tape->drive = drive_new(&config, &error);
    g_assert_no_error(error);
}

static uint64_t new_id(Tape *tape)
{
    return 0x167ef000 + 16 * (tape->next_id++ % tape->ids);
}

void tape_load_ram(Tape *tape)
{
    const MediumGeometry geometry = { .partitions = 1 };
    bool taken = ssc_drive_insert(drive_ssc(tape->drive), medium_ram_new(&geometry));

    ck_assert(taken);
}

void tape_plug(Tape *tape)
{
    static const PortOps ops = { on_notice, on_done };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    int fd;

    g_assert(!tape->host);
    tape->host = wire_host_pair(WIRE_QEMU_CAPS, &fd);
    text = g_strdup_printf("fd:%d", fd);
    tape->port =
        port_new(address_parse("--connect", text, false, NULL), PORT_CONNECT, NULL,
                 drive_usb(tape->drive), tape->clock, &tape->trace.base, &ops, NULL, &error);
    g_assert_no_error(error);
    wire_pump(tape->host);
    usbredirparser_send_reset(tape->host->parser);
    wire_configure(tape->host, 1, 1);
    wire_pump(tape->host);
    g_string_truncate(tape->host->heard, 0);
}

void tape_unplug(Tape *tape)
{
    g_clear_pointer(&tape->host, wire_host_free);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_clear_pointer(&tape->port, port_free);
}

void tape_clear(Tape *tape)
{
    if (tape->host) {
        tape_unplug(tape);
    }
    drive_free(tape->drive);
    fault_plan_free(tape->faults);
    clock_free(tape->clock);
}

int tape_command(Tape *tape, const uint8_t *cdb, size_t cdb_length, const void *out,
                 size_t out_length, void *in, size_t in_length)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };
    WireHost *host = tape->host;
    const uint8_t *csw;

    put_le32(cbw + 4, ++tape->tag);
    put_le32(cbw + 8, (uint32_t)(out_length + in_length));
    cbw[12] = in_length ? 0x80 : 0;
    cbw[14] = (uint8_t)cdb_length;
    memcpy(cbw + 15, cdb, cdb_length);
    g_string_truncate(host->heard, 0);
    wire_out(host, new_id(tape), USB_BULK_OUT, cbw, sizeof cbw);
    wire_pump(host);
    if (out_length) {
        wire_out(host, new_id(tape), USB_BULK_OUT, out, out_length);
        wire_pump(host);
        if (strstr(host->heard->str, "ep 02 status 4")) {
            wire_control(host, 1, 0x02, 1, 0, USB_BULK_OUT, 0);
        }
    }
    if (in_length) {
        g_byte_array_set_size(host->data, 0);
        wire_in(host, new_id(tape), USB_BULK_IN, in_length);
        wire_pump(host);
        memcpy(in, host->data->data, MIN(in_length, host->data->len));
        if (strstr(host->heard->str, "ep 81 status 4")) {
            wire_control(host, 1, 0x02, 1, 0, USB_BULK_IN, 0);
        }
    }
    g_byte_array_set_size(host->data, 0);
    wire_in(host, new_id(tape), USB_BULK_IN, 13);
    wire_pump(host);
    csw = host->data->data;
    if (host->data->len != 13) {
        return -1;
    }
    ck_assert_mem_eq(csw, "USBS", 4);
    ck_assert_uint_eq(get_le32(csw + 4), tape->tag);
    tape->residue = get_le32(csw + 8);
    return csw[12];
}

void tape_ready(Tape *tape)
{
    static const uint8_t cdb[6] = { 0x00 };
    int i;

    for (i = 0; i < 4 && tape_command(tape, cdb, 6, NULL, 0, NULL, 0) != 0; i++) {
        tape_sense(tape);
    }
    ck_assert_int_lt(i, 4);
}

static void put_length(uint8_t *cdb, size_t length)
{
    cdb[2] = (uint8_t)(length >> 16);
    cdb[3] = (uint8_t)(length >> 8);
    cdb[4] = (uint8_t)length;
}

int tape_write(Tape *tape, const void *block, size_t length)
{
    uint8_t cdb[6] = { 0x0a };

    put_length(cdb, length);
    return tape_command(tape, cdb, 6, block, length, NULL, 0);
}

int tape_read(Tape *tape, void *block, size_t capacity, size_t *length)
{
    uint8_t cdb[6] = { 0x08 };
    int status;

    put_length(cdb, capacity);
    status = tape_command(tape, cdb, 6, NULL, 0, block, capacity);
    *length = capacity - tape->residue;
    return status;
}

int tape_filemark(Tape *tape)
{
    static const uint8_t cdb[6] = { 0x10, 0, 0, 0, 1 };

    return tape_command(tape, cdb, 6, NULL, 0, NULL, 0);
}

int tape_rewind(Tape *tape)
{
    static const uint8_t cdb[6] = { 0x01 };

    return tape_command(tape, cdb, 6, NULL, 0, NULL, 0);
}

unsigned tape_sense(Tape *tape)
{
    static const uint8_t cdb[6] = { 0x03, 0, 0, 0, 18 };
    uint8_t sense[18] = { 0 };

    ck_assert_int_eq(tape_command(tape, cdb, 6, NULL, 0, sense, sizeof sense), 0);
    return (sense[2] & 0x0fu) << 16 | (unsigned)sense[12] << 8 | sense[13];
}
