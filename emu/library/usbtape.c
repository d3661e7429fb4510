/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a drive from texts. Translates a foreign bus to SEAM 1's transfers and back. */
#include "emu/library/usbtape.h"

#include <stdlib.h>
#include <string.h>

#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "emu/base/loop.h"
#include "emu/setup.h"

G_STATIC_ASSERT((int)USBTAPE_FULL_SPEED == (int)USB_SPEED_FULL);
G_STATIC_ASSERT((int)USBTAPE_HIGH_SPEED == (int)USB_SPEED_HIGH);
G_STATIC_ASSERT((int)USBTAPE_SUPER_SPEED == (int)USB_SPEED_SUPER);
G_STATIC_ASSERT((int)USBTAPE_BABBLED == (int)USB_BABBLE);
G_STATIC_ASSERT(USBTAPE_OUT_MAX >= SCSI_DATA_MAX);

/*
 * The program's clock. The drive keeps a list of its timers, so that usbtape_drive_free() need not
 * wait for them.
 */
typedef struct ForeignClock {
    Clock base;
    UsbTapeDrive *drive;
    GQueue timers; /* of ClockTimer */
    int64_t ahead; /* difference to the program's time */
    bool stopped;
    int64_t stood; /* the time at which the clock was stopped */
} ForeignClock;

struct ClockTimer {
    ForeignClock *clock;
    int64_t due;
    ClockFunc func;
    void *data;
    void *timer; /* the program's timer */
};

/* A transfer, from its submission to its completion. */
typedef struct Submitted {
    UsbTransfer transfer; /* first */
    UsbTapeDrive *drive;
    const void *token;
} Submitted;

/* A trace sink that calls the program. */
typedef struct ForeignTrace {
    Trace base;
    UsbTapeDrive *drive;
} ForeignTrace;

/*
 * Unused buffers, kept for the next transfer. Otherwise the system would unmap each buffer and map
 * it again page by page. The drive's write-behind buffer returns them from any thread. The pool
 * outlives the drive while a buffer is in use.
 */
#define POOL_BYTES_MAX (32u * 1024 * 1024)

typedef struct Pool {
    GMutex lock;
    GQueue free; /* of Buffer, the latest first */
    size_t bytes;
} Pool;

typedef struct Buffer {
    Pool *pool;
    size_t size;
    max_align_t data[]; /* `size` bytes */
} Buffer;

struct UsbTapeDrive {
    const UsbTapeOps *ops;
    void *opaque;
    ForeignClock clock;
    Setup setup;
    ForeignTrace notices, points;
    bool tracing; /* `points` is in use */
    UsbTapeDescription description;

    GQueue submitted; /* of Submitted, about one an endpoint */
    Pool *pool;
    Submitted *spare; /* an unused one, kept for the next transfer */
    uint64_t last_id;

    bool plugged;
    ClockTimer *replug_timer; /* runs until the replug. NULL: none is scheduled. */

    GError *closing; /* the error of the closing eject */
};

/* ---- time ---- */

static int64_t foreign_now(Clock *clock)
{
    ForeignClock *self = (ForeignClock *)clock;

    if (self->stopped) {
        return self->stood;
    }
    return self->drive->ops->now(self->drive->opaque) + self->ahead;
}

static void timer_fire(void *data)
{
    g_autofree ClockTimer *timer = data;

    g_queue_remove(&timer->clock->timers, timer);
    timer->func(timer->data);
}

static void timer_arm(ClockTimer *timer)
{
    UsbTapeDrive *drive = timer->clock->drive;
    int64_t left = MAX(timer->due - foreign_now(&timer->clock->base), 0);

    timer->timer = drive->ops->timer_start(drive->opaque, left, timer_fire, timer);
}

static ClockTimer *foreign_start(Clock *clock, int64_t delay, ClockFunc func, void *data)
{
    ForeignClock *self = (ForeignClock *)clock;
    ClockTimer *timer = g_new(ClockTimer, 1);

    *timer = (ClockTimer){ self, foreign_now(clock) + MAX(delay, 0), func, data, NULL };
    g_queue_push_tail(&self->timers, timer);
    timer_arm(timer);
    return timer;
}

static void foreign_cancel(Clock *clock, ClockTimer *timer)
{
    ForeignClock *self = (ForeignClock *)clock;

    self->drive->ops->timer_cancel(self->drive->opaque, timer->timer);
    g_queue_remove(&self->timers, timer);
    g_free(timer);
}

/* The clock is a member of its drive. */
static void foreign_clock_free(Clock *clock)
{
}

void usbtape_drive_stop_time(UsbTapeDrive *drive, bool stopped)
{
    ForeignClock *self = &drive->clock;
    GList *i;

    if (stopped == self->stopped) {
        return;
    }
    self->stood = foreign_now(&self->base);
    self->stopped = stopped;
    if (stopped) {
        return;
    }
    self->ahead = self->stood - drive->ops->now(drive->opaque);
    for (i = self->timers.head; i; i = i->next) {
        ClockTimer *timer = i->data;

        drive->ops->timer_cancel(drive->opaque, timer->timer);
        timer_arm(timer);
    }
}

/* Advances the clock to the first timer. False if there is none. */
static bool foreign_clock_skip(ForeignClock *self)
{
    ClockTimer *first = NULL;
    GList *i;

    for (i = self->timers.head; i; i = i->next) {
        ClockTimer *timer = i->data;

        first = !first || timer->due < first->due ? timer : first;
    }
    if (!first) {
        return false;
    }
    self->ahead += MAX(first->due - foreign_now(&self->base), 0);
    self->drive->ops->timer_cancel(self->drive->opaque, first->timer);
    timer_fire(first);
    return true;
}

/* ---- traces ---- */

static void foreign_trace_notice(Trace *trace, TracePoint point, const char *message)
{
    UsbTapeDrive *self = ((ForeignTrace *)trace)->drive;

    self->ops->notice(self->opaque, message);
}

static void foreign_trace_point(Trace *trace, TracePoint point, const char *message)
{
    UsbTapeDrive *self = ((ForeignTrace *)trace)->drive;

    self->ops->trace(self->opaque, trace_point_name(point), message);
}

void usbtape_drive_trace(UsbTapeDrive *self, bool on)
{
    if (on != self->tracing) {
        self->tracing = on;
        if (on) {
            trace_tee_add(&self->setup.trace_tee, &self->points.base);
        } else {
            trace_tee_remove(&self->setup.trace_tee, &self->points.base);
        }
    }
}

/* The other sink reports host file errors as notices. */
static void trace_file_host_error(void *data, const char *message)
{
}

/* ---- buffers ---- */

static Pool *pool_new(void)
{
    Pool *pool = g_atomic_rc_box_new0(Pool);

    g_mutex_init(&pool->lock);
    g_queue_init(&pool->free);
    return pool;
}

static void pool_clear(void *data)
{
    Pool *pool = data;

    g_queue_clear_full(&pool->free, g_free);
    g_mutex_clear(&pool->lock);
}

static void pool_unref(Pool *pool)
{
    g_atomic_rc_box_release_full(pool, pool_clear);
}

/* The latest buffer that is large enough and not far too large, or NULL. */
static Buffer *pool_take(Pool *pool, size_t size)
{
    Buffer *found = NULL;
    GList *i;

    g_mutex_lock(&pool->lock);
    for (i = pool->free.head; i; i = i->next) {
        found = i->data;
        if (found->size >= size && found->size / 2 <= size) {
            pool->bytes -= found->size;
            g_queue_delete_link(&pool->free, i);
            break;
        }
        found = NULL;
    }
    g_mutex_unlock(&pool->lock);
    return found;
}

static void buffer_release(void *data)
{
    Buffer *buffer = data;
    Pool *pool = buffer->pool;

    g_mutex_lock(&pool->lock);
    if (pool->bytes + buffer->size <= POOL_BYTES_MAX) {
        pool->bytes += buffer->size;
        g_queue_push_head(&pool->free, g_steal_pointer(&buffer));
    }
    g_mutex_unlock(&pool->lock);
    g_free(buffer);
    pool_unref(pool);
}

/* Few sizes are in use: a CBW, a record. Small buffers share one size. */
#define BUFFER_SIZE_MIN 512u

void *usbtape_drive_buffer(UsbTapeDrive *self, size_t length)
{
    size_t size = MAX(length, BUFFER_SIZE_MIN);
    Buffer *buffer = pool_take(self->pool, size);

    if (!buffer) {
        buffer = g_malloc(sizeof *buffer + size);
        buffer->size = size;
    }
    buffer->pool = g_atomic_rc_box_acquire(self->pool);
    return buffer->data;
}

/* ---- the parts ---- */

static void tape_drive_describe(UsbTapeDrive *self)
{
    const UsbIdentity *identity = usb_device_identity(drive_usb(self->setup.drive));
    UsbTapeDescription *d = &self->description;
    UsbSpeed speed;
    size_t i;

    *d = (UsbTapeDescription){ .idVendor = identity->idVendor,
                               .idProduct = identity->idProduct,
                               .bcdDevice = identity->bcdDevice,
                               .manufacturer = identity->manufacturer,
                               .product = identity->product,
                               .serial = identity->serial,
                               .fastest =
                                   (UsbTapeSpeed)usb_device_speed(drive_usb(self->setup.drive)) };
    for (speed = USB_SPEED_FULL; speed <= USB_SPEED_SUPER; speed++) {
        const UsbConfiguration *from = usb_configuration(speed);
        const UsbInterface *interface = from->interface;
        UsbTapeConfiguration *to = &d->at[speed];
        size_t packet = usb_control_packet_size(speed);

        g_assert(interface->n_endpoints <= G_N_ELEMENTS(to->endpoints));
        *to = (UsbTapeConfiguration){
            .bcdUSB = usb_bcd(speed),
            .bMaxPacketSize0 =
                (uint8_t)(speed == USB_SPEED_SUPER ? g_bit_storage(packet) - 1 : packet),
            .bConfigurationValue = from->bConfigurationValue,
            .bmAttributes = from->bmAttributes,
            .bMaxPower = from->max_power_2ma,
            .bInterfaceNumber = interface->bInterfaceNumber,
            .bInterfaceClass = interface->bInterfaceClass,
            .bInterfaceSubClass = interface->bInterfaceSubClass,
            .bInterfaceProtocol = interface->bInterfaceProtocol,
            .n_endpoints = interface->n_endpoints,
        };
        for (i = 0; i < interface->n_endpoints; i++) {
            const UsbEndpoint *endpoint = &interface->endpoints[i];

            to->endpoints[i] = (UsbTapeEndpoint){ .bEndpointAddress = endpoint->bEndpointAddress,
                                                  .bmAttributes = endpoint->bmAttributes,
                                                  .bInterval = endpoint->bInterval,
                                                  .bMaxBurst = endpoint->bMaxBurst,
                                                  .wMaxPacketSize = endpoint->wMaxPacketSize };
        }
    }
}

/* ---- the plug ---- */

static void tape_drive_set_plugged(UsbTapeDrive *self, bool plugged)
{
    if (self->plugged != plugged) {
        self->plugged = plugged;
        self->ops->plug(self->opaque, plugged);
        if (self->setup.control) {
            control_event(self->setup.control, plugged ? CONTROL_PLUGGED : CONTROL_UNPLUGGED, NULL);
        }
    }
}

static void tape_drive_replug(void *data)
{
    UsbTapeDrive *self = data;

    self->replug_timer = NULL;
    tape_drive_set_plugged(self, true);
}

static void tape_drive_cancel_replug(UsbTapeDrive *self)
{
    if (self->replug_timer) {
        clock_cancel(&self->clock.base, self->replug_timer);
        self->replug_timer = NULL;
    }
}

/* Never called from inside a transfer: the drive's faults unplug from a timer. */
static void tape_drive_unplug(void *data, int64_t replug_after)
{
    UsbTapeDrive *self = data;

    tape_drive_cancel_replug(self);
    tape_drive_set_plugged(self, false);
    if (replug_after >= 0) {
        self->replug_timer = clock_start(&self->clock.base, replug_after, tape_drive_replug, self);
    }
}

/* ---- the control socket ---- */

static const char *tape_drive_control_address(void *data)
{
    return "in QEMU";
}

static const char *tape_drive_control_host(void *data)
{
    return ((UsbTapeDrive *)data)->plugged ? "QEMU" : NULL;
}

/* The program stays. Instead the drive leaves the bus. */
static void tape_drive_control_quit(void *data)
{
    tape_drive_unplug(data, -1);
}

static bool tape_drive_control_plugged(void *data)
{
    return ((UsbTapeDrive *)data)->plugged;
}

static void tape_drive_control_replug(void *data)
{
    tape_drive_cancel_replug(data);
    tape_drive_set_plugged(data, true);
}

static void tape_drive_report_notice(void *data, const char *message)
{
    UsbTapeDrive *self = data;

    self->ops->notice(self->opaque, message);
}

static bool tape_drive_open_parts(UsbTapeDrive *self, const UsbTapeConfig *config, GError **error)
{
    static const TraceFileOps trace_ops = { trace_file_host_error, tape_drive_report_notice };
    static const DrivePlug plug = { tape_drive_unplug };
    static const ControlOps ops = { tape_drive_control_address, tape_drive_control_host,
                                    tape_drive_control_quit,    tape_drive_control_plugged,
                                    tape_drive_unplug,          tape_drive_control_replug };
    g_auto(GStrv) settings = g_strsplit(config->set ? config->set : "", ";", -1);
    SetupConfig parts = {
        .properties = true,
        .model = config->model,
        .timing = config->timing,
        .settings = settings,
        .faults = config->faults,
        .seed = config->seed,
        .media = config->media,
        .speed = config->speed,
        .serial = config->serial,
        .trace = config->trace,
        .control = config->control,
        .name = config->name ? config->name : "",
        .read_only = config->read_only,
        .clock = &self->clock.base,
        .plug = &plug,
        .trace_ops = &trace_ops,
        .notice = tape_drive_report_notice,
        .data = self,
    };

    self->plugged = true;
    if (!setup_open(&self->setup, &parts, error)) {
        return false;
    }
    tape_drive_describe(self);
    return setup_open_control(&self->setup, &parts, &ops, self, error);
}

/* ---- the end ---- */

static void tape_drive_on_ejected(void *data, const GError *error)
{
    UsbTapeDrive *self = data;

    if (error && !self->closing) {
        self->closing = g_error_copy(error);
    }
}

/* Runs until the eject under way has ended, without the program's main loop or clock. */
static void tape_drive_finish_eject(UsbTapeDrive *self)
{
    while (drive_ejecting(self->setup.drive)) {
        loop_executor_drain(self->setup.executor);
        if (drive_ejecting(self->setup.drive)) {
            bool fired = foreign_clock_skip(&self->clock);

            g_assert(fired);
        }
    }
}

static void tape_drive_close_cartridge(UsbTapeDrive *self)
{
    usb_device_reset(drive_usb(self->setup.drive)); /* ends the host's transfers first */
    tape_drive_finish_eject(self);
    if (drive_cartridge(self->setup.drive)) {
        drive_eject(self->setup.drive, true, tape_drive_on_ejected, self);
        tape_drive_finish_eject(self);
    }
    loop_executor_drain(self->setup.executor);
}

bool usbtape_drive_free(UsbTapeDrive *self, GError **error)
{
    g_autoptr(GError) failed = NULL;

    usbtape_drive_stop_time(self, false);
    tape_drive_cancel_replug(self);
    setup_close_control(&self->setup);
    if (self->setup.drive) {
        drive_set_plug(self->setup.drive, NULL, NULL);
        tape_drive_close_cartridge(self);
        g_clear_pointer(&self->setup.drive, drive_free);
    }
    g_assert(self->submitted.length == 0);
    setup_clear(&self->setup);
    failed = g_steal_pointer(&self->closing); /* of two errors the cartridge's is reported */
    if (self->setup.trace) {
        trace_file_close(self->setup.trace, failed ? NULL : &failed);
    }
    g_assert(self->clock.timers.length == 0);
    g_free(self->spare);
    pool_unref(self->pool);
    g_free(self);
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    return true;
}

UsbTapeDrive *usbtape_drive_new(const UsbTapeConfig *config, const UsbTapeOps *ops, void *opaque,
                                GError **error)
{
    static const ClockOps clock_ops = { foreign_now, foreign_start, foreign_cancel,
                                        foreign_clock_free };
    UsbTapeDrive *self = g_new0(UsbTapeDrive, 1);

    self->ops = ops;
    self->opaque = opaque;
    self->clock.base.ops = &clock_ops;
    self->clock.drive = self;
    setup_init(&self->setup);
    self->notices =
        (ForeignTrace){ { foreign_trace_notice, ~TRACE_BIT(TRACE_MEDIA_HOST_ERROR) }, self };
    self->points = (ForeignTrace){ { foreign_trace_point, 0 }, self };
    trace_tee_add(&self->setup.trace_tee, &self->notices.base);
    self->pool = pool_new();
    if (tape_drive_open_parts(self, config, error)) {
        return self;
    }
    usbtape_drive_free(self, NULL);
    return NULL;
}

const UsbTapeDescription *usbtape_drive_description(const UsbTapeDrive *self)
{
    return &self->description;
}

/* ---- the bus ---- */

void usbtape_drive_set_speed(UsbTapeDrive *self, UsbTapeSpeed speed)
{
    usb_device_set_speed(drive_usb(self->setup.drive), (UsbSpeed)speed);
}

void usbtape_drive_reset(UsbTapeDrive *self)
{
    usb_device_reset(drive_usb(self->setup.drive));
}

static void submitted_on_completed(UsbTransfer *transfer, void *data)
{
    Submitted *submitted = data;
    UsbTapeDrive *self = submitted->drive;

    g_queue_remove(&self->submitted, submitted);
    self->ops->completed(self->opaque, (void *)submitted->token, (UsbTapeResult)transfer->result,
                         transfer->in, transfer->actual);
    g_clear_pointer(&transfer->out, g_bytes_unref);
    g_free(self->spare);
    self->spare = submitted;
}

static void tape_drive_submit(UsbTapeDrive *self, UsbTransfer transfer, const void *token)
{
    Submitted *submitted = self->spare ? g_steal_pointer(&self->spare) : g_new(Submitted, 1);

    *submitted = (Submitted){ .transfer = transfer, .drive = self, .token = token };
    submitted->transfer.id = ++self->last_id;
    submitted->transfer.complete = submitted_on_completed;
    submitted->transfer.complete_data = submitted;
    g_queue_push_tail(&self->submitted, submitted);
    usb_device_submit(drive_usb(self->setup.drive), &submitted->transfer);
}

void usbtape_drive_bulk_out(UsbTapeDrive *self, uint8_t endpoint, void *buffer, size_t length,
                            void *token)
{
    Buffer *from = (void *)((char *)buffer - offsetof(Buffer, data));
    GBytes *out = g_bytes_new_with_free_func(buffer, length, buffer_release, from);

    tape_drive_submit(self, (UsbTransfer){ .endpoint = endpoint, .out = out, .length = length },
                      token);
}

void usbtape_drive_bulk_in(UsbTapeDrive *self, uint8_t endpoint, size_t length, void *token)
{
    tape_drive_submit(self, (UsbTransfer){ .endpoint = endpoint, .length = length }, token);
}

void usbtape_drive_control(UsbTapeDrive *self, const uint8_t *setup, const void *out, void *token)
{
    UsbSetup parsed = { setup[0], setup[1], get_le16(setup + 2), get_le16(setup + 4),
                        get_le16(setup + 6) };
    bool in = parsed.bmRequestType & 0x80;

    tape_drive_submit(self,
                      (UsbTransfer){ .endpoint = in ? 0x80 : 0x00,
                                     .setup = parsed,
                                     .out = in ? NULL : g_bytes_new(out, parsed.wLength),
                                     .length = parsed.wLength },
                      token);
}

void usbtape_drive_cancel(UsbTapeDrive *self, const void *token)
{
    GList *i;

    for (i = self->submitted.head; i; i = i->next) {
        Submitted *submitted = i->data;

        if (submitted->token == token) {
            usb_device_cancel(drive_usb(self->setup.drive), &submitted->transfer);
            return;
        }
    }
}

/* ---- the cartridge ---- */

const char *usbtape_drive_cartridge(const UsbTapeDrive *self)
{
    return drive_cartridge(self->setup.drive);
}

bool usbtape_drive_load(UsbTapeDrive *self, const char *path, GError **error)
{
    g_autofree char *notice = NULL;

    if (!drive_load(self->setup.drive, path, false, &notice, error)) {
        return false;
    }
    if (notice) {
        self->ops->notice(self->opaque, notice);
    }
    return true;
}

/* The result of an eject by the button, reported at once or later. */
typedef struct Button {
    UsbTapeDrive *drive;
    GError *error;
    bool ended, waiting;
} Button;

static void button_on_done(void *data, const GError *error)
{
    Button *button = data;

    button->ended = true;
    if (button->waiting) {
        button->error = error ? g_error_copy(error) : NULL;
        return;
    }
    if (error) {
        button->drive->ops->notice(button->drive->opaque, error->message);
    }
    g_free(button);
}

bool usbtape_drive_eject(UsbTapeDrive *self, GError **error)
{
    Button *button = g_new0(Button, 1);
    bool good;

    *button = (Button){ .drive = self, .waiting = true };
    drive_eject(self->setup.drive, false, button_on_done, button);
    button->waiting = false;
    if (!button->ended) {
        return true;
    }
    good = !button->error;
    if (button->error) {
        g_propagate_error(error, button->error);
    }
    g_free(button);
    return good;
}

bool usbtape_drive_ejecting(const UsbTapeDrive *self)
{
    return drive_ejecting(self->setup.drive);
}
