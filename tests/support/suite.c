/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

int suite_run(const char *name, const MakeTCase *make, size_t n)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;
    size_t i;

    for (i = 0; i < n; i++) {
        suite_add_tcase(suite, make[i]());
    }
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
