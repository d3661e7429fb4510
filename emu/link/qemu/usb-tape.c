/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB tape drive, the device model. It puts libusbtape's drive (emu/library/usbtape.h) on QEMU's
 * USB bus.
 *
 * Owns: USBDesc, packets under way, properties, the drive's part in saving a VM. Does not own: the
 * drive's behaviour. All of it runs under the BQL. Packets arrive on the vCPU's thread or in the
 * main loop. Timers, finished syncs and the control socket run in the main loop.
 *
 * A packet that the drive answers at once is answered inside handle_data(). Any other returns
 * USB_RET_ASYNC and completes later. A thread of the drive waits for the host's disk.
 */
#include "qemu/osdep.h"

#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qom/object.h"
#include "trace.h"

#include "emu/library/usbtape.h"
#include "emu/link/qemu/versions.h"
#include "hw/usb/desc.h"

#define TYPE_USB_TAPE "usb-tape"
OBJECT_DECLARE_SIMPLE_TYPE(USBTapeState, USB_TAPE)

typedef struct USBTapeRequest USBTapeRequest;

enum { STRING_MANUFACTURER = 1, STRING_PRODUCT, STRING_SERIAL, N_STRINGS };

/* The descriptors of one speed in QEMU's types. Each points to the next. */
typedef struct USBTapeDesc {
    USBDescDevice device;
    USBDescConfig config;
    USBDescIface iface;
    USBDescEndpoint endpoints[4];
} USBTapeDesc;

struct USBTapeState {
    USBDevice dev;
    UsbTapeDrive *drive; /* NULL before realize, and while QEMU exits */
    QTAILQ_HEAD(, USBTapeRequest) requests;

    USBDesc desc;
    USBTapeDesc at[N_USBTAPE_SPEEDS];
    const char *strings[N_STRINGS + 1];

    char *media; /* before the drive exists */
    char *model, *speed, *faults, *seed, *control, *trace, *timing, *set;
    bool read_only;

    Notifier exit;
    VMChangeStateEntry *vm_state;
    Error *blocker;
    bool reset_before; /* the machine was reset with the drive in it */
    bool restored;     /* the VM may have been loaded, and has not run since */
};

/* A packet that was submitted to the drive. */
struct USBTapeRequest {
    USBPacket *packet; /* NULL: cancelled by the host controller */
    uint8_t *data;     /* control: QEMU's buffer */
    int length;        /* control: of that buffer */
    bool in_call;      /* still inside handle_data() or handle_control() */
    bool ended;
    QTAILQ_ENTRY(USBTapeRequest) next;
};

/* ---- time ---- */

typedef struct USBTapeTimer {
    QEMUTimer timer;
    void (*fire)(void *data);
    void *data;
} USBTapeTimer;

static int64_t usb_tape_now(void *opaque)
{
    return qemu_clock_get_us(QEMU_CLOCK_VIRTUAL);
}

static void usb_tape_timer_fired(void *opaque)
{
    g_autofree USBTapeTimer *timer = opaque;

    timer->fire(timer->data);
}

static void *usb_tape_timer_start(void *opaque, int64_t delay, void (*fire)(void *data), void *data)
{
    USBTapeTimer *timer = g_new0(USBTapeTimer, 1);

    timer->fire = fire;
    timer->data = data;
    timer_init_us(&timer->timer, QEMU_CLOCK_VIRTUAL, usb_tape_timer_fired, timer);
    timer_mod(&timer->timer, qemu_clock_get_us(QEMU_CLOCK_VIRTUAL) + delay);
    return timer;
}

static void usb_tape_timer_cancel(void *opaque, void *data)
{
    USBTapeTimer *timer = data;

    timer_del(&timer->timer);
    g_free(timer);
}

/* ---- packets ---- */

static int usb_tape_status(UsbTapeResult result)
{
    switch (result) {
    case USBTAPE_DONE:
        return USB_RET_SUCCESS;
    case USBTAPE_STALLED:
        return USB_RET_STALL;
    case USBTAPE_BABBLED:
        return USB_RET_BABBLE;
    case USBTAPE_CANCELLED: /* by a reset. Cancellations of the host controller are not reported. */
    case USBTAPE_FAILED:
        break;
    }
    return USB_RET_IOERROR;
}

static void usb_tape_end_control(USBTapeState *s, USBTapeRequest *r, const uint8_t *in,
                                 size_t length)
{
    if (in) {
        memcpy(r->data, in, MIN(length, (size_t)r->length));
    }
    r->packet->actual_length = (int)length;
    if (!r->in_call) {
        usb_generic_async_ctrl_complete(&s->dev, r->packet);
    }
}

static void usb_tape_end_bulk(USBTapeState *s, USBTapeRequest *r, const uint8_t *in, size_t length)
{
    if (in && length > 0) {
        usb_packet_copy(r->packet, (void *)in, length);
    } else {
        r->packet->actual_length = (int)length;
    }
    if (!r->in_call) {
        usb_packet_complete(&s->dev, r->packet);
    }
}

static void usb_tape_completed(void *opaque, void *token, UsbTapeResult result, const uint8_t *in,
                               size_t length)
{
    USBTapeState *s = opaque;
    USBTapeRequest *r = token;

    QTAILQ_REMOVE(&s->requests, r, next);
    trace_usb_tape_completed(r->packet, result, length, r->in_call);
    r->ended = true;
    if (r->packet) {
        r->packet->status = usb_tape_status(result);
        if (r->data) {
            usb_tape_end_control(s, r, in, length);
        } else {
            usb_tape_end_bulk(s, r, in, length);
        }
    }
    if (!r->in_call) {
        g_free(r);
    }
}

static USBTapeRequest *usb_tape_begin(USBTapeState *s, USBPacket *p)
{
    USBTapeRequest *r = g_new0(USBTapeRequest, 1);

    usbtape_drive_trace(s->drive, trace_event_get_state_backends(TRACE_USB_TAPE_POINT));
    r->packet = p;
    r->in_call = true;
    QTAILQ_INSERT_TAIL(&s->requests, r, next);
    return r;
}

static void usb_tape_submitted(USBTapeRequest *r)
{
    r->in_call = false;
    if (r->ended) {
        g_free(r);
    } else {
        r->packet->status = USB_RET_ASYNC;
    }
}

static void usb_tape_handle_data(USBDevice *dev, USBPacket *p)
{
    USBTapeState *s = USB_TAPE(dev);
    size_t length = p->iov.size;
    USBTapeRequest *r;

    if (!s->drive) {
        p->status = USB_RET_NODEV;
        return;
    }
    if (p->pid == USB_TOKEN_OUT && length > USBTAPE_OUT_MAX) {
        qemu_log_mask(LOG_GUEST_ERROR, "usb-tape: a transfer of %zu bytes\n", length);
        p->status = USB_RET_IOERROR;
        return;
    }
    r = usb_tape_begin(s, p);
    trace_usb_tape_data(p, p->ep->nr, length);
    if (p->pid == USB_TOKEN_IN) {
        usbtape_drive_bulk_in(s->drive, p->ep->nr | USB_DIR_IN, length, r);
    } else {
        void *data = usbtape_drive_buffer(s->drive, length);

        usb_packet_copy(p, data, length);
        usbtape_drive_bulk_out(s->drive, p->ep->nr, data, length, r);
    }
    usb_tape_submitted(r);
}

static void usb_tape_handle_control(USBDevice *dev, USBPacket *p, int request, int value, int index,
                                    int length, uint8_t *data)
{
    USBTapeState *s = USB_TAPE(dev);
    uint8_t setup[8];
    USBTapeRequest *r;

    if (!s->drive) {
        p->status = USB_RET_NODEV;
        return;
    }
    if (request == (DeviceOutRequest | USB_REQ_SET_ADDRESS)) {
        usb_desc_handle_control(dev, p, request, value, index, length, data);
        return;
    }
    setup[0] = (uint8_t)(request >> 8);
    setup[1] = (uint8_t)request;
    stw_le_p(setup + 2, value);
    stw_le_p(setup + 4, index);
    stw_le_p(setup + 6, length);
    trace_usb_tape_control(p, request, value, index, length);
    r = usb_tape_begin(s, p);
    r->data = data;
    r->length = length;
    usbtape_drive_control(s->drive, setup, data, r);
    usb_tape_submitted(r);
}

static void usb_tape_cancel_packet(USBDevice *dev, USBPacket *p)
{
    USBTapeState *s = USB_TAPE(dev);
    USBTapeRequest *r;

    trace_usb_tape_cancel(p);
    QTAILQ_FOREACH(r, &s->requests, next)
    {
        if (r->packet == p) {
            r->packet = NULL;
            usbtape_drive_cancel(s->drive, r);
            return;
        }
    }
}

static void usb_tape_handle_reset(USBDevice *dev)
{
    USBTapeState *s = USB_TAPE(dev);

    trace_usb_tape_reset();
    if (s->drive) {
        usbtape_drive_reset(s->drive);
    }
}

/* ---- the plug ---- */

/*
 * In QEMU the device is configured while it is attached. The drive alone tracks SET_CONFIGURATION.
 * QEMU's functions for that empty the endpoints' queues. These queues contain packets whenever a
 * guest sends requests, but none when the device is attached.
 */
static void usb_tape_handle_attach(USBDevice *dev)
{
    static const UsbTapeSpeed speeds[] = {
        [USB_SPEED_FULL] = USBTAPE_FULL_SPEED,
        [USB_SPEED_HIGH] = USBTAPE_HIGH_SPEED,
        [USB_SPEED_SUPER] = USBTAPE_SUPER_SPEED,
    };
    USBTapeState *s = USB_TAPE(dev);

    usb_desc_attach(dev);
    usb_desc_handle_control(dev, NULL, DeviceOutRequest | USB_REQ_SET_CONFIGURATION,
                            dev->device->confs->bConfigurationValue, 0, 0, NULL);
    if (s->drive) {
        usbtape_drive_set_speed(s->drive, speeds[dev->speed]);
    }
}

static void usb_tape_plug(void *opaque, bool plugged)
{
    USBTapeState *s = opaque;
    Error *err = NULL;

    trace_usb_tape_plug(plugged);
    if (!plugged && s->dev.attached) {
        usb_device_detach(&s->dev);
        usbtape_drive_reset(s->drive); /* the command under way has lost its host */
    } else if (plugged && !s->dev.attached) {
        usb_device_attach(&s->dev, &err);
        if (err) {
            error_report_err(err);
        }
    }
}

/*
 * A loaded VM has an old view of its USB bus. The drive cannot be saved, so it was not on that bus.
 * It has to appear as newly plugged in. QEMU does not report the load to the device, but a load
 * begins with a reset of the stopped machine. A machine also starts with such a reset, and a user
 * can reset a stopped machine. A replug does no harm then.
 */
static void usb_tape_machine_reset(void *opaque)
{
    USBTapeState *s = opaque;

    s->restored |= s->reset_before && !runstate_is_running();
    s->reset_before = true;
}

static void usb_tape_vm_state(void *opaque, bool running, RunState state)
{
    USBTapeState *s = opaque;

    if (s->drive) {
        usbtape_drive_stop_time(s->drive, !running);
    }
    if (running && s->restored) {
        s->restored = false;
        if (s->dev.attached) {
            usb_tape_plug(s, false);
            usb_tape_plug(s, true);
        }
    }
}

/* ---- descriptors ---- */

static const USBDescDevice *usb_tape_describe(USBTapeDesc *to, const UsbTapeConfiguration *from)
{
    size_t i;

    g_assert(from->n_endpoints <= ARRAY_SIZE(to->endpoints));
    for (i = 0; i < from->n_endpoints; i++) {
        to->endpoints[i] = (USBDescEndpoint){
            .bEndpointAddress = from->endpoints[i].bEndpointAddress,
            .bmAttributes = from->endpoints[i].bmAttributes,
            .wMaxPacketSize = from->endpoints[i].wMaxPacketSize,
            .bInterval = from->endpoints[i].bInterval,
            .bMaxBurst = from->endpoints[i].bMaxBurst,
        };
    }
    to->iface = (USBDescIface){
        .bInterfaceNumber = from->bInterfaceNumber,
        .bNumEndpoints = from->n_endpoints,
        .bInterfaceClass = from->bInterfaceClass,
        .bInterfaceSubClass = from->bInterfaceSubClass,
        .bInterfaceProtocol = from->bInterfaceProtocol,
        .eps = to->endpoints,
    };
    to->config = (USBDescConfig){
        .bNumInterfaces = 1,
        .bConfigurationValue = from->bConfigurationValue,
        .bmAttributes = from->bmAttributes,
        .bMaxPower = from->bMaxPower,
        .nif = 1,
        .ifs = &to->iface,
    };
    to->device = (USBDescDevice){
        .bcdUSB = from->bcdUSB,
        .bMaxPacketSize0 = from->bMaxPacketSize0,
        .bNumConfigurations = 1,
        .confs = &to->config,
    };
    return &to->device;
}

static void usb_tape_make_desc(USBTapeState *s)
{
    const UsbTapeDescription *d = usbtape_drive_description(s->drive);
    const USBDescDevice *devices[N_USBTAPE_SPEEDS] = { NULL };
    int speed;

    for (speed = USBTAPE_FULL_SPEED; speed <= (int)d->fastest; speed++) {
        devices[speed] = usb_tape_describe(&s->at[speed], &d->at[speed]);
    }
    s->strings[STRING_MANUFACTURER] = d->manufacturer;
    s->strings[STRING_PRODUCT] = d->product;
    s->strings[STRING_SERIAL] = d->serial;
    s->desc = (USBDesc){
        .id = {
            .idVendor = d->idVendor,
            .idProduct = d->idProduct,
            .bcdDevice = d->bcdDevice,
            .iManufacturer = STRING_MANUFACTURER,
            .iProduct = STRING_PRODUCT,
            .iSerialNumber = STRING_SERIAL,
        },
        .full = devices[USBTAPE_FULL_SPEED],
        .high = devices[USBTAPE_HIGH_SPEED],
        .super = devices[USBTAPE_SUPER_SPEED],
        .str = s->strings,
    };
    s->dev.usb_desc = &s->desc;
    usb_desc_init(&s->dev);
}

/* ---- the device ---- */

static void usb_tape_notice(void *opaque, const char *text)
{
    info_report("usb-tape: %s", text);
}

static void usb_tape_trace(void *opaque, const char *point, const char *text)
{
    trace_usb_tape_point(point, text);
}

static const UsbTapeOps usb_tape_ops = {
    .now = usb_tape_now,
    .timer_start = usb_tape_timer_start,
    .timer_cancel = usb_tape_timer_cancel,
    .completed = usb_tape_completed,
    .plug = usb_tape_plug,
    .notice = usb_tape_notice,
    .trace = usb_tape_trace,
};

/* Converts GLib's error into QEMU's. */
static void usb_tape_propagate(Error **errp, GError *error)
{
    error_setg(errp, "usb-tape: %s", error->message);
    g_error_free(error);
}

/* Syncs and closes the cartridge. Pending packets are dropped without completion. */
static void usb_tape_close(USBTapeState *s)
{
    GError *error = NULL;
    USBTapeRequest *r;

    if (!s->drive) {
        return;
    }
    QTAILQ_FOREACH(r, &s->requests, next)
    {
        r->packet = NULL;
    }
    if (!usbtape_drive_free(s->drive, &error)) {
        error_report("usb-tape: %s", error->message);
        g_error_free(error);
    }
    s->drive = NULL;
}

static void usb_tape_exit(Notifier *notifier, void *data)
{
    usb_tape_close(container_of(notifier, USBTapeState, exit));
}

static void usb_tape_realize(USBDevice *dev, Error **errp)
{
    USBTapeState *s = USB_TAPE(dev);
    UsbTapeConfig config = {
        .name = dev->qdev.id ? dev->qdev.id : dev->port->path,
        .media = s->media,
        .model = s->model,
        .serial = dev->serial,
        .speed = s->speed,
        .faults = s->faults,
        .seed = s->seed,
        .control = s->control,
        .trace = s->trace,
        .timing = s->timing,
        .set = s->set,
        .read_only = s->read_only,
    };
    GError *error = NULL;

    QTAILQ_INIT(&s->requests);
    s->blocker = NULL;
    error_setg(&s->blocker,
               "usb-tape: a saved VM cannot hold a tape drive: its cartridge would not be rolled "
               "back with the guest; take the drive out first (device_del), and plug it in again "
               "afterwards");
    if (usb_tape_block_saving(&s->blocker, errp) < 0) {
        return;
    }
    s->drive = usbtape_drive_new(&config, &usb_tape_ops, s, &error);
    if (!s->drive) {
        usb_tape_unblock_saving(&s->blocker);
        usb_tape_propagate(errp, error);
        return;
    }
    g_clear_pointer(&s->media, g_free);
    usb_tape_make_desc(s);
    usbtape_drive_stop_time(s->drive, !runstate_is_running());
    s->reset_before = dev->qdev.hotplugged;
    s->restored = runstate_check(RUN_STATE_INMIGRATE);
    qemu_register_reset(usb_tape_machine_reset, s);
    s->vm_state = qemu_add_vm_change_state_handler(usb_tape_vm_state, s);
    s->exit.notify = usb_tape_exit;
    qemu_add_exit_notifier(&s->exit);
}

static void usb_tape_unrealize(USBDevice *dev)
{
    USBTapeState *s = USB_TAPE(dev);

    qemu_remove_exit_notifier(&s->exit);
    qemu_del_vm_change_state_handler(s->vm_state);
    qemu_unregister_reset(usb_tape_machine_reset, s);
    usb_tape_unblock_saving(&s->blocker);
    usb_tape_close(s);
}

/* ---- properties ---- */

static char *usb_tape_get_media(Object *obj, Error **errp)
{
    USBTapeState *s = USB_TAPE(obj);
    const char *path = s->drive ? usbtape_drive_cartridge(s->drive) : s->media;

    return g_strdup(path ? path : "");
}

/* While the drive runs, a path loads a cartridge and "" ejects it. */
static void usb_tape_set_media(Object *obj, const char *path, Error **errp)
{
    USBTapeState *s = USB_TAPE(obj);
    GError *error = NULL;
    bool good;

    if (!s->drive) {
        g_free(s->media);
        s->media = *path ? g_strdup(path) : NULL;
        return;
    }
    trace_usb_tape_media(path);
    good =
        *path ? usbtape_drive_load(s->drive, path, &error) : usbtape_drive_eject(s->drive, &error);
    if (!good) {
        usb_tape_propagate(errp, error);
    }
}

static bool usb_tape_get_ejecting(Object *obj, Error **errp)
{
    USBTapeState *s = USB_TAPE(obj);

    return s->drive && usbtape_drive_ejecting(s->drive);
}

static USB_TAPE_PROPERTIES usb_tape_properties[] = {
    DEFINE_PROP_STRING("model", USBTapeState, model),
    DEFINE_PROP_STRING("speed", USBTapeState, speed),
    DEFINE_PROP_BOOL("readonly", USBTapeState, read_only, false),
    DEFINE_PROP_STRING("faults", USBTapeState, faults),
    DEFINE_PROP_STRING("seed", USBTapeState, seed),
    DEFINE_PROP_STRING("control", USBTapeState, control),
    DEFINE_PROP_STRING("trace", USBTapeState, trace),
    DEFINE_PROP_STRING("timing", USBTapeState, timing),
    DEFINE_PROP_STRING("set", USBTapeState, set),
    USB_TAPE_PROPERTIES_END
};

static void usb_tape_class_init(ObjectClass *klass, USB_TAPE_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    USBDeviceClass *uc = USB_DEVICE_CLASS(klass);

    uc->product_desc = "USB tape drive";
    uc->realize = usb_tape_realize;
    uc->unrealize = usb_tape_unrealize;
    uc->handle_attach = usb_tape_handle_attach;
    uc->handle_reset = usb_tape_handle_reset;
    uc->handle_control = usb_tape_handle_control;
    uc->handle_data = usb_tape_handle_data;
    uc->cancel_packet = usb_tape_cancel_packet;
    dc->desc = "USB tape drive";
    device_class_set_props(dc, usb_tape_properties);
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    object_class_property_add_str(klass, "media", usb_tape_get_media, usb_tape_set_media);
    object_class_property_set_description(
        klass, "media",
        "file of the cartridge; set on a running drive: loads it, or ejects if empty");
    object_class_property_add_bool(klass, "ejecting", usb_tape_get_ejecting, NULL);
    object_class_property_set_description(klass, "ejecting",
                                          "the cartridge is being synced on its way out");
}

static void usb_tape_finalize(Object *obj)
{
    g_free(USB_TAPE(obj)->media);
}

static const TypeInfo usb_tape_info = {
    .name = TYPE_USB_TAPE,
    .parent = TYPE_USB_DEVICE,
    .instance_size = sizeof(USBTapeState),
    .instance_finalize = usb_tape_finalize,
    .class_init = usb_tape_class_init,
};

static void usb_tape_register_types(void)
{
    type_register_static(&usb_tape_info);
}

type_init(usb_tape_register_types)
