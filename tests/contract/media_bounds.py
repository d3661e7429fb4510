#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What small files that hold many objects cost `usbtape media …` in memory: the bounds of media/README.md.

usage: media_bounds.py PROGRAM SANITIZERS        TAP on standard output

Without sanitizers (SANITIZERS is "none") the address space is limited, as `ulimit -v` does; with them, which
need terabytes of it, the peak of memory in use is looked at.
"""
import json
import os
import resource
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import tap  # pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
SANITIZED = sys.argv[2] != 'none'
MIB = 2**20
ADDRESS_SPACE = 96 * MIB
PEAK = 200 * MIB  # with sanitizers
ENVIRONMENT = {**os.environ, 'ASAN_OPTIONS': 'abort_on_error=1:detect_leaks=1:quarantine_size_mb=1',
               'MALLOC_PERTURB_': '0'}


def limit():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def media(*arguments, status=0, count=b'\n'):
    """How often `count` is in the output, whose first and last bytes are kept."""
    with subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
                          preexec_fn=limit) as child:
        found, begin, end = 0, b'', b''
        while piece := child.stdout.read(MIB):
            before = end[len(end) - len(count) + 1:] if len(count) > 1 else b''
            found += (before + piece).count(count)
            begin, end = begin or piece[:2000], (end + piece)[-2000:]
        errors = child.stderr.read().decode().splitlines()
        _, code, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(code)
    assert child.returncode == status, (arguments, child.returncode, errors)
    assert used.ru_maxrss * 1024 < (PEAK if SANITIZED else ADDRESS_SPACE), (arguments, used.ru_maxrss)
    return found, begin, end


def record(data, kind=0):
    length = struct.pack('<I', kind << 28 | len(data))
    return length + data + b'\0' * (len(data) & 1) + length


def write(name, data):
    with open(name, 'wb') as file:
        file.write(data)
    return name


def sparse(name, size):
    with open(name, 'wb') as file:
        file.truncate(size)
    return name


MARKS = 300000 if SANITIZED else 8 * MIB


def a_tape_of_marks_is_listed_as_it_goes():
    name = sparse('marks.tap', 4 * MARKS)
    rows, begin, end = media('ls', '--json', name, count=b'{"file" : ')
    assert rows == MARKS, rows
    assert begin.startswith(b'{\n  "path" : "marks.tap"') and end.endswith(b'}\n'), (begin, end)
    lines, _, end = media('ls', name)
    assert lines < 10 and f'{MARKS} empty files'.encode() in end, (lines, end)
    for command in (['info'], ['info', '--json'], ['check'], ['check', '--json']):
        assert media(command[0], name, *command[1:])[0] < 50
    assert media('cat', name, '--file', str(MARKS - 1))[1] == b''


def a_listing_of_any_length_is_json():
    for size in (0, 4, 4000, 400000):
        done = subprocess.run([PROGRAM, 'ls', '--json', sparse('some.tap', size)], stdout=subprocess.PIPE, check=True,
                              env=ENVIRONMENT)
        files = json.loads(done.stdout)['partitions'][0]['files']
        assert [(f['file'], f['first_object']) for f in files] == [(n, n) for n in range(size // 4)]


def small_blocks_take_little():
    """Blocks of a byte; blocks of one and two bytes in turn, each of which is a run of its own; blocks and marks."""
    n = 30000 if SANITIZED else 400000
    same = write('same.tap', record(b'x') * n)
    turns = write('turns.tap', (record(b'x') + record(b'xy')) * (n // 2))
    marks = write('blocks.tap', (record(b'x') + bytes(4)) * (n // 2))
    for name in (same, turns, marks):
        for command in ('info', 'ls', 'check'):
            media(command, name)
            media(command, name, '--json')
    assert media('cat', same, '--file', '0', count=b'x')[0] == n
    assert media('ls', '--json', marks, count=b'{"file" : ')[0] == n // 2
    if not SANITIZED:  # a sync at each object's end is slow
        n = 20000
    small = write('small.tap', (record(b'x') + bytes(4)) * (n // 2))
    for target in ('new.tape', 'new.aws', 'new.tap'):
        media('import', small, target)
    for target in ('new.tape', 'new.aws'):
        assert media('ls', '--json', target, count=b'{"file" : ')[0] == n // 2


def many_damaged_objects_are_listed_as_they_come():
    n = 30000 if SANITIZED else 400000
    name = write('bad.tap', (record(b'x', 8) + record(b'y')) * (n // 2))
    assert media('check', name, status=1)[0] == n // 2
    assert media('check', '--json', name, status=1, count=b'{"partition" : ')[0] == n // 2
    assert media('ls', name, status=1)[0] < 10
    row = write('row.tap', record(b'x', 8) * n + record(b'y'))
    lines, begin, _ = media('check', row, status=1)
    assert lines == 1 and f'objects 0 to {n - 1} (file 0 and on): damaged'.encode() in begin, (lines, begin)


def the_longest_blocks_fit():
    block = 2**24 - 1
    with open('big.tap', 'wb') as image:
        for _ in range(3):
            image.write(struct.pack('<I', block))
            image.seek(block + 1, 1)
            image.write(struct.pack('<I', block))
    for command in ('info', 'ls', 'check'):
        media(command, 'big.tap')
    media('import', 'big.tap', 'big.tape')
    media('export', 'big.tape', 'big.aws')
    assert media('cat', 'big.aws', '--file', '0', count=b'\0')[0] == 3 * block


TESTS = [a_tape_of_marks_is_listed_as_it_goes, a_listing_of_any_length_is_json, small_blocks_take_little,
         many_damaged_objects_are_listed_as_they_come, the_longest_blocks_fit]

if __name__ == '__main__':
    sys.exit(tap.run(TESTS))
