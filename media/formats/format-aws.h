/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AWSTAPE images (.aws) and HET, their compressed kind, as a row of media/formats/formats.c. */
#ifndef USBTAPE_MEDIA_FORMAT_AWS_H
#define USBTAPE_MEDIA_FORMAT_AWS_H

#include "media/formats/formats.h"

extern const MediumFormat medium_format_aws;

#endif
