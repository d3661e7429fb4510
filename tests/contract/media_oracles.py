#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Others' tape images, judged by others' tools: SIMH's PDP-11 and mtdump, and Hercules' tools.

usage: media_oracles.py PROGRAM        TAP on standard output
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import tap  # pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
NEEDED = ['mtdump', 'pdp11', 'hetmap', 'hetget', 'hetinit', 'hetupd', 'tapemap']

# Blocks of each file: odd and even, short, and as long as Hercules takes them.
FILES = [[bytes([n]) * (800 * n) for n in range(1, 6)], [b'odd', b'x' * 65535], [os.urandom(4096)]]

# The TM11 controller does one function on 100 bytes at 4000: loads byte count, address, command,
# waits until it is ready, halts.
TM11 = '''set tm enabled
attach {how} tm0 {tape}
deposit 1000 012737
deposit 1002 177634
deposit 1004 172524
deposit 1006 012737
deposit 1010 004000
deposit 1012 172526
deposit 1014 012737
deposit 1020 172522
deposit 1022 105737
deposit 1024 172522
deposit 1026 100375
deposit 1030 000000
'''
READ, WRITE, WRITE_MARK, SPACE_FORWARD = '060003', '060005', '060007', '060011'


def run(*command, status=(0,)):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode in status, (command, done.returncode, done.stdout)
    return done.stdout.decode('latin-1')


def media(*arguments, notice=b'', status=0):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == status and bool(done.stderr) == bool(notice), (arguments, done)
    assert notice in done.stderr, done.stderr
    return done.stdout


def listed(path, notice=b'', status=0):
    """Blocks and bytes of each tape file."""
    partition = json.loads(media('ls', '--json', path, notice=notice, status=status))['partitions'][0]
    return [(file['blocks'], file['bytes']) for file in partition['files']]


def make(path):
    """FILES on a native cartridge, then exported; by way of a .tap made here."""
    for name in ('made.tape', path):
        if os.path.exists(name):
            os.unlink(name)
    with open('source.tap', 'wb') as image:
        for file in FILES:
            for block in file:
                length = len(block).to_bytes(4, 'little')
                image.write(length + block + b'\0' * (len(block) & 1) + length)
            image.write(bytes(4))
    media('import', 'source.tap', 'made.tape')
    media('export', 'made.tape', path)


def pdp11(tape, steps, how=''):
    """Runs functions of the TM11, and what else is to be done between them; the console's text."""
    with open('pdp11.ini', 'w', encoding='ascii') as script:
        script.write(TM11.format(how=how, tape=tape))
        for step in steps:
            script.write(f'deposit 1016 {step}\ngo 1000\n' if step.isdigit() else step + '\n')
        script.write('quit\n')
    return run('pdp11', 'pdp11.ini')


def simh_dumps_what_we_wrote():
    make('ours.tap')
    text = run('mtdump', 'ours.tap')
    lengths = [int(n) for n in re.findall(r'length = (\d+)', text)]
    assert lengths == [len(block) for file in FILES for block in file], text
    assert [int(n) for n in re.findall(r'end of tape file (\d+)', text)] == [1, 2, 3], text
    assert 'end of logical tape' in text or 'End of physical tape' in text, text


def simh_reads_what_we_wrote():
    make('ours.tap')
    text = pdp11('ours.tap', [READ, 'examine 4000', READ, 'examine 4000', 'examine 4142'], '-r')
    # 800 times 1, then 1600 times 2, of which 100 bytes are read
    assert re.findall(r'4000:\s*(\d+)', text) == ['000401', '001002'], text
    assert re.findall(r'4142:\s*(\d+)', text) == ['001002'], text


def we_read_what_simh_wrote():
    pdp11('theirs.tap', ['deposit 4000 041101', WRITE, 'deposit 4000 042103', WRITE, WRITE_MARK,
                         WRITE, WRITE_MARK, WRITE_MARK], '-n')
    assert listed('theirs.tap') == [(2, 200), (1, 100), (0, 0)]
    media('check', 'theirs.tap')
    media('import', 'theirs.tap', 'theirs.tape')
    assert media('cat', 'theirs.tape', '--file', '0') == b'AB' + bytes(98) + b'CD' + bytes(98)


def what_simh_left_when_it_overwrote_is_damage():
    """It writes no end: the rest of a record lies beyond its two marks, and then old whole ones."""
    make('both.tap')
    pdp11('both.tap', [READ, 'deposit 4000 041101', WRITE, WRITE_MARK, WRITE_MARK])
    found = listed('both.tap', notice=b'no whole record at byte 924: 1492 bytes', status=1)
    assert found == [(2, 900), (0, 0), (3, 2400 + 3200 + 4000), (2, 65538), (1, 4096)], found


def hercules_maps_what_we_wrote():
    for name in ('ours.aws', 'ours.het'):
        make(name)
        text = run('hetmap', '-f', name)
        blocks = [int(n) for n in re.findall(r'^Blocks +: (\d+)', text, re.M)]
        sizes = [int(n) for n in re.findall(r'^Uncompressed bytes +: (\d+)', text, re.M)]
        for file, n, size in zip(FILES, blocks, sizes):
            assert (len(file), sum(map(len, file))) == (n, size), text
        text = run('tapemap', name)
        assert [int(n) for n in re.findall(r'Blocks=(\d+)', text)][:3] == list(map(len, FILES)), text


def hercules_reads_what_we_read_with_a_notice():
    """Zeroes behind the last record, and a wrong length of the chunk before."""
    make('ours.aws')
    with open('ours.aws', 'rb') as image:
        data = bytearray(image.read())
    data[806 + 2:806 + 4] = b'\x11\x22'
    for end, notice in ((b'', b'1 headers name a wrong length'), (bytes(512), b'512 bytes of zero')):
        with open('odd.aws', 'wb') as image:
            image.write(data + end)
        text = run('hetmap', '-f', 'odd.aws', status=(0, 1))
        blocks = [int(n) for n in re.findall(r'^Blocks +: (\d+)', text, re.M)]
        assert blocks[:len(FILES)] == list(map(len, FILES)), text
        assert listed('odd.aws', notice=notice)[:len(FILES)] == [(len(f), sum(map(len, f))) for f in FILES]


def hercules_extracts_what_we_wrote():
    make('ours.aws')
    for number, file in enumerate(FILES, 1):
        run('hetget', '-n', 'ours.aws', 'out', str(number), 'U', '0', '65535', status=(0, 1))
        with open('out', 'rb') as out:
            assert out.read() == b''.join(file), number
        os.unlink('out')


def we_read_what_hercules_compressed():
    make('ours.aws')
    for option, name in (('-z', 'zlib.het'), ('-b', 'bzip2.het'), ('-s', 'strict.aws')):
        run('hetupd', option, 'ours.aws', name)
        assert name == 'strict.aws' or os.path.getsize(name) < os.path.getsize('ours.aws') / 5
        media('check', name)
        media('import', name, name + '.tape')
        for number, file in enumerate(FILES):
            assert media('cat', name, '--file', str(number)) == b''.join(file), (name, number)
            assert media('cat', name + '.tape', '--file', str(number)) == b''.join(file)


def we_read_what_hercules_initialised():
    run('hetinit', '-n', 'empty.het')
    assert listed('empty.het') == [(0, 0), (0, 0)]
    run('hetinit', 'label.het', 'VOL001', 'OWNER')
    assert listed('label.het') == [(2, 160)]
    assert media('cat', 'label.het', '--file', '0').decode('cp500').startswith('VOL1VOL001')


TESTS = [simh_dumps_what_we_wrote, simh_reads_what_we_wrote, we_read_what_simh_wrote,
         what_simh_left_when_it_overwrote_is_damage, hercules_maps_what_we_wrote,
         hercules_reads_what_we_read_with_a_notice,
         hercules_extracts_what_we_wrote, we_read_what_hercules_compressed,
         we_read_what_hercules_initialised]


def main():
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        tap.skip_all(f'{", ".join(missing)} missing: packages simh and hercules')
        return 0
    return tap.run(TESTS)


if __name__ == '__main__':
    sys.exit(main())
