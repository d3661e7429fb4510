/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of fault: declared in kinds/, one line each in kinds.def. A kind says once what it is
 * called, which parameters it takes and what may set it off; the loader, `usbtape list faults`,
 * live control and the catalogue in scenarios/FAULTS.md all read that.
 */
#ifndef USBTAPE_FAULT_KIND_H
#define USBTAPE_FAULT_KIND_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Interposers, as bits. */
typedef enum FaultSeam {
    FAULT_SEAM_TRANSFER = 1 << 0, /* SEAM 1, emu/usb/function.h */
    FAULT_SEAM_TASK = 1 << 1,     /* SEAM 2, emu/scsi/task.h */
    FAULT_SEAM_MEDIUM = 1 << 2,   /* SEAM 3, media/medium.h */
} FaultSeam;

/* What a fault may at worst come to when everybody does what is right. */
typedef enum FaultClass {
    FAULT_TRANSPARENT, /* a right driver hides it */
    FAULT_REPORTED,    /* a right driver reports it; nothing that was acknowledged is lost */
    FAULT_DESTRUCTIVE, /* data is lost or wrong; that has to be noticed by somebody */
} FaultClass;

typedef enum FaultType {
    FAULT_NUMBER,   /* from `min` to `max`; also the one of `words`, as FAULT_ALL */
    FAULT_SIZE,     /* bytes, the same */
    FAULT_DURATION, /* microseconds; `min` -1: also `forever`, FAULT_FOR_EVER */
    FAULT_BOOL,
    FAULT_CHOICE, /* index into `words` */
    FAULT_SENSE,  /* KK/AA/QQ: sense key, ASC, ASCQ as KKAAQQh */
    FAULT_TEXT,
} FaultType;

#define FAULT_PARAMS_MAX 6
#define FAULT_FOR_EVER   (-1)
#define FAULT_ALL        G_MAXINT64

/* For a kind's `only`. */
#define FAULT_READS  "READ(6), READ(16)"
#define FAULT_WRITES "WRITE(6), WRITE(16)"
#define FAULT_MARKS  "WRITE FILEMARKS(6), WRITE FILEMARKS(16)"
#define FAULT_BUT    "any but "

typedef struct FaultParam {
    const char *name;
    const char *about;
    FaultType type;
    const char *fallback; /* as it would be written; NULL: it must be given */
    int64_t min, max;     /* both 0: any */
    const char *words;    /* separated by blanks */
} FaultParam;

typedef union FaultValue {
    int64_t number;
    char *text; /* FAULT_TEXT */
} FaultValue;

/* Where in the life of a command, as bits. */
typedef enum FaultPhase {
    FAULT_PHASE_CBW = 1 << 0,
    FAULT_PHASE_DATA = 1 << 1,
    FAULT_PHASE_CSW = 1 << 2,
} FaultPhase;

/* Which way a data phase goes, as bits. */
typedef enum FaultData {
    FAULT_DATA_IN = 1 << 0,  /* to the host */
    FAULT_DATA_OUT = 1 << 1, /* to the device */
} FaultData;

/* Control requests and what else comes beside the commands, as bits. */
typedef enum FaultRequest {
    FAULT_GET_MAX_LUN = 1 << 0,
    FAULT_BOT_RESET = 1 << 1,
    FAULT_CLEAR_HALT = 1 << 2,
    FAULT_PORT_RESET = 1 << 3,
    FAULT_GET_DESCRIPTOR = 1 << 4,
    FAULT_GET_STATUS = 1 << 5,
    FAULT_SET_CONFIGURATION = 1 << 6,
} FaultRequest;

/* What the medium is asked to do, as bits. */
typedef enum FaultMotionKind {
    FAULT_MOTION_READ = 1 << 0,
    FAULT_MOTION_WRITE = 1 << 1,
    FAULT_MOTION_MARKS = 1 << 2,
    FAULT_MOTION_SPACE = 1 << 3,
    FAULT_MOTION_LOCATE = 1 << 4,
    FAULT_MOTION_SYNC = 1 << 5,
} FaultMotionKind;

struct AtTask;
struct AtTransfer;
struct FaultMotion;
struct FaultPlan;
struct FaultRule;
struct ScsiTask;
struct UsbTransfer;

typedef struct FaultKind {
    const char *name;     /* "drive.hang" */
    const char *about;    /* one line for people */
    const char *right;    /* what a right host does */
    const char *evidence; /* where it was met */
    const char *example;  /* a rule to paste; FAULTS.md shows it, and a test reads it */
    FaultClass class_;
    FaultParam params[FAULT_PARAMS_MAX + 1]; /* ended by one without name */

    /* Commands that alone can set it off, by name, separated by ", "; NULL: any. Or, after
     * FAULT_BUT, those that cannot. */
    const char *only;
    unsigned phases;     /* FaultPhase: those that `phase` may name; 0: none */
    FaultPhase phase;    /* …unless it does; 0: in no phase of its own, as the command starts */
    FaultData data;      /* the only way that the data of its phase may go; 0: either */
    unsigned requests;   /* FaultRequest: those that `ctrl` may name; 0: none */
    FaultRequest usual;  /* …unless it does */
    unsigned motions;    /* FaultMotionKind, with on_motion */
    unsigned more_seams; /* FaultSeam, beyond the one of its function */
    bool by_request;     /* only requests set it off, never commands */
    bool always;         /* a property: fires without end unless `count` says otherwise */
    bool wants_previous; /* needs the block before: at_medium_previous() */

    /* Is there something wrong with how the parameters go together? NULL: no. */
    const char *(*check)(const struct FaultRule *rule);
    /* Would the rule have any effect here? It is not set off where it has none. NULL: it would. */
    bool (*fits)(const struct FaultRule *rule, const void *subject);

    /*
     * What it does: exactly one of these. True: the kind has taken the event over, nobody else gets
     * to see it.
     */
    /* SEAM 2: a task on its way down; as it comes back up. */
    bool (*on_task)(struct AtTask *at, struct FaultRule *rule, struct ScsiTask *task);
    void (*on_done)(struct AtTask *at, struct FaultRule *rule, struct ScsiTask *task);
    /* SEAM 1: a bulk transfer on its way down, in its phase; as it completes. */
    bool (*on_transfer)(struct AtTransfer *at, struct FaultRule *rule,
                        struct UsbTransfer *transfer);
    bool (*on_complete)(struct AtTransfer *at, struct FaultRule *rule,
                        struct UsbTransfer *transfer);
    /* SEAM 1: a control transfer on its way down; as it completes. */
    bool (*on_request)(struct AtTransfer *at, struct FaultRule *rule, struct UsbTransfer *transfer);
    bool (*on_reply)(struct AtTransfer *at, struct FaultRule *rule, struct UsbTransfer *transfer);
    /* SEAM 3: sets motion->result, perhaps after at_medium_below(motion). */
    bool (*on_motion)(struct FaultRule *rule, struct FaultMotion *motion);
    /* Anywhere: at a command, in a phase, at a request, by the clock alone. True: whatever set it
     * off hangs from then on. */
    bool (*act)(struct FaultPlan *plan, struct FaultRule *rule);
} FaultKind;

/* NULL-terminated. */
const FaultKind *const *fault_kinds(void);
const FaultKind *fault_kind(const char *name);

static inline const char *fault_class_name(FaultClass class_)
{
    return class_ == FAULT_TRANSPARENT ? "transparent"
           : class_ == FAULT_REPORTED  ? "reported"
                                       : "destructive";
}
unsigned fault_kind_params(const FaultKind *kind); /* how many */
/* "for: duration (forever)", one line for people; free with g_free. */
char *fault_param_describe(const FaultParam *param);
/* "phase: cbw, data (data)" and "ctrl: clear-halt"; "" if it has none. Free with g_free. */
char *fault_phases_describe(const FaultKind *kind);
char *fault_requests_describe(const FaultKind *kind);
/* The name of one phase or request, as in rules. */
const char *fault_phase_name(unsigned phase);
const char *fault_request_name(unsigned request);
/* The phase or request of that name; 0: there is none. */
unsigned fault_phase(const char *name);
unsigned fault_request(const char *name);

#endif
