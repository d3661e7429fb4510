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

static void put_parameter(LogWriter *log, unsigned code, unsigned length, uint64_t value)
{
    uint8_t bytes[8];

    log->last = (uint16_t)code;
    if (code < log->pointer) {
        return;
    }
    put_be64(bytes, value);
    byte_writer_be16(&log->c->reply, (uint16_t)code);
    byte_writer_u8(&log->c->reply, DS);
    byte_writer_u8(&log->c->reply, (uint8_t)length);
    byte_writer_put(&log->c->reply, bytes + 8 - length, length);
}

/* Sequential-access device (SSC-3 § 8.2.2). Nothing is added or lost on the way to the tape: both
 * counts of a direction are the same. */
static void put_sequential_access(LogWriter *log)
{
    const SscDrive *drive = log->c->drive;

    put_parameter(log, 0, 8, drive->bytes_written);
    put_parameter(log, 1, 8, drive->bytes_written);
    put_parameter(log, 2, 8, drive->bytes_read);
    put_parameter(log, 3, 8, drive->bytes_read);
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

static const struct {
    uint8_t code;
    const char *name;
    void (*put)(LogWriter *log);
    void (*delivered)(SscDrive *drive);
} pages[] = {
    { 0x0c, "Sequential-access device", put_sequential_access, NULL },
    { 0x2e, "TapeAlert", put_tape_alert, take_tape_alerts },
    { 0x31, "Tape capacity", put_capacity, NULL },
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
