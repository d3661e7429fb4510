/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside emu/ssc: the drive, and the command that it is executing. */
#ifndef USBTAPE_SSC_DRIVE_STATE_H
#define USBTAPE_SSC_DRIVE_STATE_H

#include "emu/base/bytes.h"
#include "emu/scsi/attention.h"
#include "emu/ssc/buffer.h"
#include "emu/ssc/models/model.h"
#include "emu/ssc/outcome.h"
#include "emu/ssc/ssc.h"
#include "emu/ssc/table.h"
#include "emu/ssc/timing.h"
#include "emu/ssc/zones.h"

/* READ BUFFER, WRITE BUFFER */
#define SSC_TEST_BUFFER 65536u
#define SSC_ECHO_BUFFER 4096u

/* No parameter data that a drive sends is longer: READ BUFFER sends the most, with a header. */
#define SSC_REPLY_MAX (SSC_TEST_BUFFER + 4)

/* The command being executed. There is at most one: drives like ours do not queue. */
struct SscCommand {
    SscDrive *drive;
    ScsiTask *task;  /* NULL: none */
    uint64_t number; /* counts commands: the next one may come in the same ScsiTask */
    int64_t begun;   /* of the clock; for the trace, as is the next */
    char from[32];   /* where the head was: partition and object */
    const SscRow *row;
    const uint8_t *cdb;
    ByteWriter reply;   /* over drive->scratch: parameter data under construction */
    uint32_t announced; /* bytes that the data phase moves */
    SscHandler next;    /* called when what the command waits for has come; NULL: not waiting */
    Outcome held;       /* for handlers: an outcome found before a sync, reported after it */
    SscHandler then;    /* 16-byte forms: what to do once at the address */
    SscZones zones;     /* where the head was before */
    bool zones_watched; /* and that matters when it ends */
    SscTimed timed;     /* the state when it began, if time is modelled */
    unsigned page_at;   /* MODE SELECT: where the page that divides the tape began */
    uint32_t moved;     /* of many objects: how many until now, over all turns */
    bool warned;        /* and whether one of them met early warning */
    unsigned fetches;   /* fetches so far: SSC_FETCHES_MAX */
};

/*
 * A sync in progress. It cannot be cancelled, so it may outlive the command that asked for it
 * (abort) and even the drive.
 */
typedef struct SscSync {
    SscDrive *drive;    /* NULL: freed meanwhile */
    TapeMedium *orphan; /* to be freed when a freed drive's sync ends */
    bool waited_for;    /* the current command waits; otherwise a failure is a deferred error */
} SscSync;

/*
 * A fetch in progress: it brings data that the current command will read from the host's disk into
 * memory. It may outlive the command.
 */
typedef struct SscFetch {
    SscDrive *drive; /* NULL: no command waits for it any more */
    Outcome again;   /* what asked for it */
} SscFetch;

/* Fetched data may be evicted again. After this many fetches the command reads without another. */
#define SSC_FETCHES_MAX 4u

/* Mode parameters as the host set them (SPC-3 § 7.4). Pages are kept as bytes: pages-mode.c. */
#define SSC_MODE_PAGES_MAX 16
#define SSC_MODE_PAGE_SIZE 256

/* Device vendor-specific: how an AIT drive formatted the cartridge, as byte 2 of mode page 31h. */
#define SSC_ATTRIBUTE_AIT 0x0c00
/* The notes of log page 3Eh: one of the cartridge, one of each partition. */
#define SSC_ATTRIBUTE_VOLUME_NOTE    0x0c01
#define SSC_ATTRIBUTE_PARTITION_NOTE 0x0c02
/* MEDIUM SERIAL NUMBER (SPC-3 § 7.3.2.3) */
#define SSC_ATTRIBUTE_MEDIUM_SERIAL 0x0401

typedef struct SscMode {
    uint8_t buffered_mode; /* SSC-3 table 76: 0 unbuffered, 1 buffered */
    uint8_t density;       /* of the block descriptor */
    uint32_t block_length; /* 0 = variable */
    uint8_t dividing; /* of a draft: code of the page that asks for other partitions; 0: none */
    uint8_t pages[SSC_MODE_PAGES_MAX]
                 [SSC_MODE_PAGE_SIZE]; /* current values, in the model's order */
} SscMode;

/* The state of each initiator: the pending unit attentions, and the sense that was reported last.
 * The third place that REQUEST SENSE reads is `deferred` of the drive. */
typedef struct SscNexus {
    ScsiAttention attention;
    ScsiSense sense;
    bool registered; /* by PERSISTENT RESERVE OUT, with this key */
    uint64_t key;
} SscNexus;

/* Who has the drive: cmd-reserve.c. */
typedef struct SscReservation {
    bool reserved; /* by RESERVE, of this nexus */
    uint8_t reserved_by;
    uint8_t type;   /* of the persistent reservation; 0: none */
    uint8_t holder; /* nexus; of types for all registrants, each of them */
    uint32_t generation;
} SscReservation;

/* The last self-tests that the host asked for by SELF-TEST CODE (SPC-3 § 7.2.10). */
#define SSC_SELF_TESTS 20

typedef struct SscSelfTest {
    uint8_t code;
    uint16_t hours; /* since power-on */
} SscSelfTest;

/* Identifying information that the host gave: of the device, and as text. */
#define SSC_IDENTITIES   2
#define SSC_IDENTITY_MAX 256

typedef struct SscIdentity {
    uint16_t length;
    uint8_t bytes[SSC_IDENTITY_MAX];
} SscIdentity;

/* The drive's one port, and the group that it alone is in. */
#define SSC_TARGET_PORT       1
#define SSC_TARGET_PORT_GROUP 1

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

/* How the drive can use the loaded cartridge's density. */
typedef enum SscFormat {
    FORMAT_WRITABLE,
    FORMAT_READ_ONLY, /* of an older generation */
    FORMAT_ALIEN,     /* of another one altogether */
} SscFormat;

struct SscDrive {
    ScsiTarget target;
    const SscModel *model;
    Clock *clock;
    Trace *trace;
    char serial[11];

    TapeMedium *medium; /* the cartridge in the drive, loaded or not */
    bool loaded;
    SscLoadNotice load_notice; /* NULL: none */
    void *load_data;
    bool held;              /* in and not threaded (HOLD): only its memory can be reached */
    bool reload_after_sync; /* switched on again while a sync was under way */
    bool cleaning;          /* what is in is a cleaning cartridge: `held`, never loaded */
    SscFormat format;
    uint8_t ait_format;   /* AIT and DEVICE of page 31h, as the cartridge was formatted */
    bool compression_set; /* the medium has the compression mode */
    uint8_t prevented;    /* PREVENT ALLOW MEDIUM REMOVAL: bit n, by nexus n */
    bool dirty;           /* some changes of the medium are not durable yet */
    SscBuffer buffer;     /* written behind */
    SscMode mode;
    /* The pages' values after a reset: the model's, or what MODE SELECT saved. */
    uint8_t saved_pages[SSC_MODE_PAGES_MAX][SSC_MODE_PAGE_SIZE];

    SscNexus nexuses[SCSI_NEXUSES];
    ScsiSense deferred; /* with its `deferred` off: none */

    uint64_t tape_alerts; /* bit n - 1: flag n */
    /* Since power-on. */
    uint64_t bytes_written, bytes_read;     /* of user data */
    uint64_t records_written, records_read; /* blocks */
    uint64_t tape_written, tape_read;       /* bytes as they lie on the tape, compressed or not */
    uint64_t write_errors, read_errors;     /* that no retry helped against */
    GHashTable *log_bases; /* what LOG SELECT leaves out of these, by page and parameter */
    /* Since the drive was made. */
    int64_t made, drum_time, drum_since; /* microseconds */
    int64_t drum_cleaned;                /* drum_time when the heads were cleaned last */
    uint32_t load_count, motion_count;
    uint64_t written_before, read_before; /* of these, before the cartridge was loaded */
    uint64_t commands[256], checks;       /* ended, by operation code; with CHECK CONDITION */

    SscReservation reservation;
    SscSelfTest self_tests[SSC_SELF_TESTS]; /* the last one first */
    unsigned n_self_tests;
    SscIdentity identities[SSC_IDENTITIES];
    int64_t powered_since; /* of the clock */
    uint64_t timestamp;    /* milliseconds, as of timestamp_since */
    int64_t timestamp_since;
    bool timestamp_set; /* by the host; otherwise it counts from power-on */
    uint8_t test_buffer[SSC_TEST_BUFFER], echo[SSC_ECHO_BUFFER];
    uint32_t echo_length; /* 0: the echo buffer was never written */

    bool timed; /* time is modelled */
    /* If it is: when the cartridge is ready, the tape free, the buffer drained. */
    int64_t ready_at, busy_until, drained_at, cleaned_at;
    /* The current command waits: to end in time, or for its next turn. NULL: it does not. */
    ClockTimer *late;
    Outcome late_outcome;

    SscCommand command; /* the current one */
    GQueue waiting;     /* tasks that came meanwhile */
    SscSync *sync;      /* NULL: none under way */
    SscFetch *fetch;    /* the same */
    uint8_t scratch[SSC_REPLY_MAX];
    uint8_t *reversed; /* MEDIUM_BLOCK_MAX bytes for READ REVERSE; NULL until there was one */
};

/* dispatch.c */
void ssc_submit(ScsiTarget *target, ScsiTask *task);
void ssc_data_out(ScsiTarget *target, ScsiTask *task);
void ssc_abort(ScsiTarget *target, ScsiTask *task);
/* The current command ends without being done. */
void ssc_forget_command(SscDrive *drive);

/* drive-state.c */
/* Makes a cartridge that is in the drive reachable, at BOP of partition 0. */
void ssc_drive_load(SscDrive *drive);
void ssc_drive_unload(SscDrive *drive);
/* The block limits of the loaded cartridge: the model's, bounded by the image's format. */
SscBlockLimits ssc_drive_limits(SscDrive *drive);
/* The density code of the loaded cartridge; of the mode parameters if it does not say. */
uint8_t ssc_drive_density(SscDrive *drive);
/* Where the host is: behind what the tape has not taken yet. */
MediumPosition ssc_drive_position(SscDrive *drive);
/* Bytes on the tape before the head. */
uint64_t ssc_drive_used(SscDrive *drive);
/* All that the medium has is safe. */
void ssc_drive_clean(SscDrive *drive);
/* Raises a TapeAlert flag; LOG SENSE takes it. */
void ssc_drive_alert(SscDrive *drive, SscAlert alert);

/* The initiator of the current command. */
SscNexus *ssc_nexus(const SscCommand *c);
/* A unit attention for each initiator; for each but the one of the current command. */
void ssc_attention(SscDrive *drive, ScsiSenseCode code);
void ssc_attention_others(const SscCommand *c, ScsiSenseCode code);

/* cmd-attribute.c */
/* The cartridge, just loaded, notes which drive it is in now, and what the load before moved. */
void ssc_note_load(SscDrive *drive);
/* Bytes that this load and the one before have moved, as they lie on the tape. */
typedef struct SscMoved {
    uint64_t written, read;
} SscMoved;
void ssc_loads(SscDrive *drive, SscMoved *now, SscMoved *before);

/* cmd-reserve.c */
/* Is the drive another initiator's, for this command? Its row has been found. */
bool ssc_reserved_from_it(const SscCommand *c);

/* dispatch.c */
/* The tab, or a density that the drive only reads. */
bool ssc_drive_protected(SscDrive *drive);
/* The gate "is there a loaded cartridge?", for commands that need one only sometimes. */
Outcome ssc_check_ready(const SscDrive *drive);
/* Does it have REPORT TARGET PORT GROUPS? */
bool ssc_model_has_groups(const SscModel *model);

/* outcome.c */
/* The buffer goes to tape before the tape moves away (SSC-3 § 4.2.10): calls `next` after a sync if
 * the tape needs one, else now. */
Outcome ssc_when_synced(SscCommand *c, SscHandler next);
/* Reports the outcome after a sync that ends well. */
Outcome ssc_report_when_synced(SscCommand *c, Outcome outcome);
/* With IMMED: reports the outcome now, and the sync that it needs goes on in the background. */
Outcome ssc_report_before_sync(SscCommand *c, Outcome outcome);
/* GOOD now. The next command that may report a deferred error reports this one. */
Outcome ssc_defer(SscDrive *drive, Outcome outcome);
/* Hands out what `ssc_reply` announced; a handler that must act then calls it last. */
Outcome ssc_send_reply(SscCommand *c);

/* cmd-data.c */
/*
 * The byte count behind FIXED and TRANSFER LENGTH (SSC-3 § 4.2.9), in 6-byte and 16-byte forms. Not
 * good: FIXED without a block length, more than one command may move, or a wrong address.
 */
Outcome ssc_transfer_length(SscCommand *c, uint32_t *bytes);

/* cmd-position.c */
/*
 * The 16-byte forms of READ, WRITE… name the partition and the logical object where they begin
 * (SSC-3 § 4.2.15, explicit addresses); the 6-byte forms begin where the tape is. Is there such a
 * partition?
 */
Outcome ssc_check_address(SscCommand *c);
/* `act`, once the tape is there; it is not called if there is no such object. */
Outcome ssc_at_address(SscCommand *c, SscHandler act);

/* cmd-attribute.c */
/* Bytes that are left in the chip of the cartridge. */
uint64_t ssc_memory_left(SscDrive *drive);
/* Is there room for an attribute of `size` bytes in place of one of `old`? 0: none. */
bool ssc_memory_fits(SscDrive *drive, size_t old, size_t size);
/* The usage that the cartridge counts in its life. `loads` 0: its format counts none. */
MediumUsage ssc_medium_usage(SscDrive *drive);

/* pages-vpd.c */
/* Puts a VPD page into c->reply. False: this model has none of that code. */
bool ssc_vpd_page(SscCommand *c, uint8_t code);

/* cmd-format.c */
/*
 * Makes the cartridge anew with partitions as the medium partition page says (offsets as in the
 * standard). `at`: where the page is in the parameter list, for field pointers.
 */
Outcome ssc_partition(SscCommand *c, const uint8_t *page, unsigned at);

/*
 * The partitions after the last one, by pages 32h and 33h of AIT drives; `page` and `at` as above.
 * The others keep what is on them.
 */
Outcome ssc_append_partition(SscCommand *c, const uint8_t *page, unsigned at);
Outcome ssc_delete_partitions(SscCommand *c, const uint8_t *page, unsigned at);

/* pages-log.c */
/* A cartridge was loaded: the counters of a load restart. */
void ssc_log_loaded(SscDrive *drive);

/* pages-mode.c */
/* Factory state: no page is saved. */
void ssc_mode_init(SscDrive *drive);
void ssc_mode_reset(SscDrive *drive);
/* Can any page of the model be saved? */
bool ssc_mode_saves(const SscModel *model);
/* Keeps the current values of the pages that can be saved. */
void ssc_mode_save(SscDrive *drive);
/* A cartridge was loaded: the pages follow its format until MODE SELECT. */
void ssc_mode_meet_cartridge(SscDrive *drive);
/* It was formatted as selected. */
void ssc_mode_formatted(SscDrive *drive);
/* Data compression is enabled (SSC-3 § 8.3.2). */
bool ssc_mode_compresses(const SscDrive *drive);
#define SSC_PAGE_PARTITIONS 0x11
#define SSC_PAGE_APPEND     0x32 /* AIT */
#define SSC_PAGE_DELETE     0x33 /* AIT */
/* A page as the host set it, offsets as in the standard. False: the model has no such page. */
bool ssc_mode_page(const SscModel *model, const SscMode *mode, uint8_t code,
                   uint8_t page[SSC_MODE_PAGE_SIZE]);
/* Page 11h asks for what the drive in that mode does not do: the byte of the page; 0: it is right.
 */
unsigned ssc_mode_wrong_partitions(const SscModel *model, SscMode *mode);
/* Byte 2 of AIT's page 31h: how the loaded cartridge is formatted. */
uint8_t ssc_mode_ait_format(SscDrive *drive);
/* Bytes in one unit of a partition's size, as mode pages report sizes. */
uint64_t ssc_mode_partition_unit(SscDrive *drive);
/* The loaded cartridge is formatted as AIT native. */
bool ssc_mode_native(const SscDrive *drive);
/* RSMK: do READ and SPACE stop at setmarks? (SSC-3 § 8.3.3) */
bool ssc_mode_reports_setmarks(const SscDrive *drive);
/* SEW: the buffer is synchronised at early warning. REW: reading reports it too (SSC-3 § 8.3.3). */
bool ssc_mode_synchronizes_early(const SscDrive *drive);
bool ssc_mode_reports_early(const SscDrive *drive);
/* PEWS, in MB of 10^6 bytes (SSC-3 § 8.3.8); 0: no programmable early warning. */
uint16_t ssc_mode_early_warning_size(const SscDrive *drive);

#endif
