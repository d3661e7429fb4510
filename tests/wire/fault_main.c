/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_fault_drive_tcase(void);
TCase *make_fault_engine_tcase(void);
TCase *make_fault_medium_tcase(void);
TCase *make_fault_queue_tcase(void);
TCase *make_fault_transfer_tcase(void);
TCase *make_fault_usb_tcase(void);

SUITE_MAIN("faults", make_fault_engine_tcase, make_fault_queue_tcase, make_fault_usb_tcase,
           make_fault_medium_tcase, make_fault_drive_tcase, make_fault_transfer_tcase)
