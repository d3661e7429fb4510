/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole core under a host that does anything: USB device, Bulk-Only, tape drive, cartridge in
 * memory whose syncs end late. The input is a program; each instruction is an opcode byte and its
 * operands:
 *
 *   00 N cdb…   LEN3  a command as a good host runs it, reading LEN bytes
 *   01 N cdb…   LEN3  the same, writing LEN bytes
 *   02 FLAGS LEN3 N cdb…  a CBW alone     03 LEN2   IN        04 LEN2   OUT
 *   05 N   cancel the N-th pending        06        port reset, configuration
 *   07     Reset Recovery                 08 RESULT the sync ends
 *   09     hold syncs back, or not        0A        eject, or insert
 *   0B PHASE OPCODE  hold that command (FF: any)    0C   release
 *   0D     the power goes and comes back
 *
 * Each transfer completes exactly once, and in the end, after a port reset, the drive answers
 * INQUIRY.
 */
#include "emu/base/bytes.h"
#include "emu/bot/bot.h"
#include "emu/fault/hold.h"
#include "emu/ssc/ssc.h"
#include "emu/usb/device.h"
#include "media/formats/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_COMMANDS 400
#define MAX_LENGTH   0x3ffffu

typedef struct Fuzz Fuzz;

typedef struct FuzzTransfer {
    UsbTransfer transfer; /* first */
    Fuzz *fuzz;
    bool done;
    uint8_t head[36]; /* the first bytes that came in */
} FuzzTransfer;

struct Fuzz {
    ByteReader reader;
    Clock *clock;
    SscDrive *drive;
    Bot *bot;
    UsbDevice *device;
    Hold *hold; /* NULL: none */
    GPtrArray *transfers;
    GPtrArray *pending;
    MediumOps ops; /* the cartridge's, but for sync */
    bool hold_syncs;
    MediumSyncDone sync_done;
    void *sync_data;
    unsigned n_commands;
};

static Fuzz *the_fuzz; /* a TapeMedium has no room for a pointer of ours */

static void late_sync(TapeMedium *medium, MediumSyncDone done, void *data)
{
    g_assert(!the_fuzz->sync_done);
    if (!the_fuzz->hold_syncs) {
        done(data, MEDIUM_OK);
        return;
    }
    the_fuzz->sync_done = done;
    the_fuzz->sync_data = data;
}

static void end_sync(Fuzz *f, MediumResult result)
{
    MediumSyncDone done = g_steal_pointer(&f->sync_done);

    if (done) {
        done(f->sync_data, result);
    }
}

static void insert(Fuzz *f)
{
    MediumGeometry geometry = { .capacity = 1 << 20, .early_warning = 1 << 16, .partitions = 1 };
    TapeMedium *medium = medium_ram_new(&geometry);

    f->ops = *medium->ops;
    f->ops.sync = late_sync;
    medium->ops = &f->ops;
    g_assert(ssc_drive_insert(f->drive, medium));
}

static void eject_or_insert(Fuzz *f)
{
    TapeMedium *medium = NULL;

    if (!ssc_drive_medium(f->drive)) {
        insert(f);
    } else if (!f->sync_done && ssc_drive_eject(f->drive, true, &medium) == SSC_EJECTED) {
        medium_free(medium);
    }
}

static void completed(UsbTransfer *transfer, void *data)
{
    FuzzTransfer *t = data;

    g_assert(!t->done && transfer->actual <= transfer->length);
    g_assert(transfer->result == USB_DONE || transfer->actual == 0);
    t->done = true;
    g_assert(g_ptr_array_remove(t->fuzz->pending, t));
    if ((transfer->endpoint & 0x80) && transfer->actual > 0) {
        g_autofree uint8_t *copy = g_memdup2(transfer->in, transfer->actual);

        memcpy(t->head, copy, MIN(sizeof t->head, transfer->actual));
    }
    g_clear_pointer(&transfer->out, g_bytes_unref);
}

static FuzzTransfer *start(Fuzz *f, uint8_t endpoint, UsbSetup setup, const void *bytes,
                           size_t length)
{
    FuzzTransfer *t = g_new0(FuzzTransfer, 1);

    t->fuzz = f;
    t->transfer.endpoint = endpoint;
    t->transfer.setup = setup;
    t->transfer.length = length;
    t->transfer.actual = SIZE_MAX;
    t->transfer.complete = completed;
    t->transfer.complete_data = t;
    if (!(endpoint & 0x80)) {
        t->transfer.out =
            bytes ? g_bytes_new(bytes, length) : g_bytes_new_take(g_malloc0(length), length);
    }
    g_ptr_array_add(f->transfers, t);
    g_ptr_array_add(f->pending, t);
    usb_device_submit(f->device, &t->transfer);
    return t;
}

static FuzzTransfer *in(Fuzz *f, size_t length)
{
    return start(f, USB_BULK_IN, (UsbSetup){ 0 }, NULL, length);
}

static void clear_halt(Fuzz *f, uint8_t endpoint)
{
    start(f, 0x00, (UsbSetup){ 0x02, 1, 0, endpoint, 0 }, NULL, 0);
}

static void send_cbw(Fuzz *f, uint8_t flags, uint32_t length, const uint8_t *cdb, uint8_t n)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C' };

    put_le32(cbw + 4, ++f->n_commands);
    put_le32(cbw + 8, length);
    cbw[12] = flags;
    cbw[14] = n;
    if (n > 0) {
        memcpy(cbw + 15, cdb, n);
    }
    start(f, USB_BULK_OUT, (UsbSetup){ 0 }, cbw, sizeof cbw);
}

/* As usb-storage does; -1: no CSW yet (a sync is held), else its status. */
static int run_command(Fuzz *f, bool is_in, uint32_t length, const uint8_t *cdb, uint8_t n,
                       FuzzTransfer **data)
{
    FuzzTransfer *t;

    send_cbw(f, is_in ? 0x80 : 0, length, cdb, n);
    if (length > 0) {
        t = is_in ? in(f, length) : start(f, USB_BULK_OUT, (UsbSetup){ 0 }, NULL, length);
        if (t->done && t->transfer.result == USB_STALL) {
            clear_halt(f, t->transfer.endpoint);
        }
        if (data) {
            *data = t;
        }
    }
    t = in(f, 13);
    if (t->done && t->transfer.result == USB_STALL) {
        clear_halt(f, USB_BULK_IN);
        t = in(f, 13);
    }
    return t->done && t->transfer.result == USB_DONE ? t->head[12] : -1;
}

static void port_reset(Fuzz *f)
{
    usb_device_reset(f->device);
    g_assert(f->pending->len == 0);
    g_assert(usb_device_set_configuration(f->device, 1));
}

static void held(void *data, uint8_t opcode)
{
}

static void drop_hold(Fuzz *f)
{
    if (f->hold && hold_idle(f->hold)) {
        usb_device_set_function(f->device, bot_function(f->bot));
        g_clear_pointer(&f->hold, hold_free);
    }
}

static void hold(Fuzz *f, uint8_t phase, uint8_t opcode)
{
    drop_hold(f);
    if (!f->hold) {
        f->hold = hold_new(bot_function(f->bot), phase % N_HOLD_PHASES,
                           opcode == 0xff ? -1 : opcode, held, f);
        usb_device_set_function(f->device, hold_function(f->hold));
    }
}

static void release(Fuzz *f)
{
    if (f->hold && !hold_released(f->hold)) {
        hold_release(f->hold);
        drop_hold(f);
    }
}

static const uint8_t *take_cdb(ByteReader *r, uint8_t *n)
{
    const uint8_t *cdb;

    *n = (uint8_t)(1 + byte_reader_u8(r) % 16);
    cdb = byte_reader_take(r, *n);
    return cdb;
}

static void step(Fuzz *f)
{
    ByteReader *r = &f->reader;
    uint8_t op = byte_reader_u8(r) % 14;
    uint8_t flags, n;
    uint32_t length;
    const uint8_t *cdb;

    switch (op) {
    case 0:
    case 1:
        cdb = take_cdb(r, &n);
        length = byte_reader_be24(r) & MAX_LENGTH;
        if (cdb) {
            run_command(f, op == 0, length, cdb, n, NULL);
        }
        break;
    case 2:
        flags = byte_reader_u8(r);
        length = byte_reader_be24(r);
        cdb = take_cdb(r, &n);
        if (cdb) {
            send_cbw(f, flags, length, cdb, n);
        }
        break;
    case 3:
        in(f, byte_reader_be16(r));
        break;
    case 4:
        start(f, USB_BULK_OUT, (UsbSetup){ 0 }, NULL, byte_reader_be16(r));
        break;
    case 5:
        n = byte_reader_u8(r);
        if (f->pending->len > 0) {
            FuzzTransfer *t = g_ptr_array_index(f->pending, n % f->pending->len);

            usb_device_cancel(f->device, &t->transfer);
            g_assert(t->done);
        }
        break;
    case 6:
        port_reset(f);
        break;
    case 7:
        start(f, 0x00, (UsbSetup){ 0x21, 0xff, 0, 0, 0 }, NULL, 0);
        clear_halt(f, USB_BULK_IN);
        clear_halt(f, USB_BULK_OUT);
        break;
    case 8:
        end_sync(f, byte_reader_u8(r) & 1 ? MEDIUM_HOST_ERROR : MEDIUM_OK);
        break;
    case 9:
        f->hold_syncs = !f->hold_syncs;
        break;
    case 10:
        eject_or_insert(f);
        break;
    case 11:
        n = byte_reader_u8(r);
        hold(f, n, byte_reader_u8(r));
        break;
    case 12:
        release(f);
        break;
    case 13:
        port_reset(f);
        ssc_drive_target(f->drive)->ops->reset(ssc_drive_target(f->drive), SCSI_RESET_POWER_ON);
        break;
    default:
        g_assert_not_reached();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const UsbIdentity identity = { .serial = "0123456789AB" };
    static const uint8_t inquiry[6] = { 0x12, 0, 0, 0, 36, 0 };
    Fuzz f = { .reader = BYTE_READER(data, size) };
    FuzzTransfer *answer = NULL;

    the_fuzz = &f;
    f.clock = virtual_clock_new();
    f.drive = ssc_drive_new(ssc_model_by_name(NULL, NULL), NULL, f.clock, NULL);
    f.bot = bot_new(ssc_drive_target(f.drive), NULL);
    f.device = usb_device_new(&identity, USB_SPEED_HIGH, bot_function(f.bot), NULL);
    f.transfers = g_ptr_array_new_with_free_func(g_free);
    f.pending = g_ptr_array_new();
    usb_device_set_configuration(f.device, 1);
    insert(&f);
    while (f.reader.position < size && f.n_commands < MAX_COMMANDS) {
        step(&f);
    }
    f.hold_syncs = false;
    end_sync(&f, MEDIUM_OK);
    release(&f);
    port_reset(&f);
    g_assert(run_command(&f, true, 36, inquiry, sizeof inquiry, &answer) == 0);
    g_assert(answer->transfer.actual == 36 && answer->head[0] == 0x01);

    usb_device_free(f.device);
    g_assert(f.pending->len == 0);
    hold_free(f.hold);
    bot_free(f.bot);
    ssc_drive_free(f.drive);
    clock_free(f.clock);
    g_ptr_array_unref(f.pending);
    g_ptr_array_unref(f.transfers);
    return 0;
}
