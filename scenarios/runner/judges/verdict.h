/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a case showed, from the evidence alone: a pure function. */
#ifndef USBTAPE_SCENARIOS_VERDICT_H
#define USBTAPE_SCENARIOS_VERDICT_H

#include <glib.h>
#include <stdbool.h>

typedef enum Verdict {
    VERDICT_INTACT,            /* the data is right, and nobody complained */
    VERDICT_RECOVERED,         /* the data is right; the kernel noted an error and got over it */
    VERDICT_DETECTED,          /* something was broken, and a program reported it */
    VERDICT_SILENT_CORRUPTION, /* everybody is content, and the data is wrong */
    VERDICT_FALSE_ALARM,       /* somebody complained, and nothing had been broken */
    VERDICT_HANG,              /* a step did not end in its time, or the guest fell silent */
    VERDICT_NO_DRIVE,          /* the guest never found a tape drive */
    VERDICT_CRASH,             /* the guest's kernel, QEMU or the drive died */
    VERDICT_INCONCLUSIVE, /* a fault never fired, or another complaint came: nothing was shown */
    VERDICT_ENV_ERROR,    /* QEMU, a file, the disk: nothing to do with the drive */
    N_VERDICTS,
} Verdict;

const char *verdict_name(Verdict verdict);
/* What the verdict of that name means, for a reader who sees it for the first time. */
const char *verdict_about(const char *name);
/* What kind of result it is, as a word for style sheets: sound, noticed, silent, broken or nothing.
 */
const char *verdict_tone(const char *name);
/* The names, NULL-terminated, in the order of the enum. */
const char *const *verdict_names(void);

/* "intact or recovered", of bits of Verdict. Free with g_free. */
char *verdicts_text(unsigned verdicts);

typedef struct Evidence {
    bool environment_failed;
    bool crashed;
    bool hung;
    bool log_unread;   /* the guest answered to the end, and did not hand out its kernel's log */
    bool no_drive;     /* it looked for a tape drive, and found none */
    bool unfired;      /* a fault that was to fire did not, or not as often */
    bool idle;         /* a bad driver does not say that it did what it does wrong */
    bool fault_fired;  /* one of the drive's, or a bad driver says that it did what it does wrong */
    bool complained;   /* a program's exit status or output was not as expected */
    bool unnamed;      /* who complained or hung is not whom the scenario names for that */
    bool log_lost;     /* the kernel's log lacks its beginning, and with it perhaps an error */
    bool kernel_noted; /* the kernel's log names an error of the drive */
    bool wrong;        /* the oracle found something else on the tape, or in what came back */
    bool bus_broken;   /* the host broke a rule of the bus. It is no verdict: the case fails */
} Evidence;

Verdict verdict_of(const Evidence *evidence);

#endif
