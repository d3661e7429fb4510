/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIMH magnetic tape images, suffix .tap ("SIMH Magtape Representation and Handling", B. Supnik,
 * 2022). Integers of 32 bits, little-endian. A record is its length, its bytes, a byte of padding
 * if they are odd in number, its length again. A tape mark is a length of zero.
 */
#ifndef USBTAPE_MEDIA_FORMAT_SIMH_H
#define USBTAPE_MEDIA_FORMAT_SIMH_H

#include "media/formats/formats.h"

extern const MediumFormat medium_format_simh;

#endif
