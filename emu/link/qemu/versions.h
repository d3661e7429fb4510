/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differences between the supported versions of QEMU. One more is a line of meson.build.part.
 * Included after QEMU's own headers, except those that need hw/usb.h.
 */
#ifndef USBTAPE_QEMU_VERSIONS_H
#define USBTAPE_QEMU_VERSIONS_H

#define USB_TAPE_QEMU(major, minor)                                                                \
    (QEMU_VERSION_MAJOR > (major) ||                                                               \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

/* Moved in QEMU 11. Its development versions have either. */
#if __has_include("hw/core/qdev-properties.h")
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif
#if __has_include("hw/usb/usb.h")
#include "hw/usb/usb.h"
#else
#include "hw/usb.h"
#endif

#if USB_TAPE_QEMU(9, 2)
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#else
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#endif

/* Arrays of properties are constant, and have a known length. */
#if USB_TAPE_QEMU(10, 0)
#define USB_TAPE_PROPERTIES const Property
#define USB_TAPE_PROPERTIES_END
#else
#define USB_TAPE_PROPERTIES     Property
#define USB_TAPE_PROPERTIES_END DEFINE_PROP_END_OF_LIST(),
#endif

#if USB_TAPE_QEMU(10, 1)
#define USB_TAPE_CLASS_DATA const void
#else
#define USB_TAPE_CLASS_DATA void
#endif

/* Prevents saving and migration of the VM until `*reason` is freed. */
static inline int usb_tape_block_saving(Error **reason, Error **errp)
{
#if USB_TAPE_QEMU(8, 2)
    return migrate_add_blocker(reason, errp);
#else
    int result = migrate_add_blocker(*reason, errp);

    if (result < 0) {
        error_free(*reason);
        *reason = NULL;
    }
    return result;
#endif
}

static inline void usb_tape_unblock_saving(Error **reason)
{
#if USB_TAPE_QEMU(8, 2)
    migrate_del_blocker(reason);
#else
    migrate_del_blocker(*reason);
    error_free(*reason);
    *reason = NULL;
#endif
}

#endif
