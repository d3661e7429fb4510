/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow: a link submits, the transfer queues in its endpoint's pipe, device_run() starts heads
 * and hands them to ep0 or to the function. Completions go straight up to the link, which may
 * submit, cancel or reset from inside them; device_run() never nests, so a function is not entered
 * again from its own completions while the device is driving it.
 */
#include "emu/usb/device.h"

#include "emu/usb/device-private.h"

#define REQUEST_TYPE_MASK 0x60 /* bmRequestType, bits 5 and 6: 0 is a standard request */

static const char *halt_name(UsbHalt halt)
{
    static const char *const names[] = { "running", "halted", "wedged" };

    return names[halt];
}

UsbPipe *usb_device_bulk_pipe(UsbDevice *device, uint8_t endpoint)
{
    size_t i;

    for (i = 0; device->configuration != 0 && i < G_N_ELEMENTS(device->bulk); i++) {
        if (device->bulk[i].address == endpoint) {
            return &device->bulk[i];
        }
    }
    return NULL;
}

static UsbPipe *device_pipe(UsbDevice *device, uint8_t endpoint)
{
    UsbPipe *pipe;

    if (endpoint == 0x00 || endpoint == 0x80) {
        return &device->control;
    }
    pipe = usb_device_bulk_pipe(device, endpoint);
    return pipe ? pipe : &device->nowhere;
}

static void device_start_control(UsbDevice *device, UsbTransfer *transfer)
{
    const UsbSetup *setup = &transfer->setup;

    if ((setup->bmRequestType & REQUEST_TYPE_MASK) == 0) {
        device->control.with_function = device->function->ops->standard != NULL;
        if (!device->control.with_function ||
            !device->function->ops->standard(device->function, transfer)) {
            usb_ep0_standard(device, transfer);
        }
        return;
    }
    TRACE(device->trace, USB_CONTROL, "%02x %02x value %04x index %04x length %u: to the function",
          setup->bmRequestType, setup->bRequest, setup->wValue, setup->wIndex, setup->wLength);
    if (device->configuration == 0) {
        usb_transfer_fail(transfer, USB_STALL); /* there is no interface to ask */
        return;
    }
    device->control.with_function = true;
    device->function->ops->control(device->function, transfer);
}

/* Starts the head of one pipe that can; false: none can. Control comes first, as on the bus. */
static bool device_step(UsbDevice *device)
{
    UsbFunction *function = device->function;
    UsbPipe *pipes[] = { &device->control, &device->bulk[0], &device->bulk[1], &device->nowhere };
    UsbTransfer *transfer;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pipes); i++) {
        if (usb_pipe_ready(pipes[i])) {
            break;
        }
    }
    if (i == G_N_ELEMENTS(pipes)) {
        return false;
    }
    transfer = usb_pipe_next(pipes[i]);
    if (!transfer) {
        return true;
    }
    transfer->phase = USB_PHASE_NONE;
    if (pipes[i] == &device->control) {
        device_start_control(device, transfer);
    } else {
        pipes[i]->with_function = true;
        if (pipes[i]->address & 0x80) {
            function->ops->bulk_in(function, transfer);
        } else {
            function->ops->bulk_out(function, transfer);
        }
    }
    return true;
}

static void device_run(void *data)
{
    UsbDevice *device = data;

    if (device->running) {
        return;
    }
    device->running = true;
    while (device_step(device)) {
    }
    device->running = false;
}

void usb_device_set_halt(UsbDevice *device, UsbPipe *pipe, UsbHalt halt)
{
    if (pipe->halt != halt) {
        TRACE(device->trace, USB_HALT, "endpoint %02x: %s, was %s", pipe->address, halt_name(halt),
              halt_name(pipe->halt));
        pipe->halt = halt;
    }
}

/* No run afterwards: what is queued waits for the head, which is with the function. */
static void host_halt(UsbHost *host, uint8_t endpoint)
{
    UsbDevice *device = (UsbDevice *)host;
    UsbPipe *pipe = usb_device_bulk_pipe(device, endpoint);

    if (pipe && pipe->halt == USB_RUNNING) {
        usb_device_set_halt(device, pipe, USB_HALTED);
    }
}

static void host_wedge(UsbHost *host, uint8_t endpoint)
{
    UsbDevice *device = (UsbDevice *)host;
    UsbPipe *pipe = usb_device_bulk_pipe(device, endpoint);

    if (pipe) {
        usb_device_set_halt(device, pipe, USB_WEDGED);
    }
}

static void host_unwedge(UsbHost *host)
{
    UsbDevice *device = (UsbDevice *)host;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(device->bulk); i++) {
        if (device->bulk[i].halt == USB_WEDGED) {
            usb_device_set_halt(device, &device->bulk[i], USB_HALTED);
        }
    }
}

static const UsbHostOps host_ops = {
    .halt = host_halt,
    .wedge = host_wedge,
    .unwedge = host_unwedge,
};

UsbDevice *usb_device_new(const UsbIdentity *identity, UsbSpeed speed, UsbFunction *function,
                          Trace *trace)
{
    const UsbInterface *interface = usb_configuration(speed)->interface;
    UsbDevice *device = g_new0(UsbDevice, 1);
    size_t i;

    g_assert(interface->n_endpoints == G_N_ELEMENTS(device->bulk));
    device->host.ops = &host_ops;
    device->identity = *identity;
    device->speed = speed;
    device->function = function;
    device->trace = trace;
    usb_pipe_init(&device->control, 0x00, device_run, device);
    usb_pipe_init(&device->nowhere, 0xff, device_run, device);
    device->nowhere.halt = USB_HALTED;
    for (i = 0; i < G_N_ELEMENTS(device->bulk); i++) {
        usb_pipe_init(&device->bulk[i], interface->endpoints[i].bEndpointAddress, device_run,
                      device);
    }
    function->ops->attach(function, &device->host);
    return device;
}

/* Returns all pending transfers to the link, and clears the halts of the pipes. */
static void device_recall_bulk(UsbDevice *device)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(device->bulk); i++) {
        usb_pipe_recall_all(&device->bulk[i], device->function, USB_CANCELLED);
        usb_device_set_halt(device, &device->bulk[i], USB_RUNNING);
    }
    usb_pipe_recall_all(&device->nowhere, device->function, USB_CANCELLED);
}

void usb_device_free(UsbDevice *device)
{
    if (!device) {
        return;
    }
    device->running = true; /* no transfer starts any more */
    usb_pipe_recall_all(&device->control, device->function, USB_CANCELLED);
    device_recall_bulk(device);
    g_free(device);
}

void usb_device_set_function(UsbDevice *device, UsbFunction *function)
{
    device->function = function;
    function->ops->attach(function, &device->host);
}

UsbStats usb_device_stats(const UsbDevice *device)
{
    const UsbPipe *pipes[] = { &device->control, &device->bulk[0], &device->bulk[1],
                               &device->nowhere };
    UsbStats stats = { .resets = device->resets };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pipes); i++) {
        bool in = pipes[i]->address & 0x80;

        stats.transfers += pipes[i]->transfers;
        stats.stalls += pipes[i]->stalls;
        stats.cancelled += pipes[i]->cancelled;
        if (pipes[i] != &device->control) {
            *(in ? &stats.bytes_in : &stats.bytes_out) += pipes[i]->bytes;
        }
    }
    return stats;
}

void usb_device_watch(UsbDevice *device, UsbMonitor *monitor)
{
    g_assert(device->n_monitors < USB_MONITORS);
    device->monitors[device->n_monitors++] = monitor;
}

void usb_device_unwatch(UsbDevice *device, const UsbMonitor *monitor)
{
    unsigned i, kept = 0;

    for (i = 0; i < device->n_monitors; i++) {
        if (device->monitors[i] != monitor) {
            device->monitors[kept++] = device->monitors[i];
        }
    }
    device->n_monitors = kept;
}

uint64_t usb_device_packets(const UsbDevice *device)
{
    uint64_t packets = 0;
    unsigned i;

    for (i = 0; i < device->n_monitors; i++) {
        const UsbMonitor *monitor = device->monitors[i];

        packets += monitor->ops->packets ? monitor->ops->packets(monitor) : 0;
    }
    return packets;
}

/* A watched transfer's submitter, while the monitors' turn comes first. */
typedef struct Watched {
    UsbDevice *device;
    uint64_t numbers[USB_MONITORS];
    void (*complete)(UsbTransfer *transfer, void *data);
    void *complete_data;
} Watched;

static void watched_completed(UsbTransfer *transfer, void *data)
{
    g_autofree Watched *watched = data;
    unsigned i;

    for (i = 0; i < watched->device->n_monitors; i++) {
        UsbMonitor *monitor = watched->device->monitors[i];

        monitor->ops->completed(monitor, watched->numbers[i], transfer);
    }
    transfer->complete = watched->complete;
    transfer->complete_data = watched->complete_data;
    usb_transfer_complete(transfer);
}

static void device_watch(UsbDevice *device, UsbTransfer *transfer)
{
    Watched *watched = g_new(Watched, 1);
    unsigned i;

    *watched = (Watched){
        .device = device,
        .complete = transfer->complete,
        .complete_data = transfer->complete_data,
    };
    for (i = 0; i < device->n_monitors; i++) {
        UsbMonitor *monitor = device->monitors[i];

        watched->numbers[i] = monitor->ops->submitted(monitor, transfer);
    }
    transfer->complete = watched_completed;
    transfer->complete_data = watched;
}

void usb_device_submit(UsbDevice *device, UsbTransfer *transfer)
{
    if (device->n_monitors > 0) {
        device_watch(device, transfer);
    }
    if (!usb_pipe_push(device_pipe(device, transfer->endpoint), transfer)) {
        transfer->phase = USB_PHASE_NONE;
        usb_transfer_fail(transfer, USB_IO_ERROR);
        return;
    }
    device_run(device);
}

void usb_device_cancel(UsbDevice *device, UsbTransfer *transfer)
{
    UsbPipe *pipes[] = { &device->control, &device->bulk[0], &device->bulk[1], &device->nowhere };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pipes); i++) {
        if (usb_pipe_has(pipes[i], transfer)) {
            usb_pipe_recall(pipes[i], transfer, device->function, USB_CANCELLED);
            break;
        }
    }
    device_run(device);
}

void usb_device_reset(UsbDevice *device)
{
    bool was_running = device->running;
    unsigned i;

    for (i = 0; i < device->n_monitors; i++) {
        device->monitors[i]->ops->reset(device->monitors[i]);
    }
    TRACE(device->trace, USB_RESET, "port reset, configuration was %u", device->configuration);
    device->resets++;
    device->running = true; /* what completions submit waits for the end of the reset */
    device->configuration = 0;
    usb_pipe_recall_all(&device->control, device->function, USB_CANCELLED);
    device_recall_bulk(device);
    device->u1_enabled = false;
    device->u2_enabled = false;
    device->function->ops->reset(device->function, USB_RESET_BUS);
    device->running = was_running;
    device_run(device);
}

static void device_reconfigure(UsbDevice *device, uint8_t configuration)
{
    bool was_running = device->running;

    device->running = true;
    device->configuration = configuration; /* what completions submit is for the new one */
    device_recall_bulk(device);
    device->function->ops->reset(device->function, USB_RESET_CONFIGURATION);
    device->running = was_running;
    device_run(device);
}

bool usb_device_set_configuration(UsbDevice *device, uint8_t value)
{
    if (value != 0 && value != usb_configuration(device->speed)->bConfigurationValue) {
        return false;
    }
    TRACE(device->trace, USB_RESET, "configuration %u, was %u", value, device->configuration);
    device_reconfigure(device, value);
    return true;
}

uint8_t usb_device_configuration(const UsbDevice *device)
{
    return device->configuration;
}

bool usb_device_set_interface(UsbDevice *device, uint8_t interface, uint8_t alternate)
{
    if (alternate != 0 || usb_device_interface(device, interface) < 0) {
        return false;
    }
    TRACE(device->trace, USB_RESET, "interface %u, alternate setting %u", interface, alternate);
    device_reconfigure(device, device->configuration);
    return true;
}

int usb_device_interface(const UsbDevice *device, uint8_t interface)
{
    const UsbInterface *only = usb_configuration(device->speed)->interface;

    return device->configuration != 0 && interface == only->bInterfaceNumber ? 0 : -1;
}

UsbSpeed usb_device_speed(const UsbDevice *device)
{
    return device->speed;
}

void usb_device_set_speed(UsbDevice *device, UsbSpeed speed)
{
    device->speed = speed;
}

const UsbIdentity *usb_device_identity(const UsbDevice *device)
{
    return &device->identity;
}
