#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""judge.py USBTAPE: `usbtape judge` on a tar archive that no scenario wrote, in order and with two blocks exchanged."""
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from serving import Serving, usbtape  # noqa: E402  pylint: disable=wrong-import-position
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

USBTAPE = os.path.abspath(sys.argv[1])
BLOCK = 10240
TAR = '{from: top, names: [sub]}'


def judge(*words, status=0):
    done = subprocess.run([USBTAPE, 'judge', *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f'{words}: status {done.returncode}: {done.stdout}{done.stderr}'
    return done.stdout if status < 2 else done.stderr


def archive():
    """The blocks of a tar archive of files of different bytes, and their sums below files/."""
    stream = io.BytesIO()
    os.makedirs('files', exist_ok=True)
    with tarfile.open(fileobj=stream, mode='w') as tar, open('files/data.sha256', 'w', encoding='utf-8') as sums:
        for number in range(6):
            data = bytes([65 + number]) * 9000
            info = tarfile.TarInfo(f'sub/{number}')
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            sums.write(f'{hashlib.sha256(data).hexdigest()}  top/sub/{number}\n')
    data = stream.getvalue()
    return [data[at:at + BLOCK].ljust(BLOCK, b'\0') for at in range(0, len(data), BLOCK)]


def tape(name, blocks):
    if os.path.exists(name):
        return name
    usbtape(USBTAPE, 'media', 'create', name)
    with Serving(USBTAPE, '--media', name) as drive:
        host = Host.at('drive.sock')
        host.ready()
        for block in blocks:
            assert host.write(block) == 0
        assert host.filemark() == 0
        host.close()
        drive.stop()
    return name


def an_archive_is_judged_by_the_sums_of_its_files():
    blocks = archive()
    good = tape('good.tape', blocks)
    shape = f'[[{{blocks: {len(blocks)}, size: 10KiB}}]]'
    assert judge(good, '--tar', TAR, '--files', 'files', '--tape', shape, '--clean', 'true') == ''
    assert f'{len(blocks)} blocks' in judge(good, '--tape', shape, '--verbose') or judge(good, '--tape', shape, '-v')
    blocks[1], blocks[2] = blocks[2], blocks[1]
    swapped = tape('swapped.tape', blocks)
    assert judge(swapped, '--tape', shape) == ''
    assert judge(swapped, '--tar', TAR, '--files', 'files', status=1).count('\n') >= 1


def a_wrong_shape_is_a_finding():
    good = tape('good.tape', archive())
    assert judge(good, '--tape', '[[{blocks: 3}]]', status=1).count('\n') >= 1
    usbtape(USBTAPE, 'media', 'export', good, 'good.tap')
    assert judge('good.tap', '--tape', '[[{blocks: 3}]]', status=1) == judge(good, '--tape', '[[{blocks: 3}]]', status=1)
    assert 'there are 1 cartridges, not 2' in judge(good, '--tape', '[[{blocks: ">=1"}], []]', status=1)
    assert judge(good, good, '--tape', '[[{blocks: ">=1"}], [{blocks: ">=1"}]]') == ''


def a_file_has_the_keys_of_a_scenario():
    good = tape('good.tape', archive())
    for text in 'tape: [[{blocks: ">=1"}]]\n', 'name: x\nexpect:\n  tape: [[{blocks: ">=1"}]]\n':
        with open('e.yaml', 'w', encoding='utf-8') as file:
            file.write(text)
        assert judge(good, '--expect-file', 'e.yaml') == ''


def what_makes_no_sense_is_refused_in_a_line():
    good = tape('good.tape', archive())
    with open('log.yaml', 'w', encoding='utf-8') as file:
        file.write('dmesg: {none-of: [x]}\n')
    for words, message in ((['--expect-file', 'log.yaml'], "log.yaml:1:8: 'dmesg' judges a run, not a tape"),
                           ([], 'say what the tape has to be'), (['--tape', '[['], 'judge:2:1: '),
                           (['--tape', '[[]]\nclean: true'], '--tape: write it in one line'),
                           (['--tape', '[[]]', '--expect-file', 'log.yaml'], 'give --expect-file, or single keys')):
        said = judge(good, *words, status=2)
        assert message in said and said.count('\n') == 1, (words, said)
    assert 'nowhere' in judge('nowhere', '--tape', '[[]]', status=2)
    assert 'name a cartridge' in judge('--tape', '[[]]', status=2)


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        sys.exit(tap.run([an_archive_is_judged_by_the_sums_of_its_files, a_wrong_shape_is_a_finding,
                          a_file_has_the_keys_of_a_scenario, what_makes_no_sense_is_refused_in_a_line]))
