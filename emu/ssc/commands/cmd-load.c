/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cartridge in and out: LOAD UNLOAD, PREVENT ALLOW MEDIUM REMOVAL. */
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"

#define LOAD  0x01
#define RETEN 0x02
#define EOT   0x04
#define HOLD  0x08

static Outcome do_unload(SscCommand *c)
{
    SscDrive *drive = c->drive;

    if (drive->cartridge.loaded) {
        ssc_drive_unload(drive);
    }
    drive->cartridge.at_hold = c->cdb[4] & HOLD;
    return ssc_good();
}

/* In, but not threaded: its memory can be reached. One that is threaded stays so. */
static Outcome do_hold(SscCommand *c)
{
    c->drive->cartridge.at_hold = !c->drive->cartridge.loaded;
    return ssc_good();
}

/* Threads the cartridge if it is not, and goes to BOP of partition 0. */
static Outcome do_load(SscCommand *c)
{
    SscDrive *drive = c->drive;

    if (!drive->cartridge.loaded && drive->model->attention_on_load) {
        scsi_attention_raise(&drive->attention, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    }
    ssc_drive_load(drive);
    return ssc_good();
}

/* SSC-3 § 7.4. Retensioning, and where the tape lies while it is out, leave no trace here. */
Outcome ssc_load_unload(SscCommand *c)
{
    SscDrive *drive = c->drive;
    bool immed = c->cdb[1] & 0x01;
    uint8_t what = c->cdb[4];

    if ((what & EOT) && (what & (LOAD | RETEN))) {
        return ssc_illegal_field(4, 2);
    }
    if (!drive->cartridge.medium) {
        return ssc_check(SENSE_MEDIUM_NOT_PRESENT);
    }
    if (drive->cartridge.cleaning && (what & LOAD) && !(what & HOLD)) { /* no tape to be threaded */
        return ssc_check(SENSE_CLEANING_CARTRIDGE);
    }
    if (!(what & (LOAD | HOLD)) && drive->cartridge.prevented) {
        return ssc_check(SENSE_REMOVAL_PREVENTED);
    }
    SscHandler act = !(what & LOAD) ? do_unload : what & HOLD ? do_hold : do_load;
    return immed ? ssc_report_before_sync(c, act(c)) : ssc_when_synced(c, act);
}

/* SPC-3 § 6.13 */
Outcome ssc_prevent_allow(SscCommand *c)
{
    if (c->cdb[4] & 0x02) { /* for medium changers */
        return ssc_illegal_field(4, 1);
    }
    c->drive->cartridge.prevented = c->cdb[4] & 0x01;
    return ssc_good();
}
