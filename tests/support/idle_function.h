/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UsbFunction for tests that keeps each transfer until told to complete it (or completes it at
 * once), counts calls, and checks the rules of SEAM 1 from below.
 */
#ifndef USBTAPE_TESTS_IDLE_FUNCTION_H
#define USBTAPE_TESTS_IDLE_FUNCTION_H

#include "emu/usb/function.h"

typedef struct IdleFunction {
    UsbFunction function; /* first */
    UsbHost *host;
    bool at_once; /* completes everything inside the call, with USB_DONE and all its bytes */

    UsbTransfer *control, *out, *in; /* held now */
    unsigned n_control, n_out, n_in, n_cancel;
    unsigned n_reset[2]; /* by UsbReset */
    unsigned depth;      /* of calls into the function */
    unsigned max_depth;
} IdleFunction;

void idle_function_init(IdleFunction *function);

/* Completes what is held on that endpoint: USB_DONE with all its bytes, or without any. */
void idle_function_finish(IdleFunction *function, uint8_t endpoint, UsbResult result);

#endif
