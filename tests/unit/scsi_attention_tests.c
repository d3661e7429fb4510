/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/scsi/attention.h"
#include "tests/support/suite.h"

TCase *make_scsi_attention_tcase(void);

START_TEST(by_priority_not_by_age)
{
    ScsiAttention attention = { 0 };

    scsi_attention_raise(&attention, SENSE_RESERVATIONS_PREEMPTED);
    scsi_attention_raise(&attention, SENSE_LOG_PARAMETERS_CHANGED);
    scsi_attention_raise(&attention, SENSE_MODE_PARAMETERS_CHANGED);
    scsi_attention_raise(&attention, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    scsi_attention_raise(&attention, SENSE_POWER_ON_OR_RESET);
    ck_assert(scsi_attention_pending(&attention));
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_POWER_ON_OR_RESET);
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_MEDIUM_MAY_HAVE_CHANGED);
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_MODE_PARAMETERS_CHANGED);
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_LOG_PARAMETERS_CHANGED);
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_RESERVATIONS_PREEMPTED);
    ck_assert(!scsi_attention_pending(&attention));
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_NO_SENSE);
}
END_TEST

START_TEST(the_same_once)
{
    ScsiAttention attention = { 0 };

    scsi_attention_raise(&attention, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    scsi_attention_raise(&attention, SENSE_MEDIUM_MAY_HAVE_CHANGED);
    scsi_attention_take(&attention);
    ck_assert(!scsi_attention_pending(&attention));
}
END_TEST

START_TEST(one_reset_is_enough)
{
    ScsiAttention attention = { 0 };

    scsi_attention_raise(&attention, SENSE_DEVICE_RESET);
    scsi_attention_raise(&attention, SENSE_POWER_ON);
    scsi_attention_raise(&attention, SENSE_BUS_RESET);
    ck_assert_int_eq(scsi_attention_take(&attention), SENSE_POWER_ON);
    ck_assert(!scsi_attention_pending(&attention));
}
END_TEST

TCase *make_scsi_attention_tcase(void)
{
    TCase *tcase = tcase_create("attention");

    tcase_add_test(tcase, by_priority_not_by_age);
    tcase_add_test(tcase, the_same_once);
    tcase_add_test(tcase, one_reset_is_enough);
    return tcase;
}
