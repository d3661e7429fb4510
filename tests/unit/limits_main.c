/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_limits_tcase(void);

SUITE_MAIN("limits", make_limits_tcase)
