/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside emu/ssc: the parameters of a log page. A builder lists the page's parameters in ascending
 * order with their values. The same builder serves to send them, to find one and to reset them.
 */
#ifndef USBTAPE_SSC_LOG_VISIT_H
#define USBTAPE_SSC_LOG_VISIT_H

#include "emu/ssc/drive-state.h"

/* PC field (SPC-3 § 6.6). */
typedef enum SscLogControl {
    LOG_THRESHOLD,
    LOG_CUMULATIVE,
    LOG_DEFAULT_THRESHOLD,
    LOG_DEFAULT_CUMULATIVE,
} SscLogControl;

/* The control byte of a parameter (SPC-3 § 7.2.1). */
#define LOG_DS          0x40 /* it is not saved */
#define LOG_TSD         0x20
#define LOG_TMC_ALWAYS  0x0c
#define LOG_BINARY_LIST 0x03

/* The effect of PC and LOG SELECT on a parameter. */
typedef enum SscLogKind {
    LOG_VALUE,   /* no meaning: a plain value */
    LOG_TOTAL,   /* counts, and cannot be reset */
    LOG_COUNTER, /* counts, and LOG SELECT resets it */
} SscLogKind;

/* The purpose of a visit. */
typedef enum SscLogPurpose {
    LOG_SEND,  /* LOG SENSE */
    LOG_FIND,  /* finds the parameter `wanted` */
    LOG_RESET, /* resets its counters */
} SscLogPurpose;

/* One visit of a page's parameters. */
typedef struct SscLogVisit {
    SscDrive *drive;
    ByteWriter *reply; /* LOG_SEND */
    SscLogPurpose purpose;
    uint8_t code; /* of the page */
    SscLogControl control;
    uint16_t pointer; /* parameters below are left out */
    int last;         /* code of the last parameter that the page has; -1: none */
    struct {
        int wanted;
        bool is_there;
        SscLogKind kind;
        uint8_t control, length;
        uint64_t value; /* as counted */
    } found;
} SscLogVisit;

/* A parameter that is no number. At most 255 bytes. */
void ssc_log_bytes(SscLogVisit *visit, unsigned code, uint8_t control, const uint8_t *bytes,
                   unsigned length);
/* A number of `length` bytes, 1 to 8. */
void ssc_log_number(SscLogVisit *visit, SscLogKind kind, unsigned code, uint8_t control,
                    unsigned length, uint64_t counted);
/* The same of one kind, with nothing but DS in its control byte. */
void ssc_log_counter(SscLogVisit *visit, unsigned code, unsigned length, uint64_t counted);
void ssc_log_total(SscLogVisit *visit, unsigned code, unsigned length, uint64_t counted);
void ssc_log_value(SscLogVisit *visit, unsigned code, unsigned length, uint64_t value);
/* Counters of one length of events that never happen here. */
void ssc_log_never(SscLogVisit *visit, unsigned first, unsigned last, unsigned length);
/* Parameters of one length without meaning. */
void ssc_log_reserved(SscLogVisit *visit, unsigned first, unsigned last, unsigned length);

/* The counter shows `value` from now on, and what comes on top of `counted`. */
void ssc_log_set_counter(const SscLogVisit *visit, unsigned code, uint64_t counted, uint64_t value);

#endif
