/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_bytes_tcase(void);
TCase *make_clock_tcase(void);
TCase *make_json_tcase(void);
TCase *make_units_tcase(void);
TCase *make_yaml_tcase(void);

SUITE_MAIN("base", make_bytes_tcase, make_clock_tcase, make_json_tcase, make_units_tcase,
           make_yaml_tcase)
