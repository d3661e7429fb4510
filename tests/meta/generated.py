#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the generated tables of a document those that the program prints?

usage: generated.py PROGRAM DOCUMENT...            TAP, one case a table
       generated.py --write PROGRAM DOCUMENT...    writes them anew

A table stands between two comments of its own line each:

    <!-- usbtape list opcodes --markdown -->
    <!-- end -->
"""
import re
import subprocess
import sys

TABLE = re.compile(r'(<!-- usbtape ([^\n]*?) -->\n)(.*?)(<!-- end -->\n)', re.S)


def printed(program, arguments):
    done = subprocess.run([program, *arguments.split()], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f'{program} {arguments}: {done.stderr.strip()}')
    return '\n' + done.stdout + '\n'


def renew(program, text):
    return TABLE.sub(lambda m: m[1] + printed(program, m[2]) + m[4], text)


def stale(program, text):
    """(arguments, is it current?) of each table of a document."""
    return [(m[2], m[3] == printed(program, m[2])) for m in TABLE.finditer(text)]


def main(arguments):
    write = arguments[:1] == ['--write']
    program, *documents = arguments[write:]
    if write:
        for path in documents:
            with open(path, encoding='utf-8') as file:
                text = file.read()
            with open(path, 'w', encoding='utf-8') as file:
                file.write(renew(program, text))
        return 0
    results = []
    for path in documents:
        with open(path, encoding='utf-8') as file:
            text = file.read()
        tables = stale(program, text)
        results.append((bool(tables), f'{path} has generated tables'))
        results += [(current, f'{path}: {what}') for what, current in tables]
        # What is checked must be able to fail: a changed table is noticed.
        broken = TABLE.sub(lambda m: m[1] + m[3] + 'x' + m[4], text)
        results.append((not any(current for _, current in stale(program, broken)),
                        f'{path}: a changed table is noticed'))
    print(f'1..{len(results)}')
    for n, (good, what) in enumerate(results, 1):
        print(f'{"ok" if good else "not ok"} {n} - {what}')
    if not all(good for good, _ in results):
        print(f'# tests/meta/generated.py --write {program} {" ".join(documents)}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
