/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of a case, for people: the steps, the events at the drive, the tape, the verdict. It is
 * data only, of bounded size. story-text.c and story-html.c show it.
 *
 * The code that runs a case fills one (case.c, sim-story.c). Times are microseconds since the case
 * began.
 *
 * Owns: the data. Does not own: judging (verdict.h), or how it looks.
 */
#ifndef USBTAPE_SCENARIOS_STORY_H
#define USBTAPE_SCENARIOS_STORY_H

#include "scenarios/runner/judges/bus.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define STORY_NOT_OVER (-1)

/* ---- what the application did and believed ---- */

typedef struct StoryStep {
    char *text;
    bool on_host; /* not in the guest */
    unsigned line;
    int64_t begun, ended; /* ended: STORY_NOT_OVER if it never was */
    int status;           /* exit status, if it ended in the guest */
    bool complained;      /* not what the scenario expected of it */
    char *said;           /* the end of its errors, or of its output; "" if there is none */
} StoryStep;

/* ---- what the drive saw ---- */

typedef enum StoryEventKind {
    STORY_COMMANDS,   /* `count` commands of one name and outcome, one after the other */
    STORY_MIXED,      /* `count` things of several kinds, summed up in `text` */
    STORY_FAULT,      /* a rule fired */
    STORY_BUS,        /* resets, halts; a host comes and leaves */
    STORY_ACTION,     /* something done from outside: unplugged, paused, changed the tape */
    STORY_HOST_ERROR, /* the cartridge's file failed */
} StoryEventKind;

typedef enum StoryWeight {
    STORY_PLAIN, /* nothing to see */
    STORY_NOTE,  /* ordinary, and worth a line: a unit attention, an end of data */
    STORY_ERROR,
} StoryWeight;

typedef struct StoryEvent {
    StoryEventKind kind;
    StoryWeight weight;
    int64_t at, until;
    uint64_t count;
    char *name;         /* of the command or the fault; else a title */
    char *text;         /* the outcome, the details; "" if there are none */
    GHashTable *counts; /* of STORY_MIXED: name → count (pointer); NULL otherwise */
} StoryEvent;

/* ---- what the tape holds ---- */

typedef enum StoryObjectKind {
    STORY_BLOCK,
    STORY_FILEMARK,
    STORY_SETMARK,
    STORY_DAMAGED, /* there is a block, and it cannot be read */
} StoryObjectKind;

/* Neighbours that are alike: of one kind, length and origin, their sequence numbers in order. */
typedef struct StoryObjects {
    StoryObjectKind kind;
    int64_t object; /* logical object number of the first */
    int64_t file;   /* filemarks before it */
    int64_t count;
    uint64_t size; /* of each, bytes; 0 for marks */
    bool stamped;
    uint64_t run, sequence; /* of the first, if stamped */
} StoryObjects;

typedef struct StoryTape {
    int cartridge;     /* from 1 */
    char *format;      /* NULL: it could not be opened, and `note` says why */
    uint64_t capacity; /* bytes; 0: not known */
    GArray *objects;   /* of StoryObjects */
    int64_t more;      /* objects beyond those, too many to list */
    uint64_t bytes;    /* of all blocks */
    int64_t blocks, filemarks, setmarks, damaged; /* of all objects */
    char *note; /* had to be recovered, cannot be read on…; NULL: nothing of the kind */
} StoryTape;

/* ---- issue order against tape order ---- */

/* One record, in the order of the tape or (if it is not there) of issue. */
typedef struct StoryRecord {
    int64_t issued; /* its place in the order of issue; -1: it was not issued */
    int64_t object; /* its object on the tape; -1: it is not there */
    bool displaced; /* not where the order of issue has it */
    bool repeated;  /* it was there before */
    bool after_gap; /* records in order were left out before this one */
} StoryRecord;

typedef struct StoryOrder {
    char *title;                                /* "run 2 on cartridge 1" */
    int cartridge;                              /* from 1 */
    int64_t records, displaced, lost, repeated; /* of all of them */
    GArray *shown;    /* of StoryRecord: those around what is wrong; in order of the tape */
    int64_t left_out; /* wrong ones that are not among `shown` */
} StoryOrder;

typedef struct StoryFault {
    char *name;
    int64_t fired;
    char *expected; /* "at least 1"; NULL: the scenario does not say */
} StoryFault;

typedef struct StoryLine {
    char *text;
    bool bad;
} StoryLine;

typedef struct Story {
    char *name, *about, *scenario, *variant, *guest, *machine; /* machine: QEMU, accelerator */
    char *note;                                                /* see scenario_note(); NULL: none */
    uint64_t seed;
    char *verdict, *expected; /* expected: "intact or recovered" */
    bool passed;
    int64_t duration;   /* microseconds */
    char *again;        /* the command that runs this case again */
    GPtrArray *reasons; /* of text, the weightiest first */
    GPtrArray *steps;   /* of StoryStep */
    unsigned steps_planned;
    bool has_kernel;      /* a kernel ran, which may have logged something */
    GPtrArray *events;    /* of StoryEvent, by time */
    uint64_t commands;    /* all that the drive saw */
    GPtrArray *tapes;     /* of StoryTape */
    GPtrArray *orders;    /* of StoryOrder */
    GPtrArray *faults;    /* of StoryFault */
    GPtrArray *bus;       /* of StoryLine: a rule that the host broke; bad: it is no advice */
    GPtrArray *kernel;    /* of StoryLine */
    unsigned kernel_more; /* lines that matter, beyond those */
} Story;

Story *story_new(void);
void story_free(Story *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Story, story_free)

/* Copies, of a very long text the beginning. Returns the step, which is not over yet. */
StoryStep *story_add_step(Story *story, const char *text, unsigned line, int64_t begun);
/* Copies name and text. */
StoryEvent *story_add_event(Story *story, StoryEventKind kind, StoryWeight weight, int64_t at,
                            const char *name, const char *text);
/* Of one that is in no story any more. */
void story_event_free(void *event);
StoryTape *story_add_tape(Story *story, int cartridge);
/* Each rule that was broken. NULL: not known. */
void story_add_bus(Story *story, const BusTally *tally);
void story_add_fault(Story *story, const char *name, int64_t fired, const char *expected);
/* Copies. */
StoryOrder *story_add_order(Story *story, int cartridge, const char *title);

/* The end of a text, at most `length` bytes. It starts at the beginning of a line if it has one. */
char *story_tail(const char *text, size_t length);
/* "WRITE(6) ×700". Free with g_free. */
char *story_event_title(const StoryEvent *event);
/* "12.3 s", in every locale. Free with g_free. */
char *story_seconds(int64_t microseconds);

/* The case in about twenty lines, no control characters among them. Free with g_free. */
char *story_as_text(const Story *story);
/* Appends the case as an element of a page (page.h), its anchor "case-NAME". */
void story_as_html(const Story *story, GString *to);
/* Pictures for that, each an <svg> with a title and a description. */
void story_svg_tape(const Story *story, const StoryTape *tape, GString *to);
void story_svg_order(const Story *story, guint order, GString *to);
void story_svg_timeline(const Story *story, GString *to);

/* Writes story.txt and story.html (a page of this case alone) into the directory of the case. */
bool story_write(const Story *story, const char *directory, GError **error);

#endif
