/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log pages of AIT drives, as the makers' manuals have them. */
#include "emu/ssc/cartridge-usage.h"
#include "emu/ssc/commands/cmd-attribute.h"
#include "emu/ssc/pages/pages-log.h"

/* What of the tape one turn of the drum writes or reads is not sourced: a round number. */
#define FRAME 65536u

static uint64_t frames(uint64_t bytes)
{
    return bytes / FRAME + (bytes % FRAME != 0);
}

/* Error counters (SDX-700C manual § 6.6.4). A group is not sourced: it is a frame, as below. */
static void put_groups(SscLogVisit *visit, uint64_t bytes, uint64_t errors)
{
    ssc_log_counter(visit, 0x03, 2, 0);
    ssc_log_counter(visit, 0x04, 4, 0);
    ssc_log_counter(visit, 0x05, 4, frames(bytes));
    ssc_log_counter(visit, 0x06, 2, errors);
}

void ssc_log_ait_write_groups(SscLogVisit *visit)
{
    put_groups(visit, visit->drive->counters.tape_written, visit->drive->counters.write_errors);
}

void ssc_log_ait_read_groups(SscLogVisit *visit)
{
    put_groups(visit, visit->drive->counters.tape_read, visit->drive->counters.read_errors);
}

/*
 * Tape capacity (SDX-450V manual § 6.6.7), in kilobytes, taken for 1024 bytes: two partitions in
 * DDS emulation, 64 in native format. Later drives report no other for a native cartridge.
 */
void ssc_log_ait_capacity(SscLogVisit *visit)
{
    ssc_log_capacities(visit, ssc_mode_native(visit->drive) ? 64 : 2,
                       LOG_DS | LOG_TSD | LOG_TMC_ALWAYS, 10);
}

static uint64_t minutes(int64_t microseconds)
{
    return (uint64_t)microseconds / 60000000;
}

/*
 * Drive usage (SDX-900V manual § 6.6.9): since the drive was made, which is when the program began.
 * The drum turns while a cartridge is threaded. No mechanism errors, and no EEPROM.
 */
void ssc_log_ait_usage(SscLogVisit *visit)
{
    const SscDrive *drive = visit->drive;
    int64_t now = clock_now(drive->clock);
    int64_t turned = drive->counters.drum_time +
                     (drive->cartridge.loaded ? now - drive->counters.drum_since : 0);

    ssc_log_total(visit, 0x01, 4, minutes(now - drive->counters.made));
    ssc_log_total(visit, 0x02, 4, minutes(turned));
    ssc_log_total(visit, 0x03, 4, minutes(now - drive->counters.made)); /* the fan */
    ssc_log_reserved(visit, 0x04, 0x04, 4);
    ssc_log_total(visit, 0x05, 4, drive->counters.loads);
    ssc_log_total(visit, 0x06, 4, drive->counters.loads); /* each load threads the tape */
    ssc_log_reserved(visit, 0x07, 0x07, 4);
    ssc_log_reserved(visit, 0x08, 0x08, 8);
    ssc_log_total(visit, 0x09, 4, g_ascii_strtoull(drive->serial, NULL, 10));
    ssc_log_total(visit, 0x0a, 4, drive->counters.motions);
    ssc_log_total(visit, 0x0b, 4,
                  minutes(turned - drive->counters.drum_cleaned)); /* since cleaning */
    ssc_log_reserved(visit, 0x0c, 0x10, 4);
    ssc_log_reserved(visit, 0x11, 0x20, 24);
}

/* Data written and read by a load, or by all loads. Retries never happen. */
static void put_loads(SscLogVisit *visit, unsigned code, unsigned length, const SscMoved *moved)
{
    unsigned retries = length - 1;

    ssc_log_total(visit, code, length, frames(moved->written));
    ssc_log_total(visit, code + 1, retries, 0);
    ssc_log_total(visit, code + 2, length, frames(moved->read));
    ssc_log_total(visit, code + 3, retries, 0);
}

/*
 * Tape log (SDX-700C manual, table 6-21): groups that this load, the one before and all of them
 * wrote and read, and how many there were.
 */
void ssc_log_ait_tape(SscLogVisit *visit)
{
    MediumUsage life = ssc_medium_usage(visit->drive);
    SscMoved now, before, all = { life.stored_written, life.stored_read };

    ssc_usage_loads(visit->drive, &now, &before);
    put_loads(visit, 0x01, 3, &now);
    put_loads(visit, 0x05, 3, &before);
    put_loads(visit, 0x09, 4, &all);
    ssc_log_total(visit, 0x0d, 2, life.loads);
}

/*
 * Frame errors (§ 6.6.10) of this load: frames; no errors, no retries. Later models report more
 * about the same.
 */
static void put_frames(SscLogVisit *visit, uint64_t bytes)
{
    ssc_log_counter(visit, 0x01, 4, frames(bytes));
    ssc_log_never(visit, 0x02, visit->drive->model->log_frame_parameters, 4);
}

void ssc_log_ait_write_frames(SscLogVisit *visit)
{
    put_frames(visit, visit->drive->counters.tape_written);
}

void ssc_log_ait_read_frames(SscLogVisit *visit)
{
    put_frames(visit, visit->drive->counters.tape_read);
}

/*
 * Data compression transfer (§ 6.6.11). An entity is what is compressed as a whole: here a record.
 */
void ssc_log_ait_compression(SscLogVisit *visit)
{
    const SscDrive *drive = visit->drive;
    uint32_t unit = drive->model->log_compression_unit;

    ssc_log_counter(visit, 0x01, 4, drive->counters.records_written);
    ssc_log_counter(visit, 0x02, 4, drive->counters.records_read);
    ssc_log_counter(visit, 0x03, 4, drive->counters.records_written);
    ssc_log_counter(visit, 0x04, 4, drive->counters.records_read);
    ssc_log_counter(visit, 0x05, 4, drive->counters.bytes_written / unit);
    ssc_log_counter(visit, 0x06, 4, drive->counters.bytes_read / unit);
    ssc_log_counter(visit, 0x07, 4, drive->counters.tape_written / unit);
    ssc_log_counter(visit, 0x08, 4, drive->counters.tape_read / unit);
    ssc_log_never(visit, 0x09, 0x0b, 4);
}

/* ---- AIT: the cartridge's chip ---- */

/* A note that the host left: on the volume (0), or on partition n - 1. */
static GBytes *read_note(SscDrive *drive, unsigned note)
{
    MediumAttribute attribute;
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    if (note > info.geometry.partitions ||
        medium_get_attribute(drive->cartridge.medium, note ? note - 1 : 0,
                             note ? SSC_ATTRIBUTE_PARTITION_NOTE : SSC_ATTRIBUTE_VOLUME_NOTE,
                             &attribute) != MEDIUM_OK) {
        return NULL;
    }
    if (g_bytes_get_size(attribute.value) > drive->model->memory_size) { /* no chip has this */
        g_bytes_unref(attribute.value);
        return NULL;
    }
    return attribute.value;
}

static uint32_t note_size(SscDrive *drive, unsigned note)
{
    g_autoptr(GBytes) bytes = read_note(drive, note);

    return bytes ? (uint32_t)g_bytes_get_size(bytes) : 0;
}

/* As many notes as the cartridge's format knows: one on the volume, one on each partition. */
static unsigned notes(SscDrive *drive)
{
    const SscMicPage *mic = drive->model->mic;

    return 1 + (ssc_mode_native(drive) ? mic->native_notes : mic->notes);
}

static void put_word(SscLogVisit *visit, unsigned code, uint64_t value)
{
    ssc_log_value(visit, code, visit->drive->model->mic->word, value);
}

/* The cassette's serial number, if the maker wrote one. */
static void put_cassette(SscLogVisit *visit, unsigned length)
{
    uint8_t bytes[36] = { 0 };
    MediumAttribute attribute;

    memset(bytes, ' ', 32);
    if (medium_get_attribute(visit->drive->cartridge.medium, 0, SSC_ATTRIBUTE_MEDIUM_SERIAL,
                             &attribute) == MEDIUM_OK) {
        gsize size;
        const uint8_t *text = g_bytes_get_data(attribute.value, &size);

        memcpy(bytes, text, MIN(size, 32));
        g_bytes_unref(attribute.value);
    }
    ssc_log_bytes(visit, 0x06, LOG_DS, bytes, length);
}

/* Bit n, from the first: partition n has a note. */
static void put_note_map(SscLogVisit *visit)
{
    uint8_t map[32] = { 0 };

    for (unsigned i = 0; i + 1 < notes(visit->drive); i++) {
        map[i / 8] |= (uint8_t)(note_size(visit->drive, i + 1) ? 0x80 >> i % 8 : 0);
    }
    ssc_log_bytes(visit, 0x14, LOG_DS, map, sizeof map);
}

/*
 * MIC fixed length information (SDX-700C manual § 6.6.13; SDX-1100V's where they differ). The
 * lengths are sourced; what the format type, the system log and the volume information hold is not,
 * and is zero.
 */
void ssc_log_ait_mic(SscLogVisit *visit)
{
    SscDrive *drive = visit->drive;
    const SscMicPage *mic = drive->model->mic;
    unsigned configuration = ssc_mode_ait_format(drive);

    put_word(visit, 0x01, 0);
    put_word(visit, 0x02, (uint64_t)configuration << (mic->word == 4 ? 16 : 0));
    put_word(visit, 0x03, ssc_memory_left(drive));
    put_word(visit, 0x04, note_size(drive, 0));
    ssc_log_reserved(visit, 0x05, 0x05, 8);
    put_cassette(visit, mic->serial);
    ssc_log_reserved(visit, 0x07, 0x13, mic->serial);
    put_note_map(visit);
    ssc_log_reserved(visit, 0x15, 0x15, mic->system_log);
    ssc_log_reserved(visit, 0x16, 0x16, mic->volume);
    ssc_log_reserved(visit, 0x17, 0x17, mic->element);
    for (unsigned i = 1; i < notes(drive); i++) {
        put_word(visit, 0x17 + i, note_size(drive, i));
    }
}

/*
 * MIC variable length information (§ 6.6.14): the first note from the pointer on, and that alone,
 * in a form of its own.
 */
void ssc_log_ait_note(SscLogVisit *visit)
{
    for (unsigned i = MAX(visit->pointer, 1) - 1; i < notes(visit->drive); i++) {
        g_autoptr(GBytes) note = read_note(visit->drive, i);
        gsize length;

        if (!note) {
            continue;
        }
        const uint8_t *bytes = g_bytes_get_data(note, &length);
        byte_writer_be16(visit->reply, (uint16_t)(i + 1));
        byte_writer_u8(visit->reply, LOG_DS | visit->drive->model->mic->note_control);
        byte_writer_u8(visit->reply, 0);
        byte_writer_be16(visit->reply, (uint16_t)length);
        byte_writer_put(visit->reply, bytes, length);
        visit->last = (int)i + 1;
        return;
    }
}

#define NOTE_HEADER 6u

/* Notes lie one behind the other: one that others lie behind keeps its size (SDX-470V § 7.5). */
static bool note_fits(SscDrive *drive, unsigned note, size_t length)
{
    uint32_t old = note_size(drive, note);

    for (unsigned i = note + 1; i < notes(drive) && length != old; i++) {
        if (note_size(drive, i) != 0) {
            return false;
        }
    }
    return ssc_memory_fits(drive, old, length);
}

/* One note: what is wrong with it, or it is written. None of it takes its place. */
Outcome ssc_log_ait_write_note(SscCommand *c, const uint8_t *list, size_t at, size_t length,
                               bool apply)
{
    SscDrive *drive = c->drive;
    MediumInfo info;

    if (length < NOTE_HEADER || get_be16(list + at + 4) != length - NOTE_HEADER) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    unsigned note = get_be16(list + at) - 1u;
    medium_info(drive->cartridge.medium, &info);
    if (note >= notes(drive) || note > info.geometry.partitions) {
        return ssc_illegal_parameter((unsigned)at, -1);
    }
    if (!note_fits(drive, note, length - NOTE_HEADER)) {
        return ssc_illegal_parameter((unsigned)at + 4, -1);
    }
    if (!apply) {
        return ssc_good();
    }
    g_autoptr(GBytes) value = g_bytes_new(list + at + NOTE_HEADER, length - NOTE_HEADER);
    const MediumAttribute attribute = {
        .id = note ? SSC_ATTRIBUTE_PARTITION_NOTE : SSC_ATTRIBUTE_VOLUME_NOTE,
        .read_only = true, /* for WRITE ATTRIBUTE */
        .value = value,
    };
    bool nothing = length == NOTE_HEADER && note_size(drive, note) == 0;
    MediumResult result =
        nothing ? MEDIUM_OK
                : medium_set_attribute(drive->cartridge.medium, note ? note - 1 : 0, &attribute);

    drive->cartridge.dirty = true;
    return ssc_report_when_synced(c, ssc_of_medium(c, result, ACT_OTHER, 0));
}
