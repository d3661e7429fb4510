/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-3 § 6.28, 6.18): self-tests, and one page. */
#include "emu/ssc/commands.h"
#include "emu/ssc/drive-state.h"

#define PAGE_HEADER 4u

/* Supported diagnostic pages: itself. */
static const uint8_t supported[] = { 0x00, 0, 0, 1, 0x00 };

/* SELF-TEST CODE: those that answer when they are done. There is no page to tell of others. */
static bool in_foreground(unsigned code)
{
    return code == 5 || code == 6; /* short, extended */
}

static Outcome take_page(SscCommand *c)
{
    const uint8_t *page = g_bytes_get_data(c->task->out, NULL);

    if (page[0] != 0x00) {
        return illegal_parameter(0, -1);
    }
    return get_be16(page + 2) == 0 && c->announced == PAGE_HEADER
               ? good()
               : check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

/* All that a drive without mechanics can test is that its own tables are sound. */
Outcome send_diagnostic(SscCommand *c)
{
    bool self_test = c->cdb[1] & 0x04, page_format = c->cdb[1] & 0x10;
    unsigned code = c->cdb[1] >> 5;
    uint32_t length = get_be16(c->cdb + 3);

    if (code != 0 && (self_test || !in_foreground(code))) {
        return illegal_field(1, 7);
    }
    if ((self_test || code != 0) && length != 0) {
        return illegal_field(3, -1);
    }
    if (self_test || code != 0) {
        ssc_table_check();
        return good();
    }
    if (length != 0 && !page_format) {
        return illegal_field(1, 4);
    }
    return length == 0 || length >= PAGE_HEADER ? move_data(length, take_page)
                                                : check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

/* With PCV or without: the page that was asked for last can only have been that one. */
Outcome receive_diagnostic(SscCommand *c)
{
    if (c->cdb[2] != 0x00) {
        return illegal_field(2, -1);
    }
    byte_writer_put(&c->reply, supported, sizeof supported);
    return reply(c, get_be16(c->cdb + 3));
}
