# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU without a guest, and the driver of its xHCI controller that a guest would be.

QEMU runs with `-accel qtest`: no CPU runs, its memory and its clock are moved by hand, so that every
test sees the same. Machine is that QEMU, Xhci its controller (xHCI 1.1), Tape a drive on that bus, by
Bulk-Only Transport.
"""
import base64
import json
import os
import socket
import struct
import subprocess
import time

PATIENCE = 20  # seconds of the host's, for what QEMU's own threads do
DONE, TRANSACTION_ERROR, STALL, SHORT = 1, 4, 6, 13  # completion codes (xHCI table 6-90)
STOPPED = (26, 27, 28)


def connect(path, process):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            return client.makefile('rwb', buffering=0)
        except OSError:
            client.close()
            time.sleep(0.01)
    raise AssertionError(f'QEMU does not open {path}: {process.poll()}')


class Machine:
    """A machine with a USB controller on its PCI bus, as slot 4: a q35 with a qemu-xhci and its usb.0."""
    BRIDGES = {'mac99': (0xf2800000, 0xf2c00000)}  # where machines without I/O ports configure PCI
    STARTED = []  # processes

    @classmethod
    def end_all(cls):
        """None goes on after a test, however that ends."""
        for process in cls.STARTED:
            process.kill()
            process.wait()
        cls.STARTED.clear()

    def __init__(self, program, *arguments, machine='q35', controller='qemu-xhci,id=usb,addr=4', accel='qtest',
                 cwd='.'):
        self.cwd = cwd
        self.bridge = self.BRIDGES.get(machine)
        for name in ('qtest', 'qmp'):
            if os.path.exists(os.path.join(cwd, name)):
                os.unlink(os.path.join(cwd, name))
        self.log = open(os.path.join(cwd, 'qemu.log'), 'w+b')
        controllers = ['-device', controller] if controller else []
        self.process = subprocess.Popen(
            [program, '-machine', machine, '-accel', accel, '-nodefaults', '-no-user-config', '-display', 'none',
             '-m', '128', '-qtest', 'unix:qtest,server=on,wait=off', '-qtest-log', '/dev/null',
             '-qmp', 'unix:qmp,server=on,wait=off', *controllers, *arguments],
            cwd=cwd, stdout=self.log, stderr=self.log)
        self.STARTED.append(self.process)
        self.qtest = connect(os.path.join(cwd, 'qtest'), self.process)
        self.monitor = connect(os.path.join(cwd, 'qmp'), self.process)
        json.loads(self.line(self.monitor))
        self.qmp('qmp_capabilities')

    def line(self, stream):
        text = b''
        while not text.endswith(b'\n'):
            piece = stream.readline()
            assert piece, f'QEMU is gone: {self.output()}'
            text += piece
        return text

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors='replace')

    def ask(self, *words):
        self.qtest.write((' '.join(map(str, words)) + '\n').encode())
        while True:
            answer = self.line(self.qtest).decode().split()
            if answer[0] != 'IRQ':
                assert answer[0] == 'OK', (words, answer)
                return answer[1] if len(answer) > 1 else None

    def read(self, address, length):
        return base64.b64decode(self.ask('b64read', hex(address), hex(length)))

    def write(self, address, data):
        self.ask('b64write', hex(address), hex(len(data)), base64.b64encode(data).decode())

    # Registers and memory are little-endian, whatever the machine's CPU is.

    def read32(self, address):
        return struct.unpack('<I', self.read(address, 4))[0]

    def write32(self, address, value):
        self.write(address, struct.pack('<I', value))

    def configure_pci(self, registers, slot=4):
        """Writes registers of a PCI function's configuration space."""
        for register, value in registers.items():
            where = 0x80000000 | slot << 11 | register
            if self.bridge:
                self.write32(self.bridge[0], where)
                self.write32(self.bridge[1], value)
            else:
                self.ask('outl', '0xcf8', hex(where))
                self.ask('outl', '0xcfc', hex(value))

    def clock(self, seconds):
        self.ask('clock_step', int(seconds * 1e9))

    def qmp(self, command, **arguments):
        """What it returns; AssertionError with QEMU's words if it refuses."""
        named = {key.replace('_', '-'): value for key, value in arguments.items()}
        self.monitor.write((json.dumps({'execute': command, 'arguments': named}) + '\n').encode())
        while True:
            answer = json.loads(self.line(self.monitor))
            if 'error' in answer:
                raise AssertionError(answer['error']['desc'])
            if 'return' in answer:
                return answer['return']

    def hmp(self, line):
        return self.qmp('human-monitor-command', command_line=line)

    def end(self):
        """By `quit`, as a user would; its exit status."""
        if self.process.poll() is None:
            try:
                self.qmp('quit')
            except (AssertionError, OSError):
                pass
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for stream in (self.qtest, self.monitor):
            stream.close()
        return self.process.wait()


class Ring:
    """A producer's ring of TRBs, with a link at its end."""
    SIZE = 256

    def __init__(self, machine, address, size=SIZE):
        self.machine, self.base, self.size, self.at, self.cycle = machine, address, size, 0, 1
        machine.write(address, bytes(size * 16))

    def put(self, parameter, status, control):
        address = self.base + self.at * 16
        self.machine.write(address, struct.pack('<QII', parameter, status, control | self.cycle))
        self.at += 1
        if self.at == self.size - 1:
            link = struct.pack('<QII', self.base, 0, 6 << 10 | 1 << 1 | self.cycle)
            self.machine.write(self.base + self.at * 16, link)
            self.at, self.cycle = 0, self.cycle ^ 1
        return address

    @property
    def head(self):
        return self.base + self.at * 16 | self.cycle


class Xhci:
    BAR = 0x88000000
    RUNTIME, DOORBELLS, OPERATIONAL = BAR + 0x1000, BAR + 0x2000, BAR + 0x40
    EVENTS = 1024
    SETUP_IN, SETUP_OUT = 3 << 16, 2 << 16

    def __init__(self, machine):
        self.machine = machine
        self.next_page = 0x1000000
        machine.configure_pci({0x10: self.BAR, 0x14: 0, 0x04: 6})
        self.start()

    def page(self, size=4096):
        address = self.next_page
        self.next_page += (size + 4095) & ~4095
        self.machine.write(address, bytes(size))
        return address

    def start(self):
        m = self.machine
        m.write32(self.OPERATIONAL, 2)  # HCRST
        self.slots = self.page()
        self.commands = Ring(m, self.page())
        self.events, segments = self.page(self.EVENTS * 16), self.page()
        self.event_at, self.event_cycle = 0, 1
        self.waiting = []  # transfer events that nobody has asked for yet
        m.write(segments, struct.pack('<QII', self.events, self.EVENTS, 0))
        for register, value in ((0x38, 64),):
            m.write32(self.OPERATIONAL + register, value)
        self.write64(self.OPERATIONAL + 0x30, self.slots)
        self.write64(self.OPERATIONAL + 0x18, self.commands.head)
        m.write32(self.RUNTIME + 0x28, 1)
        self.write64(self.RUNTIME + 0x38, self.events)
        self.write64(self.RUNTIME + 0x30, segments)
        m.write32(self.OPERATIONAL, 1)  # RS

    def write64(self, address, value):
        self.machine.write32(address, value & 0xffffffff)
        self.machine.write32(address + 4, value >> 32)

    # ---- events

    def event(self):
        """The next event, as (pointer, status, control), or None."""
        trb = struct.unpack('<QII', self.machine.read(self.events + self.event_at * 16, 16))
        if trb[2] & 1 != self.event_cycle:
            return None
        self.event_at += 1
        if self.event_at == self.EVENTS:
            self.event_at, self.event_cycle = 0, self.event_cycle ^ 1
        self.write64(self.RUNTIME + 0x38, self.events + self.event_at * 16 | 8)
        return trb

    def wait(self, kind, pointer=None, now=False, endpoint=None):
        """(completion code, residue, control) of the event of that kind for that TRB, or for that device
        context index; None: `now`, and there is none yet."""
        end = time.monotonic() + PATIENCE
        while True:
            for i, (where, status, control) in enumerate(self.waiting):
                if (control >> 10 & 63 == kind and pointer in (None, where) and
                        endpoint in (None, control >> 16 & 31)):
                    del self.waiting[i]
                    return status >> 24, status & 0xffffff, control
            found = self.event()
            if found:
                self.waiting.append(found)
            elif now:
                return None
            else:
                assert time.monotonic() < end, f'no event {kind} for {pointer}'

    def command(self, kind, parameter=0, control=0, good=True):
        where = self.commands.put(parameter, 0, kind << 10 | control)
        self.machine.write32(self.DOORBELLS, 0)
        code, _, answer = self.wait(33, where)
        assert code == DONE or not good, f'command {kind}: completion code {code}'
        return answer >> 24 if code == DONE else None

    # ---- ports

    def portsc(self, port):
        return self.OPERATIONAL + 0x400 + (port - 1) * 16

    def find_port(self):
        """The first port with something on it; None: they are all empty."""
        ports = self.machine.read32(self.BAR + 4) >> 24
        return next((port for port in range(1, ports + 1) if self.machine.read32(self.portsc(port)) & 1), None)

    def changed(self, port):
        """Has its connection changed since this was last asked?"""
        value = self.machine.read32(self.portsc(port))
        self.machine.write32(self.portsc(port), value & 0x0e01c3e0 & ~0x10 | 1 << 17)
        return bool(value & 1 << 17)

    def reset_port(self, port):
        self.machine.write32(self.portsc(port), 0x200 | 1 << 4)
        return self.machine.read32(self.portsc(port)) >> 10 & 15


class Failed(Exception):
    """A transfer that did not end well: its completion code."""

    def __init__(self, code):
        super().__init__(f'completion code {code}')
        self.code = code


class BulkOnly:
    """A mass storage device by Bulk-Only Transport, over a host controller's request(), send() and receive()."""

    def __init__(self):
        self.tag = 0

    def descriptor(self, kind, number=0, language=0, length=255):
        return self.request(0x80, 6, kind << 8 | number, language, length=length)

    def clear_halt(self, endpoint):
        self.request(0x02, 1, 0, endpoint)

    def cbw(self, cdb, length=0, incoming=False):
        self.tag += 1
        return struct.pack('<4sIIBBB16s', b'USBC', self.tag, length, 0x80 if incoming else 0, 0, len(cdb), bytes(cdb))

    def csw(self):
        """(status, residue)"""
        try:
            data = self.receive(13)
        except Failed as failed:
            assert failed.code == STALL
            self.clear_halt(0x81)
            data = self.receive(13)
        signature, tag, residue, status = struct.unpack('<4sIIB', data)
        assert (signature, tag) == (b'USBS', self.tag), data
        return status, residue

    def scsi(self, *cdb, data=b'', length=0):
        """(status, bytes in)"""
        self.send(self.cbw(cdb, length or len(data), bool(length)))
        got = b''
        try:
            if data:
                self.send(data)
            elif length:
                got = self.receive(length)
        except Failed as failed:
            assert failed.code == STALL
            self.clear_halt(0x81 if length else 0x02)
        return self.csw()[0], got

    def sense(self):
        """(key, ASC, ASCQ)"""
        status, data = self.scsi(3, 0, 0, 0, 18, 0, length=18)
        assert status == 0
        return data[2] & 15, data[12], data[13]

    def ready(self):
        """Takes the unit attentions that there are."""
        for _ in range(8):
            if self.scsi(0, 0, 0, 0, 0, 0)[0] == 0:
                return
            last = self.sense()
        raise AssertionError(f'the drive does not become ready: {last}')

    def write_block(self, data):
        return self.scsi(0x0a, 0, *len(data).to_bytes(3, 'big'), 0, data=data)[0]

    def read_block(self, length):
        return self.scsi(0x08, 0, *length.to_bytes(3, 'big'), 0, length=length)


class Tape(BulkOnly):
    """A drive on an xHCI, enumerated and configured."""
    OUT, IN = 4, 3  # device context indices of endpoints 2 OUT and 1 IN
    CONTROL = 1

    def __init__(self, xhci, configure=True):
        super().__init__()
        self.xhci, self.machine = xhci, xhci.machine
        self.buffer = xhci.page(1 << 20)
        self.port = xhci.find_port()
        assert self.port, 'there is nothing on the bus'
        self.enumerate(configure)

    def enumerate(self, configure=True):
        x = self.xhci
        self.speed = x.reset_port(self.port)
        self.slot = x.command(9)
        self.context, self.input = x.page(), x.page()
        self.rings = {index: Ring(self.machine, x.page()) for index in (self.CONTROL, self.OUT, self.IN)}
        self.machine.write(x.slots + self.slot * 8, struct.pack('<Q', self.context))
        size = {1: 64, 3: 64, 4: 512}[self.speed]
        self.give_contexts(0, 0b11, {self.CONTROL: (4, size)})
        x.command(11, self.input, self.slot << 24)
        if configure:
            self.configure()

    def give_contexts(self, drop, add, endpoints):
        """endpoints: index → (type, size of packets)"""
        data = bytearray(33 * 32)
        struct.pack_into('<II', data, 0, drop, add)
        struct.pack_into('<II', data, 32, self.speed << 20 | max(endpoints) << 27, self.port << 16)
        for index, (kind, size) in endpoints.items():
            struct.pack_into('<IIQI', data, 32 * (index + 1), 0, 3 << 1 | kind << 3 | size << 16,
                             self.rings[index].head, 8)
        self.machine.write(self.input, bytes(data))

    def configure(self):
        size = {1: 64, 3: 512, 4: 1024}[self.speed]
        self.request(0x00, 9, 1)
        self.give_contexts(0, 1 | 1 << self.OUT | 1 << self.IN, {self.OUT: (2, size), self.IN: (6, size)})
        self.xhci.command(12, self.input, self.slot << 24)

    def ring_doorbell(self, index):
        self.machine.write32(self.xhci.DOORBELLS + 4 * self.slot, index)

    def finish(self, index, where):
        code, residue, _ = self.xhci.wait(32, where)
        if code not in (DONE, SHORT):
            if index == self.CONTROL or code in (STALL, TRANSACTION_ERROR):
                self.recover_endpoint(index)
            raise Failed(code)
        return residue

    def recover_endpoint(self, index):
        """Out of its halt, past what is on its ring."""
        self.xhci.command(14, 0, self.slot << 24 | index << 16, good=False)
        self.xhci.command(16, self.rings[index].head, self.slot << 24 | index << 16, good=False)

    # ---- control

    def request(self, kind, request, value=0, index=0, data=b'', length=0):
        """The bytes that an IN request brings."""
        length = length or len(data)
        self.begin_request(kind, request, value, index, data, length)
        left = self.short(length)
        return self.machine.read(self.buffer, length - left) if kind & 0x80 else b''

    def begin_request(self, kind, request, value=0, index=0, data=b'', length=0):
        incoming = kind & 0x80
        ring = self.rings[self.CONTROL]
        setup = struct.unpack('<Q', struct.pack('<BBHHH', kind, request, value, index, length))[0]
        ring.put(setup, 8, 2 << 10 | 1 << 6 | (0 if not length else 3 << 16 if incoming else 2 << 16))
        if length:
            self.machine.write(self.buffer, data.ljust(length, b'\0'))
            ring.put(self.buffer, length, 3 << 10 | (1 << 16 if incoming else 0) | 1 << 2)
        ring.put(0, 0, 4 << 10 | 1 << 5 | (0 if incoming and length else 1 << 16))
        self.ring_doorbell(self.CONTROL)

    def short(self, length):
        """Waits for the status stage; how much of the data stage did not come."""
        residue = 0
        while True:
            code, left, _ = self.xhci.wait(32, endpoint=self.CONTROL)
            if code == SHORT and not residue:
                residue = left
                continue
            if code != DONE:
                self.recover_endpoint(self.CONTROL)
                raise Failed(code)
            return residue

    # ---- bulk

    def start(self, index, data=b'', length=0, at=0):
        """Begins a bulk transfer; its TRB."""
        if data:
            self.machine.write(self.buffer + at, data)
        where = self.rings[index].put(self.buffer + at, length or len(data), 1 << 10 | 1 << 5 | 1 << 2)
        self.ring_doorbell(index)
        return where

    def send(self, data):
        return len(data) - self.finish(self.OUT, self.start(self.OUT, data))

    def receive(self, length):
        left = self.finish(self.IN, self.start(self.IN, length=length))
        return self.machine.read(self.buffer, length - left)
