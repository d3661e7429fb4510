/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_ssc_address_tcase(void);
TCase *make_ssc_buffer_tcase(void);
TCase *make_ssc_classics_tcase(void);
TCase *make_ssc_damage_tcase(void);
TCase *make_ssc_data_tcase(void);
TCase *make_ssc_gates_tcase(void);
TCase *make_ssc_host_tcase(void);
TCase *make_ssc_log_tcase(void);
TCase *make_ssc_recover_tcase(void);
TCase *make_ssc_reserve_tcase(void);
TCase *make_ssc_mode_tcase(void);
TCase *make_ssc_models_tcase(void);
TCase *make_ssc_cleaning_tcase(void);
TCase *make_ssc_position_tcase(void);
TCase *make_ssc_device_tcase(void);
TCase *make_ssc_sweep_tcase(void);
TCase *make_ssc_settings_tcase(void);
TCase *make_ssc_sync_tcase(void);
TCase *make_ssc_timing_tcase(void);
TCase *make_ssc_zones_tcase(void);

/* One a line, so that two who add one do not collide. */
/* clang-format off */
SUITE_MAIN("ssc",
           make_ssc_gates_tcase,
           make_ssc_address_tcase,
           make_ssc_buffer_tcase,
           make_ssc_classics_tcase,
           make_ssc_damage_tcase,
           make_ssc_data_tcase,
           make_ssc_host_tcase,
           make_ssc_log_tcase,
           make_ssc_recover_tcase,
           make_ssc_reserve_tcase,
           make_ssc_mode_tcase,
           make_ssc_models_tcase,
           make_ssc_cleaning_tcase,
           make_ssc_position_tcase,
           make_ssc_device_tcase,
           make_ssc_sweep_tcase,
           make_ssc_settings_tcase,
           make_ssc_sync_tcase,
           make_ssc_timing_tcase,
           make_ssc_zones_tcase)
/* clang-format on */
