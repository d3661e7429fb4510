/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that does anything: the input is a program of transfers, control requests, cancels and
 * resets, and of what the target answers. Each instruction is an opcode byte and its operands:
 *
 *   00 FLAGS LUN CBLEN LEN4   a CBW        01 SIZE2          IN of SIZE
 *   02 SIZE2                  data OUT     03 N              cancel the N-th pending
 *   04 TYPE REQ VAL2 IDX2 LEN2   control   05                port reset
 *   06 VALUE                  set configuration, from the link
 *   07 SCRIPT LEN2 FILLED2    what the next tasks get      08   the target goes on
 *   09 N bytes…               raw OUT      0A WHAT           from inside the next completion
 *
 * Whatever it does, each transfer completes exactly once, no more data moves than was asked for,
 * memory stays bounded, and after a port reset the drive works. The judge of the bus looks on: it
 * finds what it likes, but nothing in a host that begins anew.
 */
#include "emu/base/bytes.h"
#include "emu/bot/bot.h"
#include "emu/bot/judge.h"
#include "emu/usb/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TRANSFERS 4096

typedef struct Fuzz Fuzz;

typedef struct FuzzTransfer {
    UsbTransfer transfer; /* first */
    Fuzz *fuzz;
    bool done;
} FuzzTransfer;

struct Fuzz {
    ScsiTarget target; /* first */
    ByteReader reader;
    Bot *bot;
    BotJudge *judge;
    uint64_t findings, last_finding;
    UsbDevice *device;
    GPtrArray *transfers; /* all that were made */
    GPtrArray *pending;
    uint8_t from_inside; /* what the next completion does */

    ScsiTask *task;
    unsigned n_tasks;
    bool deciding; /* in data_phase: the task may end, and the next one come, inside the call */
    bool waits_for_data;
    bool has_data;
    ScsiDirection direction;
    uint32_t length, filled;
    bool late;
    uint8_t last_csw_status;
};

static const UsbIdentity identity = {
    .manufacturer = "M",
    .product = "P",
    .serial = "0123456789AB",
};

/* --- The target --- */

static void target_finish(Fuzz *f)
{
    ScsiTask *task = f->task;

    if (f->direction == SCSI_DATA_IN && f->filled > 0) {
        memset(scsi_task_in(task, f->filled), 0xa5, f->filled);
    }
    task->status = f->filled & 1 ? SCSI_CHECK_CONDITION : SCSI_GOOD;
    task->out_unused = f->filled;
    f->task = NULL;
    task->ops->done(task);
}

static void target_decide(Fuzz *f)
{
    ScsiTask *task = f->task;
    unsigned number = f->n_tasks;
    bool accepted;

    f->has_data = f->direction != SCSI_DATA_OUT;
    f->waits_for_data = !f->has_data;
    if (f->direction != SCSI_NO_DATA) {
        f->deciding = true;
        accepted = task->ops->data_phase(task, f->direction, f->length);
        f->deciding = false;
        if (f->n_tasks != number) {
            return;
        }
        if (!accepted) {
            f->waits_for_data = false;
            f->task = NULL;
            return;
        }
    }
    if (f->direction != SCSI_DATA_OUT && !f->late) {
        target_finish(f);
    }
}

static void target_submit(ScsiTarget *target, ScsiTask *task)
{
    Fuzz *f = (Fuzz *)target;

    g_assert(!f->task || f->deciding);
    g_assert(task->lun == 0 && task->cdb_length >= 1 && task->cdb_length <= 16);
    f->n_tasks++;
    f->task = task;
    f->waits_for_data = false;
    f->has_data = false;
    if (!f->late) {
        target_decide(f);
    }
}

static void target_data_out(ScsiTarget *target, ScsiTask *task)
{
    Fuzz *f = (Fuzz *)target;

    g_assert(f->task == task && f->waits_for_data);
    g_assert(g_bytes_get_size(task->out) == f->length);
    f->waits_for_data = false;
    f->has_data = true;
    if (!f->late) {
        target_finish(f);
    }
}

static void target_go(Fuzz *f)
{
    if (f->task && f->has_data) {
        target_finish(f);
    } else if (f->task && !f->waits_for_data) {
        target_decide(f);
    }
}

static void target_abort(ScsiTarget *target, ScsiTask *task)
{
    Fuzz *f = (Fuzz *)target;

    g_assert(f->task == task);
    f->task = NULL;
}

static void target_reset(ScsiTarget *target, ScsiReset kind)
{
    Fuzz *f = (Fuzz *)target;

    g_assert(!f->task || f->deciding);
}

static unsigned target_lun_count(ScsiTarget *target)
{
    return 1;
}

static const ScsiTargetOps target_ops = {
    .submit = target_submit,
    .data_out = target_data_out,
    .abort = target_abort,
    .reset = target_reset,
    .lun_count = target_lun_count,
};

/* --- The judge --- */

static void on_finding(void *data, const BotFinding *finding)
{
    Fuzz *f = data;

    g_assert(finding->rule < BOT_N_RULES && finding->transfer >= f->last_finding);
    f->last_finding = finding->transfer;
    f->findings++;
}

/* --- The host --- */

static void cancel_one(Fuzz *f, size_t n)
{
    if (f->pending->len > 0) {
        FuzzTransfer *t = g_ptr_array_index(f->pending, n % f->pending->len);

        usb_device_cancel(f->device, &t->transfer);
        g_assert(t->done && t->transfer.result == USB_CANCELLED);
    }
}

static void control(Fuzz *f, UsbSetup setup);

static void do_from_inside(Fuzz *f, uint8_t what)
{
    switch (what % 6) {
    case 1:
        usb_device_reset(f->device);
        break;
    case 2:
        cancel_one(f, what >> 3);
        break;
    case 3:
        usb_device_set_configuration(f->device, what >> 7);
        break;
    case 4:
        control(f, (UsbSetup){ 0x21, 0xff, 0, 0, 0 });
        break;
    case 5:
        control(f, (UsbSetup){ 0x02, what & 8 ? 1 : 3, 0, what & 16 ? 0x81 : 2, 0 });
        break;
    default:
        break;
    }
}

static void completed(UsbTransfer *transfer, void *data)
{
    FuzzTransfer *t = data;
    Fuzz *f = t->fuzz;
    uint8_t what = f->from_inside;

    g_assert(&t->transfer == transfer && !t->done);
    g_assert(transfer->actual <= transfer->length);
    g_assert(transfer->result == USB_DONE || transfer->actual == 0);
    t->done = true;
    g_assert(g_ptr_array_remove(f->pending, t));
    if ((transfer->endpoint & 0x80) && transfer->actual > 0) {
        /* Every byte is readable, and a CSW is a CSW. */
        g_autofree uint8_t *copy = g_memdup2(transfer->in, transfer->actual);

        if (transfer->phase == USB_PHASE_CSW) {
            g_assert(transfer->actual == 13 && memcmp(copy, "USBS", 4) == 0 && copy[12] <= 2);
            f->last_csw_status = copy[12];
        }
    }
    g_clear_pointer(&transfer->out, g_bytes_unref);
    f->from_inside = 0;
    do_from_inside(f, what);
}

static void start(Fuzz *f, uint8_t endpoint, UsbSetup setup, const void *bytes, size_t length)
{
    FuzzTransfer *t;

    if (f->transfers->len == MAX_TRANSFERS) {
        return;
    }
    t = g_new0(FuzzTransfer, 1);
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
}

static void control(Fuzz *f, UsbSetup setup)
{
    start(f, setup.bmRequestType & 0x80, setup, NULL, setup.wLength);
}

static void send_cbw(Fuzz *f, uint8_t flags, uint8_t lun, uint8_t length, uint32_t data_length)
{
    uint8_t cbw[31] = { 'U', 'S', 'B', 'C', 1, 2, 3, 4 };

    put_le32(cbw + 8, data_length);
    cbw[12] = flags;
    cbw[13] = lun;
    cbw[14] = length;
    start(f, USB_BULK_OUT, (UsbSetup){ 0 }, cbw, sizeof cbw);
}

static void step(Fuzz *f)
{
    ByteReader *r = &f->reader;
    UsbSetup setup = { 0 };
    uint8_t a, b, c;
    const uint8_t *raw;

    switch (byte_reader_u8(r) % 11) {
    case 0:
        a = byte_reader_u8(r);
        b = byte_reader_u8(r);
        c = byte_reader_u8(r);
        send_cbw(f, a, b, c, byte_reader_be32(r));
        break;
    case 1:
        start(f, USB_BULK_IN, setup, NULL, byte_reader_be16(r));
        break;
    case 2:
        start(f, USB_BULK_OUT, setup, NULL, byte_reader_be16(r));
        break;
    case 3:
        cancel_one(f, byte_reader_u8(r));
        break;
    case 4:
        setup.bmRequestType = byte_reader_u8(r);
        setup.bRequest = byte_reader_u8(r);
        setup.wValue = byte_reader_be16(r);
        setup.wIndex = byte_reader_be16(r);
        setup.wLength = byte_reader_be16(r);
        control(f, setup);
        break;
    case 5:
        usb_device_reset(f->device);
        break;
    case 6:
        usb_device_set_configuration(f->device, byte_reader_u8(r));
        break;
    case 7:
        if (!f->task) {
            a = byte_reader_u8(r);
            f->direction = (ScsiDirection)(a % 3);
            f->late = a & 0x80;
            f->length = byte_reader_be16(r);
            f->filled = byte_reader_be16(r);
        }
        break;
    case 8:
        target_go(f);
        break;
    case 9:
        a = byte_reader_u8(r);
        raw = byte_reader_take(r, MIN(a, r->length - r->position));
        start(f, a & 0x80 ? (uint8_t)(a & 0x0f) : USB_BULK_OUT, setup, raw,
              raw ? (size_t)(r->data + r->position - raw) : 0);
        break;
    case 10:
        f->from_inside = byte_reader_u8(r);
        break;
    default:
        g_assert_not_reached();
    }
}

/* After a port reset and a configuration, a command without data passes. */
static void check_well(Fuzz *f)
{
    f->from_inside = 0;
    usb_device_reset(f->device);
    g_assert(f->pending->len == 0 && !f->task);
    control(f, (UsbSetup){ 0x00, USB_SET_CONFIGURATION, 1, 0, 0 });
    f->findings = 0;
    f->direction = SCSI_NO_DATA;
    f->filled = 0;
    f->late = false;
    f->last_csw_status = 0xff;
    g_ptr_array_set_size(f->transfers, 0);
    send_cbw(f, 0, 0, 6, 0);
    start(f, USB_BULK_IN, (UsbSetup){ 0 }, NULL, 13);
    g_assert(f->pending->len == 0 && f->last_csw_status == 0);
    g_assert(f->findings == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fuzz f = { .target.ops = &target_ops, .reader = BYTE_READER(data, size) };

    f.bot = bot_new(&f.target, NULL);
    f.device = usb_device_new(&identity, USB_SPEED_SUPER, bot_function(f.bot), NULL);
    f.judge = bot_judge_new(on_finding, &f);
    usb_device_watch(f.device, bot_judge_monitor(f.judge));
    f.transfers = g_ptr_array_new_with_free_func(g_free);
    f.pending = g_ptr_array_new();
    usb_device_set_configuration(f.device, 1);
    while (f.reader.position < size) {
        step(&f);
        g_assert(f.pending->len <= 4 * USB_PENDING_MAX);
    }
    check_well(&f);
    usb_device_free(f.device);
    g_assert(f.pending->len == 0);
    bot_judge_free(f.judge);
    bot_free(f.bot);
    g_ptr_array_unref(f.pending);
    g_ptr_array_unref(f.transfers);
    return 0;
}
