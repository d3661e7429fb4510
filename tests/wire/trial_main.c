/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_trial_tcase(void);

SUITE_MAIN("trial", make_trial_tcase)
