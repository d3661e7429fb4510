/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host on SEAM 2, so that a case is two lines:
 *
 *     host_send(h, CDB(0x08, 0, 0, 0, 10, 0));
 *     expect_sense(h, SENSE_FILEMARK_DETECTED); expect_at(h, 0, 3);
 *
 * It holds one drive with a RAM cartridge whose syncs can be held back, and one task at a time. It
 * asserts what the seam promises: done exactly once, no more data than announced, sense with CHECK
 * CONDITION and only then.
 */
#ifndef USBTAPE_TESTS_SCSI_TEST_H
#define USBTAPE_TESTS_SCSI_TEST_H

#include "emu/scsi/sense.h"
#include "emu/ssc/ssc.h"
#include "tests/support/suite.h"
#include "tests/support/test-medium.h"

typedef struct ScsiHost {
    Clock *clock;
    SscModel *model; /* NULL: a built-in one */
    SscDrive *drive;
    ScsiTarget *target;
    TestMedium *medium; /* borrowed from the drive; NULL: none made */

    /* Knobs */
    bool refuse_data;  /* answer false to data_phase */
    bool keep_waiting; /* do not send Data-Out by itself */
    bool keep_turns;   /* a long command that lets others have a turn does not go on by itself */
    uint8_t lun;

    /* The last task */
    ScsiTask task;
    const uint8_t *out;
    size_t out_length;
    unsigned done, data_phases;
    ScsiDirection direction;
    uint32_t announced;
} ScsiHost;

/* A drive of that model (NULL: the default) with nothing in it and no unit attention pending. */
ScsiHost *host_new(const char *model);
/* The same with an empty cartridge, its unit attention taken. NULL geometry: unlimited. */
ScsiHost *host_new_loaded(const char *model, const MediumGeometry *geometry);
/* The default model, changed by such settings ("inquiry.vendor=ACME"), ended by NULL; loaded. */
ScsiHost *host_new_set(const char *model, const MediumGeometry *geometry,
                       ...) G_GNUC_NULL_TERMINATED;
void host_free(ScsiHost *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScsiHost, host_free)

/* Puts a new RAM cartridge in; 28/00 is then pending. */
void host_insert(ScsiHost *h, const MediumGeometry *geometry);
/* Takes what is pending by TEST UNIT READY. */
void host_clear_attentions(ScsiHost *h);

/* Syncs asked for from now on end only by host_end_sync, or at once (the default). */
void host_hold_syncs(ScsiHost *h, bool hold);
/* Ends the sync that is held. */
void host_end_sync(ScsiHost *h, MediumResult result);
bool host_sync_held(const ScsiHost *h);
unsigned host_syncs(const ScsiHost *h);
/* The next motion of this kind answers this instead, without effect on the tape. */
void host_next_result(ScsiHost *h, TestOp op, unsigned skip, MediumResult result);
/* After `skip` more blocks, `times` writes of one answer this. */
void host_fail_writes(ScsiHost *h, unsigned skip, unsigned times, MediumResult result);

#define CDB(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

/* Without Data-Out, or asking for Data-In. */
void host_send(ScsiHost *h, const uint8_t *cdb, size_t length);
/* With Data-Out. */
void host_send_data(ScsiHost *h, const void *data, size_t data_length, const uint8_t *cdb,
                    size_t length);
void host_abort(ScsiHost *h);

/* Shorthands for what most cases begin with; they assert GOOD. */
void host_write(ScsiHost *h, const void *data, uint32_t length);
void host_filemarks(ScsiHost *h, uint32_t count);
void host_rewind(ScsiHost *h);
/* MODE SELECT(6) of header and block descriptor. */
void host_set_block(ScsiHost *h, uint8_t device_specific, uint32_t block_length);

void host_expect_status(const ScsiHost *h, ScsiStatus status, const char *file, int line);
void host_expect_sense(const ScsiHost *h, ScsiSenseCode code, const char *file, int line);
void host_expect_flags(const ScsiHost *h, const char *flags, const char *file, int line);
void host_expect_information(const ScsiHost *h, int64_t information, const char *file, int line);
void host_expect_field(const ScsiHost *h, bool in_cdb, int byte, int bit, const char *file,
                       int line);
void host_expect_at(const ScsiHost *h, uint32_t partition, uint64_t object, const char *file,
                    int line);

#define expect_good(h)     host_expect_status((h), SCSI_GOOD, __FILE__, __LINE__)
#define expect_sense(h, c) host_expect_sense((h), (c), __FILE__, __LINE__)
/* Exactly these of F (FILEMARK), E (EOM), I (ILI), D (deferred). */
#define expect_flags(h, f) host_expect_flags((h), (f), __FILE__, __LINE__)
/* VALID is set and INFORMATION is this (signed). */
#define expect_info(h, i) host_expect_information((h), (i), __FILE__, __LINE__)
#define expect_no_info(h) ck_assert(!((h)->task.sense[0] & 0x80))
/* 05/24/00 with a field pointer into the CDB; bit -1: none. */
#define expect_field(h, b, i) host_expect_field((h), true, (b), (i), __FILE__, __LINE__)
/* 05/26/00 with a field pointer into the parameter list. */
#define expect_parameter(h, b, i) host_expect_field((h), false, (b), (i), __FILE__, __LINE__)
#define expect_at(h, p, o)        host_expect_at((h), (p), (o), __FILE__, __LINE__)
#define expect_data(h, d, n)                                                                       \
    do {                                                                                           \
        ck_assert_uint_eq((h)->task.in->len, (n));                                                 \
        ck_assert_mem_eq((h)->task.in->data, (d), (n));                                            \
    } while (0)

#endif
