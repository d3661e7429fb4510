#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians and ratios of what tests/bench/guest measured; the exit status says if the bars are met."""
import argparse
import itertools
import statistics
import sys

BARS = [  # mode, operation, record size: the first at least so many times the second
    ('pinned', 'write', 65536, 'ours', 'peer', 1.2),
    ('pinned', 'read', 65536, 'ours', 'peer', 0.85),
    ('pinned', 'write', 262144, 'ours', 'peer', 1.5),
    ('pinned', 'write', 65536, 'device', 'ceiling', 1.2),
    ('pinned', 'read', 65536, 'device', 'ceiling', 1.2),
    ('pinned', 'write', 262144, 'device', 'ceiling', 0.9),
    ('pinned', 'read', 262144, 'device', 'ceiling', 0.9),
    ('pinned', 'write', 65536, 'device', 'peer', 2),
    ('pinned', 'read', 65536, 'device', 'peer', 2),
    ('pinned', 'write', 262144, 'device', 'peer', 2),
    ('pinned', 'read', 262144, 'device', 'peer', 2),
]
DEVICES = ['ours', 'device', 'peer', 'ceiling']


def read_results(path):
    times = {}
    with open(path, encoding='ascii') as file:
        for line in file:
            if line.startswith('result '):
                _, turn, device, operation, record, size, microseconds = line.split()
                times.setdefault((device, operation, int(record)), {})[int(turn)] = (int(size), int(microseconds))
    rates = {}
    for (device, operation, record), turns in times.items():
        if operation == 'close':
            continue
        rates[device, operation, record] = [size / t for size, t in turns.values()]
        closes = times.get((device, 'close', record))
        if operation == 'write' and closes:
            rates[device, 'write+filemark', record] = [
                size / (t + closes[turn][1]) for turn, (size, t) in turns.items()]
    return rates


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('modes', type=lambda text: text.split(','))
    options.add_argument('--results', required=True)
    options = options.parse_args()
    rates = {mode: read_results(f'{options.results}/result.{mode}') for mode in options.modes}
    rows = [(mode, operation, record) for mode in options.modes for record in (65536, 262144)
            for operation in ('write', 'write+filemark', 'read')]
    count = min(len(v) for r in rates.values() for v in r.values())
    print(f'MB/s in the guest, dd, xHCI, median of {count} (lowest to highest)')
    print(f'{"":8}{"record":>8} {"":15}' + ''.join(f'{d:>20}' for d in DEVICES) + f'{"ours/peer":>11}')
    ratio = {}
    for mode, operation, record in rows:
        line, medians = f'{mode:8}{record // 1024:>4} KiB {operation:15}', {}
        for device in DEVICES:
            values = rates[mode].get((device, operation, record))
            if values:
                medians[device] = statistics.median(values)
                line += f'{medians[device]:>7.0f} ({min(values):.0f} to {max(values):.0f})'.rjust(20)
            else:
                line += f'{"-":>20}'
        if 'ours' in medians and 'peer' in medians:
            line += f"{medians['ours'] / medians['peer']:>11.2f}"
        for first, second in itertools.permutations(medians, 2):
            ratio[mode, operation, record, first, second] = medians[first] / medians[second]
        if medians:
            print(line)
    missed = 0
    for mode, operation, record, first, second, bar in BARS:
        got = ratio.get((mode, operation, record, first, second))
        if got is not None:
            missed += got < bar
            print(f'bar: {operation} {record // 1024} KiB {mode}: {first} at least {bar} times {second}: '
                  f'{got:.2f}, {"met" if got >= bar else "MISSED"}')
    return missed > 0


if __name__ == '__main__':
    sys.exit(main())
