/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of fault. A kind is declared in kinds/ and has one line in kinds.def. Its declaration
 * gives its name, its parameters and its triggers. The loader, `usbtape list faults`, live control
 * and the catalogue in scenarios/FAULTS.md read that declaration.
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

/* The worst result of a fault, if driver and application are correct. */
typedef enum FaultClass {
    FAULT_TRANSPARENT, /* a correct driver hides it */
    FAULT_REPORTED,    /* a correct driver reports it, and no acknowledged data is lost */
    FAULT_DESTRUCTIVE, /* data is lost or wrong, and some program has to notice */
} FaultClass;

typedef enum FaultType {
    FAULT_NUMBER,   /* from `min` to `max`, or the one of `words`, which is FAULT_ALL */
    FAULT_SIZE,     /* bytes, with the same bounds */
    FAULT_DURATION, /* microseconds. With `min` -1 also `forever`, FAULT_FOR_EVER. */
    FAULT_BOOL,
    FAULT_CHOICE, /* index into `words` */
    FAULT_SENSE,  /* KK/AA/QQ: sense key, ASC and ASCQ as KKAAQQh */
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
    const char *fallback; /* default, as in a rule. NULL: the parameter is required. */
    int64_t min, max;     /* both 0: no bounds */
    const char *words;    /* separated by blanks */
} FaultParam;

typedef union FaultValue {
    int64_t number;
    char *text; /* FAULT_TEXT */
} FaultValue;

/* Phases of a command, as bits. */
typedef enum FaultPhase {
    FAULT_PHASE_CBW = 1 << 0,
    FAULT_PHASE_DATA = 1 << 1,
    FAULT_PHASE_CSW = 1 << 2,
} FaultPhase;

/* Directions of a data phase, as bits. */
typedef enum FaultData {
    FAULT_DATA_IN = 1 << 0,  /* to the host */
    FAULT_DATA_OUT = 1 << 1, /* to the device */
} FaultData;

/* Control requests and other events outside commands, as bits. */
typedef enum FaultRequest {
    FAULT_GET_MAX_LUN = 1 << 0,
    FAULT_BOT_RESET = 1 << 1,
    FAULT_CLEAR_HALT = 1 << 2,
    FAULT_PORT_RESET = 1 << 3,
    FAULT_GET_DESCRIPTOR = 1 << 4,
    FAULT_GET_STATUS = 1 << 5,
    FAULT_SET_CONFIGURATION = 1 << 6,
} FaultRequest;

/* Motions of the medium, as bits. */
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
    const char *right;    /* what a correct host does */
    const char *evidence; /* where it was observed */
    const char *example;  /* a rule to paste, shown in FAULTS.md and read by a test */
    FaultClass class_;
    FaultParam params[FAULT_PARAMS_MAX + 1]; /* ends with an entry without name */

    /*
     * Names of the commands that set it off, separated by ", ". NULL: any command. After FAULT_BUT
     * the list names the commands that do not.
     */
    const char *only;
    unsigned phases;     /* FaultPhase: values that `phase` may have, or 0 */
    FaultPhase phase;    /* default of `phase`. 0: when the command starts. */
    FaultData data;      /* the only direction that its data phase may have, or 0 */
    unsigned requests;   /* FaultRequest: values that `ctrl` may have, or 0 */
    FaultRequest usual;  /* default of `ctrl` */
    unsigned motions;    /* FaultMotionKind, with on_motion */
    unsigned more_seams; /* FaultSeam, besides the one of its function */
    bool by_request;     /* set off by requests, never by commands */
    bool always;         /* a property that fires without limit, unless `count` sets one */
    bool wants_previous; /* needs at_medium_previous() */

    /* Checks parameters against each other. Returns the error, or NULL. */
    const char *(*check)(const struct FaultRule *rule);
    /* False if the rule would have no effect here. Then it is not set off. NULL: always true. */
    bool (*fits)(const struct FaultRule *rule, const void *subject);

    /*
     * The function that acts: exactly one of these is set. True if the kind took the event over.
     * Then no other rule sees the event.
     */
    /* SEAM 2: a task that is submitted, and its completion. */
    bool (*on_task)(struct AtTask *at, struct FaultRule *rule, struct ScsiTask *task);
    void (*on_done)(struct AtTask *at, struct FaultRule *rule, struct ScsiTask *task);
    /* SEAM 1: a bulk transfer in its phase that is submitted, and its completion. */
    bool (*on_transfer)(struct AtTransfer *at, struct FaultRule *rule,
                        struct UsbTransfer *transfer);
    bool (*on_complete)(struct AtTransfer *at, struct FaultRule *rule,
                        struct UsbTransfer *transfer);
    /* SEAM 1: a control transfer that is submitted, and its completion. */
    bool (*on_request)(struct AtTransfer *at, struct FaultRule *rule, struct UsbTransfer *transfer);
    bool (*on_reply)(struct AtTransfer *at, struct FaultRule *rule, struct UsbTransfer *transfer);
    /* SEAM 3: sets motion->result, with or without at_medium_below(motion). */
    bool (*on_motion)(struct FaultRule *rule, struct FaultMotion *motion);
    /*
     * At any trigger: a command, a phase, a request, the clock alone. True if the event that set it
     * off stays pending.
     */
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
unsigned fault_kind_params(const FaultKind *kind); /* their number */
/* "for: duration (forever)", one line. Free with g_free. */
char *fault_param_describe(const FaultParam *param);
/* "phase: cbw, data (data)" and "ctrl: clear-halt", or "". Free with g_free. */
char *fault_phases_describe(const FaultKind *kind);
char *fault_requests_describe(const FaultKind *kind);
/* The name of one phase or request, as in rules. */
const char *fault_phase_name(unsigned phase);
const char *fault_request_name(unsigned request);
/* The phase or request of that name, or 0. */
unsigned fault_phase(const char *name);
unsigned fault_request(const char *name);

#endif
