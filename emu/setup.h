/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a drive from the texts of a user: model, faults, trace, cartridge and control socket.
 * `usbtape serve` and the library (emu/library/usbtape.h) use it.
 *
 * Owns: the meaning of each text, and the parts made from it, until setup_clear(). Does not own:
 * the bus of the drive, and the time that the final eject may take.
 */
#ifndef USBTAPE_SETUP_H
#define USBTAPE_SETUP_H

#include "emu/control/control.h"
#include "emu/drive.h"
#include "emu/trace-file.h"

typedef struct SetupConfig {
    /* Messages name an option as --model NAME, or with `properties` as model=NAME. */
    bool properties;

    /* NULL if not given. All are borrowed. */
    const char *model, *timing;
    char *const *settings; /* NAME=VALUE */
    const char *faults;    /* a file */
    const char *seed;
    const char *media, *format;
    const char *speed;
    const char *vendor_id, *product_id, *manufacturer, *product, *serial;
    const char *trace;   /* a file */
    bool captured;       /* a monitor will capture the bus */
    const char *control; /* an address */
    char *const *media_dirs;

    const char *name; /* the default serial number is derived from it */
    bool read_only;
    bool allow_remote; /* of the control socket */

    Clock *clock;
    const DrivePlug *plug;
    const TraceFileOps *trace_ops;
    void (*notice)(void *data, const char *message); /* reports one line */
    void *data;                                      /* passed to these three */
} SetupConfig;

typedef struct Setup {
    Executor *executor;
    TraceTee trace_tee; /* receives the drive's traces. More sinks may be added. */
    TraceFile *trace;   /* or NULL */
    uint64_t seed;
    FaultPlan *faults;
    SscModel *model; /* a copy with the settings */
    Drive *drive;
    Control *control;   /* or NULL */
    char **directories; /* that controllers may load cartridges from, or NULL */
} Setup;

/* Makes the executor and the tee. */
void setup_init(Setup *setup);
/*
 * Opens trace, faults, model, drive and cartridge, in this order. False and an error.
 * USBTAPE_ERROR_INPUT names the option, other errors name the file. setup_clear() frees the parts.
 */
bool setup_open(Setup *setup, const SetupConfig *config, GError **error);
/* Opens the control socket, if the configuration has one. Keeps `ops` and `data`. */
bool setup_open_control(Setup *setup, const SetupConfig *config, const ControlOps *ops, void *data,
                        GError **error);
void setup_close_control(Setup *setup);
/* Frees all but the trace, which reports the end of the others. The cartridge must be ejected. */
void setup_clear(Setup *setup);

/*
 * A model with these settings (NULL: none). NULL and an error. `wrong` is the index of the refused
 * setting. -1: the model is refused, or the combination of settings. Free with ssc_model_free.
 */
SscModel *setup_model(const char *name, char *const *settings, int *wrong, GError **error);

#endif
