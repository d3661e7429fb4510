#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The crash test notices a cartridge that reuses the wrong superblock slot.

usage: medium_crash_can_fail.py PROGRAM        TAP on standard output
"""
import os
import subprocess
import sys

done = subprocess.run([os.path.abspath(sys.argv[1])], stdout=subprocess.PIPE,
                      stderr=subprocess.DEVNULL,
                      env=dict(os.environ, USBTAPE_TEST_PLANT='slot', ASAN_OPTIONS='detect_leaks=0'))
noticed = [line for line in done.stdout.decode().splitlines() if line.startswith('not ok')]
print('1..1')
print('ok 1' if noticed and done.returncode == 1 else 'not ok 1', '- the planted bug is noticed')
print(f'# by {len(noticed)} workloads, the first: {noticed[:1]}')
