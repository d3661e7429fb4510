/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_usb_descriptors_tcase(void);
TCase *make_usb_requests_tcase(void);
TCase *make_usb_device_tcase(void);

SUITE_MAIN("usb", make_usb_descriptors_tcase, make_usb_requests_tcase, make_usb_device_tcase)
