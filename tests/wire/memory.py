#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A drive that runs out of memory refuses the command or sheds the host, and never aborts.

usage: memory.py PROGRAM
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from serving import Serving, usbtape  # noqa: E402  pylint: disable=wrong-import-position
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
MIB = 1 << 20
BLOCK = 12 * MIB
SENSE = [3, 0, 0, 0, 18, 0]


def squeeze(drive, room):
    """The address space may grow by so much and no more."""
    with open(f'/proc/{drive.process.pid}/status', encoding='utf-8') as file:
        size = next(int(line.split()[1]) for line in file if line.startswith('VmSize:')) * 1024
    resource.prlimit(drive.process.pid, resource.RLIMIT_AS, (size + room, size + room))


def rw(opcode, length):
    return [opcode, 0, length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff, 0]


def large_commands_are_refused_with_the_reason():
    usbtape(PROGRAM, 'media', 'create', 't.tape')
    with Serving(PROGRAM, '--media', 't.tape') as drive:
        host = Host.at('drive.sock')
        host.ready()
        assert host.write(b'a' * BLOCK) == 0
        assert host.filemark() == 0
        assert host.command([1, 0, 0, 0, 0, 0])[0] == 0
        host.close()
        drive.stop()
    with Serving(PROGRAM, '--media', 't.tape') as drive:
        host = Host.at('drive.sock')
        host.ready()
        squeeze(drive, 4 * MIB)
        for command, words in (rw(0x08, BLOCK), {'read': BLOCK}), (rw(0x0a, BLOCK), {'out': b'b' * MIB}), \
                ([0x13, 0, *rw(0, BLOCK)[2:5], 0], {}):
            assert host.command(command, **words)[0] == 1, command
            sense = host.command(SENSE, read=18)[1]
            assert (sense[2] & 15, sense[12], sense[13]) == (5, 0x55, 0x03), (command, sense.hex())
        status, data = host.command(rw(0x08, 65536), read=65536)  # the block is longer; its beginning comes
        assert data == b'a' * 65536, (status, len(data))
        host.close()
        drive.stop()
    assert 'good: 2 blocks and marks' in usbtape(PROGRAM, 'media', 'check', 't.tape')[0]


def a_host_that_sends_too_much_is_shed():
    usbtape(PROGRAM, 'media', 'create', 't.tape')
    with Serving(PROGRAM, '--media', 't.tape') as drive:
        host = Host.at('drive.sock')
        host.ready()
        assert host.write(b'first') == 0
        squeeze(drive, 4 * MIB)
        try:
            host.bulk(0x02, 64 * MIB, b'x' * (64 * MIB))
            raise AssertionError('it was accepted')
        except (EOFError, ConnectionError):
            pass
        host.close()
        host = Host.at('drive.sock')  # the next one is served
        host.ready()
        assert host.write(b'second') == 0
        host.close()
        said = drive.stop()
    assert 'host left: this system has no memory left for its transfers (a packet)' in said, said
    assert 'good: 2 blocks' in usbtape(PROGRAM, 'media', 'check', 't.tape')[0]


def faults_end_no_drive():
    """Rules that copy data, with a little more room each time."""
    rules = ['{name: usb.packet-dup, on: "WRITE(6)", packet: 3, count: inf}',
             '{name: usb.packet-lost-in, on: "READ(6)", packet: 3, count: inf}',
             '{name: medium.bit-rot, on: "WRITE(6)", bits: 3, count: inf}',
             '{name: queue.stale-buffer, on: "WRITE(6)", source: previous, count: inf}']
    with open('f.yaml', 'w', encoding='utf-8') as file:
        file.write(''.join(f'- {rule}\n' for rule in rules))
    for room in range(4, 120, 4):
        usbtape(PROGRAM, 'media', 'create', f'{room}.tape')
        with Serving(PROGRAM, '--media', f'{room}.tape', '--faults', 'f.yaml') as drive:
            host = Host.at('drive.sock')
            host.ready()
            squeeze(drive, room * MIB)
            try:
                for _ in range(2):
                    host.write(b'a' * BLOCK)
                host.command([1, 0, 0, 0, 0, 0])
                host.command(rw(0x08, BLOCK), read=BLOCK)
            except (EOFError, ConnectionError):
                pass  # shed
            host.close()
            drive.stop()
        os.unlink(f'{room}.tape')


def without_threads_it_does_not_start():
    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)

    if os.geteuid() != 0:
        return  # the limit counts all processes of the user
    with tempfile.TemporaryDirectory() as place:  # where a user without rights may run it from
        os.chmod(place, 0o755)
        program = shutil.copy(PROGRAM, place)
        done = subprocess.run([program, 'serve', '--listen', 'tcp:127.0.0.1:0'], check=False, preexec_fn=limit, text=True,
                              cwd='/', stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout) == (1, ''), (done.returncode, done.stderr)
    assert done.stderr.startswith('usbtape: serve: Error creating thread: ') and done.stderr.count('\n') == 1, done.stderr


if __name__ == '__main__':
    with open(PROGRAM, 'rb') as binary:
        SANITIZED = b'__asan_init' in binary.read()
    if SANITIZED:
        tap.skip_all('AddressSanitizer reserves more address space than a limit can allow')
    else:
        sys.exit(tap.run([large_commands_are_refused_with_the_reason, a_host_that_sends_too_much_is_shed,
                          faults_end_no_drive, without_threads_it_does_not_start]))
