/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_bot_cases_tcase(void);
TCase *make_bot_flow_tcase(void);
TCase *make_bot_judge_tcase(void);
TCase *make_bot_recovery_tcase(void);

SUITE_MAIN("bot", make_bot_cases_tcase, make_bot_flow_tcase, make_bot_judge_tcase,
           make_bot_recovery_tcase)
