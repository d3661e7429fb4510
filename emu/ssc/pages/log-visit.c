/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/pages/log-visit.h"

/* ---- counters, and where they begin ---- */

static gpointer base_key(const SscLogVisit *visit, unsigned code)
{
    return GUINT_TO_POINTER((unsigned)visit->code << 16 | code);
}

/* The part of `counted` that LOG SELECT reset. */
static uint64_t base_of(const SscLogVisit *visit, unsigned code)
{
    const uint64_t *base =
        g_hash_table_lookup(visit->drive->counters.log_bases, base_key(visit, code));

    return base ? *base : 0;
}

/* It shows `value` from now on, and what comes on top; modulo 2^64. */
void ssc_log_set_counter(const SscLogVisit *visit, unsigned code, uint64_t counted, uint64_t value)
{
    uint64_t base = counted - value;

    g_hash_table_insert(visit->drive->counters.log_bases, base_key(visit, code),
                        g_memdup2(&base, sizeof base));
}

/* The value that PC selects. No threshold can be set: each is the highest value of its field. */
static uint64_t shown(const SscLogVisit *visit, SscLogKind kind, unsigned code, uint64_t counted,
                      uint64_t highest)
{
    if (kind != LOG_VALUE) {
        switch (visit->control) {
        case LOG_THRESHOLD:
        case LOG_DEFAULT_THRESHOLD:
            return highest;
        case LOG_DEFAULT_CUMULATIVE:
            return 0;
        case LOG_CUMULATIVE:
            break;
        }
    }
    return MIN(counted - base_of(visit, code), highest); /* it saturates */
}

/* ---- what builders call ---- */

static void send_bytes(SscLogVisit *visit, unsigned code, uint8_t control, const uint8_t *bytes,
                       unsigned length)
{
    if (code >= visit->pointer) {
        byte_writer_be16(visit->reply, (uint16_t)code);
        byte_writer_u8(visit->reply, control);
        byte_writer_u8(visit->reply, (uint8_t)length);
        byte_writer_put(visit->reply, bytes, length);
    }
}

/* A parameter that is no number. */
void ssc_log_bytes(SscLogVisit *visit, unsigned code, uint8_t control, const uint8_t *bytes,
                   unsigned length)
{
    visit->last = (int)code;
    if (visit->purpose == LOG_SEND) {
        send_bytes(visit, code, control, bytes, length);
    } else if (visit->found.wanted == (int)code) {
        visit->found.is_there = true;
        visit->found.kind = LOG_VALUE;
        visit->found.control = control;
        visit->found.length = (uint8_t)length;
    }
}

void ssc_log_number(SscLogVisit *visit, SscLogKind kind, unsigned code, uint8_t control,
                    unsigned length, uint64_t counted)
{
    uint8_t bytes[8];
    uint64_t highest = length == 8 ? G_MAXUINT64 : ((uint64_t)1 << 8 * length) - 1;

    put_be64(bytes, shown(visit, kind, code, counted, highest));
    ssc_log_bytes(visit, code, control, bytes + 8 - length, length);
    if (visit->found.wanted == (int)code) {
        visit->found.kind = kind;
        visit->found.value = counted;
    }
    if (visit->purpose == LOG_RESET && kind == LOG_COUNTER) {
        ssc_log_set_counter(visit, code, counted, 0);
    }
}

void ssc_log_counter(SscLogVisit *visit, unsigned code, unsigned length, uint64_t counted)
{
    ssc_log_number(visit, LOG_COUNTER, code, LOG_DS, length, counted);
}

void ssc_log_total(SscLogVisit *visit, unsigned code, unsigned length, uint64_t counted)
{
    ssc_log_number(visit, LOG_TOTAL, code, LOG_DS, length, counted);
}

void ssc_log_value(SscLogVisit *visit, unsigned code, unsigned length, uint64_t value)
{
    ssc_log_number(visit, LOG_VALUE, code, LOG_DS, length, value);
}

/* Counters of one length of events that never happen here. */
void ssc_log_never(SscLogVisit *visit, unsigned first, unsigned last, unsigned length)
{
    for (unsigned code = first; code <= last; code++) {
        ssc_log_counter(visit, code, length, 0);
    }
}

/* Parameters of one length without meaning. */
void ssc_log_reserved(SscLogVisit *visit, unsigned first, unsigned last, unsigned length)
{
    static const uint8_t nothing[UINT8_MAX];

    for (unsigned code = first; code <= last; code++) {
        ssc_log_bytes(visit, code, LOG_DS, nothing, length);
    }
}
