/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving the head: REWIND, SPACE, LOCATE, READ POSITION. */
#include "emu/ssc/commands/cmd-position.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

static MediumResult to_bop(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->cartridge.medium, &position);
    return medium_locate(drive->cartridge.medium, position.partition, MEDIUM_LOCATE_OBJECT, 0);
}

static Outcome do_rewind(SscCommand *c)
{
    return ssc_of_medium(c, to_bop(c->drive), ACT_OTHER, 0);
}

/* SSC-3 § 7.11 */
Outcome ssc_rewind_tape(SscCommand *c)
{
    bool immed = c->cdb[1] & 0x01;

    return immed ? ssc_report_before_sync(c, do_rewind(c)) : ssc_when_synced(c, do_rewind);
}

#define ADDRESS_PARTITION 3
#define ADDRESS_OBJECT    4

Outcome ssc_check_address(SscCommand *c)
{
    MediumInfo info;

    medium_info(c->drive->cartridge.medium, &info);
    return c->row->command->length == 16 && c->cdb[ADDRESS_PARTITION] >= info.geometry.partitions
               ? ssc_illegal_field(ADDRESS_PARTITION, -1)
               : ssc_good();
}

static Outcome go_there(SscCommand *c)
{
    MediumResult result = medium_locate(c->drive->cartridge.medium, c->cdb[ADDRESS_PARTITION],
                                        MEDIUM_LOCATE_OBJECT, get_be64(c->cdb + ADDRESS_OBJECT));

    ssc_timing_arrived(c);
    return result == MEDIUM_OK ? c->then(c) : ssc_of_medium(c, result, ACT_LOCATE, 0);
}

Outcome ssc_at_address(SscCommand *c, SscHandler act)
{
    MediumPosition position = ssc_drive_position(c->drive);
    Outcome settled;

    if (c->row->command->length == 6 || (position.partition == c->cdb[ADDRESS_PARTITION] &&
                                         position.object == get_be64(c->cdb + ADDRESS_OBJECT))) {
        return act(c);
    }
    settled = ssc_buffer_retry_held(c);
    c->then = act;
    return ssc_outcome_is_good(&settled) ? ssc_when_synced(c, go_there) : settled;
}

/* CODE field of SPACE (SSC-3 table 66; 100b and 101b as in SSC-2). */
static bool space_what(unsigned code, MediumSpace *what)
{
    static const MediumSpace codes[] = {
        MEDIUM_SPACE_BLOCKS, MEDIUM_SPACE_FILEMARKS, MEDIUM_SPACE_SEQUENTIAL_FILEMARKS,
        MEDIUM_SPACE_EOD,    MEDIUM_SPACE_SETMARKS,  MEDIUM_SPACE_SEQUENTIAL_SETMARKS,
    };

    *what = code < G_N_ELEMENTS(codes) ? codes[code] : MEDIUM_SPACE_BLOCKS;
    return code < G_N_ELEMENTS(codes);
}

static int32_t get_be24_signed(const uint8_t *p)
{
    return (int32_t)(get_be24(p) << 8) >> 8;
}

/* COUNT, of either form. Its most negative value has no positive twin: one less is far enough. */
static int64_t space_count(const SscCommand *c)
{
    if (c->row->command->length == 6) {
        return get_be24_signed(c->cdb + 2);
    }
    return MAX((int64_t)get_be64(c->cdb + 4), -G_MAXINT64);
}

static Outcome do_space(SscCommand *c)
{
    int64_t count = space_count(c);
    MediumSpace what;
    uint64_t moved;

    space_what(c->cdb[1] & 0x0f, &what);
    MediumResult result = medium_space(c->drive->cartridge.medium, what, count,
                                       ssc_mode_reports_setmarks(c->drive), &moved);
    if (what == MEDIUM_SPACE_EOD) {
        return ssc_of_medium(c, result == MEDIUM_EOD ? MEDIUM_OK : result, ACT_SPACE, 0);
    }
    /* The residual is a plain number in either direction. */
    return ssc_of_medium(c, result, ACT_SPACE, (uint64_t)ABS(count) - moved);
}

/* SSC-3 § 7.14, 7.15 */
Outcome ssc_space(SscCommand *c)
{
    MediumSpace what;

    if (!space_what(c->cdb[1] & 0x0f, &what)) {
        return ssc_illegal_field(1, 3);
    }
    if (what != MEDIUM_SPACE_EOD && space_count(c) == 0) {
        return ssc_good();
    }
    return ssc_when_synced(c, do_space);
}

/* The destination of LOCATE, of either form. */
typedef struct Destination {
    MediumLocate what;
    bool change; /* CP: of partition */
    unsigned partition_byte;
    uint64_t number;
} Destination;

static Destination destination_10(const SscCommand *c)
{
    return (Destination){ .what = MEDIUM_LOCATE_OBJECT,
                          .change = c->cdb[1] & 0x02,
                          .partition_byte = 8,
                          .number = get_be32(c->cdb + 3) };
}

static Destination destination_16(const SscCommand *c)
{
    unsigned type = c->cdb[1] >> 3 & 0x07;

    return (Destination){ .what = type == 0   ? MEDIUM_LOCATE_OBJECT
                                  : type == 1 ? MEDIUM_LOCATE_FILE
                                              : MEDIUM_LOCATE_EOD,
                          .change = c->cdb[1] & 0x02,
                          .partition_byte = 3,
                          .number = get_be64(c->cdb + 4) };
}

static Outcome do_locate(SscCommand *c)
{
    SscDrive *drive = c->drive;
    Destination to = c->row->command->length == 10 ? destination_10(c) : destination_16(c);
    MediumPosition position;
    MediumResult result;

    medium_position(drive->cartridge.medium, &position);
    result = medium_locate(drive->cartridge.medium,
                           to.change ? c->cdb[to.partition_byte] : position.partition, to.what,
                           to.number);
    if (to.what == MEDIUM_LOCATE_EOD && result == MEDIUM_EOD) { /* the aim */
        return ssc_good();
    }
    return ssc_of_medium(c, result, ACT_LOCATE, 0);
}

static Outcome locate(SscCommand *c, const Destination *to)
{
    bool immed = c->cdb[1] & 0x01;
    MediumInfo info;

    medium_info(c->drive->cartridge.medium, &info);
    if (to->change && c->cdb[to->partition_byte] >= info.geometry.partitions) {
        return ssc_illegal_field(to->partition_byte, -1);
    }
    return immed ? ssc_report_before_sync(c, do_locate(c)) : ssc_when_synced(c, do_locate);
}

/* SSC-3 § 7.2. BT asks for the drive's own block addresses: they are logical object numbers too. */
Outcome ssc_locate_10(SscCommand *c)
{
    Destination to = destination_10(c);

    return locate(c, &to);
}

/*
 * SSC-3 § 7.3. DEST_TYPE: 0 an object, 1 a file, 3 end of data. BAM, explicit addresses or not, is
 * all the same to a drive that takes both kinds of commands.
 */
Outcome ssc_locate_16(SscCommand *c)
{
    Destination to = destination_16(c);
    unsigned type = c->cdb[1] >> 3 & 0x07;

    if (type > 3 || type == 2) {
        return ssc_illegal_field(1, 5);
    }
    return locate(c, &to);
}

#define LOCU 0x20 /* the number of objects in the buffer is unknown */
#define BYCU 0x10 /* the number of bytes in the buffer is unknown */
#define MPU  0x08 /* the numbers of files and sets are unknown */
#define PERR 0x02 /* a number does not fit its field */
#define BPEW 0x01 /* beyond programmable early warning */

/*
 * Where the host is, and where the tape is: what was written and is not yet synced lies between
 * (SSC-3 § 7.7: first and last logical object location).
 */
typedef struct Whereabouts {
    MediumPosition position;
    uint8_t flags; /* BOP, EOP, BPEW: the same bits in all forms */
    uint64_t first, last;
    uint64_t objects, bytes; /* in the buffer */
} Whereabouts;

static Whereabouts whereabouts(SscCommand *c)
{
    SscDrive *drive = c->drive;
    Whereabouts w = { .objects = ssc_buffer_objects(&drive->buffer),
                      .bytes = ssc_buffer_bytes(&drive->buffer) };

    w.position = ssc_drive_position(drive);
    SscZones zones = ssc_zones_now(drive);
    w.flags = (uint8_t)((w.position.bop ? 0x80 : 0) | (zones.early ? 0x40 : 0) |
                        (zones.programmable ? BPEW : 0));
    w.first = w.position.object;
    w.last = w.first - w.objects;
    return w;
}

/* SSC-3 § 7.7.2, 20 bytes */
Outcome ssc_read_position_short(SscCommand *c)
{
    Whereabouts w = whereabouts(c);
    bool fits = w.first <= G_MAXUINT32;
    bool objects_fit = w.objects <= 0xffffff, bytes_fit = w.bytes <= G_MAXUINT32;

    w.flags |= (uint8_t)((fits ? 0 : PERR) | (objects_fit ? 0 : LOCU) | (bytes_fit ? 0 : BYCU));
    byte_writer_u8(&c->reply, w.flags);
    byte_writer_u8(&c->reply, (uint8_t)w.position.partition);
    byte_writer_be16(&c->reply, 0);
    byte_writer_be32(&c->reply, fits ? (uint32_t)w.first : 0);
    byte_writer_be32(&c->reply, fits ? (uint32_t)w.last : 0);
    byte_writer_u8(&c->reply, 0);
    byte_writer_be24(&c->reply, objects_fit ? (uint32_t)w.objects : 0);
    byte_writer_be32(&c->reply, bytes_fit ? (uint32_t)w.bytes : 0);
    return ssc_reply(c, (uint32_t)c->reply.length);
}

/* SSC-3 § 7.7.3, 32 bytes */
Outcome ssc_read_position_long(SscCommand *c)
{
    Whereabouts w = whereabouts(c);
    bool known = !w.position.marks_unknown;

    byte_writer_u8(&c->reply, (uint8_t)(w.flags | (known ? 0 : MPU)));
    byte_writer_fill(&c->reply, 0, 3);
    byte_writer_be32(&c->reply, w.position.partition);
    byte_writer_be64(&c->reply, w.position.object);
    byte_writer_be64(&c->reply, known ? w.position.files : 0);
    byte_writer_be64(&c->reply, known ? w.position.setmarks : 0);
    return ssc_reply(c, (uint32_t)c->reply.length);
}

/* SSC-3 § 7.7.4, 32 bytes; the only form with an allocation length */
Outcome ssc_read_position_extended(SscCommand *c)
{
    Whereabouts w = whereabouts(c);
    bool objects_fit = w.objects <= 0xffffff;

    byte_writer_u8(&c->reply, (uint8_t)(w.flags | (objects_fit ? 0 : LOCU)));
    byte_writer_u8(&c->reply, (uint8_t)w.position.partition);
    byte_writer_be16(&c->reply, 0x1c);
    byte_writer_u8(&c->reply, 0);
    byte_writer_be24(&c->reply, objects_fit ? (uint32_t)w.objects : 0);
    byte_writer_be64(&c->reply, w.first);
    byte_writer_be64(&c->reply, w.last);
    byte_writer_be64(&c->reply, w.bytes);
    return ssc_reply(c, get_be16(c->cdb + 7));
}
