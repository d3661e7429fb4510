/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `usbtape media …` alone, for tests. */
#include "emu/program/subcommands.h"

int main(int argc, char **argv)
{
    return media_cartridges_main(argc, argv);
}
