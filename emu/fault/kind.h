/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of fault: one file each in kinds/, one line each in kinds.def. */
#ifndef USBTAPE_FAULT_KIND_H
#define USBTAPE_FAULT_KIND_H

#include <stdbool.h>

typedef enum FaultSeam {
    FAULT_SEAM_TASK, /* SEAM 2, emu/scsi/task.h */
} FaultSeam;

struct AtTask;
struct FaultRule;
struct ScsiTask;

typedef struct FaultKind {
    const char *name;  /* "drive.hang" */
    const char *about; /* one line for people */
    FaultSeam seam;
    /* Is the parameter `for` taken, must it be there? */
    bool takes_duration, needs_duration;
    /* FAULT_SEAM_TASK: deals with the task by one of at_task_hold, at_task_end and at_task_pass. */
    void (*on_task)(struct AtTask *at, const struct FaultRule *rule, struct ScsiTask *task);
} FaultKind;

/* NULL-terminated. */
const FaultKind *const *fault_kinds(void);

#endif
