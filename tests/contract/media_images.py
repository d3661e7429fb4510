#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Images that other programs wrote, whole and damaged, and files that are no images.

usage: media_images.py PROGRAM RECOGNISED              TAP on standard output
       media_images.py PROGRAM RECOGNISED --all DIR…   every file below DIR that is taken for a tape
"""
import json
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import tap  # pylint: disable=wrong-import-position

PROGRAM, RECOGNISED = map(os.path.abspath, sys.argv[1:3])
EOM = b'\xff\xff\xff\xff'
GAP, HALF_GAP = struct.pack('<I', 0xfffffffe), b'\xff\xff'


def media(*arguments):
    """(status, output, error lines)"""
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr.decode().splitlines()


def good(*arguments, notice=None):
    status, output, errors = media(*arguments)
    assert status == 0 and len(errors) == bool(notice), (arguments, status, errors)
    assert not notice or notice in errors[0], (notice, errors)
    return output


def write(name, data):
    with open(name, 'wb') as file:
        file.write(data)
    return name


def simh(*objects, pad=True):
    """Bytes are a block, None is a tape mark."""
    image = b''
    for data in objects:
        length = struct.pack('<I', len(data or b''))
        image += length if data is None else length + data + (b'\0' if pad and len(data) & 1 else b'') + length
    return image


def aws(*objects):
    image, previous = b'', 0
    for data in objects:
        image += struct.pack('<HHBB', len(data or b''), previous, 0x40 if data is None else 0xa0, 0) + (data or b'')
        previous = len(data or b'')
    return image


def blocks_of(name, *options):
    """All blocks of a tape by way of a .aws, which is taken apart here; marks as None."""
    status = media('export', name, 'read.aws', *options)[0]
    image = open('read.aws', 'rb').read()
    os.unlink('read.aws')
    objects, at = [], 0
    while at < len(image):
        length, _, flags, _ = struct.unpack_from('<HHBB', image, at)
        objects.append(None if flags == 0x40 else image[at + 6:at + 6 + length])
        at += 6 + length
    return status, objects


CONTENT = [b'one', b'second block', None, b'odd', b'x' * 257, None, None, b'last']


def records_of_odd_length_need_no_padding():
    """As E11 writes them; and what is written to such a tape is written so."""
    write('e11.tap', simh(*CONTENT, pad=False))
    assert blocks_of('e11.tap') == (0, CONTENT)
    good('check', 'e11.tap')
    write('three.tap', simh(b'even', pad=False) + simh(b'odd', pad=False) + simh(b'evens2'))
    assert blocks_of('three.tap') == (0, [b'even', b'odd', b'evens2'])


def what_stands_for_nothing_is_passed_over():
    """Private and reserved records and markers, half gaps, long gaps; also where an image begins."""
    record = {n: struct.pack('<I', n << 28 | 5) + b'xxxxx\0' + struct.pack('<I', n << 28 | 5)
              for n in (1, 2, 3, 4, 5, 6, 9, 0xa, 0xb, 0xc, 0xd, 0xe)}
    marker = [struct.pack('<I', n) for n in (0x70000001, 0x7fffffff, 0xf0000000, 0xfffffff0)]
    beginnings = [*record.values(), *marker, GAP, HALF_GAP + GAP, GAP * 40000, HALF_GAP + GAP * 40000]
    for number, beginning in enumerate(beginnings):
        for end in (b'', EOM):
            name = write('passed.xyz', beginning + simh(b'block', None) + beginning + simh(b'second') + end)
            assert blocks_of(name) == (0, [b'block', None, b'second']), number
    name = write('marks.xyz', bytes(4 * 50000) + simh(b'block') + EOM)
    assert json.loads(good('info', name, '--json'))['partitions'][0]['filemarks'] == 50000


def damage_in_a_record_loses_that_record():
    """One byte of each header and trailer of 100 records."""
    blocks = [os.urandom(64 + 7 * n) for n in range(100)]
    for make, name in ((simh, 'd.tap'), (aws, 'd.aws')):
        image = make(*blocks)
        for n in (0, 1, 50, 98, 99):
            start, end = len(make(*blocks[:n])), len(make(*blocks[:n + 1]))
            for at in ({start, start + 2, end - 4, end - 1} if make is simh else {start, start + 4}):
                write(name, image[:at] + bytes([image[at] ^ 5]) + image[at + 1:])
                status, found = blocks_of(name)
                assert status == 1 and found in (blocks[:n] + blocks[n + 1:], blocks[:n]), (name, n, at, len(found))
                assert n >= 98 or len(found) == 99, (name, n, at, len(found))
                status, output, errors = media('check', name)
                assert status == 1 and 'good' not in output.decode() and f'object {n} '.encode() in output, output
                assert any(f'no whole record at byte {start}' in line for line in errors), errors
                assert media('ls', name)[0] == 1 and media('info', name)[0] == 1
                assert b'DAMAGED' in media('info', name)[1]


def is_part_of(found, objects):
    rest = iter(objects)
    return all(any(item == other for other in rest) for item in found)


def no_bit_of_a_header_makes_other_data():
    """Each bit of each header and trailer: what is read is what was written, less what was lost."""
    objects = [b'x' * 300, b'y', b'z' * 10, None, b'two', None, None, b'u' * 256, b'last', None]
    for make, name in ((simh, 'bit.tap'), (aws, 'bit.aws')):
        image = make(*objects)
        ends = [len(make(*objects[:n])) for n in range(len(objects) + 1)]
        structure = [at for start, end in zip(ends, ends[1:])
                     for at in ([*range(start, start + 4), *range(end - 4, end)] if make is simh
                                else range(start, start + 6))]
        for at in sorted(set(structure)):
            for bit in range(8):
                write(name, image[:at] + bytes([image[at] ^ 1 << bit]) + image[at + 1:])
                status, found = blocks_of(name)
                assert is_part_of(found, objects), (name, at, bit, status, found)
                # a mark of SIMH that becomes a private marker is gone without a trace
                assert status == 1 or found == objects or name == 'bit.tap' and at in ends[3:4] + ends[5:7] + ends[9:], \
                    (name, at, bit, found)


def a_header_of_zeroes_is_no_mark():
    """A zeroed header of SIMH reads as a mark: the trailer behind shows that it is none."""
    blocks = [b'block %d' % n * n for n in range(1, 8)]
    for n in range(len(blocks)):
        start = len(simh(*blocks[:n]))
        for count in (4, 8):
            image = simh(*blocks)
            write('zeroed.tap', image[:start] + bytes(count) + image[start + count:] + EOM)
            assert blocks_of('zeroed.tap') == (1, blocks[:n] + blocks[n + 1:]), (n, count)


def a_length_that_swallows_a_record_is_damage():
    image = bytearray(aws(b'a', b'swallowed!', None, b'bb', b'c'))
    assert image[0] == 1
    image[0] = 1 + 6 + 10
    write('swallow.aws', image)
    assert blocks_of('swallow.aws') == (1, [b'swallowed!', None, b'bb', b'c'])
    image = bytearray(aws(b'x' * 257, b'four', b'bb'))  # one byte on, the header behind names 256, too
    image[0] = 0
    write('short.aws', image)
    assert blocks_of('short.aws') == (1, [b'four', b'bb'])


def a_tear_anywhere_is_read_up_to():
    blocks = [b'one', b'second', None, b'third one', None]
    for make, name in ((simh, 'torn.tap'), (aws, 'torn.aws')):
        image = make(*blocks)
        whole = [len(make(*blocks[:n])) for n in range(len(blocks) + 1)]
        for cut in range(1, len(image)):
            write(name, image[:cut])
            n = sum(end <= cut for end in whole) - 1
            status, found = blocks_of(name)
            assert (status, found) == (int(cut not in whole), blocks[:n]), (name, cut, status, found)
            assert media('check', name)[0] == status and media('ls', name)[0] == status


def awstapes_that_hercules_reads_are_read():
    """Zeroes behind the last record, and wrong lengths of the chunk before: with a notice."""
    image = aws(*CONTENT)
    for zeroes in (6, 511, 100000):
        write('zeroes.aws', image + bytes(zeroes))
        assert good('cat', 'zeroes.aws', '--file', '3', notice=f'{zeroes} bytes of zero') == b'last'
        good('check', 'zeroes.aws', notice=f'{zeroes} bytes of zero')
    wrong, at = bytearray(image), 0
    for n in range(len(CONTENT)):
        length, previous = struct.unpack_from('<HH', wrong, at)
        struct.pack_into('<H', wrong, at + 2, 0 if n in (1, 4) else previous)
        at += 6 + length
    write('wrong.aws', wrong)
    good('check', 'wrong.aws', notice='2 headers name a wrong length')
    assert good('cat', 'wrong.aws', '--file', '0', notice='wrong length') == b'onesecond block'


def zeroes_are_a_tape_only_by_name():
    """A cartridge that was zeroed and cut short is no good tape of another kind."""
    for size in (4, 400, 65536, 300000):
        for name in ('zero.tape', 'zero', 'zero.img') + ('zero.aws',) * (size > 4):
            for command in ('info', 'ls', 'check'):
                status, output, errors = media(command, write(name, bytes(size)))
                assert status == 2 and not output and len(errors) == 1, (name, command, status, errors)
        good('check', write('zero.tap', bytes(size)))
    for start in (EOM, GAP, b'\xff' * 16):
        for rest in (b'', b'something else' * 50, bytes(5000)):
            if start + rest != EOM:
                assert media('check', write('else', start + rest))[0] == 2, (start, rest[:9])


def chosen_files():
    """Some of each directory of this system, always the same for the same system."""
    rand, files = random.Random(1), []
    for top in ('/etc', '/usr/bin', '/usr/lib', '/usr/share', '/usr/include', '/var/lib/dpkg'):
        for directory, names, found in os.walk(top):
            names.sort()
            found = sorted(found)
            files += [os.path.join(directory, name) for name in rand.sample(found, min(len(found), 4))]
    return rand.sample(files, min(len(files), 6000))


def recognised(files):
    done = subprocess.run([RECOGNISED], input=b''.join(os.fsencode(f) + b'\n' for f in files if '\n' not in f),
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.decode('utf-8', 'replace').splitlines()


def ordinary_files_are_no_tapes():
    files = chosen_files()
    assert len(files) > 500, len(files)
    taken = recognised(files + [write('sure.xyz', simh(b'block')), write('sure2.xyz', aws(b'block', None))])
    assert taken == ['simh sure.xyz', 'aws sure2.xyz'], taken


TESTS = [records_of_odd_length_need_no_padding, what_stands_for_nothing_is_passed_over,
         damage_in_a_record_loses_that_record, no_bit_of_a_header_makes_other_data,
         a_header_of_zeroes_is_no_mark, a_length_that_swallows_a_record_is_damage, a_tear_anywhere_is_read_up_to,
         awstapes_that_hercules_reads_are_read, zeroes_are_a_tape_only_by_name, ordinary_files_are_no_tapes]


def every_file(tops):
    files = [os.path.join(directory, name) for top in tops for directory, _, names in os.walk(top) for name in names]
    taken = recognised(files)
    print(*taken, f'{len(taken)} of {len(files)} files are taken for a tape', sep='\n')
    return int(bool(taken))


if __name__ == '__main__':
    sys.exit(every_file(sys.argv[4:]) if sys.argv[3:4] == ['--all'] else tap.run(TESTS))
