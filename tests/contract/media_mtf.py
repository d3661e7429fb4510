#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`usbtape media ls` and `check --mtf` on tapes of Windows backups, and on tapes of others.

usage: media_mtf.py PROGRAM MTF-TAPE        TAP on standard output
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

PROGRAM, MTF_TAPE = (os.path.abspath(path) for path in sys.argv[1:3])
MESSAGE = 'An inconsistency was encountered on the requested media.'


def media(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode().splitlines()


def tape(name, sets):
    subprocess.run([MTF_TAPE, name, str(sets)], check=True)
    return name


def objects(name):
    """The objects of a .tap file: bytes, or None for a tape mark."""
    with open(name, 'rb') as file:
        image = file.read()
    found, at = [], 0
    while image[at:at + 4] != b'\xff\xff\xff\xff':
        length, = struct.unpack_from('<I', image, at)
        found.append(image[at + 4:at + 4 + length] if length else None)
        at += 4 if not length else length + (length & 1) + 8
    return found


def write_tap(name, found):
    with open(name, 'wb') as file:
        for data in found:
            if data is None:
                file.write(bytes(4))
            else:
                length = struct.pack('<I', len(data))
                file.write(length + data + bytes(len(data) & 1) + length)
        file.write(b'\xff\xff\xff\xff')
    return name


def sets_and_files_are_listed():
    status, text, errors = media('ls', tape('two.tape', 2))
    assert status == 0 and not errors, errors
    assert 'Microsoft Tape Format: "Media created by usbtape"' in text, text
    assert 'set 1 at 2: "Set 1 of run 10"' in text and '"Set 2 of run 20"' in text, text
    assert text.count('C:\\DATA\\DEEP\\ER\\BIG.BIN') == 2, text
    assert text.count('C:\\EMPTY.DAT') == 2 and 'Ärger \N{VIDEOCASSETTE}.bin' in text, text
    status, text, errors = media('ls', 'two.tape', '--json')
    mtf = json.loads(text)['partitions'][0]['mtf']
    assert status == 0 and mtf['violation'] is None
    assert [s['set'] for s in mtf['sets']] == [1, 2] and mtf['date'] == '2003-11-06 22:35:00'
    files = mtf['sets'][1]['files']
    assert len(files) == 10
    assert {'path': 'C:\\DATA\\F2.BIN', 'size': 100000}.items() <= files[3].items(), files[3]
    assert files[3]['object'] >= mtf['sets'][1]['object'] > 10


def a_good_tape_is_judged_good():
    for name in tape('good.tape', 2), tape('good.tap', 2):
        status, text, errors = media('check', '--mtf', name)
        assert status == 0 and not errors, errors
        assert 'good Microsoft Tape Format: sets 2, volumes 2, directories 6, files 20' in text, text
        assert MESSAGE not in text


def swapped_blocks_are_told_with_the_articles_words():
    found = objects(tape('plain.tap', 1))
    found[8], found[9] = found[9], found[8]
    write_tap('swapped.tap', found)
    assert media('check', 'swapped.tap')[0] == 0    # as a tape it is whole
    status, text, errors = media('check', '--mtf', 'swapped.tap')
    assert status == 1 and len(errors) == 1, (status, errors)
    assert 'partition 0, object 8 (tape file 1, byte ' in errors[0], errors
    assert 'expected' in errors[0] and 'found' in errors[0] and 'MTF 1.00a' in errors[0], errors
    assert MESSAGE in text and 'our mapping' in text, text
    status, text, errors = media('ls', 'swapped.tap')
    assert status == 0 and 'from here on not as the format has it' in text, text
    status, text, errors = media('ls', 'swapped.tap', '--json')
    assert json.loads(text)['partitions'][0]['mtf']['violation']['object'] == 8


def the_format_does_not_see_blocks_change_places_in_one_file():
    # its checksums are exclusive or: media/README.md says so, and this is why
    found = objects('plain.tap')
    found[3], found[4] = found[4], found[3]
    write_tap('unseen.tap', found)
    assert media('check', '--mtf', 'unseen.tap')[0] == 0


def a_set_that_was_cut_off_is_told():
    found = objects('plain.tap')
    write_tap('cut.tap', found[:6])
    status, text, errors = media('check', '--mtf', 'cut.tap')
    assert status == 1 and 'object 6' in errors[0] and 'found the end of data' in errors[0], errors


def other_tapes_are_no_such_tapes():
    write_tap('other.tap', [b'x' * 512, None])
    status, text, errors = media('ls', 'other.tap')
    assert status == 0 and 'Microsoft' not in text
    assert 'mtf' not in json.loads(media('ls', 'other.tap', '--json')[1])['partitions'][0]
    status, text, errors = media('check', '--mtf', 'other.tap')
    assert status == 1 and "expected 'TAPE'" in errors[0] and 'object 0' in errors[0], errors
    write_tap('blank.tap', [])
    assert media('check', '--mtf', 'blank.tap')[0] == 1


def file_knows_the_tape_block():
    # the one independent parser that Debian has
    if shutil.which('file'):
        subprocess.run([MTF_TAPE, 'again.tap', '1'], check=True)
        with open('block', 'wb') as block:
            block.write(objects('again.tap')[0])
        said = subprocess.run(['file', '-b', 'block'], capture_output=True, text=True, check=True).stdout
        assert said.startswith('Windows NTbackup archive NT, '), said
        for words in 'name: Media created by usbtape', 'label: MTF Media Label|1.0|', 'usbtape, a simulated backup':
            assert words in said, said


def the_option_is_for_check_alone():
    status, text, errors = media('ls', '--mtf', 'plain.tap')
    assert status == 2 and len(errors) == 1 and '--mtf' in errors[0], errors
    status, text, errors = media('check', '--help')
    assert status == 0 and '--mtf' in text


def main():
    tests = [value for name, value in globals().items()
             if callable(value) and getattr(value, '__module__', None) == '__main__'
             and name not in ('media', 'tape', 'objects', 'write_tap', 'main')]
    os.chdir(tempfile.mkdtemp())
    print(f'1..{len(tests)}')
    good = True
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}')
        except Exception as error:      # each test is told, whatever it stumbles over
            good = False
            print(f'not ok {number} - {test.__name__}: {type(error).__name__} {error}')
    shutil.rmtree(os.getcwd())
    sys.exit(0 if good else 1)


main()
