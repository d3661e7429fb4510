/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of a port driver model in a shared object (`usbtape run --driver ./mine.so`). It is
 * one table, `usbtape_driver`. scenarios/drivers/README.md has an example.
 *
 * A hook that is NULL does what the right driver does. Hooks are called from one thread. They must
 * not keep what they are given. The header needs nothing else of the project.
 */
#ifndef USBTAPE_DRIVER_PLUGIN_H
#define USBTAPE_DRIVER_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Grows with each change of this file. A table of another version is refused. */
#define USBTAPE_DRIVER_VERSION 1u

/* A request to the port driver. */
typedef struct UsbtapeDriverRequest {
    const uint8_t *cdb;
    unsigned cdb_length;
    bool in;         /* it reads */
    size_t length;   /* of its data, in bytes */
    uint32_t key;    /* QueueSortKey; with the trigger stale-keys it holds anything */
    uint64_t number; /* the requests of a case count from 1 */
} UsbtapeDriverRequest;

/* What Reset Recovery does to the command that it interrupted. */
typedef enum UsbtapeDriverReset {
    USBTAPE_DRIVER_UNKNOWN, /* the class driver looks whether it was executed: right */
    USBTAPE_DRIVER_RESEND,  /* it is sent again, executed or not */
    USBTAPE_DRIVER_DONE,    /* it counts as executed */
} UsbtapeDriverReset;

typedef struct UsbtapeDriver {
    uint32_t version;   /* USBTAPE_DRIVER_VERSION */
    uint32_t size;      /* sizeof(UsbtapeDriver) */
    const char *name;   /* letters, digits and hyphens */
    const char *about;  /* what it does wrong */
    const char *leaves; /* what that leaves on tape, or on the bus */
    const char
        *triggers; /* what it needs: names with blanks between, as `trigger:` has; NULL: any */

    /* Called before each case: variables of the object begin anew, so that a seed is reproducible.
     */
    void (*begin)(void);
    /* Does `request` enter the queue before `queued`? It is asked from the oldest one on.
     * `retried`: it failed before. NULL: a retried one comes first, any other one last. */
    bool (*before)(const UsbtapeDriverRequest *request, bool retried,
                   const UsbtapeDriverRequest *queued);
    /* Which of `waiting` requests starts next: 0 is the first of the queue, and what is beyond the
     * last one is the last one. `released`: the queue was frozen. */
    unsigned (*next)(unsigned waiting, bool released);
    /* Does an error of that request freeze the queue? */
    bool (*freezes)(const UsbtapeDriverRequest *request);
    /* Is a new request lost, to be answered never? `frozen`: the queue is. */
    bool (*loses)(const UsbtapeDriverRequest *request, bool frozen, unsigned waiting);
    UsbtapeDriverReset (*after_reset)(const UsbtapeDriverRequest *request);
} UsbtapeDriver;

/* What the object defines. */
extern const UsbtapeDriver usbtape_driver;

#endif
