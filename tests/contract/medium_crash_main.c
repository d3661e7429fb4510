/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_medium_crash_tcase(void);

SUITE_MAIN("medium-crash", make_medium_crash_tcase)
