#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists and extracts a native cartridge. Written from media/FORMAT.md alone, to show that it is enough.

usage: read_cartridge.py CARTRIDGE                     lists the tape files of each partition
       read_cartridge.py CARTRIDGE PARTITION FILE      writes a tape file to standard output
"""
import ctypes
import ctypes.util
import struct
import sys

MIB = 1024 * 1024
TABLE, DATA = 1, 2
BLOCK, FILEMARK, SETMARK = 1, 2, 3


def make_crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


assert crc32c(b'123456789') == 0xe3069283


def expand(data, length):
    """Zstandard, by the library, since Python has none."""
    zstd = ctypes.CDLL(ctypes.util.find_library('zstd'))
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(length)
    got = zstd.ZSTD_decompress(out, ctypes.c_size_t(length), data, ctypes.c_size_t(len(data)))
    return out.raw if got == length else None


class Cartridge:
    def __init__(self, path):
        self.file = open(path, 'rb')  # pylint: disable=consider-using-with
        best = None
        for slot in (0, 65536):
            superblock = self.superblock(self.at(slot, 65536))
            if superblock and (not best or superblock['sequence'] > best['sequence']):
                best = superblock
        if not best:
            sys.exit(f'{path}: no good superblock')
        self.shift, self.generation = best['shift'], best['generation']
        self.partitions, self.epochs = best['partitions'], best['epochs']
        self.bound, self.id = best['version'] == 4, best['id']
        self.read_map()

    def at(self, offset, length):
        self.file.seek(offset)
        data = self.file.read(length)
        return data + bytes(length - len(data))

    @staticmethod
    def superblock(b):
        magic, version, crc, length = struct.unpack_from('<8s3I', b)
        if magic != b'USBTAPE\x1a' or version not in (1, 2, 3, 4) or not 256 <= length <= 16640:
            return None
        if crc32c(b[:12] + bytes(4) + b[16:length]) != crc:
            return None
        sequence, generation, shift, count = struct.unpack_from('<Q3I', b, 24)
        partitions, epochs, at_list = [], [], length
        for at in range(256, 256 + 64 * count, 64):
            _, epoch, link = struct.unpack_from('<QII', b, at)
            began, listed, list_crc = struct.unpack_from('<QII', b, at + 48)
            if version == 4 and crc32c(b[at_list:at_list + 12 * listed]) != list_crc:
                return None
            partitions.append((epoch, struct.unpack_from('<4Q', b, at + 16), link))
            starts = [struct.unpack_from('<QI', b, at_list + 12 * i) for i in range(listed)] if version == 4 else []
            epochs.append(starts + [(began, epoch)])
            at_list += 12 * len(starts)
        return {'sequence': sequence, 'generation': generation, 'shift': shift, 'version': version,
                'partitions': partitions, 'epochs': epochs, 'id': crc32c(b[160:176]) if version == 4 else 0}

    def read_map(self):
        self.chunks = {}
        first = max(1, 1 << 24 >> self.shift)
        size = self.file.seek(0, 2)
        room = 13 * MIB // 2 if self.bound else 13 * MIB
        records = range(min(room // 16, max(0, (size >> self.shift) + 1 - first)))
        copies = (3 * MIB, 3 * MIB + room)[:1 + self.bound]
        used = set()
        for agreed in (True, False):  # what both copies say alike comes first
            for start in copies:
                for r in records:
                    record = self.at(start + 16 * r, 16)
                    crc, generation, partition, stream, _, index = struct.unpack('<IIHBBI', record)
                    if (r not in used and (partition, stream, index) not in self.chunks and
                            crc == crc32c(record[4:]) ^ self.id and generation == self.generation and
                            (not agreed or record == self.at(copies[-1] + 16 * r, 16))):
                        self.chunks[partition, stream, index] = (first + r) << self.shift
                        used.add(r)

    def stream(self, partition, kind, offset, length):
        data = b''
        while len(data) < length:
            index, within = divmod(offset + len(data), 1 << self.shift)
            part = min(length - len(data), (1 << self.shift) - within)
            chunk = self.chunks.get((partition, kind, index))
            data += self.at(chunk + within, part) if chunk else bytes(part)
        return data

    def entry(self, partition, number):
        b = self.stream(partition, TABLE, 64 * number, 64)
        crc, kind, how, of, generation, epoch, length, stored, data_crc, link = struct.unpack_from('<IBBHIIIIII', b)
        place = struct.unpack_from('<4Q', b, 32)
        if crc != crc32c(b[4:]) ^ self.id or (of, generation, place[0]) != (partition, self.generation, number):
            return None
        return {'kind': kind, 'how': how, 'epoch': epoch, 'length': length, 'stored': stored,
                'crc': data_crc, 'place': place, 'own': crc, 'link': link}

    def block(self, partition, entry):
        """The bytes of a block; None if they are damaged."""
        data = self.stream(partition, DATA, entry['place'][1], entry['stored'])
        what = struct.pack('<IIIQ', partition, self.generation, entry['epoch'], entry['place'][0])
        if crc32c((what if self.bound else b'') + data) ^ self.id != entry['crc']:
            return None
        return expand(data, entry['length']) if entry['how'] == 1 else data

    def end(self, partition):
        epoch, place, link = self.partitions[partition]
        while True:
            entry = self.entry(partition, place[0])
            if (not entry or entry['epoch'] != epoch or entry['place'] != place or
                    self.bound and entry['link'] != link or entry['kind'] == BLOCK and self.block(partition, entry) is None):
                return place[0]
            place = (place[0] + 1, place[1] + entry['stored'], place[2] + (entry['kind'] == FILEMARK),
                     place[3] + (entry['kind'] == SETMARK))
            link = entry['own']

    def is_of_its_epoch(self, partition, number, epoch):
        starts = self.epochs[partition]
        began = [of for start, of in starts if start <= number]
        return epoch == began[-1] if began else epoch < starts[0][1]

    def objects(self, partition):
        """None for what is damaged, or not what the entry behind it says was there."""
        before = {'own': 0}
        for number in range(self.end(partition)):
            entry = self.entry(partition, number)
            if self.bound and entry and not self.is_of_its_epoch(partition, number, entry['epoch']):
                entry = None
            if self.bound and entry and before and entry['link'] != before['own']:
                entry = None
            yield entry
            before = entry


def main():
    cartridge = Cartridge(sys.argv[1])
    for partition in range(len(cartridge.partitions)):
        number, blocks, size = 0, 0, 0
        for entry in cartridge.objects(partition):
            if len(sys.argv) > 2 and entry['kind'] == BLOCK and [partition, number] == list(map(int, sys.argv[2:])):
                sys.stdout.buffer.write(cartridge.block(partition, entry) or sys.exit('damaged'))
            blocks, size = blocks + (entry['kind'] == BLOCK), size + entry['length']
            if entry['kind'] == FILEMARK:
                if len(sys.argv) == 2:
                    print(partition, number, blocks, size)
                number, blocks, size = number + 1, 0, 0
        if blocks and len(sys.argv) == 2:
            print(partition, number, blocks, size)


if __name__ == '__main__':
    main()
