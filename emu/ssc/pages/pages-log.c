/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log pages (SPC-3 § 7.2, SSC-3 § 8.2): one row a page; the model says which it has. */
#include "emu/ssc/pages/pages-log.h"
#include "emu/ssc/cartridge-usage.h"
#include "emu/ssc/commands/cmd-attribute.h"
#include "emu/ssc/pages/pages.h"

/* ---- the standard's pages ---- */

/*
 * Error counters (SPC-3 § 7.2.4, 7.2.7). Nothing is ever corrected or retried: there are bytes, and
 * errors that were reported.
 */
static void put_errors(SscLogVisit *visit, uint64_t bytes, uint64_t errors)
{
    ssc_log_never(visit, 0, 4, 4);
    ssc_log_counter(visit, 5, 8, bytes);
    ssc_log_counter(visit, 6, 4, errors);
}

static void put_write_errors(SscLogVisit *visit)
{
    put_errors(visit, visit->drive->counters.tape_written, visit->drive->counters.write_errors);
}

static void put_read_errors(SscLogVisit *visit)
{
    put_errors(visit, visit->drive->counters.tape_read, visit->drive->counters.read_errors);
}

/* Temperature (SPC-3 § 7.2.13), of the drive and the highest that it bears: it has none. */
static void put_temperature(SscLogVisit *visit)
{
    static const uint8_t unknown[] = { 0, 0xff };

    ssc_log_bytes(visit, 0, LOG_DS | LOG_BINARY_LIST, unknown, sizeof unknown);
    ssc_log_bytes(visit, 1, LOG_DS | LOG_BINARY_LIST, unknown, sizeof unknown);
}

/* Sequential-access device (SSC-3 § 8.2.2): bytes of user data, and bytes on the tape. */
static void put_sequential_access(SscLogVisit *visit)
{
    const SscDrive *drive = visit->drive;

    ssc_log_counter(visit, 0, 8, drive->counters.bytes_written);
    ssc_log_counter(visit, 1, 8, drive->counters.tape_written);
    ssc_log_counter(visit, 2, 8, drive->counters.tape_read);
    ssc_log_counter(visit, 3, 8, drive->counters.bytes_read);
}

/* Self-test results (SPC-3 § 7.2.10): twenty, the last first, those that never were all zero. */
static void put_self_tests(SscLogVisit *visit)
{
    const SscDrive *drive = visit->drive;

    for (unsigned i = 0; i < SSC_SELF_TESTS; i++) {
        const SscSelfTest *test = &drive->diagnostics.tests[i];
        uint8_t bytes[16] = { 0 };

        if (i < drive->diagnostics.n_tests) {
            bytes[0] = (uint8_t)(test->code << 5); /* result 0: without error */
            put_be16(bytes + 2, test->hours);
            memset(bytes + 4, 0xff, 8); /* no failure */
        }
        ssc_log_bytes(visit, i + 1, LOG_DS | LOG_BINARY_LIST, bytes, sizeof bytes);
    }
}

/*
 * Volume statistics (SSC-4 § 8.2.9): what the cartridge has been through, in megabytes on the tape.
 * Other formats than ours keep none of it: the page is then not valid.
 */
static void put_volume_statistics(SscLogVisit *visit)
{
    MediumUsage life = { 0 };

    if (visit->drive->cartridge.loaded) {
        life = ssc_medium_usage(visit->drive);
    }
    ssc_log_value(visit, 0x00, 1, life.loads > 0);
    ssc_log_total(visit, 0x01, 4, life.loads);
    ssc_log_total(visit, 0x10, 4, life.stored_written / 1000000);
    ssc_log_total(visit, 0x11, 4, life.stored_read / 1000000);
}

/* TapeAlert (SSC-3 § 8.2.3): 64 flags, of which the drive raises those of SSC_ALERTS. */
static void put_tape_alert(SscLogVisit *visit)
{
    for (unsigned flag = 1; flag <= 64; flag++) {
        ssc_log_value(visit, flag, 1, visit->drive->counters.alerts >> (flag - 1) & 1);
    }
}

/* Reading takes them, and so does LOG SELECT with PCR. */
static void take_tape_alerts(SscDrive *drive)
{
    ssc_counters_clear_alerts(&drive->counters);
}

/* Of a partition, in units; zero if there is none such, or no cartridge. */
typedef struct Capacity {
    uint32_t left, whole;
} Capacity;

static Capacity capacity_of(SscDrive *drive, unsigned number, unsigned shift)
{
    MediumPartition partition = { 0 };
    MediumInfo info;

    if (!drive->cartridge.loaded) {
        return (Capacity){ 0 };
    }
    medium_info(drive->cartridge.medium, &info);
    if (number >= info.geometry.partitions) {
        return (Capacity){ 0 };
    }
    medium_partition(drive->cartridge.medium, number, &partition);
    uint64_t whole = ssc_zones_capacity(drive, partition.capacity);
    uint64_t left = whole - MIN(partition.used, whole);
    return (Capacity){ (uint32_t)MIN(left >> shift, G_MAXUINT32),
                       (uint32_t)MIN(whole >> shift, G_MAXUINT32) };
}

/* Remaining and maximum, of two partitions at a time. */
void ssc_log_capacities(SscLogVisit *visit, unsigned partitions, uint8_t control, unsigned shift)
{
    for (unsigned i = 0; i < partitions; i += 2) {
        Capacity one = capacity_of(visit->drive, i, shift);
        Capacity other = capacity_of(visit->drive, i + 1, shift);

        ssc_log_number(visit, LOG_VALUE, 2 * i + 1, control, 4, one.left);
        ssc_log_number(visit, LOG_VALUE, 2 * i + 2, control, 4, other.left);
        ssc_log_number(visit, LOG_VALUE, 2 * i + 3, control, 4, one.whole);
        ssc_log_number(visit, LOG_VALUE, 2 * i + 4, control, 4, other.whole);
    }
}

/* Tape capacity, as LTO drives report it: the first two partitions, in mebibytes. */
static void put_capacity(SscLogVisit *visit)
{
    ssc_log_capacities(visit, 2, LOG_DS, 20);
}

/* ---- the table ---- */

static const SscLogPage pages[] = {
    { 0x02, "Write error counters", put_write_errors, OF_STANDARD },
    { 0x02, "Write error counters", ssc_log_ait_write_groups, OF_AIT },
    { 0x03, "Read error counters", put_read_errors, OF_STANDARD },
    { 0x03, "Read error counters", ssc_log_ait_read_groups, OF_AIT },
    { 0x0c, "Sequential-access device", put_sequential_access },
    { 0x0d, "Temperature", put_temperature },
    { 0x10, "Self-test results", put_self_tests },
    { 0x17, "Volume statistics", put_volume_statistics },
    { 0x2e, "TapeAlert", put_tape_alert, .delivered = take_tape_alerts, .reset = take_tape_alerts },
    { 0x30, "Tape log", ssc_log_ait_tape, .in_chip = true },
    { 0x31, "Tape capacity", put_capacity, OF_STANDARD },
    { 0x31, "Tape capacity", ssc_log_ait_capacity, OF_AIT },
    { 0x33, "Drive usage", ssc_log_ait_usage },
    { 0x34, "Write frame error counters", ssc_log_ait_write_frames, .each_load = true },
    { 0x35, "Read frame error counters", ssc_log_ait_read_frames, .each_load = true },
    { 0x39, "Data compression transfer", ssc_log_ait_compression },
    { 0x3d, "MIC fixed length information", ssc_log_ait_mic, .in_chip = true },
    { SSC_LOG_NOTES, "MIC variable length information", ssc_log_ait_note, .in_chip = true },
};

/* Page 00h is in no model's list, and in each. */
static bool model_has(const SscModel *model, uint8_t code)
{
    return code != 0 && model->log_pages && strchr((const char *)model->log_pages, code) != NULL;
}

const SscLogPage *ssc_log_find_page(const SscModel *model, uint8_t code)
{
    SscLogMaker maker = model->mic ? OF_AIT : OF_STANDARD;

    for (unsigned i = 0; i < G_N_ELEMENTS(pages) && model_has(model, code); i++) {
        if (pages[i].code == code && (pages[i].maker == OF_ANY || pages[i].maker == maker)) {
            return &pages[i];
        }
    }
    return NULL;
}

const char *ssc_log_page_name(const SscModel *model, uint8_t code, uint8_t subpage)
{
    const SscLogPage *page = ssc_log_find_page(model, code);

    if (code == 0x00 && subpage == SSC_LOG_SUBPAGE_LIST && model->log_subpages) {
        return "Supported log pages and subpages";
    }
    if (subpage != 0) {
        return NULL;
    }
    return code == 0x00 ? "Supported log pages" : page ? page->name : NULL;
}
