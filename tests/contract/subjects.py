# SPDX-License-Identifier: GPL-2.0-or-later
"""subjects.py PROGRAM SCENARIOS: what this machine has not, is skipped with its reason; the rest is run."""
import os
import subprocess
import sys
import tempfile

program, scenarios = (os.path.abspath(path) for path in sys.argv[1:])
family = [os.path.join(scenarios, 'kb817765', name + '.yaml') for name in ('fixed', 'linux-mutant')]
number = 0
failed = False


def point(name, good):
    global number, failed
    number += 1
    failed |= not good
    print(f'{"ok" if good else "not ok"} {number} - {name}')


def run(files, path, out):
    done = subprocess.run([program, 'run', '--seed', '1', '--out', os.path.join(out, 'out'), *files],
                          env={**os.environ, 'PATH': path}, stdout=subprocess.PIPE, text=True)
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith(('ok', 'not ok'))]


with tempfile.TemporaryDirectory() as out:
    bare, qemu = os.path.join(out, 'bare'), os.path.join(out, 'qemu')
    os.mkdir(bare)
    os.mkdir(qemu)
    os.symlink('/bin/false', os.path.join(qemu, 'qemu-system-x86_64'))  # is never asked
    status, lines = run(family, bare, out)
    point('without QEMU the simulated cases pass', status == 0 and
          len([line for line in lines if '(intact' in line]) == len(lines) - 1)
    point('... and those of a guest are skipped', 'SKIP qemu-system-x86_64 is not installed' in lines[-1])
    status, lines = run(family, qemu, out)
    point('without make the broken module is skipped alone', status == 0 and
          lines[-1].endswith('SKIP its guest is built with make, which is not installed (Debian: make)') and
          all('(intact' in line for line in lines[:-1]))
    status, lines = run(family[1:], qemu, out)
    point('all skipped is status 4', status == 4 and len(lines) == 1)
print(f'1..{number}')
sys.exit(failed)
