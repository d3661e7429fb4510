#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""apt_lock_test.py INSTALL-PACKAGES: a lock that another apt holds is waited for, and its holder is named.

The real apt-get, on directories of its own, without sources: what lies behind the locks is that it knows no package.
"""
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

number = failed = 0


def point(name, good, why=''):
    global number, failed
    number += 1
    failed += not good
    print(f'{"" if good else "not "}ok {number} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).splitlines()))


def hold(path):
    """The lock as apt takes it, until the file is closed"""
    file = open(path, 'w', encoding='utf-8')
    fcntl.lockf(file, fcntl.LOCK_EX)
    return file


def start(tmp, patience):
    environment = {**os.environ, 'APT_CONFIG': tmp + '/apt.conf', 'USBTAPE_APT_PATIENCE': str(patience)}
    environment.pop('USBTAPE_NO_INSTALL', None)
    return subprocess.Popen([tmp + '/install-packages', 'none'], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def main():
    if os.geteuid() != 0 or not shutil.which('apt-get'):
        print('1..0 # SKIP only root can call apt-get without sudo')
        return 0
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(sys.argv[1], tmp)
        for folder in ('lists/partial', 'cache/archives/partial', 'etc'):
            os.makedirs(f'{tmp}/{folder}')
        for name, text in (('packages', 'none usbtape-has-no-such-package\n'), ('status', ''), (
                'apt.conf', f'Dir::State "{tmp}"; Dir::State::status "{tmp}/status"; Dir::Cache "{tmp}/cache";\n'
                            f'Dir::Etc "{tmp}/etc"; APT::Sandbox::User "root";\n')):
            with open(f'{tmp}/{name}', 'w', encoding='utf-8') as file:
                file.write(text)
        for lock in ('lists/lock', 'lock-frontend'):
            with hold(f'{tmp}/{lock}'):
                process = start(tmp, 1)
                said, _ = process.communicate(timeout=60)
            last = (said.splitlines() or [''])[-1]
            point(f'{lock}: the lock and its holder are named in the end', process.returncode == 1 and
                  f'{tmp}/{lock}, held by process {os.getpid()} (' in last and 'run this again' in last, said)
            point(f'{lock}: it says once that it waits, and for what',
                  said.count('Waiting up to 1 s') == 1 and 'E: ' not in said, said)
            with hold(f'{tmp}/{lock}') as file:
                process = start(tmp, 60)
                lines = []
                for line in process.stdout:
                    lines.append(line)
                    if 'Waiting' in line:
                        file.close()  # the other apt is done
                process.wait(timeout=60)
            said = ''.join(lines)
            point(f'{lock}: it goes on when the lock is free', process.returncode == 1 and
                  'Unable to locate package usbtape-has-no-such-package' in said and 'apt-get install failed' in said, said)
        process = start(tmp, 60)
        said, _ = process.communicate(timeout=60)
        point('without a lock nothing is waited for', 'Waiting' not in said and 'Unable to locate' in said, said)
    print(f'1..{number}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
