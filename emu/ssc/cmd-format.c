/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cartridge made anew: partitions by MODE SELECT of page 11h, or by FORMAT MEDIUM as that page
 * says; a smaller tape by SET CAPACITY.
 */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

/* Medium partition page (SSC-3 § 8.3.4), offsets as in the standard. */
enum {
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

/* Nothing of what was on it is left, not even in the buffer. */
static Outcome make_anew(SscCommand *c, unsigned count, const uint64_t *capacities)
{
    SscDrive *drive = c->drive;
    MediumResult result = medium_format_partitions(drive->medium, count, capacities);

    if (result == MEDIUM_OK) {
        ssc_buffer_clear(&drive->buffer);
    }
    drive->dirty = true;
    return of_medium(c, result, ACT_OTHER, 0);
}

Outcome ssc_partition(SscCommand *c, const uint8_t *page, unsigned at)
{
    SscDrive *drive = c->drive;
    unsigned count = page ? 1u + page[ADDITIONAL_PARTITIONS] : 1;
    uint64_t capacities[MEDIUM_PARTITIONS_MAX];
    Outcome ready = ssc_check_ready(drive);

    if (!outcome_is_good(&ready)) {
        return ready;
    }
    if (!at_beginning(drive->medium)) {
        return check(SENSE_POSITION_PAST_BEGINNING);
    }
    uint64_t whole = whole_capacity(drive->medium);
    bool fits = page && (page[FLAGS] & IDP) ? divide_by_sizes(page, whole, count, capacities)
                                            : divide_evenly(whole, count, capacities);
    if (!fits) {
        return illegal_parameter(at + SIZES, -1);
    }
    return make_anew(c, count, capacities);
}

static Outcome end_format(SscCommand *c, Outcome outcome)
{
    bool immed = c->cdb[1] & 0x01;

    if (!outcome_is_good(&outcome)) {
        return outcome;
    }
    ssc_mode_formatted(c->drive);
    return immed ? good_but_dirty(c, outcome) : hold_until_synced(c, outcome);
}

/*
 * SSC-3 § 7.1: FORMAT 0 makes one partition, 1 and 2 divide as the medium partition page says. With
 * VERIFY or without, what the medium answers is what it has become.
 */
Outcome format_medium(SscCommand *c)
{
    uint8_t page[SSC_MODE_PAGE_SIZE];
    unsigned format = c->cdb[2] & 0x0f;

    if (format > 2 || (format != 0 && !ssc_mode_partition_page(c->drive, page))) {
        return illegal_field(2, 3);
    }
    return end_format(c, ssc_partition(c, format == 0 ? NULL : page, 0));
}

/*
 * SSC-3 § 7.13: the proportion of the tape that is to be used, in 65535ths; one partition, empty.
 * What the cartridge holds in all does not change: FFFFh gives it all back.
 */
Outcome set_capacity(SscCommand *c)
{
    uint64_t proportion = get_be16(c->cdb + 3), whole = whole_capacity(c->drive->medium);
    uint64_t capacity = whole / 0xffff * proportion + whole % 0xffff * proportion / 0xffff;

    if (!at_beginning(c->drive->medium)) {
        return check(SENSE_POSITION_PAST_BEGINNING);
    }
    if (proportion == 0xffff) {
        capacity = whole;
    } else if (capacity == 0 || whole == G_MAXUINT64) { /* a tape without end has no halves */
        return illegal_field(3, -1);
    }
    return end_format(c, make_anew(c, 1, &capacity));
}
