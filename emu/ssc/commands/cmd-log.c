/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LOG SENSE (SPC-3 § 6.6) and LOG SELECT (§ 6.5); SUBPAGE CODE is SPC-4's. */
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/pages/pages-log.h"
#include "emu/ssc/pages/pages.h"

static SscLogControl page_control(const SscCommand *c)
{
    return (SscLogControl)(c->cdb[2] >> 6);
}

/* ---- LOG SENSE ---- */

static void put_header(SscCommand *c, uint8_t code, uint8_t subpage)
{
    byte_writer_u8(&c->reply, (uint8_t)(code | (subpage ? 0x40 : 0))); /* SPF */
    byte_writer_u8(&c->reply, subpage);
    byte_writer_be16(&c->reply, 0);
}

static Outcome close_page(SscCommand *c)
{
    uint8_t length[2];

    put_be16(length, (uint16_t)(c->reply.length - 4));
    byte_writer_patch(&c->reply, 2, length, 2);
    return ssc_good();
}

static Outcome put_supported(SscCommand *c, uint8_t subpage, uint16_t pointer)
{
    bool pairs = subpage == SSC_LOG_SUBPAGE_LIST;

    if (pointer != 0) {
        return ssc_illegal_field(5, -1);
    }
    put_header(c, 0x00, subpage);
    byte_writer_fill(&c->reply, 0x00, pairs ? 2 : 1);
    if (pairs) {
        byte_writer_be16(&c->reply, SSC_LOG_SUBPAGE_LIST);
    }
    for (const uint8_t *code = c->drive->model->log_pages; code && *code; code++) {
        byte_writer_u8(&c->reply, *code);
        byte_writer_fill(&c->reply, 0x00, pairs ? 1 : 0);
    }
    return close_page(c);
}

/* Can the chip be reached? */
static Outcome check_chip(const SscDrive *drive)
{
    return drive->cartridge.at_hold ? ssc_good() : ssc_check_ready(drive);
}

static Outcome send_page(SscCommand *c, SscLogControl control, uint8_t code, uint8_t subpage,
                         uint16_t pointer)
{
    const SscModel *model = c->drive->model;
    const SscLogPage *page = ssc_log_find_page(model, code);
    SscLogVisit visit = { .drive = c->drive,
                          .reply = &c->reply,
                          .code = code,
                          .control = control,
                          .pointer = pointer,
                          .last = -1,
                          .found.wanted = -1 };

    if (code != 0x00 && !page) {
        return ssc_illegal_field(2, 5);
    }
    if (!ssc_log_page_name(model, code, subpage)) {
        return ssc_illegal_field(3, -1);
    }
    if (!page) {
        return put_supported(c, subpage, pointer);
    }
    Outcome chip = page->in_chip ? check_chip(c->drive) : ssc_good();
    if (!ssc_outcome_is_good(&chip)) {
        return chip;
    }
    put_header(c, code, 0);
    page->put(&visit);
    if (code == SSC_LOG_NOTES && get_be16(c->cdb + 7) == 0) {
        return ssc_good(); /* whether there are any or not (SDX-800V manual § 6.6.14, note 2) */
    }
    /* A pointer beyond the last parameter is an error (SPC-3 § 6.6). */
    return (int)pointer > visit.last ? ssc_illegal_field(5, -1) : close_page(c);
}

static void delivered(SscDrive *drive, uint8_t code)
{
    const SscLogPage *page = ssc_log_find_page(drive->model, code);

    if (page && page->delivered) {
        page->delivered(drive);
    }
}

static Outcome send_log(SscCommand *c)
{
    delivered(c->drive, c->cdb[2] & 0x3f);
    return ssc_send_reply(c);
}

/* PPC (only what changed) and SP (save) are not in the table's mask: no drive here has either. */
Outcome ssc_log_sense(SscCommand *c)
{
    Outcome outcome =
        send_page(c, page_control(c), c->cdb[2] & 0x3f, c->cdb[3], get_be16(c->cdb + 5));

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    outcome = ssc_reply(c, get_be16(c->cdb + 7));
    if (outcome.kind == OUTCOME_DATA) {
        outcome.next = send_log;
    }
    return outcome;
}

/* ---- LOG SELECT, and what else sets counters ---- */

static void reset_page(SscDrive *drive, const SscLogPage *page)
{
    SscLogVisit visit = { .drive = drive,
                          .purpose = LOG_RESET,
                          .code = page->code,
                          .control = LOG_CUMULATIVE,
                          .found.wanted = -1 };

    if (!page->in_chip) { /* which has no counters */
        page->put(&visit);
    }
}

static void reset_counters(SscDrive *drive, bool all)
{
    for (const uint8_t *code = drive->model->log_pages; code && *code; code++) {
        const SscLogPage *page = ssc_log_find_page(drive->model, *code);

        reset_page(drive, page);
        if (all && page->reset) {
            page->reset(drive);
        }
    }
}

void ssc_log_loaded(SscDrive *drive)
{
    for (const uint8_t *code = drive->model->log_pages; code && *code; code++) {
        const SscLogPage *page = ssc_log_find_page(drive->model, *code);

        if (page->each_load) {
            reset_page(drive, page);
        }
    }
}

static uint64_t get_number(const uint8_t *bytes, unsigned length)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < length; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* A parameter at list[at], of which `left` bytes are there. Good: `*at` is behind it. */
static Outcome take_parameter(SscDrive *drive, const SscLogPage *page, const uint8_t *list,
                              size_t *at, size_t left, bool apply)
{
    SscLogVisit visit = {
        .drive = drive, .purpose = LOG_FIND, .code = page->code, .control = LOG_CUMULATIVE
    };
    const uint8_t *parameter = list + *at;
    unsigned place = (unsigned)*at;

    if (left < 4 || left - 4 < parameter[3]) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    visit.found.wanted = get_be16(parameter);
    page->put(&visit);
    if (!visit.found.is_there || visit.found.kind != LOG_COUNTER || !drive->model->log_settable) {
        return ssc_illegal_parameter(place, -1);
    }
    if (parameter[2] != visit.found.control) {
        return ssc_illegal_parameter(place + 2, -1);
    }
    if (parameter[3] != visit.found.length) {
        return ssc_illegal_parameter(place + 3, -1);
    }
    if (apply) {
        ssc_log_set_counter(&visit, get_be16(parameter), visit.found.value,
                            get_number(parameter + 4, parameter[3]));
    }
    *at += 4u + parameter[3];
    return ssc_good();
}

/* The parameters of one page, ascending. */
static Outcome take_parameters(SscDrive *drive, const SscLogPage *page, const uint8_t *list,
                               size_t at, size_t end, bool apply)
{
    Outcome outcome = ssc_good();
    int last = -1;

    while (at < end && ssc_outcome_is_good(&outcome)) {
        if (end - at >= 2 && get_be16(list + at) <= last) {
            return ssc_illegal_parameter((unsigned)at, -1);
        }
        last = end - at >= 2 ? get_be16(list + at) : last;
        outcome = take_parameter(drive, page, list, &at, end - at, apply);
    }
    return outcome;
}

#define PAGE_HEADER 4u

/* The page at list[*at]. Good: `*at` is behind it. */
static Outcome take_page(SscCommand *c, const uint8_t *list, size_t *at, size_t length, bool apply)
{
    const uint8_t *header = list + *at;
    unsigned place = (unsigned)*at;

    if (length - *at < PAGE_HEADER || length - *at - PAGE_HEADER < get_be16(header + 2)) {
        return ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    if ((header[0] & 0xc0) != 0) { /* DS, SPF: no parameter is saved, no subpage can be set */
        return ssc_illegal_parameter(place, header[0] & 0x80 ? 7 : 6);
    }
    if (header[1] != 0) {
        return ssc_illegal_parameter(place + 1, -1);
    }
    const SscLogPage *page = ssc_log_find_page(c->drive->model, header[0]);
    if (!page) {
        return ssc_illegal_parameter(place, 5);
    }
    Outcome chip = page->in_chip ? check_chip(c->drive) : ssc_good();
    if (!ssc_outcome_is_good(&chip)) {
        return chip;
    }
    size_t begin = *at + PAGE_HEADER;
    *at = begin + get_be16(header + 2);
    if (page->code == SSC_LOG_NOTES) { /* one note, and nothing behind it */
        return *at == length ? ssc_log_ait_write_note(c, list, begin, *at - begin, apply)
                             : ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
    }
    return page->in_chip ? ssc_illegal_parameter(place, 5)
                         : take_parameters(c->drive, page, list, begin, *at, apply);
}

static Outcome take_pages(SscCommand *c, const uint8_t *list, size_t length, bool apply)
{
    Outcome outcome = ssc_good();
    int last = -1;

    for (size_t at = 0; at < length && ssc_outcome_is_good(&outcome);) {
        if ((list[at] & 0x3f) <= last) { /* pages ascend too */
            return ssc_illegal_parameter((unsigned)at, 5);
        }
        last = list[at] & 0x3f;
        outcome = take_page(c, list, &at, length, apply);
    }
    return outcome;
}

/* The whole list is checked before any parameter is set. */
static Outcome take_list(SscCommand *c)
{
    const uint8_t *list = g_bytes_get_data(c->task->out, NULL);
    Outcome outcome = take_pages(c, list, c->announced, false);

    if (!ssc_outcome_is_good(&outcome)) {
        return outcome;
    }
    return take_pages(c, list, c->announced, true);
}

/*
 * Without a list: PCR sets everything back that can be; PC sets the cumulative values back, or the
 * thresholds, which never are anything else. With one, it may set cumulative values.
 */
Outcome ssc_log_select(SscCommand *c)
{
    uint32_t length = get_be16(c->cdb + 7);
    bool reset = c->cdb[1] & 0x02; /* PCR */

    if (reset && length != 0) {
        return ssc_illegal_field(1, 1);
    }
    if (length != 0) {
        return page_control(c) == LOG_CUMULATIVE ? ssc_move_data(length, take_list)
                                                 : ssc_illegal_field(2, 7);
    }
    if (reset || page_control(c) == LOG_DEFAULT_CUMULATIVE) {
        reset_counters(c->drive, reset);
    }
    return ssc_good();
}
