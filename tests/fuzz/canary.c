/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undefined behaviour that no crash follows, for `tests/fuzz/run` to see that the sanitizer of this
 * build stops at it: an offset of 0 added to NULL.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t *volatile nothing;
    static volatile size_t offset;
    const uint8_t *volatile sum = nothing + offset;

    return sum == data && size > 0 ? -1 : 0;
}
