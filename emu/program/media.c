/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape media`: the tool of media/tool, with the drive's models. */
#include "emu/program/subcommands.h"
#include "emu/ssc/ssc.h"
#include "media/tool/tool.h"

int media_cartridges_main(int argc, char **argv)
{
    g_autoptr(GArray) models = g_array_new(TRUE, FALSE, sizeof(MediaModel)); /* zeroes end it */
    const SscModel *const *model;

    for (model = ssc_models(); *model; model++) {
        MediaModel row = { ssc_model_name(*model), ssc_model_density(*model),
                           ssc_model_capacity(*model) };

        g_array_append_val(models, row);
    }
    return media_main(argc, argv, (const MediaModel *)(void *)models->data);
}
