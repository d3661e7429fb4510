/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-3 § 6.28, 6.18): self-tests, and one page. */
#include "emu/ssc/commands/cmd-diagnostic.h"
#include "emu/ssc/commands/handlers.h"
#include "emu/ssc/drive-state.h"
#include "emu/ssc/pages/pages.h"

#define PAGE_HEADER 4u

/* Supported diagnostic pages: itself. */
static const uint8_t supported[] = { 0x00, 0, 0, 1, 0x00 };

/* SELF-TEST CODE (SPC-3 table 189). */
enum {
    BACKGROUND_SHORT = 1,
    BACKGROUND_EXTENDED = 2,
    FOREGROUND_SHORT = 5,
    FOREGROUND_EXTENDED = 6,
};

/*
 * Nothing takes time here: one in the background has ended before GOOD is sent. It needs the log
 * page to report it. There is never one to abort.
 */
static bool has_test(const SscModel *model, unsigned code)
{
    return code == FOREGROUND_SHORT || code == FOREGROUND_EXTENDED ||
           ((code == BACKGROUND_SHORT || code == BACKGROUND_EXTENDED) &&
            ssc_log_page_name(model, 0x10, 0));
}

/* All that a drive without mechanics can test is that its own tables are sound. */
static Outcome test_itself(SscDrive *drive, unsigned code)
{
    SscDiagnostics *d = &drive->diagnostics;
    int64_t hours = (clock_now(drive->clock) - d->powered_since) / (INT64_C(3600) * 1000000);

    ssc_table_check();
    if (code != 0) { /* the default one is not logged */
        memmove(d->tests + 1, d->tests, (SSC_SELF_TESTS - 1) * sizeof *d->tests);
        d->tests[0] = (SscSelfTest){ (uint8_t)code, (uint16_t)MIN(hours, (int64_t)G_MAXUINT16) };
        d->n_tests = MIN(d->n_tests + 1, SSC_SELF_TESTS);
    }
    return ssc_good();
}

static Outcome take_page(SscCommand *c)
{
    const uint8_t *page = g_bytes_get_data(c->task->out, NULL);

    if (page[0] != 0x00) {
        return ssc_illegal_parameter(0, -1);
    }
    return get_be16(page + 2) == 0 && c->announced == PAGE_HEADER
               ? ssc_good()
               : ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

Outcome ssc_send_diagnostic(SscCommand *c)
{
    bool self_test = c->cdb[1] & 0x04, page_format = c->cdb[1] & 0x10;
    unsigned code = c->cdb[1] >> 5;
    uint32_t length = get_be16(c->cdb + 3);

    if (code != 0 && (self_test || !has_test(c->drive->model, code))) {
        return ssc_illegal_field(1, 7);
    }
    if ((self_test || code != 0) && length != 0) {
        return ssc_illegal_field(3, -1);
    }
    if (self_test || code != 0) {
        return test_itself(c->drive, code);
    }
    if (length != 0 && !page_format) {
        return ssc_illegal_field(1, 4);
    }
    return length == 0 || length >= PAGE_HEADER ? ssc_move_data(length, take_page)
                                                : ssc_check(SENSE_PARAMETER_LIST_LENGTH_ERROR);
}

/* With PCV or without: the page that was asked for last can only have been that one. */
Outcome ssc_receive_diagnostic(SscCommand *c)
{
    if (c->cdb[2] != 0x00) {
        return ssc_illegal_field(2, -1);
    }
    byte_writer_put(&c->reply, supported, sizeof supported);
    return ssc_reply(c, get_be16(c->cdb + 3));
}
