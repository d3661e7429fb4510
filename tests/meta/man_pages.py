#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""man_pages.py PROGRAM SOURCE: each subcommand has a manual page of its own, which has all of its options and no error.

The pages are made by emu/man/make-man, as the build does it.
"""
import os
import re
import shutil
import subprocess
import sys

PROGRAM, SOURCE = (os.path.abspath(path) for path in sys.argv[1:])
MAKE = os.path.join(SOURCE, 'emu/man/make-man')


def output(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, check=True, encoding='utf-8').stdout


def wrong_with(text):
    """What groff says of a page."""
    done = subprocess.run(['groff', '-mdoc', '-ww', '-z', '-Tutf8'], input=text, capture_output=True, encoding='utf-8', check=False)
    return done.stderr.strip()


def page_of(name):
    return output(MAKE, PROGRAM, os.path.join(SOURCE, f'emu/man/{name}.md'))


def missing_options(name, text):
    plain = text.replace('\\-', '-')
    return [option for option in re.findall(r'^  (?:-\w, )?(--[\w-]+)', output(PROGRAM, name, '--help'), re.M)
            if option != '--help' and option not in plain]


def main():
    if not shutil.which('groff'):
        print('1..0 # SKIP groff is not installed (Debian: groff-base)')
        return 0
    results = []
    names = [name for name in re.findall(r'^  ([\w-]+) ', output(PROGRAM, 'help'), re.M) if name not in ('usbtape', 'help')]
    pages = sorted(name[:-3] for name in os.listdir(os.path.join(SOURCE, 'emu/man')) if name.endswith('.md'))
    results.append(('each subcommand has a page', sorted(set(names) ^ set(pages))))
    for name in pages:
        text = page_of(name)
        results.append((f'{name}: groff has nothing to say', wrong_with(text).split('\n') if wrong_with(text) else []))
        results.append((f'{name}: all options are there, and an example', missing_options(name, text) +
                        ([] if '.Bd -literal' in text else ['no example'])))
    results.append(('a page with an error is noticed', [] if wrong_with('.Dd x\n.Nosuchmacro y\n') else ['it is not']))
    results.append(('a missing option is noticed', [] if missing_options('serve', '') else ['it is not']))
    print(f'1..{len(results)}')
    for number, (what, wrong) in enumerate(results, 1):
        print(f'{"not ok" if wrong else "ok"} {number} - {what}')
        for line in wrong:
            print(f'# {line}')
    return any(wrong for _, wrong in results)


if __name__ == '__main__':
    sys.exit(main())
