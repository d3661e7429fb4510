/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape media …` alone, for tests. */
#include "media/tool/tool.h"

int main(int argc, char **argv)
{
    return media_main(argc, argv);
}
