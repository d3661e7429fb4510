/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_medium_ram_tcase(void);
TCase *make_medium_contract_tcase(void);
TCase *make_medium_damage_tcase(void);
TCase *make_medium_fault_tcase(void);
TCase *make_medium_host_tcase(void);
TCase *make_medium_image_tcase(void);
TCase *make_medium_model_tcase(void);

SUITE_MAIN("medium", make_medium_ram_tcase, make_medium_contract_tcase, make_medium_damage_tcase,
           make_medium_fault_tcase, make_medium_host_tcase, make_medium_image_tcase,
           make_medium_model_tcase)
