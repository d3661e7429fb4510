/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `media create --model` and the drives know the same models: media may not ask the drives. */
#include "emu/ssc/ssc.h"
#include "media/tool/tool.h"
#include "tests/support/suite.h"

static TCase *make_media_models_tcase(void);

START_TEST(the_two_lists_of_models_agree)
{
    const SscModel *const *model;
    const MediaModel *row = media_models();

    for (model = ssc_models(); *model; model++, row++) {
        ck_assert_ptr_nonnull(row->name);
        ck_assert_str_eq(row->name, ssc_model_name(*model));
        ck_assert_uint_eq(row->density, ssc_model_density(*model));
    }
    ck_assert_ptr_null(row->name);
}
END_TEST

static TCase *make_media_models_tcase(void)
{
    TCase *tcase = tcase_create("media models");

    tcase_add_test(tcase, the_two_lists_of_models_agree);
    return tcase;
}

SUITE_MAIN("media-models", make_media_models_tcase)
