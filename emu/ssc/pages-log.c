/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log pages (SPC-3 § 7.2, SSC-3 § 8.2): one row a page; the model says which it has. */
#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages.h"

/* Control byte: the parameter is kept in no saved place (DS). */
#define DS 0x40

typedef struct LogWriter {
    SscCommand *c;
    uint16_t pointer; /* parameters below are left out */
    uint16_t last;    /* code of the last parameter that the page has */
} LogWriter;

static void put_bytes(LogWriter *log, unsigned code, uint8_t control, const uint8_t *bytes,
                      unsigned length)
{
    log->last = (uint16_t)code;
    if (code < log->pointer) {
        return;
    }
    byte_writer_be16(&log->c->reply, (uint16_t)code);
    byte_writer_u8(&log->c->reply, control);
    byte_writer_u8(&log->c->reply, (uint8_t)length);
    byte_writer_put(&log->c->reply, bytes, length);
}

static void put_parameter(LogWriter *log, unsigned code, unsigned length, uint64_t value)
{
    uint8_t bytes[8];

    put_be64(bytes, value);
    put_bytes(log, code, DS, bytes + 8 - length, length);
}

/* Sequential-access device (SSC-3 § 8.2.2): what the host moved, what it takes on the tape. */
static void put_sequential_access(LogWriter *log)
{
    const SscDrive *drive = log->c->drive;

    put_parameter(log, 0, 8, drive->bytes_written);
    put_parameter(log, 1, 8, drive->tape_written);
    put_parameter(log, 2, 8, drive->tape_read);
    put_parameter(log, 3, 8, drive->bytes_read);
}

/* Self-test results (SPC-3 § 7.2.10): twenty, the last first, those that never were all zero. */
static void put_self_tests(LogWriter *log)
{
    const SscDrive *drive = log->c->drive;

    for (unsigned i = 0; i < SSC_SELF_TESTS; i++) {
        const SscSelfTest *test = &drive->self_tests[i];
        uint8_t bytes[16] = { 0 };

        if (i < drive->n_self_tests) {
            bytes[0] = (uint8_t)(test->code << 5); /* result 0: without error */
            put_be16(bytes + 2, test->hours);
            memset(bytes + 4, 0xff, 8); /* nothing failed anywhere */
        }
        put_bytes(log, i + 1, DS | 0x03 /* a binary list */, bytes, sizeof bytes);
    }
}

/* TapeAlert (SSC-3 § 8.2.3): 64 flags. */
static void put_tape_alert(LogWriter *log)
{
    for (unsigned flag = 1; flag <= 64; flag++) {
        put_parameter(log, flag, 1, log->c->drive->tape_alerts >> (flag - 1) & 1);
    }
}

/* Reading takes them. */
static void take_tape_alerts(SscDrive *drive)
{
    drive->tape_alerts = 0;
}

/* Mebibytes, in a field of 32 bits. */
static uint32_t in_mib(uint64_t bytes)
{
    return (uint32_t)MIN(bytes >> 20, G_MAXUINT32);
}

/* Tape capacity, as LTO drives report it: remaining and maximum of the first two partitions. */
static void put_capacity(LogWriter *log)
{
    SscDrive *drive = log->c->drive;
    MediumPartition partitions[2] = { { 0 } };
    MediumInfo info;

    if (drive->loaded) {
        medium_info(drive->medium, &info);
        for (unsigned i = 0; i < MIN(info.geometry.partitions, 2); i++) {
            medium_partition(drive->medium, i, &partitions[i]);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t capacity = ssc_zones_capacity(drive, partitions[i].capacity);
        uint64_t left = capacity - MIN(partitions[i].used, capacity);

        put_parameter(log, 1 + i, 4, in_mib(left));
    }
    for (unsigned i = 0; i < 2; i++) {
        put_parameter(log, 3 + i, 4, in_mib(ssc_zones_capacity(drive, partitions[i].capacity)));
    }
}

/* ---- the pages that the makers' manuals call their own ---- */

/* Parameters of one length that count nothing here. */
static void put_reserved(LogWriter *log, unsigned first, unsigned last, unsigned length)
{
    for (unsigned code = first; code <= last; code++) {
        log->last = (uint16_t)code;
        if (code >= log->pointer) {
            byte_writer_be16(&log->c->reply, (uint16_t)code);
            byte_writer_u8(&log->c->reply, DS);
            byte_writer_u8(&log->c->reply, (uint8_t)length);
            byte_writer_fill(&log->c->reply, 0, length);
        }
    }
}

static uint64_t minutes(int64_t microseconds)
{
    return (uint64_t)microseconds / 60000000;
}

/*
 * Drive usage (SDX-900V manual § 6.6.9): since the drive was made, which is when the program began.
 * The drum turns while a cartridge is threaded. No mechanism errors, and no EEPROM.
 */
static void put_usage(LogWriter *log)
{
    const SscDrive *drive = log->c->drive;
    int64_t now = clock_now(drive->clock);
    int64_t turned = drive->drum_time + (drive->loaded ? now - drive->drum_since : 0);

    put_parameter(log, 0x01, 4, minutes(now - drive->made));
    put_parameter(log, 0x02, 4, minutes(turned));
    put_parameter(log, 0x03, 4, minutes(now - drive->made)); /* the fan */
    put_reserved(log, 0x04, 0x04, 4);
    put_parameter(log, 0x05, 4, drive->load_count);
    put_parameter(log, 0x06, 4, drive->load_count); /* it threads what it loads */
    put_reserved(log, 0x07, 0x07, 4);
    put_reserved(log, 0x08, 0x08, 8);
    put_parameter(log, 0x09, 4, g_ascii_strtoull(drive->serial, NULL, 10));
    put_parameter(log, 0x0a, 4, drive->motion_count);
    put_parameter(log, 0x0b, 4, minutes(turned - drive->drum_cleaned)); /* since cleaning */
    put_reserved(log, 0x0c, 0x10, 4);
    put_reserved(log, 0x11, 0x20, 24);
}

/* What of the tape one turn of the drum writes or reads is not sourced: a round number. */
#define FRAME 65536u

/* Frame errors (§ 6.6.10): frames; no errors, no retries. Later models tell more about the same. */
static void put_frames(LogWriter *log, uint64_t bytes)
{
    put_parameter(log, 0x01, 4, (bytes + FRAME - 1) / FRAME);
    put_reserved(log, 0x02, log->c->drive->model->log_frame_parameters, 4);
}

static void put_write_frames(LogWriter *log)
{
    put_frames(log, log->c->drive->tape_written - log->c->drive->tape_written_before);
}

static void put_read_frames(LogWriter *log)
{
    put_frames(log, log->c->drive->tape_read - log->c->drive->tape_read_before);
}

/*
 * Data compression transfer (§ 6.6.11). An entity is what is compressed as a whole: here a record.
 */
static void put_compression(LogWriter *log)
{
    const SscDrive *drive = log->c->drive;
    uint32_t unit = drive->model->log_compression_unit;

    put_parameter(log, 0x01, 4, drive->records_written);
    put_parameter(log, 0x02, 4, drive->records_read);
    put_parameter(log, 0x03, 4, drive->records_written);
    put_parameter(log, 0x04, 4, drive->records_read);
    put_parameter(log, 0x05, 4, drive->bytes_written / unit);
    put_parameter(log, 0x06, 4, drive->bytes_read / unit);
    put_parameter(log, 0x07, 4, drive->tape_written / unit);
    put_parameter(log, 0x08, 4, drive->tape_read / unit);
    put_reserved(log, 0x09, 0x0b, 4);
}

static const struct {
    uint8_t code;
    const char *name;
    void (*put)(LogWriter *log);
    void (*delivered)(SscDrive *drive);
} pages[] = {
    { 0x0c, "Sequential-access device", put_sequential_access, NULL },
    { 0x10, "Self-test results", put_self_tests, NULL },
    { 0x2e, "TapeAlert", put_tape_alert, take_tape_alerts },
    { 0x31, "Tape capacity", put_capacity, NULL },
    { 0x33, "Drive usage", put_usage, NULL },
    { 0x34, "Write frame error counters", put_write_frames, NULL },
    { 0x35, "Read frame error counters", put_read_frames, NULL },
    { 0x39, "Data compression transfer", put_compression, NULL },
};

static void put_header(SscCommand *c, uint8_t code)
{
    byte_writer_u8(&c->reply, code);
    byte_writer_u8(&c->reply, 0);
    byte_writer_be16(&c->reply, 0);
}

static Outcome close_page(SscCommand *c)
{
    uint8_t length[2];

    put_be16(length, (uint16_t)(c->reply.length - 4));
    byte_writer_patch(&c->reply, 2, length, 2);
    return good();
}

static Outcome put_supported(SscCommand *c, uint16_t pointer)
{
    if (pointer != 0) {
        return illegal_field(5, -1);
    }
    put_header(c, 0x00);
    byte_writer_u8(&c->reply, 0x00);
    for (const uint8_t *code = c->drive->model->log_pages; code && *code; code++) {
        byte_writer_u8(&c->reply, *code);
    }
    return close_page(c);
}

static bool model_has(const SscModel *model, uint8_t code)
{
    return model->log_pages && strchr((const char *)model->log_pages, code) != NULL;
}

const char *ssc_log_page_name(const SscModel *model, uint8_t code)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code == code && model_has(model, code)) {
            return pages[i].name;
        }
    }
    return code == 0x00 ? "Supported log pages" : NULL;
}

Outcome ssc_log_page(SscCommand *c, uint8_t code, uint16_t pointer)
{
    LogWriter log = { .c = c, .pointer = pointer };

    if (code == 0x00) {
        return put_supported(c, pointer);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code != code || !model_has(c->drive->model, code)) {
            continue;
        }
        put_header(c, code);
        pages[i].put(&log);
        /* A pointer beyond the last parameter is an error (SPC-3 § 6.6). */
        return pointer > log.last ? illegal_field(5, -1) : close_page(c);
    }
    return illegal_field(2, 5);
}

void ssc_log_delivered(SscDrive *drive, uint8_t code)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
        if (pages[i].code == code && pages[i].delivered) {
            pages[i].delivered(drive);
        }
    }
}
