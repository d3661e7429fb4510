/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_fault_queue_tcase(void);

SUITE_MAIN("faults", make_fault_queue_tcase)
