/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef USBTAPE_FAULT_KINDS_H
#define USBTAPE_FAULT_KINDS_H

#include "emu/fault/kind.h"

#define FAULT_KIND(symbol) extern const FaultKind symbol;
#include "emu/fault/kinds.def"
#undef FAULT_KIND

#endif
