# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests in a row, each in an empty directory of its own, told as TAP on standard output."""
import os
import tempfile


def skip_all(why):
    print(f'1..0 # SKIP {why}')


def run(tests):
    """Whatever a test raises is its failure. Returns the exit status."""
    failed = 0
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            try:
                test()
                print(f'ok {number} - {test.__name__}')
            except Exception as reason:  # pylint: disable=broad-except
                failed += 1
                print(f'not ok {number} - {test.__name__}')
                print('# ' + repr(reason).replace('\n', ' '), flush=True)
            os.chdir('/')
    return int(failed > 0)
