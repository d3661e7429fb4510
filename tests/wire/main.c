/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_control_tcase(void);
TCase *make_drive_tcase(void);
TCase *make_library_tcase(void);
TCase *make_pcap_tcase(void);
TCase *make_port_tcase(void);
TCase *make_redir_tcase(void);

SUITE_MAIN("wire", make_control_tcase, make_drive_tcase, make_library_tcase, make_pcap_tcase,
           make_port_tcase, make_redir_tcase)
