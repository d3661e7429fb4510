/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers that the table's rows name, by the file that holds them. */
#ifndef USBTAPE_SSC_HANDLERS_H
#define USBTAPE_SSC_HANDLERS_H

#include "emu/ssc/outcome.h"

/* cmd-device.c */
Outcome test_unit_ready(SscCommand *c);
Outcome request_sense(SscCommand *c);
Outcome inquiry(SscCommand *c);
Outcome report_luns(SscCommand *c);
Outcome report_opcodes(SscCommand *c);

/* cmd-diagnostic.c */
Outcome send_diagnostic(SscCommand *c);
Outcome receive_diagnostic(SscCommand *c);

/* cmd-identity.c */
Outcome report_identifying_information(SscCommand *c);
Outcome set_identifying_information(SscCommand *c);
Outcome report_timestamp(SscCommand *c);
Outcome set_timestamp(SscCommand *c);
Outcome report_target_port_groups(SscCommand *c);

/* cmd-buffer.c */
Outcome read_buffer(SscCommand *c);
Outcome write_buffer(SscCommand *c);

/* cmd-reserve.c */
Outcome reserve(SscCommand *c);
Outcome release(SscCommand *c);
Outcome persistent_read_keys(SscCommand *c);
Outcome persistent_read_reservation(SscCommand *c);
Outcome persistent_report_capabilities(SscCommand *c);
Outcome persistent_read_full_status(SscCommand *c);
Outcome persistent_register(SscCommand *c);
Outcome persistent_register_and_ignore(SscCommand *c);
Outcome persistent_reserve(SscCommand *c);
Outcome persistent_release(SscCommand *c);
Outcome persistent_clear(SscCommand *c);
Outcome persistent_preempt(SscCommand *c);

/* cmd-attribute.c */
Outcome read_attribute(SscCommand *c);
Outcome read_attribute_counts(SscCommand *c);
Outcome write_attribute(SscCommand *c);

/* cmd-data.c */
Outcome read_block_limits(SscCommand *c);
Outcome write_tape(SscCommand *c);
Outcome write_filemarks(SscCommand *c);
Outcome erase_tape(SscCommand *c);

/* cmd-read.c */
Outcome read_tape(SscCommand *c);
Outcome verify_tape(SscCommand *c);

/* cmd-position.c */
Outcome rewind_tape(SscCommand *c);
Outcome space(SscCommand *c);
Outcome locate_10(SscCommand *c);
Outcome locate_16(SscCommand *c);
Outcome read_position_short(SscCommand *c);
Outcome read_position_long(SscCommand *c);
Outcome read_position_extended(SscCommand *c);

/* cmd-format.c */
Outcome format_medium(SscCommand *c);
Outcome set_capacity(SscCommand *c);

/* cmd-load.c */
Outcome load_unload(SscCommand *c);
Outcome prevent_allow(SscCommand *c);

/* cmd-log.c */
Outcome log_sense(SscCommand *c);
Outcome log_select(SscCommand *c);

/* cmd-density.c */
Outcome report_density_support(SscCommand *c);

/* cmd-mode.c */
Outcome mode_sense_6(SscCommand *c);
Outcome mode_sense_10(SscCommand *c);
Outcome mode_select_6(SscCommand *c);
Outcome mode_select_10(SscCommand *c);

#endif
