/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_mtf_application_tcase(void);
TCase *make_mtf_reader_tcase(void);
TCase *make_mtf_writer_tcase(void);

SUITE_MAIN("mtf", make_mtf_application_tcase, make_mtf_reader_tcase, make_mtf_writer_tcase)
