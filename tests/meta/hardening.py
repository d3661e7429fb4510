#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program is built with the protections that meson.build asks for: this reads the binary.

usage: hardening.py PROGRAM fortified|unfortified COMPILER...

A check is a function with a one-line docstring that takes the path of a binary. Each is first shown
to refuse a binary that was built without the protection.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM, FORTIFIED, COMPILER = os.path.abspath(sys.argv[1]), sys.argv[2] == 'fortified', sys.argv[3:]

# Copies to an array whose length only the caller knows, and keeps 64 KiB on the stack.
SOURCE = '''
#include <string.h>
int main(int argc, char **argv)
{
    char name[16];
    volatile char page[65536];

    strcpy(name, argv[0]);
    page[argc] = name[0];
    return page[argc + 1];
}
'''
OFF = ['-O2', '-no-pie', '-fno-pie', '-fno-stack-protector', '-fno-stack-clash-protection', '-fcf-protection=none',
       '-U_FORTIFY_SOURCE', '-Wl,-z,norelro', '-Wl,-z,lazy', '-Wl,-z,execstack']
ON = ['-O2', '-pie', '-fPIE', '-fstack-protector-strong', '-fstack-clash-protection', '-fcf-protection=full',
      '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack']


def output(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, LC_ALL='C')).stdout


def readelf(path, what):
    return output('readelf', '--wide', what, path)


def position_independent(path):
    """it is a position-independent executable"""
    return 'DYN (' in readelf(path, '-h') and bool(re.search(r'FLAGS_1.*\bPIE\b', readelf(path, '-d')))


def full_relro(path):
    """relocations are read-only before main() runs"""
    dynamic = readelf(path, '-d')
    return ' GNU_RELRO ' in readelf(path, '-l') and bool(re.search(r'FLAGS.*\bNOW\b|BIND_NOW', dynamic))


def stack_not_executable(path):
    """the stack holds no code, and no code is relocated"""
    stack = re.search(r' GNU_STACK .* (R\w*) +0x', readelf(path, '-l'))
    return bool(stack) and 'E' not in stack[1] and 'TEXTREL' not in readelf(path, '-d')


def stack_protected(path):
    """functions check their stack frame before they return"""
    return '__stack_chk_fail' in readelf(path, '--dyn-syms')


def stack_clash(path):
    """a large stack frame touches each of its pages, so that none jumps over the guard page"""
    return bool(re.search(r'\bor[ql]? +\$0x0,(0x\w+)?\(%rsp\)', output('objdump', '-d', '--no-show-raw-insn', path)))


def fortified(path):
    """libc's checked copies are used where the size of the target is known"""
    return bool(re.search(r'__\w+_chk\b', re.sub('__stack_chk_fail', '', readelf(path, '--dyn-syms'))))


CHECKS = [position_independent, full_relro, stack_not_executable, stack_protected]
if FORTIFIED:
    CHECKS.append(fortified)
if os.uname().machine == 'x86_64':
    CHECKS.append(stack_clash)


def built(name, flags):
    with open(name + '.c', 'w', encoding='utf-8') as file:
        file.write(SOURCE)
    subprocess.run([*COMPILER, '-w', name + '.c', '-o', name, *flags], check=True)
    return name


def as_test(check):
    def test():
        assert not check(built('off', OFF)), 'the check passes a binary without it'
        assert check(built('on', ON)), 'the check refuses a binary that has it'
        assert check(PROGRAM), f'{PROGRAM}: not so: {check.__doc__}; see the flags in meson.build'

    test.__name__ = check.__doc__
    return test


if __name__ == '__main__':
    sys.exit(tap.run([as_test(check) for check in CHECKS]))
