#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An initiator that shares no code with the drive: it copies a file to a tape and back.

usage: initiator.py write|write-wrongly FILE     blocks of 10 KiB and a filemark; or two blocks change places
       initiator.py write-and-clear FILE         the same, and a halt that is not there is cleared without end
       initiator.py read FILE                    the blocks of the tape up to the filemark

The drive is at $USBTAPE_SOCKET.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../support'))
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

BLOCK = 10240
REWIND = [1, 0, 0, 0, 0, 0]
SENSE = [3, 0, 0, 0, 18, 0]


def must(host, status, what):
    if status != 0:
        sense = host.command(SENSE, read=18)[1]
        sys.exit(f'initiator: {what}: sense {sense[2] & 15:x}/{sense[12]:02x}/{sense[13]:02x}')


def write(host, path, wrongly):
    with open(path, 'rb') as file:
        data = file.read()
    blocks = [data[at:at + BLOCK].ljust(BLOCK, b'\0') for at in range(0, len(data), BLOCK)]
    if wrongly:
        blocks[1], blocks[2] = blocks[2], blocks[1]
    for number, block in enumerate(blocks):
        must(host, host.write(block), f'block {number}')
    must(host, host.filemark(), 'filemark')


def read(host, path):
    with open(path, 'wb') as file:
        while True:
            status, data = host.command([8, 0, 0, BLOCK >> 8, BLOCK & 255, 0], read=BLOCK)
            if status == 0:
                file.write(data)
                continue
            sense = host.command(SENSE, read=18)[1]
            if sense[2] & 0x80:  # a filemark
                return
            sys.exit(f'initiator: read: sense {sense[2] & 15:x}/{sense[12]:02x}/{sense[13]:02x}')


def main():
    verb, path = sys.argv[1:]
    host = Host.at(os.environ['USBTAPE_SOCKET'])
    host.ready()
    must(host, host.command(REWIND)[0], 'rewind')
    if verb == 'read':
        read(host, path)
    else:
        write(host, path, verb == 'write-wrongly')
        for _ in range(4 if verb == 'write-and-clear' else 0):
            host.clear_halt(0x81)
    host.close()


if __name__ == '__main__':
    main()
