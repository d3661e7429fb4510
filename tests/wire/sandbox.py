#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A drive that listens can do what a drive does, and no more; tried from inside (support/sandbox_probe.c).

usage: sandbox.py PROGRAM PROBE.so
"""
import errno
import os
import resource
import socket
import stat
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from serving import Serving, usbtape  # noqa: E402  pylint: disable=wrong-import-position
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM, PROBE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
# A sanitizer wants to be the first library; the probe comes before it.
INSIDE = {'LD_PRELOAD': PROBE, 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}
# AddressSanitizer dumps no core by itself.
DUMPING = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':disable_coredump=0'}

# What each trial returns in the sandbox, and without it (0: it works).
TRIALS = {
    'execve': (errno.EPERM, errno.ENOENT),
    'clone3': (errno.EPERM, errno.EINVAL),
    'kill': (errno.EPERM, 0),
    'setuid': (errno.EPERM, 0),
    'bpf': (errno.EPERM, None),
    'mmap-exec': (errno.EPERM, 0),
    'socket-unix': (errno.EPERM, 0),
    'socket-inet': (errno.EPERM, 0),
    'connect': (errno.EPERM, errno.EBADF),
    'bind': (errno.EPERM, errno.EBADF),
    'listen': (errno.EPERM, errno.EBADF),
    'open-elsewhere': (errno.EACCES, 0),
    'open-directory': (errno.EACCES, 0),
    'open-cartridge': (0, 0),
    'create': (errno.EACCES, 0),
    'open-trace': (errno.EACCES, 0),
    'unlink-elsewhere': (errno.EACCES, 0),
    'rename': (errno.EPERM, 0),
    'chmod': (errno.EPERM, errno.ENOENT),
    'thread-open-elsewhere': (errno.EACCES, 0),
    'thread-execve': (errno.EPERM, errno.ENOENT),
}


def furnish():
    os.mkdir('media')
    for name in ('first', 'other'):
        usbtape(PROGRAM, 'media', 'create', f'media/{name}.tape')


def probe(*words):
    """What a drive with these options could do, by trial; it works as a drive meanwhile."""
    furnish()
    with tempfile.NamedTemporaryFile() as precious, Serving(PROGRAM, '--media', 'media/first.tape', '--control', 'unix:ctl.sock', '--trace', 't.jsonl',
                 '--pcap', 't.pcapng', *words, env=dict(INSIDE, PROBE_PRECIOUS=precious.name)) as drive:
        host = Host.at('drive.sock')
        host.ready()
        assert host.write(b'block' * 1000) == 0
        assert host.filemark() == 0
        host.close()
        drive.stop()
        if not os.path.exists(precious.name):  # for the end of this block, which removes it
            open(precious.name, 'w', encoding='utf-8').close()
    with open('probe', encoding='utf-8') as file:
        return {name: int(code) for name, code in (line.split() for line in file)}


def what_a_drive_does_not_do_fails_from_inside():
    got = probe()
    assert got == {name: inside for name, (inside, _) in TRIALS.items()}, got
    assert not os.path.exists('drive.sock') and not os.path.exists('ctl.sock')


def no_sandbox_keeps_it_all():
    """The trials can tell: without the sandbox they get through."""
    got = probe('--no-sandbox')
    for name, (inside, outside) in TRIALS.items():
        assert outside is None or got[name] == outside, (name, got[name])
        assert got[name] != inside or inside == 0 or outside is None, name


def status_of(pid, name):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return next(line.split()[1] for line in file if line.startswith(name + ':'))


def all_threads_are_inside():
    with Serving(PROGRAM) as drive:
        threads = os.listdir(f'/proc/{drive.process.pid}/task')
        assert len(threads) > 1
        for thread in threads:
            assert status_of(f'{drive.process.pid}/task/{thread}', 'Seccomp') == '2'
            assert status_of(f'{drive.process.pid}/task/{thread}', 'NoNewPrivs') == '1'
        drive.stop()


def nothing_is_dumped():
    def allow_cores():
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    for words, dumps in ((), False), (('--no-sandbox',), resource.getrlimit(resource.RLIMIT_CORE)[1] != 0):
        with Serving(PROGRAM, *words, prepare=allow_cores, env=DUMPING) as drive:
            limit, _ = resource.prlimit(drive.process.pid, resource.RLIMIT_CORE)
            assert (limit != 0) == dumps, (words, limit)
            drive.stop()


def root_is_advised():
    with Serving(PROGRAM) as drive:
        said = drive.stop()
    assert ('running as root' in said) == (os.geteuid() == 0), said


def cartridges_are_swapped_in_the_sandbox():
    furnish()
    os.symlink('media/first.tape', 'link.tape')
    with Serving(PROGRAM, '--media', 'link.tape', '--control', 'unix:ctl.sock', '--media-dir', 'media') as drive:
        def ctl(*words, status=0):
            return usbtape(PROGRAM, 'ctl', '--control', 'unix:ctl.sock', *words, status=status)

        host = Host.at('drive.sock')
        host.ready()
        assert host.write(b'one') == 0
        ctl('write-protect', 'on')
        host.ready()
        assert host.write(b'two') == 1
        ctl('eject')
        ctl('load', os.path.abspath('media/other.tape'))
        host.ready()
        assert host.write(b'three') == 0
        assert host.filemark() == 0
        ctl('power-cycle')
        host.close()
        drive.stop()
    assert 'good: 2 blocks and marks' in usbtape(PROGRAM, 'media', 'check', 'media/other.tape')[0]


def read_only_cartridges_stay_so():
    furnish()
    os.chmod('media/other.tape', 0o600)
    with Serving(PROGRAM, '--read-only', '--media', 'media/first.tape', '--control', 'unix:ctl.sock',
                 env=dict(INSIDE, PROBE_PRECIOUS='none')) as drive:
        Host.at('drive.sock').close()
        drive.stop()
    with open('probe', encoding='utf-8') as file:
        assert f'open-cartridge {errno.EACCES}\n' in file.read()


def it_connects_again_and_nowhere_else():
    for name, family in ('unix:host.sock', socket.AF_UNIX), ('tcp:127.0.0.1:0', socket.AF_INET):
        with socket.socket(family) as listener:
            listener.bind('host.sock' if family == socket.AF_UNIX else ('127.0.0.1', 0))
            if family == socket.AF_INET:
                name = f'tcp:127.0.0.1:{listener.getsockname()[1]}'
            listener.listen()
            listener.settimeout(60)
            with Serving(PROGRAM, '--connect', name, listen=None) as drive:
                for _ in range(3):
                    link, _ = listener.accept()
                    host = Host(link)
                    host.attach()
                    host.close()
                drive.stop()
    assert stat.S_ISSOCK(os.stat('host.sock').st_mode)  # not ours to remove


if __name__ == '__main__':
    sys.exit(tap.run([what_a_drive_does_not_do_fails_from_inside, no_sandbox_keeps_it_all, all_threads_are_inside,
                      nothing_is_dumped, root_is_advised, cartridges_are_swapped_in_the_sandbox,
                      read_only_cartridges_stay_so, it_connects_again_and_nowhere_else]))
