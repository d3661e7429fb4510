#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`check --mtf` on tapes of every soft filemark, logical block and tape block size.

usage: media_mtf_sizes.py PROGRAM           TAP on standard output

The writer here shares nothing with the program. It follows the specification (Microsoft Tape Format
1.00a) and published layouts of other writers' tapes: SQL Server's dumps have a TAPE block of 1024
bytes, a soft filemark of 512, and an SSET at byte 1536, from which the descriptor blocks are
counted in logical blocks of 1024 bytes.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace

PROGRAM = os.path.abspath(sys.argv[1])
FLB = 512, 1024
SFMB = 512, 1024, 1536, 2048, 4096, 16384
BLOCK = 512, 1024, 1536, 2048, 4096, 16384


@dataclass
class Shape:
    block: int                   # bytes of a tape block
    flb: int                     # bytes of a format logical block
    sfmb: int                    # bytes of a soft filemark; 0: the drive's filemarks
    count_marks: bool = True     # do addresses and padding of ESET count the soft filemark's bytes?
    early_pad: bool = False      # does padding before a soft filemark end so that ESET is back on the grid?
    sql: bool = False            # SQL Server's block and stream types, and a catalog
    sets: int = 2
    fault: str = ''              # one thing wrong

    def possible(self):
        """Whole tape blocks in a soft filemark; tape blocks and logical blocks divide one another."""
        whole = self.block % self.flb == 0 or self.flb % self.block == 0
        return whole and self.sfmb % self.block == 0


def xor(data, unit):
    total = 0
    for at in range(0, len(data), unit):
        total ^= int.from_bytes(data[at:at + unit], 'little')
    return total


def stream(name, data=b'', attributes=0):
    header = struct.pack('<4sHHQHH', name, 0, attributes, len(data), 0, 0)
    return header + struct.pack('<H', xor(header, 2)) + data + bytes(-(22 + len(data)) % 4)


class Tape:
    """The bytes of a tape, and where its marks lie; cut into tape blocks at the end."""

    def __init__(self, shape):
        self.shape, self.bytes, self.objects, self.marks, self.next_id = shape, b'', [], [], 0
        self.in_set = 0          # bytes since the SSET
        self.marked = 0          # of those, bytes of soft filemarks
        self.faults = 0

    def fault(self, name):
        """Is this the place for the one fault? Each place gives it once."""
        here = self.shape.fault == name and self.faults == 0
        self.faults += here
        return here

    def put(self, data):
        self.bytes += data
        self.in_set += len(data)

    def where(self):
        assert len(self.bytes) % self.shape.block == 0 or self.faults
        return len(self.objects) + len(self.bytes) // self.shape.block

    def descriptor(self, name, fields, fla=0, control=0, attributes=0):
        header = bytearray(struct.pack('<4sIHBBQQH6xI4xHHBB', name, attributes, (52 + len(fields) + 3) // 4 * 4,
                                       14, 0, 0, fla, 0, control, 0, 0, 0, 0))
        if self.fault('checksum of ' + name.decode()):
            header[40] ^= 1
            self.put(bytes(header) + struct.pack('<H', xor(header, 2) ^ 1) + fields)
        else:
            self.put(bytes(header) + struct.pack('<H', xor(header, 2)) + fields)
        self.put(bytes(-len(fields) % 4 if name != b'SFMB' else 0))

    def counted(self):
        return self.in_set - (0 if self.shape.count_marks else self.marked)

    def address(self, name):
        return self.counted() // self.shape.flb + (3 if self.fault('address of ' + name.decode()) else 0)

    def in_set_block(self, name, fields, attributes=0):
        self.next_id += 1
        self.descriptor(name, fields, self.address(name), self.next_id, attributes)

    def pad(self, before_mark=False):
        """SPAD up to the next logical block; before a mark up to the next tape block, too."""
        shape, unit, after = self.shape, self.shape.flb, 0
        if before_mark:
            unit = max(unit, shape.block)
            after = shape.sfmb if shape.early_pad else 0
        room = -(self.counted() + 22 + after) % unit
        if self.fault('padding'):
            room += 4
        self.put(stream(b'SPAD', bytes(room)))

    def mark(self):
        shape = self.shape
        if not shape.sfmb:
            self.cut()
            self.objects.append(None)
            return
        if self.fault('lost soft filemark'):
            return
        entries = (shape.sfmb - 60) // 4
        here, used = self.where(), min(len(self.marks), entries)
        if self.fault('entries'):
            entries += 1
        listed = self.marks[::-1][:used]
        control = len(self.marks) + 1 + (2 if len(self.marks) > 1 and self.fault('number of SFMB') else 0)
        before = self.in_set
        self.descriptor(b'SFMB', struct.pack('<II', entries, entries + 1 if self.fault('used') else used),
                        here, control)
        self.put(struct.pack(f'<{used}I', *listed))
        self.put(bytes(shape.sfmb - (self.in_set - before)))
        if self.fault('short soft filemark'):
            self.bytes = self.bytes[:-512]
        self.marked += shape.sfmb
        self.marks.append(here)
        if self.fault('two soft filemarks'):
            self.mark()

    def cut(self):
        size = self.shape.block
        if self.faults:         # the image has whole blocks all the same
            self.bytes += bytes(-len(self.bytes) % size)
        assert len(self.bytes) % size == 0, (self.shape, len(self.bytes))
        self.objects += [self.bytes[at:at + size] for at in range(0, len(self.bytes), size)]
        self.bytes = b''

    def tape(self):
        shape = self.shape
        attributes = 2 | (1 if shape.sfmb and not self.fault('not announced') else 0)
        size = shape.sfmb // 512
        if self.fault('soft filemark of no blocks'):
            size = 0
        flb = 2048 if self.fault('logical block of 2048') else shape.flb
        self.descriptor(b'TAPE', struct.pack('<IIHHHHIIIIHH5xB', 77, attributes, 1, 0, size, 0, 0, 0, 0, 0,
                                             flb, 0x1200, 1))
        self.pad(True)
        self.mark()

    def set(self, number):
        self.in_set = self.marked = self.next_id = 0
        pba = self.where() + (1 if number == 2 and self.fault('physical block address') else 0)
        self.descriptor(b'SSET', struct.pack('<IHHHHIIIIQ5xBBbBB', 4, 0, 0, 0, number, 0, 0, 0, 0, pba,
                                             1, 0, 0, 0, 2))
        self.pad()
        self.in_set_block(b'VOLB', struct.pack('<IIII5x', 0, 0, 0, 0))
        self.pad()
        (self.database if self.shape.sql else self.files)()
        self.mark()
        self.end(number)
        if self.shape.sql:
            self.put(stream(b'TSMP', b'm' * 300))
            self.pad(True)
            self.end(number)
        self.mark()

    def end(self, number):
        self.in_set_block(b'ESET', struct.pack('<II16xHH5x', 0, 0, 0, number))
        self.pad(True)

    def files(self):
        self.in_set_block(b'DIRB', struct.pack('<I5x5x5x5xII', 0, 1, 0))
        self.pad()
        for number, length in enumerate((0, 1, 511, 2100, 70001), 1):
            self.in_set_block(b'FILE', struct.pack('<I5x5x5x5xIII', 0, 1, number, 0))
            data = bytes((number * 31 + at) % 251 for at in range(length))
            self.put(stream(b'STAN', data, 0x20) + stream(b'CSUM', struct.pack('<I', xor(data, 4))))
            self.pad(number == 5)

    def database(self):
        self.in_set_block(b'MSCI', bytes(24))
        self.put(stream(b'MQCI', bytes(range(200))))
        self.pad()
        self.in_set_block(b'MSDA', bytes(40))
        self.put(stream(b'MQDA', b'p' * 8192, 2) + stream(b'MQDA', b'q' * 8192, 2) + stream(b'MQDA', b'', 6))
        self.pad()
        self.in_set_block(b'MSTL', bytes(24))
        self.put(stream(b'APAD', bytes(30)) + stream(b'MQTL', b'l' * 1536, 0))
        self.pad(True)

    def write(self):
        self.tape()
        for number in range(1, self.shape.sets + 1):
            self.set(number)
        self.cut()
        assert not self.shape.fault or self.faults == 1, self.shape
        return self.objects


def check(objects):
    """The program's one line of error, or '', and its report."""
    with open('sizes.tap', 'wb') as file:
        for data in objects:
            length = struct.pack('<I', len(data) if data else 0)
            file.write(length + data + length if data else length)
        file.write(b'\xff\xff\xff\xff')
    done = subprocess.run([PROGRAM, 'check', '--mtf', 'sizes.tap'], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    errors = done.stderr.splitlines()
    assert done.returncode in (0, 1) and len(errors) == done.returncode, done
    return errors[0] if errors else '', done.stdout


def good(shape):
    error, text = check(Tape(shape).write())
    assert not error, (shape, error)
    assert f'good Microsoft Tape Format: sets {shape.sets}, volumes {shape.sets}, ' in text, (shape, text)


def shapes():
    for flb in FLB:
        for block in BLOCK:
            for sfmb in (0,) + SFMB:
                yield Shape(block, flb, sfmb)


def every_size_that_is_possible_is_good():
    tried = 0
    for shape in shapes():
        if shape.possible():
            good(shape)
            tried += 1
    assert tried > 30, tried


def an_address_may_leave_out_the_soft_filemark():
    for shape in shapes():
        if shape.possible() and shape.sfmb:
            good(replace(shape, count_marks=False))


def padding_may_make_up_for_a_short_soft_filemark():
    for block, sfmb in ((512, 512), (512, 1536)):
        good(Shape(block, 1024, sfmb, early_pad=True))


def a_database_dump_is_good():
    for block, sfmb in ((512, 512), (512, 1024), (1024, 1024), (4096, 4096), (16384, 16384)):
        for flb in FLB:
            good(Shape(block, flb, sfmb, sql=True))
            good(Shape(block, flb, sfmb, sql=True, count_marks=False))
    # the published layout
    objects = Tape(Shape(512, 1024, 512, sql=True)).write()
    assert [objects[at][:4] for at in (0, 2, 3, 5)] == [b'TAPE', b'SFMB', b'SSET', b'VOLB']


def a_soft_filemark_of_less_than_a_tape_block_is_wrong():
    for block, sfmb in ((1024, 512), (2048, 1024), (4096, 512), (2048, 3072), (16384, 4096)):
        tape = Tape(Shape(block, 512, sfmb, fault='lost soft filemark'))
        tape.tape()             # its TAPE block alone
        tape.cut()
        error, _ = check(tape.objects)
        assert 'a soft filemark of whole tape blocks' in error, (block, sfmb, error)


FAULTS = (                      # and what the error has to contain
    ('checksum of TAPE', 'header checksum'),
    ('checksum of SFMB', 'header checksum'),
    ('checksum of ESET', 'header checksum'),
    ('address of VOLB', 'format logical address'),
    ('address of FILE', 'format logical address'),
    ('address of ESET', 'format logical address'),
    ('padding', 'padding'),
    ('lost soft filemark', 'order on tape'),
    ('two soft filemarks', 'order on tape'),
    ('short soft filemark', ''),
    ('entries', 'filemark entries'),
    ('used', 'filemark entries'),
    ('number of SFMB', 'soft filemark'),
    ('not announced', 'order on tape'),
    ('soft filemark of no blocks', 'whole tape blocks'),
    ('logical block of 2048', 'format logical block of 512 or 1024'),
    ('physical block address', 'physical block address'),
)


def one_fault_is_found_at_every_size():
    for fault, words in FAULTS:
        for block, flb, sfmb in ((512, 1024, 512), (512, 1024, 1536), (512, 512, 512), (512, 1024, 1024),
                                 (1024, 1024, 2048), (4096, 1024, 4096), (16384, 512, 16384)):
            shape = Shape(block, flb, sfmb, fault=fault)
            error, _ = check(Tape(shape).write())
            assert 'not as Microsoft Tape Format 1.00a has it' in error and words in error, (shape, error)


def padding_that_no_soft_filemark_makes_up_for_is_wrong():
    # 512 bytes short of the logical block, and then something else than a soft filemark
    tape = Tape(Shape(512, 1024, 512, early_pad=True, sets=1))
    tape.tape()
    tape.shape.fault = 'lost soft filemark'
    tape.set(1)
    tape.cut()
    error, _ = check(tape.objects)
    assert "padding: expected 'SFMB', or padding" in error, error


def main():
    tests = [every_size_that_is_possible_is_good, an_address_may_leave_out_the_soft_filemark,
             padding_may_make_up_for_a_short_soft_filemark, a_database_dump_is_good,
             a_soft_filemark_of_less_than_a_tape_block_is_wrong, one_fault_is_found_at_every_size,
             padding_that_no_soft_filemark_makes_up_for_is_wrong]
    os.chdir(tempfile.mkdtemp())
    print(f'1..{len(tests)}')
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}', flush=True)
        except Exception as error:
            failed += 1
            print(f'not ok {number} - {test.__name__}: {type(error).__name__} {error}', flush=True)
    shutil.rmtree(os.getcwd())
    sys.exit(1 if failed else 0)


main()
