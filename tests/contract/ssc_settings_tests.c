/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A drive of one's own: what each setting changes, and what it refuses. */
#include "emu/base/bytes.h"
#include "emu/base/error.h"
#include "tests/support/scsi-host.h"

TCase *make_ssc_settings_tcase(void);

static const char *const refused[] = {
    "inquiry.vendor",
    "inquiry.vendor=NINELONGX",
    "inquiry.vendor=A\tB",
    "nothing=1",
    "inquiry.revision=12345",
    "inquiry.version=8",
    "inquiry.version=x",
    "usb.vendor-id=10000h",
    "usb.vendor-id=",
    "block.min=0",
    "block.min=64KiB",
    "block.max=16MiB",
    "block.granularity=16",
    "buffer=1TiB",
    "buffer=-1",
    "density=1.5",
    "attention-on-load=maybe",
    "usb.vendor-id=0x",
};

START_TEST(nonsense_is_refused)
{
    g_autoptr(SscModel) model = ssc_model_copy(ssc_model_by_name(NULL, NULL));
    g_autoptr(GError) error = NULL;

    ck_assert_msg(!ssc_model_set(model, refused[_i], &error), "%s", refused[_i]);
    ck_assert_int_eq(error->code, USBTAPE_ERROR_INPUT);
    ck_assert_ptr_null(strchr(error->message, '\n'));
}
END_TEST

START_TEST(what_does_not_go_together)
{
    g_autoptr(SscModel) model = ssc_model_copy(ssc_model_by_name(NULL, NULL));

    ck_assert(ssc_model_set(model, "block.max=100", NULL));
    ck_assert(ssc_model_check(model, NULL));
    ck_assert(ssc_model_set(model, "block.min=101", NULL));
    ck_assert(!ssc_model_check(model, NULL));
    ck_assert(ssc_model_set(model, "block.min=1", NULL));
    ck_assert(ssc_model_set(model, "block.length=512", NULL));
    ck_assert(!ssc_model_check(model, NULL));
}
END_TEST

START_TEST(the_identity_is_the_testers)
{
    g_autoptr(ScsiHost) h =
        host_new_set("sdx-500c", NULL, "inquiry.vendor=HP", "inquiry.product=DDS-4 DAT",
                     "inquiry.revision=C0h", "inquiry.version=3", NULL);

    host_send(h, CDB(0x12, 0, 0, 0, 36, 0));
    expect_good(h);
    ck_assert_uint_eq(h->task.in->data[2], 3);
    ck_assert_mem_eq(h->task.in->data + 8, "HP      DDS-4 DAT       C0h ", 28);
}
END_TEST

START_TEST(usb_numbers_and_strings)
{
    g_autoptr(SscModel) model = ssc_model_copy(ssc_model_by_name("sdx-420c", NULL));

    ck_assert(ssc_model_set(model, "usb.vendor-id=059fh", NULL));
    ck_assert(ssc_model_set(model, "usb.product-id=0x0201", NULL));
    ck_assert(ssc_model_set(model, "usb.release=4358", NULL));
    ck_assert(ssc_model_set(model, "usb.manufacturer=LaCie", NULL));
    ck_assert_uint_eq(ssc_model_usb_ids(model)->vendor, 0x059f);
    ck_assert_uint_eq(ssc_model_usb_ids(model)->product, 0x0201);
    ck_assert_uint_eq(ssc_model_usb_ids(model)->release, 0x1106);
    ck_assert_str_eq(ssc_model_usb_ids(model)->manufacturer_text, "LaCie");
    ck_assert(ssc_model_set(model, "inquiry.serial=0123", NULL));
    ck_assert_str_eq(ssc_model_own_serial(model), "0123");
}
END_TEST

START_TEST(limits_and_buffer)
{
    g_autoptr(ScsiHost) h = host_new_set(NULL, NULL, "block.max=64KiB", "block.min=4",
                                         "block.granularity=2", "buffer=10", NULL);
    static const uint8_t data[6];

    host_send(h, CDB(0x05, 0, 0, 0, 0, 0));
    expect_data(h, "\x02\x01\x00\x00\x00\x04", 6);
    host_send_data(h, data, 6, CDB(0x0a, 0, 0, 0, 6, 0));
    expect_field(h, 2, -1);
    host_write(h, data, 4);
    host_write(h, data, 4);
    host_write(h, data, 4);
    host_send(h, CDB(0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    ck_assert_uint_eq(get_be24(h->task.in->data + 13), 2);
}
END_TEST

START_TEST(attention_on_load)
{
    g_autoptr(ScsiHost) quiet = host_new_set(NULL, NULL, "attention-on-load=no", NULL);
    g_autoptr(ScsiHost) loud = host_new_set(NULL, NULL, "attention-on-load=yes", NULL);
    ScsiHost *hosts[] = { quiet, loud };

    for (unsigned i = 0; i < 2; i++) {
        host_send(hosts[i], CDB(0x1b, 0, 0, 0, 0, 0));
        host_send(hosts[i], CDB(0x1b, 0, 0, 0, 1, 0));
        expect_good(hosts[i]);
        host_send(hosts[i], CDB(0x00, 0, 0, 0, 0, 0));
    }
    expect_good(quiet);
    expect_sense(loud, SENSE_MEDIUM_MAY_HAVE_CHANGED);
}
END_TEST

START_TEST(settings_have_names_of_their_own)
{
    const SscSetting *a, *b;

    for (unsigned i = 0; (a = ssc_setting(i)); i++) {
        ck_assert(*a->value && *a->about);
        for (unsigned j = 0; j < i && (b = ssc_setting(j)); j++) {
            ck_assert_str_ne(a->name, b->name);
        }
    }
}
END_TEST

TCase *make_ssc_settings_tcase(void)
{
    TCase *tcase = tcase_create("settings");

    tcase_add_loop_test(tcase, nonsense_is_refused, 0, G_N_ELEMENTS(refused));
    tcase_add_test(tcase, what_does_not_go_together);
    tcase_add_test(tcase, the_identity_is_the_testers);
    tcase_add_test(tcase, usb_numbers_and_strings);
    tcase_add_test(tcase, limits_and_buffer);
    tcase_add_test(tcase, attention_on_load);
    tcase_add_test(tcase, settings_have_names_of_their_own);
    return tcase;
}
