/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_media_tcase(void);

SUITE_MAIN("media", make_media_tcase)
