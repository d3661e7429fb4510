/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/suite.h"

TCase *make_scsi_cdb_tcase(void);
TCase *make_scsi_sense_tcase(void);
TCase *make_scsi_attention_tcase(void);

SUITE_MAIN("scsi", make_scsi_cdb_tcase, make_scsi_sense_tcase, make_scsi_attention_tcase)
