# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel modules of a Linux guest, for build-guest and own-kernel. Each is copied into the guest with
# those that it depends on, as the module itself lists them: depmod is not needed.
#
# The caller sets: tree (of the initial file system), found (a file with the paths of all modules), builtin
# (a file with the names of those that are built in), and unpack_xz, unpack_zstd (commands that read a
# packed module on standard input).

# NAME or NAME?, with the option that has it. A kernel without a NAME? still makes a guest.
# shellcheck disable=SC2034 # both callers use it
modules=(xhci-pci:USB_XHCI_PCI ehci-pci?:USB_EHCI_PCI uhci-hcd?:USB_UHCI_HCD usb-storage:USB_STORAGE uas?:USB_UAS
    st:CHR_DEV_ST sg:CHR_DEV_SG sd_mod?:BLK_DEV_SD usbmon?:USB_MON virtio_pci:VIRTIO_PCI
    virtio_console?:VIRTIO_CONSOLE virtio_blk:VIRTIO_BLK ext4:EXT4_FS)

declare -A module_loaded=() # NAME, with _ for -: 1
declare -A module_instead=() # NAME: the file that replaces it

module_path() { # NAME: where the kernel has it; nothing if it does not
    # shellcheck disable=SC2154 # the caller's
    grep -E "/${1//[-_]/[-_]}\.ko(\.xz|\.zst|\.gz)?$" "$found" | head -n 1 || true
}

module_builtin() { # NAME
    # shellcheck disable=SC2154 # the caller's
    grep -qE "(^|/)${1//[-_]/[-_]}\.ko$" "$builtin"
}

module_unpack() { # FILE
    case $1 in
    *.xz) "${unpack_xz[@]}" <"$1" ;;
    *.zst) "${unpack_zstd[@]}" <"$1" ;;
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
    esac
}

module_field() { # FILE KEY: as `modinfo -F` prints it
    tr '\0' '\n' <"$1" | sed -n "s/^$2=//p"
}

# NAME: into the tree, behind what it depends on. 1: the kernel does not have it.
module_load() {
    local name=${1//-/_} path file dependency dependencies arguments=
    [ -z "${module_loaded[$name]:-}" ] || return 0
    path=${module_instead[$name]:-$(module_path "$name")}
    if [ -z "$path" ]; then
        module_builtin "$name"
        return
    fi
    module_loaded[$name]=1
    file=$tree/usr/lib/modules/$name.ko
    module_unpack "$path" >"$file" || return 2
    dependencies=$(module_field "$file" depends)
    for dependency in ${dependencies//,/ }; do
        module_load "$dependency" || return 2
    done
    [ "$name" != usb_storage ] || arguments=" delay_use=0"
    echo "/usr/lib/modules/$name.ko$arguments" >>"$tree/etc/modules.load"
}
