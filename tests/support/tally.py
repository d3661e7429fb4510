#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums Meson's test logs into one line: "N passed, N failed, N skipped".

usage: tally.py [--broken N] LOG.json...

A program that speaks TAP counts once a test point; any other counts once. A program that ended
badly (crash, timeout, missing points, exit status) without a failed point counts as one failure,
and so does a log that is missing or empty: no way to a green line without tests having run.
--broken adds failures from before the tests, such as a build that broke.
"""
import argparse
import json
import re
import sys

POINT = re.compile(r'^(not )?ok\b([^#\n]*)(?:#\s*(skip|todo))?', re.I | re.M)
GOOD = ('OK', 'EXPECTEDFAIL')


def tally(record):
    """(passed, names of failures, skipped) of one test program"""
    name, result = record['name'], record['result']
    points = POINT.findall(record.get('stdout', ''))
    failed = [f'{name}: {text.strip(" -")}' for bad, text, mark in points if bad and not mark]
    skipped = sum(1 for _, _, mark in points if mark.lower() == 'skip')
    passed = sum(1 for bad, _, mark in points if not bad and mark.lower() != 'skip')
    if result == 'SKIP':
        return 0, [], max(skipped, 1)
    if result not in GOOD and not failed:
        failed = [f'{name}: {result}']
    if not points and result in GOOD:
        passed = 1
    return passed, failed, skipped


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--broken', type=int, default=0)
    options.add_argument('logs', nargs='*')
    options = options.parse_args()
    passed, failed, skipped = 0, ['the build'] * options.broken, 0
    for path in options.logs:
        try:
            with open(path, encoding='utf-8') as file:
                records = [json.loads(line) for line in file]
        except (OSError, ValueError) as error:
            records = []
            print(f'{path}: {error}')
        if not records:
            failed.append(f'{path}: no tests ran')
        for record in records:
            counts = tally(record)
            passed += counts[0]
            failed += counts[1]
            skipped += counts[2]
    for name in failed:
        print(f'failed: {name}')
    print(f'{passed} passed, {len(failed)} failed, {skipped} skipped')
    return bool(failed) or passed == 0


if __name__ == '__main__':
    sys.exit(main())
