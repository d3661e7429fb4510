/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_bus_tcase(void);
TCase *make_channel_tcase(void);
TCase *make_dump_tcase(void);
TCase *make_fixed_builds_tcase(void);
TCase *make_guest_cache_tcase(void);
TCase *make_guest_file_tcase(void);
TCase *make_oracle_tcase(void);
TCase *make_patience_tcase(void);
TCase *make_room_tcase(void);
TCase *make_scenario_tcase(void);
TCase *make_spool_tcase(void);
TCase *make_story_tcase(void);
TCase *make_verdict_tcase(void);

SUITE_MAIN("runner", make_bus_tcase, make_channel_tcase, make_dump_tcase, make_fixed_builds_tcase,
           make_guest_cache_tcase, make_guest_file_tcase, make_oracle_tcase, make_patience_tcase,
           make_room_tcase, make_scenario_tcase, make_spool_tcase, make_story_tcase,
           make_verdict_tcase)
