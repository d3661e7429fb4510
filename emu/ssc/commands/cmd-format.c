/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cartridge made anew: partitions by MODE SELECT of page 11h, or by FORMAT MEDIUM as that page
 * says; a smaller tape by SET CAPACITY. Its last partitions alone: by pages 32h and 33h of AIT
 * drives.
 */
#include "emu/ssc/commands/cmd-format.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

/* Medium partition page (SSC-3 § 8.3.4), offsets as in the standard; AIT's pages where they differ.
 */
enum {
    INDICATED_PARTITION = 2, /* of page 33h */
    ADDITIONAL_PARTITIONS = 3,
    FLAGS = 4,
    UNITS = 6,
    SIZES = 8,
};

#define IDP       0x20
#define REMAINDER 0xffff /* the partition that gets what the others leave */

/* Bytes that one unit of a partition size stands for (PSUM, PARTITION UNITS). */
static uint64_t unit_of(const uint8_t *page)
{
    static const uint64_t fixed[] = { 1, 1000, 1000000 };
    unsigned psum = page[FLAGS] >> 3 & 0x03;
    uint64_t unit = 1;

    if (psum < G_N_ELEMENTS(fixed)) {
        return fixed[psum];
    }
    for (unsigned i = 0; i < (page[UNITS] & 0x0fu); i++) {
        unit *= 10;
    }
    return unit;
}

/* All partitions together; G_MAXUINT64 if there is no limit. */
static uint64_t whole_capacity(TapeMedium *medium)
{
    MediumInfo info;

    medium_info(medium, &info);
    return info.geometry.capacity ? info.geometry.capacity : G_MAXUINT64;
}

static bool divide_evenly(uint64_t whole, unsigned count, uint64_t *capacities)
{
    for (unsigned i = 0; i < count; i++) {
        capacities[i] = whole == G_MAXUINT64 ? whole : whole / count;
    }
    return capacities[0] > 0;
}

/* False: the sizes are more than the cartridge holds, or leave nothing for one of them. */
static bool divide_by_sizes(const uint8_t *page, uint64_t whole, unsigned count,
                            uint64_t *capacities)
{
    uint64_t unit = unit_of(page), left = whole;
    unsigned rest = count;

    for (unsigned i = 0; i < count; i++) {
        uint64_t size = get_be16(page + SIZES + 2 * i);

        if ((size == REMAINDER || (size == 0 && count == 1)) && rest == count) {
            rest = i;
            continue;
        }
        /* up to 2^16 * 10^15, which is more than 64 bits hold */
        if (size == 0 || size > left / unit) {
            return false;
        }
        capacities[i] = size * unit;
        left -= whole == G_MAXUINT64 ? 0 : capacities[i];
    }
    if (rest < count) {
        capacities[rest] = left;
    }
    return left > 0 || rest == count;
}

/* Only from the very beginning of the tape (SSC-3 § 7.1). */
static bool at_beginning(TapeMedium *medium)
{
    MediumPosition position;

    medium_position(medium, &position);
    return position.partition == 0 && position.bop;
}

/* Names the culprit of an impossible layout: the page in the parameter list, or FORMAT. */
#define NO_LIST (-1)

static Outcome refuse(int at, unsigned field)
{
    return at == NO_LIST ? ssc_illegal_field(2, 3)
                         : ssc_illegal_parameter((unsigned)at + field, -1);
}

/* True if it may be written. MODE SELECT passes no gate that checks this. */
static Outcome check_writable(SscDrive *drive)
{
    MediumInfo info;

    medium_info(drive->cartridge.medium, &info);
    if (info.write_protected) {
        ssc_counters_alert(&drive->counters, ALERT_WRITE_PROTECT);
        return ssc_check(SENSE_WRITE_PROTECTED);
    }
    return drive->cartridge.format == FORMAT_READ_ONLY ? ssc_check(SENSE_READ_ONLY_FORMAT)
                                                       : ssc_good();
}

/* All data is lost, also in the buffer. */
static MediumResult make_anew(SscDrive *drive, unsigned count, const uint64_t *capacities)
{
    MediumResult result = medium_format_partitions(drive->cartridge.medium, count, capacities);

    if (result == MEDIUM_OK) {
        ssc_buffer_clear(&drive->buffer);
    }
    drive->cartridge.dirty = true;
    return result;
}

static bool is_refused(MediumResult result)
{
    return result == MEDIUM_INVALID || result == MEDIUM_UNSUPPORTED;
}

/* `page`: NULL makes one partition. `at`: where in the parameter list it is; NO_LIST. */
static Outcome partition(SscCommand *c, const uint8_t *page, int at)
{
    SscDrive *drive = c->drive;
    unsigned count = page ? 1u + page[ADDITIONAL_PARTITIONS] : 1;
    uint64_t capacities[MEDIUM_PARTITIONS_MAX];

    if (!at_beginning(drive->cartridge.medium)) {
        return ssc_check(SENSE_POSITION_PAST_BEGINNING);
    }
    uint64_t whole = whole_capacity(drive->cartridge.medium);
    bool fits = page && (page[FLAGS] & IDP) ? divide_by_sizes(page, whole, count, capacities)
                                            : divide_evenly(whole, count, capacities);
    if (!fits) {
        return refuse(at, SIZES);
    }
    MediumResult result = make_anew(drive, count, capacities);
    return is_refused(result) ? refuse(at, ADDITIONAL_PARTITIONS)
                              : ssc_of_medium(c, result, ACT_OTHER, 0);
}

Outcome ssc_partition(SscCommand *c, const uint8_t *page, unsigned at)
{
    Outcome outcome = ssc_check_ready(c->drive);

    if (ssc_outcome_is_good(&outcome)) {
        outcome = check_writable(c->drive);
    }
    return ssc_outcome_is_good(&outcome) ? partition(c, page, (int)at) : outcome;
}

/* The partitions as they are; a cartridge has room for `capacities`. Returns how many. */
static unsigned read_partitions(TapeMedium *medium, MediumPartition *partitions,
                                uint64_t *capacities)
{
    MediumInfo info;

    medium_info(medium, &info);
    for (unsigned i = 0; i < info.geometry.partitions; i++) {
        medium_partition(medium, i, &partitions[i]);
        capacities[i] = partitions[i].capacity;
    }
    return info.geometry.partitions;
}

/* Both pages need a loaded, writable cartridge in AIT format. */
static Outcome check_divisible(SscCommand *c, unsigned at)
{
    Outcome ready = ssc_check_ready(c->drive);

    if (!ssc_outcome_is_good(&ready)) {
        return ready;
    }
    if (!ssc_mode_native(c->drive)) {
        return ssc_illegal_parameter(at, 5); /* such pages are for AIT's own format */
    }
    return check_writable(c->drive);
}

/* The tape is divided anew, as the page at `at` wants; the head goes to the beginning of `to`. */
static Outcome redivide(SscCommand *c, unsigned count, const uint64_t *capacities, uint32_t to,
                        unsigned at)
{
    TapeMedium *medium = c->drive->cartridge.medium;
    MediumResult result = medium_redivide(medium, count, capacities);

    c->drive->cartridge.dirty = true;
    if (result == MEDIUM_OK) {
        ssc_buffer_clear(&c->drive->buffer);
        result = medium_locate(medium, to, MEDIUM_LOCATE_OBJECT, 0);
    }
    return is_refused(result) ? ssc_illegal_parameter(at, 5)
                              : ssc_of_medium(c, result, ACT_OTHER, 0);
}

/*
 * The last partition ends where its data do, rounded up to the unit of the page; a new one takes
 * the rest of the tape, which must be as much as the page wants at least.
 */
Outcome ssc_append_partition(SscCommand *c, const uint8_t *page, unsigned at)
{
    MediumPartition partitions[MEDIUM_PARTITIONS_MAX];
    uint64_t capacities[MEDIUM_PARTITIONS_MAX], unit = ssc_mode_partition_unit(c->drive);
    Outcome outcome = check_divisible(c, at);
    MediumPosition position;

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    unsigned count = read_partitions(c->drive->cartridge.medium, partitions, capacities),
             last = count - 1;
    medium_position(c->drive->cartridge.medium, &position);
    if (position.partition != last) {
        return ssc_check(SENSE_NOT_LAST_PARTITION);
    }
    uint64_t whole = capacities[last];
    uint64_t kept = MAX(1, (partitions[last].used + unit - 1) / unit) * unit;
    if (count == MEDIUM_PARTITIONS_MAX || kept >= whole ||
        get_be16(page + SIZES) * unit > whole - kept) {
        return ssc_illegal_parameter(at + SIZES, -1);
    }
    capacities[last] = kept;
    capacities[count] = whole == G_MAXUINT64 ? whole : whole - kept;
    return redivide(c, count + 1, capacities, count, at);
}

/* Those above the one that the page names go; that one takes their room. */
Outcome ssc_delete_partitions(SscCommand *c, const uint8_t *page, unsigned at)
{
    MediumPartition partitions[MEDIUM_PARTITIONS_MAX];
    uint64_t capacities[MEDIUM_PARTITIONS_MAX];
    unsigned last = page[INDICATED_PARTITION];
    Outcome outcome = check_divisible(c, at);
    MediumPosition position;

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    unsigned count = read_partitions(c->drive->cartridge.medium, partitions, capacities);
    medium_position(c->drive->cartridge.medium, &position);
    if (last + 1 >= count || position.partition > last) {
        return ssc_illegal_parameter(at + INDICATED_PARTITION, -1);
    }
    for (unsigned i = last + 1; i < count; i++) {
        bool endless = capacities[i] > G_MAXUINT64 - capacities[last];

        capacities[last] = endless ? G_MAXUINT64 : capacities[last] + capacities[i];
    }
    return redivide(c, last + 1, capacities, position.partition, at);
}

static Outcome end_format(SscCommand *c, Outcome outcome)
{
    bool immed = c->cdb[1] & 0x01;

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    ssc_mode_formatted(c->drive);
    return immed ? ssc_report_before_sync(c, outcome) : ssc_report_when_synced(c, outcome);
}

/*
 * SSC-3 § 7.1: FORMAT 0 makes one partition, 1 and 2 divide as the medium partition page says. With
 * VERIFY or without, what the medium answers is what it has become.
 */
Outcome ssc_format_medium(SscCommand *c)
{
    uint8_t page[SSC_MODE_PAGE_SIZE];
    unsigned format = c->cdb[2] & 0x0f;

    if (format > 2 || (format != 0 && !ssc_mode_page(c->drive->model, &c->drive->mode,
                                                     SSC_PAGE_PARTITIONS, page))) {
        return ssc_illegal_field(2, 3);
    }
    /* The page may be from another format's time. */
    if (format != 0 && ssc_mode_wrong_partitions(c->drive->model, &c->drive->mode) != 0) {
        return ssc_illegal_field(2, 3);
    }
    return end_format(c, partition(c, format == 0 ? NULL : page, NO_LIST));
}

/*
 * SSC-3 § 7.13: the proportion of the tape that is to be used, in 65535ths; one partition, empty.
 * What the cartridge holds in all does not change: FFFFh gives it all back.
 */
Outcome ssc_set_capacity(SscCommand *c)
{
    uint64_t proportion = get_be16(c->cdb + 3), whole = whole_capacity(c->drive->cartridge.medium);
    uint64_t capacity = whole / 0xffff * proportion + whole % 0xffff * proportion / 0xffff;

    if (!at_beginning(c->drive->cartridge.medium)) {
        return ssc_check(SENSE_POSITION_PAST_BEGINNING);
    }
    if (proportion == 0xffff) {
        capacity = whole;
    } else if (capacity == 0 || whole == G_MAXUINT64) { /* a tape without end has no halves */
        return ssc_illegal_field(3, -1);
    }
    MediumResult result = make_anew(c->drive, 1, &capacity);
    return is_refused(result) ? ssc_illegal_field(3, -1)
                              : end_format(c, ssc_of_medium(c, result, ACT_OTHER, 0));
}
