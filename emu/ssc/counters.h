/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the counters of the drive, and the TapeAlert flags. */
#ifndef USBTAPE_SSC_COUNTERS_H
#define USBTAPE_SSC_COUNTERS_H

#include "emu/base/clock.h"
#include "emu/ssc/ssc.h"

/* The TapeAlert flags (SSC-3 annex A) that this drive can raise, and no other: a row each. */
#define SSC_ALERTS(ALERT)                                                                          \
    ALERT(ALERT_HARD_ERROR, 3)                                                                     \
    ALERT(ALERT_READ_FAILURE, 5)                                                                   \
    ALERT(ALERT_WRITE_FAILURE, 6)                                                                  \
    ALERT(ALERT_WRITE_PROTECT, 9)                                                                  \
    ALERT(ALERT_CLEANING_MEDIA, 11)                                                                \
    ALERT(ALERT_UNSUPPORTED_FORMAT, 12)                                                            \
    ALERT(ALERT_EXPIRED_CLEANING_MEDIA, 22)

typedef enum SscAlert {
#define ALERT(name, flag) name = (flag),
    SSC_ALERTS(ALERT)
#undef ALERT
} SscAlert;

/* Owned by counters.c, which alone changes them. */
typedef struct SscCounters {
    uint64_t alerts; /* bit n - 1: TapeAlert flag n */
    /* Since power-on. */
    uint64_t bytes_written, bytes_read;     /* of user data */
    uint64_t records_written, records_read; /* blocks */
    uint64_t tape_written, tape_read;       /* bytes as they lie on the tape, compressed or not */
    uint64_t write_errors, read_errors;     /* unrecovered */
    GHashTable *log_bases; /* log-visit.c: the reset part of a counter, by page and parameter */
    /* Since the drive was made. */
    int64_t made, drum_time, drum_since; /* microseconds */
    int64_t drum_cleaned;                /* drum_time when the heads were cleaned last */
    uint32_t loads, motions;
    uint64_t written_before,
        read_before;                /* tape_written, tape_read when the cartridge was loaded */
    uint64_t commands[256], checks; /* ended, by operation code; with CHECK CONDITION */
} SscCounters;

void ssc_counters_init(SscCounters *counters, int64_t now);
void ssc_counters_clear(SscCounters *counters);
/* The drive was switched on. */
void ssc_counters_power_on(SscCounters *counters);

/* The tape is about to be threaded, with the drum; it was threaded; the drum stops. */
void ssc_counters_threading(SscCounters *counters, int64_t now);
void ssc_counters_loaded(SscCounters *counters);
void ssc_counters_unthread(SscCounters *counters, int64_t now);
void ssc_counters_heads_cleaned(SscCounters *counters);

/* A command ended; one is about to move the tape. */
void ssc_counters_command(SscCounters *counters, uint8_t opcode, bool check);
void ssc_counters_motion(SscCounters *counters);
/* One block from the host; bytes that reached the tape. */
void ssc_counters_block_written(SscCounters *counters, uint64_t bytes);
void ssc_counters_tape_written(SscCounters *counters, uint64_t bytes);
/* Bytes that the tape passed, with the block if there was one; bytes for the host. */
void ssc_counters_tape_read(SscCounters *counters, uint64_t bytes, bool block);
void ssc_counters_bytes_read(SscCounters *counters, uint64_t bytes);
void ssc_counters_write_error(SscCounters *counters);
void ssc_counters_read_error(SscCounters *counters);

/* Raises a TapeAlert flag. LOG SENSE and a new cartridge clear all. */
void ssc_counters_alert(SscCounters *counters, SscAlert alert);
void ssc_counters_clear_alerts(SscCounters *counters);

#endif
