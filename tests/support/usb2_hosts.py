# SPDX-License-Identifier: GPL-2.0-or-later
"""The drivers of USB 2.0's host controllers that a guest would be, for the Machine of xhci.py.

Uhci (full speed) and Ehci (high speed) do one stage of a transfer at a time. Classic is a drive on one of
them, by Bulk-Only Transport. QEMU's controllers look at no data toggle, so there is none.
"""
import struct
import time

from xhci import BulkOnly, Failed, STALL, TRANSACTION_ERROR

SETUP, OUT, IN = 0x2d, 0xe1, 0x69  # PIDs
END = 1  # of a list
PATIENCE = 60  # seconds of the host's, whose disk may be busy; only a failure takes so long


class Uhci:
    """UHCI 1.1. A frame list whose every entry is one queue."""
    DEVICE, SPEED = 'piix3-usb-uhci', 'full'
    PORTS, LIST, QUEUE, DESCRIPTORS, BUFFER = 0xc040, 0x1000000, 0x1002000, 0x1010000, 0x1100000
    PACKET = 64
    ACTIVE, STALLED, FAILED = 1 << 23, 1 << 22, 1 << 18

    def __init__(self, machine):
        self.machine = machine
        machine.configure_pci({0x20: self.PORTS, 0x04: 5})
        machine.write(self.LIST, struct.pack('<I', self.QUEUE | 2) * 1024)
        machine.write(self.QUEUE, struct.pack('<II', END, END))
        machine.ask('outl', hex(self.PORTS + 8), hex(self.LIST))
        self.out(0, 0x81)  # Run, 64-byte packets

    def out(self, register, value):
        self.machine.ask('outw', hex(self.PORTS + register), hex(value))

    def reset_port(self):
        assert int(self.machine.ask('inw', hex(self.PORTS + 0x10)), 16) & 1, 'there is nothing on the port'
        for value in (1 << 9, 0, 1 << 2):
            self.out(0x10, value)

    def stage(self, address, endpoint, pid, data, length):
        """The bytes that moved."""
        self.machine.write(self.BUFFER, data.ljust(length + 1, b'\0'))
        pieces = [(at, min(self.PACKET, length - at)) for at in range(0, length, self.PACKET)] or [(0, 0)]
        chain = b''
        for number, (at, size) in enumerate(pieces):
            link = END if number == len(pieces) - 1 else self.DESCRIPTORS + 16 * (number + 1) | 4
            token = pid | address << 8 | endpoint << 15 | (size - 1 & 0x7ff) << 21
            chain += struct.pack('<IIII', link, self.ACTIVE | 3 << 27 | 1 << 29, token, self.BUFFER + at)
        self.machine.write(self.DESCRIPTORS, chain)
        self.machine.write(self.QUEUE + 4, struct.pack('<I', self.DESCRIPTORS))
        moved = 0
        for number, (at, size) in enumerate(pieces):
            control = self.wait(self.DESCRIPTORS + 16 * number + 4)
            if control & (self.STALLED | self.FAILED):
                self.machine.write(self.QUEUE + 4, struct.pack('<I', END))
                raise Failed(STALL if control & self.STALLED else TRANSACTION_ERROR)
            moved += control + 1 & 0x7ff
            if moved < at + size:
                break
        self.machine.write(self.QUEUE + 4, struct.pack('<I', END))
        return self.machine.read(self.BUFFER, moved) if moved else b''

    def wait(self, where):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            control = self.machine.read32(where)
            if not control & self.ACTIVE:
                return control
            self.machine.clock(0.001)
        raise AssertionError('the transfer does not end')


class Ehci:
    """EHCI 1.0. An asynchronous list of one queue head."""
    DEVICE, SPEED = 'usb-ehci', 'high'
    BAR, QUEUE, DESCRIPTORS, BUFFER = 0xe0000000, 0x1000000, 0x1010000, 0x1100000
    OPERATIONAL = BAR + 0x20
    PIECE = 16384
    ACTIVE, HALTED = 1 << 7, 1 << 6
    PIDS = {OUT: 0, IN: 1, SETUP: 2}

    def __init__(self, machine):
        self.machine = machine
        machine.configure_pci({0x10: self.BAR, 0x04: 6})
        self.queue(0, 0, END)
        machine.write32(self.OPERATIONAL + 0x18, self.QUEUE)
        machine.write32(self.OPERATIONAL + 0x40, 1)  # CONFIGFLAG
        machine.write32(self.OPERATIONAL, 0x80021)  # Run, asynchronous schedule

    def queue(self, address, endpoint, first):
        packet = 512 if endpoint else 64
        self.machine.write(self.QUEUE, struct.pack(
            '<12I', self.QUEUE | 2, address | endpoint << 8 | 2 << 12 | 1 << 14 | 1 << 15 | packet << 16, 1 << 30, 0,
            first, END, 0, 0, 0, 0, 0, 0))

    def reset_port(self):
        port = self.OPERATIONAL + 0x44
        assert self.machine.read32(port) & 1, 'there is nothing on the port'
        for value in (1 << 12 | 1 << 8, 1 << 12):
            self.machine.write32(port, value)
        assert self.machine.read32(port) & 4, 'the port is not enabled'

    def stage(self, address, endpoint, pid, data, length):
        """The bytes that moved."""
        self.machine.write(self.BUFFER, data.ljust(length + 1, b'\0'))
        pieces = [(at, min(self.PIECE, length - at)) for at in range(0, length, self.PIECE)] or [(0, 0)]
        stop = self.DESCRIPTORS + 32 * len(pieces)  # where a short one leads
        chain = b''
        for number, (at, size) in enumerate(pieces):
            link = END if number == len(pieces) - 1 else self.DESCRIPTORS + 32 * (number + 1)
            token = self.ACTIVE | self.PIDS[pid] << 8 | 3 << 10 | size << 16
            pages = [self.BUFFER + at + 4096 * page for page in range(5)]
            chain += struct.pack('<8I', link, stop, token, *pages)
        self.machine.write(self.DESCRIPTORS, chain + struct.pack('<8I', END, END, *[0] * 6))
        self.queue(address, endpoint, self.DESCRIPTORS)
        moved = 0
        for number, (_, size) in enumerate(pieces):
            token = self.wait(self.DESCRIPTORS + 32 * number + 8)
            if token & self.HALTED:
                self.queue(address, endpoint, END)
                raise Failed(TRANSACTION_ERROR if token & 0x38 else STALL)
            left = token >> 16 & 0x7fff
            moved += size - left
            if left:
                break
        return self.machine.read(self.BUFFER, moved) if moved else b''

    def wait(self, where):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            token = self.machine.read32(where)
            if not token & self.ACTIVE:
                return token
            self.machine.clock(0.002)
        raise AssertionError('the transfer does not end')


class Classic(BulkOnly):
    """A drive on one of them, enumerated and configured."""

    def __init__(self, host):
        super().__init__()
        self.host, self.address = host, 0
        host.reset_port()
        self.request(0, 5, 1)  # SET ADDRESS
        self.address = 1
        self.request(0, 9, 1)  # SET CONFIGURATION

    def request(self, kind, request, value=0, index=0, data=b'', length=0):
        """The bytes that an IN request brings."""
        length = length or len(data)
        incoming = kind & 0x80
        got = b''
        self.host.stage(self.address, 0, SETUP, struct.pack('<BBHHH', kind, request, value, index, length), 8)
        if length:
            got = self.host.stage(self.address, 0, IN if incoming else OUT, data, length)
        self.host.stage(self.address, 0, OUT if incoming and length else IN, b'', 0)
        return got

    def send(self, data):
        return len(self.host.stage(self.address, 2, OUT, data, len(data)))

    def receive(self, length):
        return self.host.stage(self.address, 1, IN, b'', length)
