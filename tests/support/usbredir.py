# SPDX-License-Identifier: GPL-2.0-or-later
"""A host on the drive's socket, as QEMU's usb-redir is one: says hello, sends commands, waits."""
import socket
import struct

HELLO, CONNECT, SET_CONFIGURATION, CONFIGURATION_STATUS, CONTROL, BULK = 0, 1, 6, 8, 100, 101
STALL = 4
CAPABILITIES = 0x7f  # 64-bit ids and 32-bit lengths among them
PATIENCE = 60  # seconds; only a failure takes so long


class Host:
    """`link` is a connected socket, or what behaves like one (TLS)."""

    def __init__(self, link):
        self.link = link
        self.tag = 0
        self.bytes = b''
        self.greeted = False
        link.settimeout(PATIENCE)

    @classmethod
    def at(cls, path):
        """Connects to a unix socket and attaches the drive."""
        link = socket.socket(socket.AF_UNIX)
        link.connect(path)
        host = cls(link)
        host.attach()
        return host

    def send(self, kind, payload, tag=0):
        head = struct.pack('<IIQ', kind, len(payload), tag) if self.greeted else \
            struct.pack('<III', kind, len(payload), tag)
        self.link.sendall(head + payload)

    def take(self, count):
        while len(self.bytes) < count:
            more = self.link.recv(1 << 20)
            if not more:
                raise EOFError('the drive closed the connection')
            self.bytes += more
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def receive(self, wanted):
        """The payload of the next packet of that type; others are passed over."""
        while True:
            kind, length = struct.unpack('<II', self.take(8))
            self.take(8 if self.greeted else 4)
            payload = self.take(length)
            if kind == wanted:
                return payload

    def attach(self):
        self.send(HELLO, b'python test'.ljust(64, b'\0') + struct.pack('<I', CAPABILITIES))
        self.receive(HELLO)
        self.greeted = True
        self.receive(CONNECT)
        self.send(SET_CONFIGURATION, b'\1', 1)
        assert self.receive(CONFIGURATION_STATUS)[0] == 0

    def bulk(self, endpoint, length, data=b''):
        """(status, data)"""
        self.tag += 1
        self.send(BULK, struct.pack('<BBHIH', endpoint, 0, length & 0xffff, 0, length >> 16) + data, self.tag)
        reply = self.receive(BULK)
        return reply[1], reply[10:]

    def clear_halt(self, endpoint):
        self.tag += 1
        self.send(CONTROL, struct.pack('<BBBBHHH', 0, 1, 0x02, 0, 0, endpoint, 0), self.tag)
        assert self.receive(CONTROL)[3] == 0

    def transfer(self, endpoint, length, data=b''):
        """What came; a stall is cleared."""
        status, got = self.bulk(endpoint, length, data)
        if status == STALL:
            self.clear_halt(endpoint)
        return got

    def command(self, cdb, out=b'', read=0):
        """bCSWStatus, and the data that came."""
        self.tag += 1
        length = len(out) or read
        self.transfer(0x02, 31, struct.pack('<4sIIBBB16s', b'USBC', self.tag, length, 0x80 if read else 0, 0,
                                            len(cdb), bytes(cdb)))
        data = b''
        if out:
            self.transfer(0x02, length, out)
        elif read:
            data = self.transfer(0x81, length)
        csw = self.transfer(0x81, 13) or self.transfer(0x81, 13)
        assert len(csw) == 13, csw
        return csw[12], data

    def ready(self):
        """Until the unit attentions of power-on and the cartridge are reported."""
        for _ in range(4):
            if self.command([0] * 6)[0] == 0:
                return
        raise AssertionError('the drive is not ready')

    def write(self, block):
        return self.command([0x0a, 0, *struct.pack('>I', len(block))[1:], 0], out=block)[0]

    def filemark(self):
        return self.command([0x10, 0, 0, 0, 1, 0])[0]

    def close(self):
        self.link.close()
