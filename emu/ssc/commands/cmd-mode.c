/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MODE SENSE and MODE SELECT: headers and block descriptor (SPC-3 § 7.4.2, SSC-3 § 8.3.1). */
#include "emu/ssc/commands/cmd-format.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages/pages-mode.h"

#define BLOCK_DESCRIPTOR  8u
#define DENSITY_NO_CHANGE 0x7f
#define SP                0x01 /* of MODE SELECT: save the pages */

/* Where the two forms of the header differ. */
typedef struct ModeForm {
    size_t header;              /* its length */
    size_t medium_type, device; /* offsets; MODE DATA LENGTH is at 0 */
    size_t descriptor_length;   /* offset of BLOCK DESCRIPTOR LENGTH… */
    size_t descriptor_bytes;    /* …and its width */
} ModeForm;

static const ModeForm form_6 = { 4, 1, 2, 3, 1 };
static const ModeForm form_10 = { 8, 2, 3, 6, 2 };

static uint8_t device_specific(SscDrive *drive)
{
    bool is_protected = drive->cartridge.loaded && ssc_drive_protected(drive);

    return (uint8_t)((is_protected ? 0x80 : 0) | drive->mode.buffered_mode << 4);
}

static void put_block_descriptor(SscCommand *c, SscPageControl control)
{
    SscDrive *drive = c->drive;
    uint8_t density = control == PAGE_CURRENT      ? ssc_drive_density(drive)
                      : control == PAGE_CHANGEABLE ? 0xff
                                                   : drive->model->density;
    uint32_t length = control == PAGE_CURRENT      ? drive->mode.block_length
                      : control == PAGE_CHANGEABLE ? 0xffffff
                                                   : drive->model->block_length;

    byte_writer_u8(&c->reply, density);
    byte_writer_be24(&c->reply, 0); /* all the rest of the tape */
    byte_writer_u8(&c->reply, 0);
    byte_writer_be24(&c->reply, length);
}

/* SPC-3 § 6.9, 6.10 */
static Outcome mode_sense(SscCommand *c, const ModeForm *form, uint32_t allocation_length)
{
    SscPageControl control = (SscPageControl)(c->cdb[2] >> 6);
    bool dbd = c->cdb[1] & 0x08;
    uint8_t length[2];

    if (control == PAGE_SAVED && !ssc_mode_saves(c->drive->model)) {
        return ssc_check(SENSE_SAVING_NOT_SUPPORTED);
    }
    byte_writer_fill(&c->reply, 0, form->header);
    c->reply.data[form->medium_type] = c->drive->model->medium_type;
    c->reply.data[form->device] = device_specific(c->drive);
    if (!dbd) {
        c->reply.data[form->descriptor_length + form->descriptor_bytes - 1] = BLOCK_DESCRIPTOR;
        put_block_descriptor(c, control);
    }
    if (!ssc_mode_put_pages(c, control, c->cdb[2] & 0x3f, c->cdb[3])) {
        return ssc_mode_has_page(c->drive->model, c->cdb[2] & 0x3f) ? ssc_illegal_field(3, -1)
                                                                    : ssc_illegal_field(2, 5);
    }
    if (form == &form_6) {
        c->reply.data[0] = (uint8_t)MIN(c->reply.length - 1, 0xff); /* all that can be asked for */
    } else {
        put_be16(length, (uint16_t)(c->reply.length - 2));
        byte_writer_patch(&c->reply, 0, length, 2);
    }
    return ssc_reply(c, allocation_length);
}

Outcome ssc_mode_sense_6(SscCommand *c)
{
    return mode_sense(c, &form_6, c->cdb[4]);
}

Outcome ssc_mode_sense_10(SscCommand *c)
{
    return mode_sense(c, &form_10, get_be16(c->cdb + 7));
}

static bool can_write_density(const SscModel *model, uint8_t code)
{
    for (unsigned i = 0; i < model->n_densities; i++) {
        if (model->densities[i].primary == code && model->densities[i].writable) {
            return true;
        }
    }
    return false;
}

static Outcome take_block_descriptor(SscCommand *c, SscMode *draft, const uint8_t *list, size_t at)
{
    const SscModel *model = c->drive->model;
    const uint8_t *descriptor = list + at;
    uint32_t length = get_be24(descriptor + 5);

    /* A list in the manner of SCSI-1 (PF = 0), which some drives take only without the block
     * length. */
    if (model->rejects_old_lists && !(c->cdb[1] & 0x10)) {
        return ssc_illegal_parameter((unsigned)at + 5, -1);
    }
    if (descriptor[0] == 0x00) {
        draft->density = model->density;
    } else if (can_write_density(model, descriptor[0])) {
        draft->density = descriptor[0];
    } else if (descriptor[0] != DENSITY_NO_CHANGE && descriptor[0] != ssc_drive_density(c->drive)) {
        return ssc_illegal_parameter((unsigned)at, -1);
    }
    if (get_be24(descriptor + 1) != 0) { /* blocks of one length up to the end of the tape only */
        return ssc_illegal_parameter((unsigned)at + 1, -1);
    }
    if (descriptor[4] != 0) {
        return ssc_illegal_parameter((unsigned)at + 4, -1);
    }
    if (length != 0 &&
        (model->variable_only || length < model->limits.min || length > model->limits.max ||
         length % (1u << model->limits.granularity) != 0)) {
        return ssc_illegal_parameter((unsigned)at + 5, -1);
    }
    draft->block_length = length;
    return ssc_good();
}

static Outcome take_header(SscMode *draft, const ModeForm *form, const uint8_t *list)
{
    uint8_t device = list[form->device];

    /* MODE DATA LENGTH and MEDIUM TYPE are not the host's to set; WP is ignored (SSC-3 § 8.3.1). */
    if ((device & 0x70) > 0x10) { /* BUFFERED MODE: 0 and 1; 2 is for several initiators */
        return ssc_illegal_parameter((unsigned)form->device, 6);
    }
    if ((device & 0x0f) != 0) { /* SPEED: the default only */
        return ssc_illegal_parameter((unsigned)form->device, 3);
    }
    draft->buffered_mode = (uint8_t)(device >> 4 & 0x07);
    return ssc_good();
}

/* The whole list is checked before any value changes. */
static Outcome take_list(SscCommand *c, const ModeForm *form, SscMode *draft, const uint8_t *list,
                         size_t length)
{
    size_t at = form->header;
    Outcome outcome;

    if (length < form->header) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    outcome = take_header(draft, form, list);
    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    const uint8_t *field = list + form->descriptor_length;
    unsigned descriptors = form->descriptor_bytes == 2 ? get_be16(field) : *field;
    if (descriptors != 0) {
        if (descriptors != BLOCK_DESCRIPTOR) {
            return ssc_illegal_parameter((unsigned)form->descriptor_length, -1);
        }
        if (length - at < BLOCK_DESCRIPTOR) {
            return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
        }
        outcome = take_block_descriptor(c, draft, list, at);
        at += BLOCK_DESCRIPTOR;
    }
    while (ssc_outcome_is_good(&outcome) && at < length) {
        outcome = ssc_mode_read_page(c, draft, list, length, &at);
    }
    return outcome;
}

/* A page that divides the tape acts at once (SSC-3 § 8.3.4, POFM = 0). */
static Outcome divide_medium(SscCommand *c, const SscMode *draft)
{
    uint8_t page[SSC_MODE_PAGE_SIZE];

    ssc_mode_page(c->drive->model, draft, draft->dividing, page);
    switch (draft->dividing) {
    case SSC_PAGE_APPEND:
        return ssc_append_partition(c, page, c->page_at);
    case SSC_PAGE_DELETE:
        return ssc_delete_partitions(c, page, c->page_at);
    case SSC_PAGE_PARTITIONS:
    default:
        return ssc_partition(c, page, c->page_at);
    }
}

static Outcome apply_list(SscCommand *c)
{
    const ModeForm *form = c->cdb[0] == 0x15 ? &form_6 : &form_10;
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);
    SscMode draft = c->drive->mode;
    Outcome outcome = take_list(c, form, &draft, list, c->announced);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    if (draft.dividing == SSC_PAGE_PARTITIONS) { /* a page behind it may leave it too much */
        unsigned byte = ssc_mode_wrong_partitions(c->drive->model, &draft);

        outcome = byte != 0 ? ssc_illegal_parameter(c->page_at + byte, -1) : outcome;
    }
    if (ssc_outcome_is_good(&outcome) && draft.dividing != 0) { /* a failure changes no parameter */
        outcome = divide_medium(c, &draft);
    }
    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    uint8_t divided = draft.dividing;
    draft.dividing = 0;
    c->drive->mode = draft;
    c->drive->cartridge.compression_set = false;
    if (c->cdb[1] & SP) {
        ssc_mode_save(c->drive);
    }
    if (divided == SSC_PAGE_PARTITIONS) {
        ssc_mode_formatted(c->drive);
    }
    return divided ? ssc_report_when_synced(c, outcome) : outcome;
}

/* Leaving buffered mode writes out the buffer first (SSC-3 § 8.3.1). */
static Outcome select_list(SscCommand *c)
{
    Outcome settled = ssc_buffer_retry_held(c);

    return ssc_outcome_is_good(&settled) ? ssc_when_synced(c, apply_list) : settled;
}

/* SPC-3 § 6.7, 6.8 */
static Outcome mode_select(SscCommand *c, uint32_t list_length)
{
    if ((c->cdb[1] & SP) && !ssc_mode_saves(c->drive->model)) {
        return ssc_illegal_field(1, 0);
    }
    return ssc_move_data(list_length, select_list);
}

Outcome ssc_mode_select_6(SscCommand *c)
{
    return mode_select(c, c->cdb[4]);
}

Outcome ssc_mode_select_10(SscCommand *c)
{
    return mode_select(c, get_be16(c->cdb + 7));
}
