/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row a command, and nothing else: a new command is a function in a cmd-*.c and a row here. */
#include "emu/ssc/table.h"
#include "emu/ssc/commands.h"

#define NO_SA SSC_NO_SERVICE_ACTION
#define IN    SCSI_DATA_IN
#define OUT   SCSI_DATA_OUT
#define NONE  SCSI_NO_DATA

/* Bytes 2 to 11 of the forms with an explicit address: partition and logical object identifier. */
#define ADDRESS 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff

/* clang-format off */
static const SscRow rows[] = {
    { 0x00, NO_SA, "TEST UNIT READY", 6, NONE, ROW_MEDIUM,
      test_unit_ready, { 0 } },
    { 0x01, NO_SA, "REWIND", 6, NONE, ROW_MEDIUM | ROW_MOVES | ROW_SLOW,
      rewind_tape, { 0, 0x01 } },
    { 0x03, NO_SA, "REQUEST SENSE", 6, IN, ROW_ANY_LUN | ROW_UA_EXEMPT | ROW_KEEPS_SENSE,
      request_sense, { 0, 0x01, 0, 0, 0xff } },
    { 0x04, NO_SA, "FORMAT MEDIUM", 6, NONE, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_SLOW,
      format_medium, { 0, 0x01, 0x0f } },
    { 0x05, NO_SA, "READ BLOCK LIMITS", 6, IN, 0,
      read_block_limits, { 0 } },
    { 0x08, NO_SA, "READ(6)", 6, IN, ROW_MEDIUM | ROW_MOVES,
      read_tape, { 0, 0x03, 0xff, 0xff, 0xff } },
    { 0x0a, NO_SA, "WRITE(6)", 6, OUT, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_COUNTED,
      write_tape, { 0, 0x01, 0xff, 0xff, 0xff } },
    { 0x0f, NO_SA, "READ REVERSE(6)", 6, IN, ROW_MEDIUM | ROW_MOVES | ROW_REVERSE,
      read_tape, { 0, 0x07, 0xff, 0xff, 0xff } },
    { 0x10, NO_SA, "WRITE FILEMARKS(6)", 6, NONE, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_COUNTED,
      write_filemarks, { 0, 0x03, 0xff, 0xff, 0xff } },
    { 0x11, NO_SA, "SPACE(6)", 6, NONE, ROW_MEDIUM | ROW_MOVES | ROW_SLOW,
      space, { 0, 0x0f, 0xff, 0xff, 0xff } },
    { 0x12, NO_SA, "INQUIRY", 6, IN, ROW_ANY_LUN | ROW_UA_EXEMPT,
      inquiry, { 0, 0x01, 0xff, 0xff, 0xff } },
    { 0x13, NO_SA, "VERIFY(6)", 6, OUT, ROW_MEDIUM | ROW_MOVES,
      verify_tape, { 0, 0x07, 0xff, 0xff, 0xff } },
    { 0x15, NO_SA, "MODE SELECT(6)", 6, OUT, 0,
      mode_select_6, { 0, 0x11, 0, 0, 0xff } },
    { 0x16, NO_SA, "RESERVE(6)", 6, NONE, 0,
      reserve, { 0 } },
    { 0x17, NO_SA, "RELEASE(6)", 6, NONE, 0,
      release, { 0 } },
    { 0x19, NO_SA, "ERASE(6)", 6, NONE, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_SLOW,
      erase_tape, { 0, 0x03 } },
    { 0x1a, NO_SA, "MODE SENSE(6)", 6, IN, 0,
      mode_sense_6, { 0, 0x08, 0xff, 0xff, 0xff } },
    { 0x1b, NO_SA, "LOAD UNLOAD", 6, NONE, ROW_MOVES | ROW_SLOW,
      load_unload, { 0, 0x01, 0, 0, 0x0f } },
    { 0x1d, NO_SA, "SEND DIAGNOSTIC", 6, OUT, 0,
      send_diagnostic, { 0, 0xf7, 0, 0xff, 0xff } },
    { 0x1e, NO_SA, "PREVENT ALLOW MEDIUM REMOVAL", 6, NONE, 0,
      prevent_allow, { 0, 0, 0, 0, 0x03 } },
    { 0x2b, NO_SA, "LOCATE(10)", 10, NONE, ROW_MEDIUM | ROW_MOVES | ROW_SLOW,
      locate_10, { 0, 0x07, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff } },
    { 0x34, 0x00, "READ POSITION", 10, IN, ROW_MEDIUM,
      read_position_short, { 0, 0x1f } },
    { 0x34, 0x01, "READ POSITION (vendor)", 10, IN, ROW_MEDIUM,
      read_position_short, { 0, 0x1f } },
    { 0x34, 0x06, "READ POSITION (long)", 10, IN, ROW_MEDIUM,
      read_position_long, { 0, 0x1f } },
    { 0x34, 0x08, "READ POSITION (extended)", 10, IN, ROW_MEDIUM,
      read_position_extended, { 0, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff } },
    { 0x44, NO_SA, "REPORT DENSITY SUPPORT", 10, IN, 0,
      report_density_support, { 0, 0x03, 0, 0, 0, 0, 0, 0xff, 0xff } },
    { 0x4c, NO_SA, "LOG SELECT", 10, OUT, 0,
      log_select, { 0, 0x03, 0xc0, 0, 0, 0, 0, 0xff, 0xff } },
    { 0x4d, NO_SA, "LOG SENSE", 10, IN, 0,
      log_sense, { 0, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff } },
    { 0x55, NO_SA, "MODE SELECT(10)", 10, OUT, 0,
      mode_select_10, { 0, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff } },
    { 0x56, NO_SA, "RESERVE(10)", 10, NONE, 0,
      reserve, { 0 } },
    { 0x57, NO_SA, "RELEASE(10)", 10, NONE, 0,
      release, { 0 } },
    { 0x5a, NO_SA, "MODE SENSE(10)", 10, IN, 0,
      mode_sense_10, { 0, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff } },
    { 0x80, NO_SA, "WRITE FILEMARKS(16)", 16, NONE, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_COUNTED,
      write_filemarks, { 0, 0x0f, ADDRESS, 0xff, 0xff, 0xff } },
    { 0x81, NO_SA, "READ REVERSE(16)", 16, IN, ROW_MEDIUM | ROW_MOVES | ROW_REVERSE,
      read_tape, { 0, 0x07, ADDRESS, 0xff, 0xff, 0xff } },
    { 0x88, NO_SA, "READ(16)", 16, IN, ROW_MEDIUM | ROW_MOVES,
      read_tape, { 0, 0x03, ADDRESS, 0xff, 0xff, 0xff } },
    { 0x8a, NO_SA, "WRITE(16)", 16, OUT, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_COUNTED,
      write_tape, { 0, 0x0d, ADDRESS, 0xff, 0xff, 0xff } },
    { 0x8c, 0x00, "READ ATTRIBUTE (values)", 16, IN, ROW_MEDIUM,
      read_attribute, { 0, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { 0x8c, 0x01, "READ ATTRIBUTE (list)", 16, IN, ROW_MEDIUM,
      read_attribute, { 0, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { 0x8c, 0x02, "READ ATTRIBUTE (volumes)", 16, IN, ROW_MEDIUM,
      read_attribute_counts, { 0, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { 0x8c, 0x03, "READ ATTRIBUTE (partitions)", 16, IN, ROW_MEDIUM,
      read_attribute_counts, { 0, 0x1f, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 } },
    { 0x8d, NO_SA, "WRITE ATTRIBUTE", 16, OUT, ROW_MEDIUM,
      write_attribute, { 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff } },
    { 0x8f, NO_SA, "VERIFY(16)", 16, OUT, ROW_MEDIUM | ROW_MOVES,
      verify_tape, { 0, 0x07, ADDRESS, 0xff, 0xff, 0xff } },
    { 0x91, NO_SA, "SPACE(16)", 16, NONE, ROW_MEDIUM | ROW_MOVES | ROW_SLOW,
      space, { 0, 0x0f, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
    { 0x92, NO_SA, "LOCATE(16)", 16, NONE, ROW_MEDIUM | ROW_MOVES | ROW_SLOW,
      locate_16, { 0, 0x3b, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
    { 0x93, NO_SA, "ERASE(16)", 16, NONE, ROW_MEDIUM | ROW_MOVES | ROW_WRITES | ROW_SLOW,
      erase_tape, { 0, 0x0f, ADDRESS } },
    { 0xa0, NO_SA, "REPORT LUNS", 12, IN, ROW_UA_EXEMPT,
      report_luns, { 0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff } },
    { 0xa3, 0x0c, "REPORT SUPPORTED OPERATION CODES", 12, IN, ROW_UA_EXEMPT,
      report_opcodes, { 0, 0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};
/* clang-format on */

const SscRow *ssc_table(unsigned *n_rows)
{
    *n_rows = G_N_ELEMENTS(rows);
    return rows;
}
