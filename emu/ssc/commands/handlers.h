/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers that the table's rows name, by the file that holds them. */
#ifndef USBTAPE_SSC_HANDLERS_H
#define USBTAPE_SSC_HANDLERS_H

#include "emu/ssc/outcome.h"

/* cmd-device.c */
Outcome ssc_test_unit_ready(SscCommand *c);
Outcome ssc_request_sense(SscCommand *c);
Outcome ssc_inquiry(SscCommand *c);
Outcome ssc_report_luns(SscCommand *c);
Outcome ssc_report_opcodes(SscCommand *c);

/* cmd-diagnostic.c */
Outcome ssc_send_diagnostic(SscCommand *c);
Outcome ssc_receive_diagnostic(SscCommand *c);

/* cmd-identity.c */
Outcome ssc_report_identifying_information(SscCommand *c);
Outcome ssc_set_identifying_information(SscCommand *c);
Outcome ssc_report_timestamp(SscCommand *c);
Outcome ssc_set_timestamp(SscCommand *c);
Outcome ssc_report_target_port_groups(SscCommand *c);

/* cmd-buffer.c */
Outcome ssc_read_buffer(SscCommand *c);
Outcome ssc_write_buffer(SscCommand *c);

/* cmd-reserve.c */
Outcome ssc_reserve(SscCommand *c);
Outcome ssc_release(SscCommand *c);
Outcome ssc_persistent_read_keys(SscCommand *c);
Outcome ssc_persistent_read_reservation(SscCommand *c);
Outcome ssc_persistent_report_capabilities(SscCommand *c);
Outcome ssc_persistent_read_full_status(SscCommand *c);
Outcome ssc_persistent_register(SscCommand *c);
Outcome ssc_persistent_register_and_ignore(SscCommand *c);
Outcome ssc_persistent_reserve(SscCommand *c);
Outcome ssc_persistent_release(SscCommand *c);
Outcome ssc_persistent_clear(SscCommand *c);
Outcome ssc_persistent_preempt(SscCommand *c);

/* cmd-attribute.c */
Outcome ssc_read_attribute(SscCommand *c);
Outcome ssc_read_attribute_counts(SscCommand *c);
Outcome ssc_write_attribute(SscCommand *c);

/* cmd-data.c */
Outcome ssc_read_block_limits(SscCommand *c);
Outcome ssc_write_tape(SscCommand *c);
Outcome ssc_write_filemarks(SscCommand *c);
Outcome ssc_erase_tape(SscCommand *c);

/* cmd-read.c */
Outcome ssc_read_tape(SscCommand *c);
Outcome ssc_verify_tape(SscCommand *c);

/* cmd-position.c */
Outcome ssc_rewind_tape(SscCommand *c);
Outcome ssc_space(SscCommand *c);
Outcome ssc_locate_10(SscCommand *c);
Outcome ssc_locate_16(SscCommand *c);
Outcome ssc_read_position_short(SscCommand *c);
Outcome ssc_read_position_long(SscCommand *c);
Outcome ssc_read_position_extended(SscCommand *c);

/* cmd-format.c */
Outcome ssc_format_medium(SscCommand *c);
Outcome ssc_set_capacity(SscCommand *c);

/* cmd-load.c */
Outcome ssc_load_unload(SscCommand *c);
Outcome ssc_prevent_allow(SscCommand *c);

/* cmd-log.c */
Outcome ssc_log_sense(SscCommand *c);
Outcome ssc_log_select(SscCommand *c);

/* cmd-density.c */
Outcome ssc_report_density_support(SscCommand *c);

/* cmd-mode.c */
Outcome ssc_mode_sense_6(SscCommand *c);
Outcome ssc_mode_sense_10(SscCommand *c);
Outcome ssc_mode_select_6(SscCommand *c);
Outcome ssc_mode_select_10(SscCommand *c);

#endif
