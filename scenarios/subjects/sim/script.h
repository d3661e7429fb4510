/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated application with a tape: commands from a list, results as words.
 *
 *   "w*3 fm rw r*4 r"   →   "ok*3 ok ok =0 =1 =2 fm eod"
 *
 * Records are numbered from 0 and carry their number and a pattern that follows from it, so that
 * what is read, or lies on a cartridge, tells which record it is and whether it is whole.
 *
 * | step | |
 * |---|---|
 * | `w`, `w=N` | writes the next record, or record N |
 * | `r` | reads: `=N` record N, `=N/LEN` of another length, `?N` not whole, `?` no record |
 * | `fm`, `fm=N`, `sync` | WRITE FILEMARKS of 1, N, 0 |
 * | `rw`, `eod`, `fsf=N`, `bsf=N`, `fsr=N`, `bsr=N`, `loc=N` | motions |
 * | `pos` | READ POSITION: `@N` |
 * | `tur`, `inq`, `ms`, `alerts`, `comp`, `serial`, `config` | what the drive says of itself |
 * | `bl=N`, `comp=N` | MODE SELECT: block length, compression |
 * | `load`, `unload`, `lock`, `unlock` | the cartridge |
 * | `cdb=HEX`, `in=HEX` | any command without data, or with up to 255 bytes in: the bytes in hex |
 * | `reset`, `pull`, `plug`, `status`, `wait=T` | the bus |
 * | `size=BYTES`, `timeout=T`, `pieces=BYTES` | how records, time-outs, transfers are from here |
 * | `retries=N` | transfers that end with a transaction error are begun anew, so often |
 * | `wide=1`, `wide=0` | `w` and `r` say where they are: WRITE(16), READ(16) after READ POSITION |
 *
 * A step may be repeated: `r*4`. Results: `ok`; sense as `3/11/00`, with `+eom`, `+ili`, `+fm`,
 * `+late` (deferred) and `(INFORMATION)`; `fm` and `eod` for short; `failed` without any sense;
 * `reset`; `gone`. Equal ones in a row are counted: `ok*3`.
 */
#ifndef USBTAPE_SIM_SCRIPT_H
#define USBTAPE_SIM_SCRIPT_H

#include "media/medium.h"
#include "scenarios/subjects/sim/sim-host.h"

typedef struct SimApplication {
    SimHost *host;
    Clock *clock;
    const SimWorld *world;
    void *data;
    uint32_t next; /* record */
    size_t size;   /* of a record, at least 16 */
    bool wide;     /* records are moved by the 16-byte forms */
} SimApplication;

/* The results; free with g_free. NULL and an error: a step that there is not. */
char *sim_application_run(SimApplication *application, const char *steps, GError **error);

/* What lies in partition 0, record by record as `r` tells it, marks as FM and SM; moves the head.
 * Free with g_free. `size` as in the application. */
char *sim_tape_dump(TapeMedium *medium, size_t size);

/* Fills a record. */
void sim_record_fill(uint32_t number, uint8_t *bytes, size_t size);

#endif
