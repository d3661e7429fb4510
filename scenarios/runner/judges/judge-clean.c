/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenarios/runner/judges/judge-clean.h"

#include "media/formats/formats.h"
#include "scenarios/runner/judges/judges.h"

static void clean_init(void *check)
{
    ((CleanCheck *)check)->clean = true;
}

static bool clean_read(const YamlNode *node, void *check, GError **error)
{
    return yaml_node_bool(node, &((CleanCheck *)check)->clean, error);
}

static bool clean_judge(const void *check, Judgement *judgement, GError **error)
{
    unsigned i;

    for (i = 0; judgement->cartridges[i]; i++) {
        g_autofree char *notice = NULL;
        g_autoptr(TapeMedium) medium =
            medium_open(judgement->cartridges[i], true, executor_inline(), &notice, error);

        if (!medium) {
            return false;
        }
        if (notice) {
            g_string_append_printf(judgement->listing, "cartridge %u: %s\n", i + 1, notice);
        }
        if (notice && ((const CleanCheck *)check)->clean) {
            judge_add_finding(judgement->findings, "cartridge %u had to be recovered: %s", i + 1,
                              notice);
        }
    }
    return true;
}

const Judge judge_clean = {
    .key = "clean",
    .stage = JUDGE_TAPE,
    .size = sizeof(CleanCheck),
    .init = clean_init,
    .always = true,
    .read = clean_read,
    .judge = clean_judge,
};
