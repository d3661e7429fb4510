#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader that does not read holds up neither the drive nor its end; a full disk is reported at once.

usage: notices.py PROGRAM
"""
import fcntl
import json
import os
import resource
import select
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from serving import Serving, usbtape  # noqa: E402  pylint: disable=wrong-import-position
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])


def fill(fd):
    """The pipe takes no byte more; returns how many it holds."""
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4096)
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    count = 0
    try:
        while True:
            count += os.write(fd, b'#')
    except BlockingIOError:
        pass
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)
    return count


def drain(fd):
    """What is in the pipe until its writers are gone."""
    taken = b''
    while more := os.read(fd, 65536):
        taken += more
    return taken


def full_standard_error_holds_nothing_up():
    usbtape(PROGRAM, 'media', 'create', 't.tape')
    reader, writer = os.pipe()
    fill(writer)
    with Serving(PROGRAM, '--media', 't.tape', stderr=writer) as drive:
        os.close(writer)
        for number in range(3):
            host = Host.at('drive.sock')  # and leaves: two notices
            host.ready()
            assert host.write(bytes([number]) * 1000) == 0
            host.close()
        drive.stop()
    assert drain(reader).rstrip(b'#') == b''
    os.close(reader)
    assert 'good: 3 blocks' in usbtape(PROGRAM, 'media', 'check', 't.tape')[0]


def dropped_notices_are_counted():
    reader, writer = os.pipe()
    held = fill(writer)
    with Serving(PROGRAM, stderr=writer) as drive:
        os.close(writer)
        for _ in range(1500):  # more than is kept for a reader
            host = Host.at('drive.sock')
            host.close()
        assert select.select([reader], [], [], 0)[0]
        os.set_blocking(reader, True)
        assert os.read(reader, held) == b'#' * held
        said = b''
        while b'were dropped' not in said:  # it reads again: the drive catches up by itself or with the next notice
            if not select.select([reader], [], [], 0.05)[0]:
                Host.at('drive.sock').close()
                continue
            said += os.read(reader, 65536)
        drive.stop()
    lines = (said + drain(reader)).decode().splitlines()
    os.close(reader)
    reports = [line for line in lines if 'were dropped' in line]  # more than one if it falls behind again
    for report in reports:
        assert report.startswith('usbtape: ') and report.endswith(' lines were dropped: standard error was not read')
    attached = sum('host attached: python test' in line for line in lines)
    dropped = sum(int(report.split()[1]) for report in reports)
    assert dropped > 0 and attached > 0 and attached + dropped >= 1500, (dropped, attached)


def shared_standard_error_keeps_its_flags():
    """Other processes of a terminal or a pipeline block as they did."""
    reader, writer = os.pipe()
    with Serving(PROGRAM, stderr=writer) as drive:
        host = Host.at('drive.sock')
        said = ''
        while 'host attached' not in said:
            said += os.read(reader, 200).decode()
        assert os.get_blocking(writer)
        host.close()
        drive.stop()
    os.close(writer)
    os.close(reader)


def undrained_trace_pipe_holds_nothing_up():
    usbtape(PROGRAM, 'media', 'create', 't.tape')
    os.mkfifo('trace')
    reader = os.open('trace', os.O_RDONLY | os.O_NONBLOCK)
    with Serving(PROGRAM, '--media', 't.tape', '--trace', 'trace') as drive:
        host = Host.at('drive.sock')
        host.ready()
        for _ in range(600):  # a kilobyte of trace each
            assert host.command([0] * 6)[0] == 0
        host.close()
        said = drive.stop(status=1)
    last = said.splitlines()[-1]
    assert last.startswith('usbtape: --trace trace: ') and last.endswith(
        ' lines are missing: the reader did not keep up'), said
    os.set_blocking(reader, True)
    kept = drain(reader).decode().split('\n')
    os.close(reader)
    for line in kept[:-1]:
        json.loads(line)
    assert len(kept) > 100


def dropped_trace_lines_are_counted_in_the_trace():
    os.mkfifo('trace')
    reader = os.open('trace', os.O_RDONLY | os.O_NONBLOCK)
    with Serving(PROGRAM, '--trace', 'trace') as drive:
        host = Host.at('drive.sock')
        for _ in range(2000):  # a kilobyte of trace each
            host.command([0] * 6)
        text = b''
        while b'"point":"trace.dropped"' not in text:
            if select.select([reader], [], [], 0.05)[0]:
                text += os.read(reader, 1 << 20)
            else:
                host.command([0] * 6)
        while select.select([reader], [], [], 0.3)[0]:
            text += os.read(reader, 1 << 20)
        host.close()
        drive.stop(status=1)
    os.close(reader)
    points = [json.loads(line) for line in text.decode().splitlines()]
    reports = [point for point in points if point['point'] == 'trace.dropped']
    assert reports
    for report in reports:
        assert report['text'].endswith(' lines') and int(report['text'].split()[0]) > 0, report


def full_disk_ends_the_trace_at_once():
    """The line names what the failed write said, while the drive goes on."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    for path, prepare, reason in [('/dev/full', None, 'No space left on device'),
                                  ('t.jsonl', limit, 'File too large')]:
        reader, writer = os.pipe()
        with Serving(PROGRAM, '--trace', path, stderr=writer, prepare=prepare) as drive:
            os.close(writer)
            host = Host.at('drive.sock')
            said = b''
            while b'nothing more is traced' not in said:
                host.command([0] * 6)
                if select.select([reader], [], [], 0)[0]:
                    said += os.read(reader, 65536)
            assert f'usbtape: --trace {path}: {reason}; nothing more is traced\n' in said.decode(), said
            assert host.command([0x12, 0, 0, 0, 36, 0], read=36)[0] == 0
            host.close()
            drive.stop(status=1)
        said = drain(reader).decode().splitlines()[-1]
        assert said.startswith(f'usbtape: --trace {path}: ') and said.endswith(f' lines are missing: {reason}'), said
        os.close(reader)


if __name__ == '__main__':
    sys.exit(tap.run([full_standard_error_holds_nothing_up, dropped_notices_are_counted,
                      shared_standard_error_keeps_its_flags, undrained_trace_pipe_holds_nothing_up,
                      dropped_trace_lines_are_counted_in_the_trace, full_disk_ends_the_trace_at_once]))
