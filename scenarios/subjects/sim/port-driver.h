/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of a storage port driver over Bulk-Only Transport: one queue, split-phase commands,
 * autosense, error recovery. What it does right or wrong with its queue is a row of data
 * (HostModel): the right one, and those that are suspected of KB 817765. All of them are models:
 * Microsoft published no root cause, and no row is Microsoft's driver.
 *
 * What is right, as far as Microsoft documents it: requests go to the device in the order in which
 * they came, one at a time; on any error the queue is frozen before the request completes, and says
 * so (SRB_STATUS_QUEUE_FROZEN); what is frozen lets only bypass requests through; a retried request
 * goes to the head of the queue; the class driver releases the queue when it has dealt with the
 * error.
 *
 * Owns: the queue, what is on the wire, Bulk-Only with Reset Recovery (BOT 1.0 § 5.3.4), time-outs,
 * REQUEST SENSE. Does not own: what a request means, whether to try it again (tape-class.h); the
 * bus (transport.h).
 */
#ifndef USBTAPE_SIM_PORT_H
#define USBTAPE_SIM_PORT_H

#include "emu/base/clock.h"
#include "scenarios/subjects/sim/device-queue.h"
#include "scenarios/subjects/sim/transport.h"

#define HOST_SENSE_LENGTH 18

/* ---- policy ---- */

/* Which requests the queue sorts by QueueSortKey, whatever that holds. */
typedef enum HostKeys { HOST_KEYS_IGNORED, HOST_KEYS_OF_WRITES, HOST_KEYS_OF_READS } HostKeys;

/* What is started when the queue is released. */
typedef enum HostThaw {
    HOST_THAW_OLDEST,
    HOST_THAW_NEWEST,
    HOST_THAW_TWO, /* the two oldest, at once */
} HostThaw;

/* What may set a model's fault off, in a host that is otherwise sound. Bits. */
typedef enum HostTrigger {
    HOST_TRIGGER_STALE_KEYS = 1 << 0,
    HOST_TRIGGER_EARLY_WARNING = 1 << 1,
    HOST_TRIGGER_UNIT_ATTENTION = 1 << 2,
    HOST_TRIGGER_BUSY = 1 << 3,
    HOST_TRIGGER_STALL = 1 << 4,
    HOST_TRIGGER_QUEUED_MARK = 1 << 5, /* a filemark is sent while writes wait */
    HOST_TRIGGER_STALL_CBW = 1 << 6,   /* these two leave the command undone … */
    HOST_TRIGGER_NAK_FOREVER = 1 << 7,
    HOST_TRIGGER_CSW_LOST = 1 << 8, /* … and this one does not */
} HostTrigger;

#define HOST_N_TRIGGERS 9
#define HOST_TRIGGERS   ((1u << HOST_N_TRIGGERS) - 1)

typedef struct HostModel {
    const char *name;      /* "F1", "post-fix" */
    const char *about;     /* what it does wrong */
    const char *signature; /* what that leaves on tape, or on the wire */
    const char *known;     /* what is documented of it, by whom, and what is our guess */
    unsigned triggers;     /* of HostTrigger: what it needs; 0: it has no fault */
    HostKeys keys;
    bool runs_on;      /* the queue is not frozen on an error */
    bool retries_last; /* a retried request goes to the tail */
    HostThaw thaw;
    bool forgets;     /* what arrives while the queue is frozen and empty is lost */
    bool overtakes;   /* the next command goes out before REQUEST SENSE for the failed one */
    bool repeats;     /* after Reset Recovery sends the command again, executed or not */
    bool marks_first; /* WRITE FILEMARKS goes out before the writes that wait */
    bool takes_reset; /* Reset Recovery counts as the end of the command: it was executed */
    /* Why it shows nothing in some task, by MtfTask names; see port-models.c. NULL: it always can.
     */
    const char *silent_in, *silent_because;
    const struct UsbtapeDriver *plugin; /* its hooks (driver-plugin.h); NULL: the row says it all */
    const char *file;                   /* the object that it came from; NULL: it is built in */
} HostModel;

/* Ends with a row whose name is NULL; the first one is the right one. */
const HostModel *host_models(void);
/* NULL and an error that lists them if there is none of that name. */
const HostModel *host_model_by_name(const char *name, GError **error);
/* "stale-keys"; the bit of a name, 0: none such. Static. */
const char *host_trigger_name(HostTrigger trigger);
/* "unit-attention, busy". Free with g_free. */
char *host_triggers_text(unsigned triggers);
unsigned host_trigger_by_name(const char *name);

/* ---- requests ---- */

typedef enum HostStatus {
    HOST_GOOD,
    HOST_CHECK,   /* the command failed: `sense` */
    HOST_RESET,   /* no valid answer, the device was reset: what the command did is not known */
    HOST_REMOVED, /* the device is gone */
} HostStatus;

typedef struct HostRequest HostRequest;

/* What Windows calls an SRB. */
struct HostRequest {
    uint8_t cdb[16];
    uint8_t cdb_length;
    bool in;
    bool bypass;   /* goes out although the queue is frozen, before everything that waits */
    void *bytes;   /* the submitter's until `done`; not written to if not `in` */
    size_t length; /* 0: no data */
    uint32_t sort_key;
    uint64_t number; /* for who looks on: the class driver counts its requests */
    /* May send, retry and release. Not called from inside host_port_send(). */
    void (*done)(HostRequest *request);
    void *data;

    HostStatus status;
    bool frozen; /* the queue is, because of this request: release it */
    uint8_t sense[HOST_SENSE_LENGTH];
    uint8_t sense_length; /* 0: there was none to get */
    size_t moved;         /* data bytes, as the device accounted for them */

    DeviceQueueEntry entry; /* the port's */
};

/* ---- the port ---- */

typedef struct HostPort HostPort;

typedef enum HostEvent {
    HOST_EVENT_CBW,     /* the command goes to the wire */
    HOST_EVENT_OVERLAP, /* … while another one is there: a violation of Bulk-Only */
    HOST_EVENT_CSW,     /* status 0 */
    HOST_EVENT_FAILED,  /* status 1 */
    HOST_EVENT_SENSE,   /* REQUEST SENSE has been answered: `sense` of the request it is for */
    HOST_EVENT_FROZEN,
    HOST_EVENT_RETRIED,
    HOST_EVENT_RELEASED,
    HOST_EVENT_RECOVERY, /* Reset Recovery begins */
    HOST_EVENT_TIMEOUT,
    HOST_EVENT_LOST,     /* a request that nobody will hear of again */
    HOST_EVENT_REPEATED, /* sent again after Reset Recovery */
    HOST_EVENT_OVERTOOK, /* goes out before the REQUEST SENSE of another */
    HOST_EVENT_ASSUMED,  /* Reset Recovery was taken for its end */
    HOST_EVENT_RESORTED, /* by its key it got before requests that had come earlier */
} HostEvent;

/* `request` may be NULL. Static words: "CBW", "CSW", … */
typedef void (*HostWatch)(void *data, HostEvent event, const HostRequest *request);
const char *host_event_name(HostEvent event);

/* Borrows all of it. */
HostPort *host_port_new(HostTransport *transport, Clock *clock, const HostModel *model);
/* Requests that have not ended never will; the transport must have nothing of it under way, or be
 * gone as well. */
void host_port_free(HostPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostPort, host_port_free)

void host_port_watch(HostPort *port, HostWatch watch, void *data);
/* How long a phase may take, microseconds; 30 s at first. */
void host_port_set_timeout(HostPort *port, int64_t timeout);

/* Borrows the request until `done`. */
void host_port_send(HostPort *port, HostRequest *request);
/* The same for one that has ended with an error: to the head of the queue, if all is right. */
void host_port_retry(HostPort *port, HostRequest *request);
/* RELEASE_QUEUE: the error that froze the queue has been dealt with. */
void host_port_release(HostPort *port);
/* Nothing is on the wire, and nothing waits that could get there by itself. */
bool host_port_is_idle(const HostPort *port);

#endif
