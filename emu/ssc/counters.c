/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/ssc/counters.h"

void ssc_counters_init(SscCounters *counters, int64_t now)
{
    *counters =
        (SscCounters){ .made = now, .log_bases = g_hash_table_new_full(NULL, NULL, NULL, g_free) };
}

void ssc_counters_clear(SscCounters *counters)
{
    g_clear_pointer(&counters->log_bases, g_hash_table_unref);
}

void ssc_counters_power_on(SscCounters *counters)
{
    counters->alerts = counters->bytes_written = counters->bytes_read = 0;
    counters->records_written = counters->records_read = 0;
    counters->tape_written = counters->tape_read = 0;
    counters->write_errors = counters->read_errors = 0;
    g_hash_table_remove_all(counters->log_bases);
}

void ssc_counters_threading(SscCounters *counters, int64_t now)
{
    counters->loads++;
    counters->drum_since = now;
}

void ssc_counters_loaded(SscCounters *counters)
{
    counters->written_before = counters->tape_written;
    counters->read_before = counters->tape_read;
}

void ssc_counters_unthread(SscCounters *counters, int64_t now)
{
    counters->drum_time += now - counters->drum_since;
}

void ssc_counters_heads_cleaned(SscCounters *counters)
{
    counters->drum_cleaned = counters->drum_time;
}

void ssc_counters_command(SscCounters *counters, uint8_t opcode, bool check)
{
    counters->commands[opcode]++;
    counters->checks += check;
}

void ssc_counters_motion(SscCounters *counters)
{
    counters->motions++;
}

void ssc_counters_block_written(SscCounters *counters, uint64_t bytes)
{
    counters->bytes_written += bytes;
    counters->records_written++;
}

void ssc_counters_tape_written(SscCounters *counters, uint64_t bytes)
{
    counters->tape_written += bytes;
}

void ssc_counters_tape_read(SscCounters *counters, uint64_t bytes, bool block)
{
    counters->tape_read += bytes;
    counters->records_read += block;
}

void ssc_counters_bytes_read(SscCounters *counters, uint64_t bytes)
{
    counters->bytes_read += bytes;
}

void ssc_counters_write_error(SscCounters *counters)
{
    counters->write_errors++;
}

void ssc_counters_read_error(SscCounters *counters)
{
    counters->read_errors++;
}

void ssc_counters_alert(SscCounters *counters, SscAlert alert)
{
    counters->alerts |= (uint64_t)1 << (alert - 1);
}

void ssc_counters_clear_alerts(SscCounters *counters)
{
    counters->alerts = 0;
}
