/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the texts that a user writes to a drive: model, faults, trace, cartridge and control socket.
 * `usbtape serve` and the library (emu/library/usbtape.h) both begin here.
 *
 * Owns: what each text means, and the parts that it makes, until setup_clear(). Does not own: the
 * bus that the drive is on; how long the end may wait for the cartridge.
 */
#ifndef USBTAPE_SETUP_H
#define USBTAPE_SETUP_H

#include "emu/control/control.h"
#include "emu/drive.h"
#include "emu/trace-file.h"

typedef struct SetupConfig {
    /* Messages name an option as its user writes it: --model NAME, or (`properties`) model=NAME. */
    bool properties;

    /* NULL: not given. All are borrowed. */
    const char *model, *timing;
    char *const *settings; /* NAME=VALUE */
    const char *faults;    /* a file */
    const char *seed;
    const char *media, *format;
    const char *speed;
    const char *vendor_id, *product_id, *manufacturer, *product, *serial;
    const char *trace;   /* a file */
    bool captured;       /* the bus will be, by a monitor that comes later */
    const char *control; /* an address */
    char *const *media_dirs;

    const char *name; /* the drive's default serial number follows from it */
    bool read_only;
    bool allow_remote; /* of the control socket */

    Clock *clock;
    const DrivePlug *plug;
    const TraceFileOps *trace_ops;
    void (*notice)(void *data, const char *message); /* something to report, one line */
    void *data;                                      /* of these three */
} SetupConfig;

typedef struct Setup {
    Executor *executor;
    TraceTee trace_tee; /* where the drive reports; more sinks may be added */
    TraceFile *trace;   /* NULL: not opened */
    uint64_t seed;
    FaultPlan *faults;
    SscModel *model; /* a copy, with what the settings changed */
    Drive *drive;
    Control *control;   /* NULL: none was asked for */
    char **directories; /* that controllers may load cartridges from; NULL: there are none */
} Setup;

/* The executor and the tee. */
void setup_init(Setup *setup);
/*
 * Trace, faults, model, drive and cartridge, in this order. False: USBTAPE_ERROR_INPUT names the
 * option, other errors the file; setup_clear() frees what was made.
 */
bool setup_open(Setup *setup, const SetupConfig *config, GError **error);
/* The control socket, if there is to be one. `ops` and `data` are kept. */
bool setup_open_control(Setup *setup, const SetupConfig *config, const ControlOps *ops, void *data,
                        GError **error);
void setup_close_control(Setup *setup);
/* All but the trace, which reports the end of the others. The cartridge was ejected before. */
void setup_clear(Setup *setup);

/* A model with these settings (NULL: none). NULL and an error: `wrong` is the index of the setting
 * that is refused; -1: the model is, or the settings do not go together. Free with ssc_model_free.
 */
SscModel *setup_model(const char *name, char *const *settings, int *wrong, GError **error);

#endif
