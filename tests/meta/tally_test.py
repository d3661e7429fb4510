#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The closing line of tests/run counts what went wrong, however it went wrong."""
import json
import os
import subprocess
import sys
import tempfile

TALLY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support/tally.py')
# name, records of (result, stdout), arguments, closing line, exit status
CASES = [
    ('points are counted', [('OK', '1..2\nok 1 - a\nok 2 - b\n')], [], '2 passed, 0 failed, 0 skipped', 0),
    ('programs without points count once', [('OK', ''), ('FAIL', 'boo')], [],
     '1 passed, 1 failed, 0 skipped', 1),
    ('a failed point is one failure', [('FAIL', 'ok 1\nnot ok 2 - b\nok 3\n')], [],
     '2 passed, 1 failed, 0 skipped', 1),
    ('a crash after good points fails', [('ERROR', '1..2\nok 1\n')], [], '1 passed, 1 failed, 0 skipped', 1),
    ('a timeout fails', [('TIMEOUT', '')], [], '0 passed, 1 failed, 0 skipped', 1),
    ('skips are neither', [('OK', 'ok 1 # SKIP no guest\nok 2\n'), ('SKIP', '')], [],
     '1 passed, 0 failed, 2 skipped', 0),
    ('a todo that fails is not a failure', [('OK', 'ok 1\nnot ok 2 # TODO later\n')], [],
     '1 passed, 0 failed, 0 skipped', 0),
    ('indented points belong to their parent', [('OK', '    ok 1 - step\nok 1 - case\n')], [],
     '1 passed, 0 failed, 0 skipped', 0),
    ('an empty log fails', [], [], '0 passed, 1 failed, 0 skipped', 1),
    ('a broken build fails', [('OK', '')], ['--broken', '1'], '1 passed, 1 failed, 0 skipped', 1),
    ('nothing but skips is not success', [('SKIP', '')], [], '0 passed, 0 failed, 1 skipped', 1),
]


def run(records, arguments):
    with tempfile.NamedTemporaryFile('w', suffix='.json') as log:
        for result, stdout in records:
            log.write(json.dumps({'name': 'x', 'result': result, 'stdout': stdout}) + '\n')
        log.flush()
        done = subprocess.run([sys.executable, '-B', TALLY, *arguments, log.name], capture_output=True,
                              text=True)
    return done.stdout.strip().split('\n')[-1], done.returncode


def main():
    failed = 0
    print(f'1..{len(CASES)}')
    for number, (name, records, arguments, line, status) in enumerate(CASES, 1):
        got = run(records, arguments)
        failed += got != (line, status)
        print(f'{"ok" if got == (line, status) else "not ok"} {number} - {name}')
        if got != (line, status):
            print(f'# wanted {line}, status {status}; got {got}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
