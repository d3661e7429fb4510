/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving the head: REWIND, SPACE, LOCATE, READ POSITION. */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

/* What is in the buffer goes to tape before the tape moves away (SSC-3 § 4.2.10). */
static Outcome when_synced(SscCommand *c, SscHandler next)
{
    return ssc_drive_dirty(c->drive) ? after_sync(next) : next(c);
}

static MediumResult to_bop(SscDrive *drive)
{
    MediumPosition position;

    medium_position(drive->medium, &position);
    return medium_locate(drive->medium, position.partition, MEDIUM_LOCATE_OBJECT, 0);
}

static Outcome do_rewind(SscCommand *c)
{
    return of_medium(c, to_bop(c->drive), ACT_OTHER, 0);
}

/* With IMMED: the motion takes no time here, the sync goes on behind it. */
static Outcome good_but_dirty(SscCommand *c, Outcome outcome)
{
    return outcome_is_good(&outcome) && ssc_drive_dirty(c->drive) ? good_then_sync() : outcome;
}

/* SSC-3 § 7.11 */
Outcome rewind_tape(SscCommand *c)
{
    bool immed = c->cdb[1] & 0x01;

    return immed ? good_but_dirty(c, do_rewind(c)) : when_synced(c, do_rewind);
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

static Outcome do_space(SscCommand *c)
{
    int32_t count = get_be24_signed(c->cdb + 2);
    MediumSpace what;
    uint64_t moved;

    space_what(c->cdb[1] & 0x0f, &what);
    MediumResult result =
        medium_space(c->drive->medium, what, count, ssc_mode_reports_setmarks(c->drive), &moved);
    if (what == MEDIUM_SPACE_EOD) {
        return of_medium(c, result == MEDIUM_EOD ? MEDIUM_OK : result, ACT_SPACE, 0);
    }
    /* The residual is a plain number in either direction. */
    return of_medium(c, result, ACT_SPACE, (uint64_t)ABS(count) - moved);
}

/* SSC-3 § 7.14 */
Outcome space_6(SscCommand *c)
{
    MediumSpace what;

    if (!space_what(c->cdb[1] & 0x0f, &what)) {
        return illegal_field(1, 3);
    }
    if (what != MEDIUM_SPACE_EOD && get_be24(c->cdb + 2) == 0) {
        return good();
    }
    return when_synced(c, do_space);
}
