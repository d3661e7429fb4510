/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the table of log pages, and the builders that are in another file than it. */
#ifndef USBTAPE_SSC_PAGES_LOG_H
#define USBTAPE_SSC_PAGES_LOG_H

#include "emu/ssc/pages/log-visit.h"

#define SSC_LOG_NOTES        0x3e /* of AIT: what LOG SELECT writes of it is one note */
#define SSC_LOG_SUBPAGE_LIST 0xff /* of page 00h: pages and subpages (SPC-4 § 7.3.17) */

typedef enum SscLogMaker {
    OF_ANY,
    OF_STANDARD, /* where AIT's page of that code is another one */
    OF_AIT,
} SscLogMaker;

typedef struct SscLogPage {
    uint8_t code;
    const char *name;
    void (*put)(SscLogVisit *visit);
    SscLogMaker maker;
    bool each_load; /* counts anew when a cartridge is loaded */
    bool in_chip;   /* needs a cartridge whose memory can be reached */
    void (*delivered)(SscDrive *drive);
    void (*reset)(SscDrive *drive); /* by PCR, besides the counters */
} SscLogPage;

/* NULL: the model has none such. Page 00h is in each model, and not in the table. */
const SscLogPage *ssc_log_find_page(const SscModel *model, uint8_t code);

/* A cartridge was loaded: the counters of a load restart. */
void ssc_log_loaded(SscDrive *drive);

/* Remaining and maximum capacity of partitions, in units of 2^shift bytes. */
void ssc_log_capacities(SscLogVisit *visit, unsigned partitions, uint8_t control, unsigned shift);

/* pages-log-ait.c */
void ssc_log_ait_write_groups(SscLogVisit *visit);
void ssc_log_ait_read_groups(SscLogVisit *visit);
void ssc_log_ait_capacity(SscLogVisit *visit);
void ssc_log_ait_usage(SscLogVisit *visit);
void ssc_log_ait_tape(SscLogVisit *visit);
void ssc_log_ait_write_frames(SscLogVisit *visit);
void ssc_log_ait_read_frames(SscLogVisit *visit);
void ssc_log_ait_compression(SscLogVisit *visit);
void ssc_log_ait_mic(SscLogVisit *visit);
void ssc_log_ait_note(SscLogVisit *visit);
/*
 * One note, at list[at]: what is wrong with it; with `apply` it is written. None of it takes it
 * away.
 */
Outcome ssc_log_ait_write_note(SscCommand *c, const uint8_t *list, size_t at, size_t length,
                               bool apply);

#endif
