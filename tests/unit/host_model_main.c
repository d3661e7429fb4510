/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_host_model_tcase(void);

SUITE_MAIN("host model", make_host_model_tcase)
