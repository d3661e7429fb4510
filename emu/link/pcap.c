/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/link/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/base/bytes.h"
#include "emu/base/error.h"

/* pcapng (draft-ietf-opsawg-pcapng), little-endian. */
enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINKTYPE_USB_LINUX_MMAPPED = 220,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_SECTION_APPLICATION = 4,
    OPTION_INTERFACE_NAME = 2,
    OPTION_INTERFACE_DESCRIPTION = 3,
};

/* A usbmon header (Linux Documentation/usb/usbmon.rst, struct mon_bin_hdr with 64 bytes). */
enum {
    USBMON_HEADER = 64,
    USBMON_CONTROL = 2,
    USBMON_BULK = 3,
};

/* Linux's URB statuses, which readers of usbmon expect. */
enum {
    URB_DONE = 0,
    URB_STALLED = -EPIPE,
    URB_UNLINKED = -ECONNRESET,
    URB_PROTOCOL_ERROR = -EPROTO,
    URB_BABBLE = -EOVERFLOW,
    URB_UNDER_WAY = -EINPROGRESS,
};

/* The length of an option has 16 bits. */
#define OPTION_MAX 65535u
/* Longer comments are cut. */
#define COMMENT_MAX 4096u

typedef struct PcapTrace {
    Trace base;
    UsbPcap *pcap;
} PcapTrace;

struct UsbPcap {
    UsbMonitor monitor;
    PcapTrace trace;
    char *path;
    int fd;
    off_t end;   /* end of the last whole block */
    bool broken; /* a write failed, and no further packet is written */
    size_t snap;
    Clock *clock;
    int64_t epoch;    /* offset from the clock to microseconds since 1970 */
    uint64_t next;    /* number of the next transfer */
    uint64_t packets; /* number of packets written */
    GString *comment;
    GByteArray *block; /* beginning of a block under construction, then its end */
    void (*failed)(void *data, const char *message);
    void *data;
};

/* ---- the file ---- */

static void pcap_fail(UsbPcap *pcap)
{
    g_autofree char *message =
        g_strdup_printf("--pcap %s: %s; nothing more is captured", pcap->path, g_strerror(errno));

    pcap->broken = true;
    pcap->failed(pcap->data, message);
}

/* Appends the parts completely, or none of them. */
static void pcap_append(UsbPcap *pcap, struct iovec *parts, int n_parts)
{
    off_t at = pcap->end;

    while (n_parts > 0) {
        ssize_t n = pwritev(pcap->fd, parts, n_parts, at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            pcap_fail(pcap);
            (void)!ftruncate(pcap->fd, pcap->end);
            return;
        }
        at += n;
        for (; n_parts > 0 && (size_t)n >= parts->iov_len; parts++, n_parts--) {
            n -= (ssize_t)parts->iov_len;
        }
        if (n_parts > 0) {
            parts->iov_base = (uint8_t *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
    pcap->end = at;
}

/* ---- blocks ---- */

static size_t block_padding(size_t length)
{
    return -length & 3;
}

static uint8_t *block_put(GByteArray *block, size_t length)
{
    size_t at = block->len;

    g_byte_array_set_size(block, (guint)(at + length));
    memset(block->data + at, 0, length);
    return block->data + at;
}

static void block_u32(GByteArray *block, uint32_t value)
{
    put_le32(block_put(block, 4), value);
}

static void block_option(GByteArray *block, unsigned code, const char *text)
{
    size_t length = text ? MIN(strlen(text), OPTION_MAX) : 0;
    uint8_t *p;

    if (length > 0) {
        p = block_put(block, 4 + length + block_padding(length));
        put_le16(p, (uint16_t)code);
        put_le16(p + 2, (uint16_t)length);
        memcpy(p + 4, text, length);
    }
}

static void block_begin(GByteArray *block, uint32_t type)
{
    g_byte_array_set_size(block, 0);
    block_u32(block, type);
    block_u32(block, 0); /* the length, set when it is known */
}

/* Ends the options and the block. `beside` is the number of its bytes outside the buffer. */
static void block_end(GByteArray *block, size_t beside)
{
    uint32_t length;

    block_u32(block, OPTION_END);
    length = (uint32_t)(block->len + 4 + beside);
    block_u32(block, length);
    put_le32(block->data + 4, length);
}

static void pcap_write_block(UsbPcap *pcap)
{
    struct iovec part = { pcap->block->data, pcap->block->len };

    pcap_append(pcap, &part, 1);
}

static void pcap_write_header(UsbPcap *pcap, const char *comment)
{
    GByteArray *block = pcap->block;

    block_begin(block, BLOCK_SECTION);
    block_u32(block, BYTE_ORDER_MAGIC);
    block_u32(block, 1); /* version 1.0 */
    put_le64(block_put(block, 8),
             G_MAXUINT64); /* length of the section: up to the end of the file */
    block_option(block, OPTION_COMMENT, comment);
    block_option(block, OPTION_SECTION_APPLICATION, "usbtape " USBTAPE_VERSION);
    block_end(block, 0);
    pcap_write_block(pcap);
    if (!pcap->broken) {
        block_begin(block, BLOCK_INTERFACE);
        block_u32(block, LINKTYPE_USB_LINUX_MMAPPED);
        block_u32(block, 0); /* packets of any length */
        block_option(block, OPTION_INTERFACE_NAME, "usbtape");
        block_option(block, OPTION_INTERFACE_DESCRIPTION, "the virtual bus of a USB tape drive");
        block_end(block, 0);
        pcap_write_block(pcap);
    }
}

/* ---- packets ---- */

static int packet_urb_status(UsbResult result)
{
    switch (result) {
    case USB_DONE:
        return URB_DONE;
    case USB_STALL:
        return URB_STALLED;
    case USB_CANCELLED:
        return URB_UNLINKED;
    case USB_BABBLE:
        return URB_BABBLE;
    case USB_IO_ERROR:
        break;
    }
    return URB_PROTOCOL_ERROR;
}

static bool packet_is_control(const UsbTransfer *transfer)
{
    return (transfer->endpoint & 0x0f) == 0;
}

/* One packet of the capture: a transfer, or a piece of one. */
typedef struct Event {
    char type; /* 'S', 'C' */
    uint64_t number;
    int status;
    size_t length;       /* requested, or moved */
    const uint8_t *data; /* `length` bytes, or NULL if the packet has no data */
} Event;

static void packet_put_usbmon(const UsbTransfer *transfer, const Event *event, int64_t time,
                              size_t kept, uint8_t *p)
{
    bool in = transfer->endpoint & 0x80;
    bool setup = event->type == 'S' && packet_is_control(transfer);

    put_le64(p, event->number);
    p[8] = (uint8_t)event->type;
    p[9] = packet_is_control(transfer) ? USBMON_CONTROL : USBMON_BULK;
    p[10] = transfer->endpoint;
    p[11] = USB_PCAP_DEVICE;
    put_le16(p + 12, USB_PCAP_BUS);
    p[14] = setup ? 0 : '-';
    p[15] = kept > 0 ? 0 : in ? '<' : '>';
    put_le64(p + 16, (uint64_t)(time / G_USEC_PER_SEC));
    put_le32(p + 24, (uint32_t)(time % G_USEC_PER_SEC));
    put_le32(p + 28, (uint32_t)event->status);
    put_le32(p + 32, (uint32_t)event->length);
    put_le32(p + 36, (uint32_t)kept);
    if (setup) {
        p[40] = transfer->setup.bmRequestType;
        p[41] = transfer->setup.bRequest;
        put_le16(p + 42, transfer->setup.wValue);
        put_le16(p + 44, transfer->setup.wIndex);
        put_le16(p + 46, transfer->setup.wLength);
    }
}

static void pcap_write(UsbPcap *pcap, const UsbTransfer *transfer, const Event *event)
{
    GByteArray *block = pcap->block;
    int64_t time = clock_now(pcap->clock) + pcap->epoch;
    size_t kept = event->data ? MIN(event->length, pcap->snap) : 0;
    size_t head;

    if (pcap->broken) {
        return;
    }
    block_begin(block, BLOCK_PACKET);
    block_u32(block, 0); /* the only interface */
    block_u32(block, (uint32_t)((uint64_t)time >> 32));
    block_u32(block, (uint32_t)time);
    block_u32(block, (uint32_t)(USBMON_HEADER + kept));
    block_u32(block, (uint32_t)(USBMON_HEADER + (event->data ? event->length : 0)));
    packet_put_usbmon(transfer, event, time, kept, block_put(block, USBMON_HEADER));
    head = block->len;
    block_put(block, block_padding(kept));
    block_option(block, OPTION_COMMENT, pcap->comment->str);
    block_end(block, kept);
    g_string_truncate(pcap->comment, 0);
    pcap->packets++;
    {
        struct iovec parts[] = {
            { block->data, head },
            { (void *)event->data, kept },
            { block->data + head, block->len - head },
        };

        pcap_append(pcap, parts, G_N_ELEMENTS(parts));
    }
}

/* ---- the bus ---- */

/* The number of packets for a transfer's bytes. The last one also carries the remainder. */
static size_t piece_count(const UsbPcap *pcap, size_t length)
{
    return pcap->snap <= USB_PCAP_PIECE ? 1 : MAX(length / USB_PCAP_PIECE, 1);
}

static size_t piece_length(size_t pieces, size_t i, size_t length)
{
    return i + 1 < pieces ? USB_PCAP_PIECE : length - i * USB_PCAP_PIECE;
}

static uint64_t pcap_submitted(UsbMonitor *monitor, const UsbTransfer *transfer)
{
    UsbPcap *pcap = (UsbPcap *)monitor;
    bool in = transfer->endpoint & 0x80;
    uint64_t number = pcap->next;
    Event event = { .type = 'S', .status = URB_UNDER_WAY, .length = transfer->length };
    const uint8_t *data = NULL;
    size_t length, pieces, i;

    if (in) {
        event.number = pcap->next++;
        pcap_write(pcap, transfer, &event);
        return number;
    }
    data = g_bytes_get_data(transfer->out, &length);
    pieces = piece_count(pcap, length);
    for (i = 0; i < pieces; i++) {
        event.number = pcap->next++;
        event.length = piece_length(pieces, i, length);
        event.data = data ? data + i * USB_PCAP_PIECE : NULL;
        pcap_write(pcap, transfer, &event);
    }
    return number;
}

/*
 * A transfer submitted in pieces completes in pieces: those that the device received, and the one
 * where it stopped.
 */
static void pcap_completed_out(UsbPcap *pcap, uint64_t number, const UsbTransfer *transfer)
{
    size_t length = g_bytes_get_size(transfer->out);
    size_t pieces = piece_count(pcap, length);
    size_t left = MIN(transfer->actual, length);
    size_t i;

    for (i = 0; i < pieces; i++) {
        size_t whole = piece_length(pieces, i, length);
        Event event = { .type = 'C', .number = number + i, .length = MIN(left, whole) };

        left -= event.length;
        event.status = event.length == whole && i + 1 < pieces
                           ? URB_DONE
                           : packet_urb_status(transfer->result);
        pcap_write(pcap, transfer, &event);
    }
}

/*
 * The length of the answer is not known before. Pieces after the first are therefore submitted when
 * they complete.
 */
static void pcap_completed_in(UsbPcap *pcap, uint64_t number, const UsbTransfer *transfer)
{
    size_t length = transfer->result != USB_CANCELLED && transfer->in ? transfer->actual : 0;
    size_t pieces = piece_count(pcap, length);
    size_t i;

    for (i = 0; i < pieces; i++) {
        Event event = { .type = 'C',
                        .number = i == 0 ? number : pcap->next++,
                        .status = i + 1 < pieces ? URB_DONE : packet_urb_status(transfer->result),
                        .length = piece_length(pieces, i, length),
                        .data = length > 0 ? transfer->in + i * USB_PCAP_PIECE : NULL };

        if (i > 0) {
            Event more = { .type = 'S',
                           .number = event.number,
                           .status = URB_UNDER_WAY,
                           .length = transfer->length - i * USB_PCAP_PIECE };

            pcap_write(pcap, transfer, &more);
        }
        pcap_write(pcap, transfer, &event);
    }
}

static void pcap_completed(UsbMonitor *monitor, uint64_t number, const UsbTransfer *transfer)
{
    UsbPcap *pcap = (UsbPcap *)monitor;

    if (transfer->endpoint & 0x80) {
        pcap_completed_in(pcap, number, transfer);
    } else {
        pcap_completed_out(pcap, number, transfer);
    }
}

static void pcap_reset(UsbMonitor *monitor)
{
    usb_pcap_comment((UsbPcap *)monitor, "port reset");
}

static uint64_t pcap_packets(const UsbMonitor *monitor)
{
    return ((const UsbPcap *)monitor)->packets;
}

/* ---- comments ---- */

void usb_pcap_comment(UsbPcap *pcap, const char *text)
{
    size_t room = COMMENT_MAX - MIN(pcap->comment->len, COMMENT_MAX);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(strlen(text), room));

    if (pcap->comment->len > 0 && room > 0) {
        g_string_append_c(pcap->comment, '\n');
    }
    g_string_append(pcap->comment, valid);
}

static void pcap_emit(Trace *trace, TracePoint point, const char *message)
{
    UsbPcap *pcap = ((PcapTrace *)trace)->pcap;
    g_autofree char *text = NULL;

    if (point != TRACE_LINK_HOST) {
        text = g_strconcat(
            point == TRACE_FAULT_FIRED ? "fault fired: " : "rule of the bus: ", message, NULL);
        message = text;
    }
    usb_pcap_comment(pcap, message);
}

/* ---- opening and closing ---- */

/* Refuses any file but a capture. The option may name a cartridge by mistake. */
static int pcap_open_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    const char *why = NULL;
    struct stat st;
    uint8_t magic[4];
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0) {
        why = g_strerror(errno);
    } else if (!S_ISREG(st.st_mode)) {
        why = "not a file; name one (`tail -c +1 -f FILE | wireshark -k -i -` follows it)";
    } else if ((n = pread(fd, magic, 4, 0)) < 0) {
        why = g_strerror(errno);
    } else if (n > 0 && (n < 4 || get_le32(magic) != BLOCK_SECTION)) {
        why = "there is a file of another kind; name a new one";
    } else if (ftruncate(fd, 0) < 0) {
        why = g_strerror(errno);
    }
    if (!why) {
        return fd;
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT, "--pcap %s: %s", path, why);
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

UsbPcap *usb_pcap_open(const UsbPcapConfig *config, GError **error)
{
    static const UsbMonitorOps ops = { pcap_submitted, pcap_completed, pcap_reset, pcap_packets };
    int fd = pcap_open_file(config->path, error);
    UsbPcap *pcap;

    if (fd < 0) {
        return NULL;
    }
    pcap = g_new0(UsbPcap, 1);
    *pcap = (UsbPcap){
        .monitor.ops = &ops,
        .trace = { { .emit = pcap_emit,
                     .muted = ~(TRACE_BIT(TRACE_FAULT_FIRED) | TRACE_BIT(TRACE_LINK_HOST) |
                                TRACE_BIT(TRACE_BUS_VIOLATION)) },
                   pcap },
        .path = g_strdup(config->path),
        .fd = fd,
        .snap = config->snap ? config->snap : SIZE_MAX,
        .clock = config->clock,
        .epoch = g_get_real_time() - clock_now(config->clock),
        .next = 1,
        .comment = g_string_new(NULL),
        .block = g_byte_array_new(),
        .failed = config->failed,
        .data = config->data,
    };
    pcap_write_header(pcap, config->comment);
    return pcap;
}

/* Comments after the last packet are stored in the interface's statistics. */
static void pcap_write_last_comment(UsbPcap *pcap)
{
    int64_t time = clock_now(pcap->clock) + pcap->epoch;

    if (pcap->broken || pcap->comment->len == 0) {
        return;
    }
    block_begin(pcap->block, BLOCK_STATISTICS);
    block_u32(pcap->block, 0);
    block_u32(pcap->block, (uint32_t)((uint64_t)time >> 32));
    block_u32(pcap->block, (uint32_t)time);
    block_option(pcap->block, OPTION_COMMENT, pcap->comment->str);
    block_end(pcap->block, 0);
    pcap_write_block(pcap);
}

bool usb_pcap_close(UsbPcap *pcap)
{
    bool good;

    pcap_write_last_comment(pcap);
    if (close(pcap->fd) < 0 && !pcap->broken) {
        pcap_fail(pcap);
    }
    good = !pcap->broken;
    g_string_free(pcap->comment, TRUE);
    g_byte_array_unref(pcap->block);
    g_free(pcap->path);
    g_free(pcap);
    return good;
}

UsbMonitor *usb_pcap_monitor(UsbPcap *pcap)
{
    return &pcap->monitor;
}

Trace *usb_pcap_trace(UsbPcap *pcap)
{
    return &pcap->trace.base;
}
