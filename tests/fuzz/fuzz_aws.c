/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .aws or .het file that somebody else made. */
#include "tests/fuzz/fuzz_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_image("aws", data, size);
    return 0;
}
