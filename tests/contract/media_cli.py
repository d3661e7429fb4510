#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`usbtape media …` as a user meets it: what it prints, one line for each mistake, its exit status.

usage: media_cli.py PROGRAM        TAP on standard output
"""
import fcntl
import json
import os
import resource
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import tap  # pylint: disable=wrong-import-position
from read_cartridge import crc32c  # pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'read_cartridge.py')


def media(*arguments, limit=None, stdout=subprocess.PIPE):
    """(status, output, error lines)"""
    def lower():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    done = subprocess.run([PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE,
                          preexec_fn=lower if limit else None)
    return done.returncode, done.stdout, done.stderr.decode().splitlines()


def good(*arguments):
    status, output, errors = media(*arguments)
    assert status == 0 and not errors, (arguments, status, errors)
    return output


def refused(status, words, *arguments, **more):
    """One line that has all these words, and this status."""
    got, output, errors = media(*arguments, **more)
    assert got == status, (arguments, got, errors)
    assert len(errors) == 1 and errors[0].startswith('usbtape: '), errors
    assert all(word in errors[0] for word in words), (words, errors)


def tap_image(*objects, end=b'\xff\xff\xff\xff'):
    """A .tap image: bytes are a block, None is a tape mark."""
    image = bytearray()  # of many blocks: bytes would be copied for each
    for data in objects:
        if data is None:
            image += struct.pack('<I', 0)
        else:
            length = struct.pack('<I', len(data))
            image += length + data + b'\0' * (len(data) & 1) + length
    return bytes(image + end)


def write(name, data):
    """Zeroes become holes."""
    with open(name, 'wb') as file:
        for at in range(0, len(data), 65536):
            piece = data[at:at + 65536]
            if piece.count(0) < len(piece):
                file.seek(at)
                file.write(piece)
        file.truncate(len(data))
    return name


BLOCKS = [os.urandom(65536) for _ in range(20)] + [os.urandom(1237)]
IMAGE = tap_image(*BLOCKS, None, b'second file', None, None)


def a_new_cartridge_is_as_asked_for():
    good('create', 'a.tape', '--model', 'sdx-500c', '--partitions', '3', '--barcode', 'AB 12', '--worm')
    info = json.loads(good('info', 'a.tape', '--json'))
    assert info['format'] == 'usbtape' and info['worm'] and info['barcode'] == 'AB 12'
    assert info['capacity'] == 50 * 10**9 and info['density'] == 0x31
    assert len(info['partitions']) == 3 and not info['write_protected']
    good('create', 'b.tape', '--capacity', '1MiB', '--early-warning', '100KiB')
    info = json.loads(good('info', 'b.tape', '--json'))
    assert info['partitions'][0]['early_warning'] == 1048576 - 102400


def a_cleaning_cartridge_holds_no_data():
    good('create', 'clean.tape', '--cleaning', '3', '--barcode', 'CLN001')
    info = json.loads(good('info', 'clean.tape', '--json'))
    assert info['cleanings'] == 3 and info['cleanings_left'] == 3 and info['barcode'] == 'CLN001'
    assert info['capacity'] == 0 and info['partitions'][0]['capacity'] == 0
    assert good('info', 'clean.tape').decode() == (
        'clean.tape: usbtape cleaning cartridge, 3 of 3 cleanings left, bar code CLN001\n'
        'no data: the tape cleans\n')
    assert 'unlimited' not in good('ls', 'clean.tape').decode()
    good('check', 'clean.tape')
    for name in ('clean.tap', 'clean.aws'):
        refused(2, ['clean.tape', 'cleaning cartridge'], 'export', 'clean.tape', name)
        assert not os.path.exists(name)
    good('export', 'clean.tape', 'again.tape')
    assert json.loads(good('info', 'again.tape', '--json'))['cleanings'] == 3
    for wrong in (['--cleaning', '0'], ['--cleaning', '70000'], ['--cleaning', '3', '--worm'],
                  ['--cleaning', '3', '--capacity', '1GB'], ['--cleaning', '3', '--format', 'simh']):
        refused(2, [], 'create', 'wrong.tape', *wrong)


def a_tape_goes_in_and_out_unchanged():
    write('in.tap', IMAGE)
    good('import', 'in.tap', 'c.tape')
    good('check', 'c.tape')
    good('export', 'c.tape', 'out.tap')
    assert open('out.tap', 'rb').read() == IMAGE
    assert good('cat', 'c.tape', '--file', '0') == b''.join(BLOCKS)
    assert good('cat', 'c.tape', '--file', '1') == b'second file'
    assert good('cat', 'c.tape', '--file', '2') == b''


def each_end_of_data_is_understood():
    blocks = [b'one', b'two', None]
    ends = {'eof': b'', 'eom': b'\xff\xff\xff\xff', 'scsi2pi': struct.pack('<I', 0x73533250)}
    for name, end in ends.items():
        rest = b'' if name == 'eof' else tap_image(b'old')
        write(name + '.tap', tap_image(*blocks, end=end) + rest)
        listed = json.loads(good('ls', name + '.tap', '--json'))['partitions'][0]
        assert listed['objects'] == 3 and listed['files'][0]['bytes'] == 6, (name, listed)
    write('empty.tap', b'')
    assert json.loads(good('info', 'empty.tap', '--json'))['partitions'][0]['objects'] == 0


def gaps_and_private_records_are_passed_over():
    gap, half = struct.pack('<I', 0xfffffffe), struct.pack('<H', 0xffff)
    private = struct.pack('<I', 0x10000003) + b'abc\0' + struct.pack('<I', 0x10000003)
    marker = struct.pack('<I', 0x71234567)
    write('gaps.tap', gap + tap_image(b'one', end=b'') + gap * 3 + private + marker + tap_image(b'two'))
    good('import', 'gaps.tap', 'gaps.tape')
    assert good('cat', 'gaps.tape', '--file', '0') == b'onetwo'


def a_listing_is_for_people_and_for_machines():
    write('ls.tap', IMAGE)
    good('import', 'ls.tap', 'ls.tape')
    text = good('ls', 'ls.tape').decode()
    assert '20 × 64 KiB, 1 × 1.2 KiB, filemark' in text and 'EOD at 25' in text, text
    listed = json.loads(good('ls', 'ls.tape', '--json'))['partitions'][0]
    assert [f['blocks'] for f in listed['files']] == [21, 1, 0]
    assert [f['filemark'] for f in listed['files']] == [True, True, True]
    assert listed['files'][0]['bytes'] == 20 * 65536 + 1237


def a_listing_says_what_a_file_holds():
    """tar as tar writes it in each of its formats; the others' first bytes."""
    with open('member', 'wb') as member:
        member.write(b'text')
    dump = bytearray(1024)
    dump[24:28] = b'\x6c\xea\0\0'
    kinds = [(subprocess.run(['tar', '-c', '--format', kind, 'member'], stdout=subprocess.PIPE,
                             check=True).stdout, name)
             for kind, name in (('v7', 'tar (old)'), ('ustar', 'tar (POSIX)'),
                                ('pax', 'tar (POSIX)'), ('gnu', 'tar (GNU)'))]
    kinds += [(b'070701' + b'0' * 104, 'cpio (portable ASCII)'), (b'\xc7\x71' + bytes(24), 'cpio (binary)'),
              (bytes(dump), 'dump (ext2 or BSD)'), (b'nothing that is known', None), (bytes(2000), None)]
    objects = [item for data, _ in kinds for item in (data, None)]
    write('kinds.tap', tap_image(*objects))
    good('import', 'kinds.tap', 'kinds.tape')
    files = json.loads(good('ls', 'kinds.tape', '--json'))['partitions'][0]['files']
    assert [file.get('holds') for file in files] == [name for _, name in kinds], files
    assert files[0]['runs'] == [{'length': 10240, 'count': 1}], files[0]
    assert b'filemark: tar (GNU)' in good('ls', 'kinds.tape')


def compression_is_for_those_who_ask():
    good('create', 'z.tape', '--compression', '--capacity', '1MiB')
    assert json.loads(good('info', 'z.tape', '--json'))['compression']
    assert b', compression' in good('info', 'z.tape')
    refused(2, ['.tap', 'compression'], 'create', 'z.tap', '--compression')


def a_check_is_for_machines_too():
    write('d.tap', IMAGE)
    good('import', 'd.tap', 'd.tape')
    found = json.loads(good('check', 'd.tape', '--json'))
    assert found['good'] and found['objects'] == 25 and found['damaged'] == [], found
    with open('d.tape', 'r+b') as file:
        at = file.read().index(BLOCKS[7])
        file.seek(at + 30000)
        file.write(b'damage')
    status, output, errors = media('check', 'd.tape', '--json')
    found = json.loads(output)
    assert status == 1 and len(errors) == 1 and not found['good'], (status, found, errors)
    assert found['damaged'] == [{'partition': 0, 'object': 7, 'file': 0}], found
    write('torn.tap', IMAGE[:-30])
    status, output, errors = media('check', 'torn.tap', '--json')
    assert status == 1 and json.loads(output)['file_damaged'], (status, output)
    refused(2, ['--json', '--mtf'], 'check', 'd.tape', '--json', '--mtf')
    refused(2, ['--json', '--repair'], 'check', 'd.tape', '--json', '--repair', 'x.tape')


def a_lost_chunk_of_the_table_is_damage():
    """No subcommand takes it for the end of the tape."""
    write('whole.tap', tap_image(*[b'block' * 10] * 30, None, *[b'more'] * 10, None))
    good('import', 'whole.tap', 'whole.tape')
    with open('whole.tape', 'rb') as file:
        content = bytearray(file.read())
    for record in (3 * 2**20, 3 * 2**20 + 13 * 2**19):  # the first of the chunk map, and its copy
        content[record + 5] ^= 1
    for lost in (content[:16 * 2**20], content):
        write('lost.tape', bytes(lost))
        status, output, errors = media('info', 'lost.tape', '--json')
        assert json.loads(output)['partitions'][0]['objects'] == 42, output
        assert 'write-protected' in errors[0] and '--repair' in errors[0], errors
        status, output, _ = media('check', 'lost.tape')
        assert status == 1
        if len(lost) > 16 * 2**20:  # found by what is in it
            media('check', 'lost.tape', '--repair', 'found.tape')
            assert good('cat', 'found.tape', '--file', '0') == b'block' * 300
            assert good('cat', 'found.tape', '--file', '1') == b'more' * 10
            continue
        assert b'objects 0 to 41 (file 0 and on): damaged' in output, output
        for arguments in (('cat', 'lost.tape', '--file', '0'), ('cat', 'lost.tape', '--file', '1'),
                          ('export', 'lost.tape', 'lost.tap'), ('ls', 'lost.tape')):
            status, output, errors = media(*arguments)
            assert status == 1 and 'damaged' in errors[-1], (arguments, status, errors)


def damage_is_found_and_named():
    write('d.tap', IMAGE)
    good('import', 'd.tap', 'd.tape')
    with open('d.tape', 'r+b') as file:
        data = file.read()
        at = data.index(BLOCKS[7])
        file.seek(at + 30000)
        file.write(bytes([data[at + 30000] ^ 1]))
    status, output, errors = media('check', 'd.tape')
    assert status == 1 and b'object 7 (file 0): damaged' in output, (status, output)
    assert len(errors) == 1 and '1 of 25' in errors[0], errors
    refused(1, ['object 7'], 'cat', 'd.tape', '--file', '0', stdout=subprocess.DEVNULL)
    assert good('cat', 'd.tape', '--file', '1') == b'second file'
    for command, target in (('export', 'd2.tap'), ('import', 'd2.tape')):  # what is whole, and what is not
        status, output, errors = media(command, 'd.tape', target)
        assert status == 1 and b'object 7 (file 0): damaged, left out' in output, (status, output)
        assert len(errors) == 1 and '1 blocks and marks were damaged; the rest is in ' + target in errors[0], errors
        assert good('cat', target, '--file', '0') == b''.join(BLOCKS[:7] + BLOCKS[8:])
        assert good('cat', target, '--file', '1') == b'second file'
    write('torn.tap', IMAGE[:-30])
    status, output, errors = media('check', 'torn.tap')
    assert status == 1 and 'no whole record' in errors[0], (status, errors)


def a_damaged_tape_is_salvaged_beyond_the_bad_spot():
    write('d.tap', IMAGE)
    good('import', 'd.tap', 'd.tape')
    with open('d.tape', 'r+b') as file:
        at = file.read().index(BLOCKS[7])
        file.seek(at + 30000)
        file.write(b'damage')
    before = open('d.tape', 'rb').read()
    status, output, errors = media('check', 'd.tape', '--repair', 'new.tape')
    assert status == 1 and b'object 7 (file 0): damaged, left out' in output, (status, output)
    assert len(errors) == 1 and '1 blocks and marks were damaged' in errors[0], errors
    assert b'24 of 25' in output and open('d.tape', 'rb').read() == before
    good('check', 'new.tape')
    assert good('cat', 'new.tape', '--file', '0') == b''.join(BLOCKS[:7] + BLOCKS[8:])
    assert good('cat', 'new.tape', '--file', '1') == b'second file'
    refused(2, ['exists'], 'check', 'd.tape', '--repair', 'new.tape')
    assert media('check', 'd.tape', '--repair', './d.tape')[0] == 1  # by name: over the original
    good('check', 'd.tape')
    good('check', 'd.tape', '--repair', 'again.tape')
    assert sorted(os.listdir()) == ['again.tape', 'd.tap', 'd.tape', 'new.tape']
    with open('d.tape', 'r+b') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(2, ['in use'], 'check', 'd.tape', '--repair', 'd.tape')


def a_tape_is_salvaged_without_superblocks():
    """Its first bytes are gone: the superblocks, these and the chunk map, or all before the data."""
    import random
    blocks = [os.urandom(random.Random(n).randrange(1, 60000)) for n in range(300)]
    big = os.urandom(9 * 2**20)
    write('d.tap', tap_image(*blocks, None, big, None, os.urandom(2**24 - 1), None, b'last', None, None))
    good('import', 'd.tap', 'd.tape')
    good('create', 'p.tape', '--partitions', '3')
    for content, name in ((b'some text\n' * 13000, 'text.tape'), (bytes(2**24), 'zero.tape')):
        data = content + open('d.tape', 'rb').read()[len(content):]
        write(name, data)
        refused(2, [name], 'check', name)
        status, output, errors = media('check', name, '--repair', 'new.tape')
        assert status == 1 and len(errors) == 2, (len(content), status, errors)
        assert all('both superblocks' in line for line in errors), (len(content), errors)
        assert f'new.tape: {len(blocks) + 8} of {len(blocks) + 8}'.encode() in output, output
        assert good('cat', 'new.tape', '--file', '0') == b''.join(blocks), len(content)
        assert good('cat', 'new.tape', '--file', '1') == big, len(content)
        assert good('cat', 'new.tape', '--file', '3') == b'last', len(content)
        assert open(name, 'rb').read() == data
        os.unlink('new.tape')
    os.link('zero.tape', 'link.tape')
    for name in ('zero.tape', './zero.tape', 'link.tape'):  # a guess never replaces the original
        refused(2, ['zero.tape', 'both superblocks', 'name another file'], 'check', 'zero.tape', '--repair', name)
        assert open('zero.tape', 'rb').read() == data, name
    with open('text.tape', 'r+b') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(2, ['text.tape', 'not a cartridge'], 'check', 'text.tape', '--repair', 'new.tape')
    write('other', os.urandom(2**20) * 20)
    refused(2, ['other', 'not a cartridge'], 'check', 'other', '--repair', 'new.tape')
    write('empty.tape', bytes(2**17) + open('p.tape', 'rb').read()[2**17:])
    refused(2, ['empty.tape'], 'check', 'empty.tape', '--repair', 'new.tape')
    assert not os.path.exists('new.tape')


def chunks_of(image):
    """Of a cartridge's bytes: {(kind, index): offset}; 1 is the table of objects, 2 the data."""
    chunks = {}
    for record in range(64):
        _, generation, _, kind, _, index = struct.unpack_from('<IIHBBI', image, 3 * 2**20 + record * 16)
        if generation:
            chunks[kind, index] = 2**24 + record * 2**24
    return chunks


def a_bad_block_does_not_hide_its_chunk():
    """No superblock, no map, and the first block that could tell which chunk is the second one is damaged."""
    blocks = [os.urandom(10240) for _ in range(3500)]
    write('d.tap', tap_image(*blocks, None, None))
    good('import', 'd.tap', 'd.tape')
    image = bytearray(open('d.tape', 'rb').read())
    chunks = chunks_of(image)
    assert sorted(chunks) == [(1, 0), (2, 0), (2, 1), (2, 2)], chunks
    first = 2**24 // 10240
    for block in (first, first + 1, first + 2):  # the first of them begins in the chunk before
        image[chunks[2, 1] + (block + 1) * 10240 - 2**24 - 1] ^= 1
    image[:2**24] = bytes(2**24)
    write('zero.tape', image)
    status, output, errors = media('check', 'zero.tape', '--repair', 'new.tape')
    assert status == 1 and b'new.tape: 3499 of 3502' in output, (status, output, errors)
    assert good('cat', 'new.tape', '--file', '0') == b''.join(blocks[:first] + blocks[first + 3:])
    image[chunks[1, 0]:chunks[1, 0] + 4096] = bytes(4096)  # of the table, too: 64 objects nobody knows of
    write('zero.tape', image)
    status, output, errors = media('check', 'zero.tape', '--repair', 'paged.tape')
    assert status == 1 and b'paged.tape: 3435 of 3502' in output, (status, output, errors)
    assert good('cat', 'paged.tape', '--file', '0') == b''.join(blocks[64:first] + blocks[first + 3:])


def blocks_over_two_lost_chunks_are_found():
    """Without a map, blocks of 12 MiB: all but every fourth lie in two chunks, and only the last tells where one is."""
    blocks = [os.urandom(12 * 2**20) for _ in range(4)]
    write('d.tap', tap_image(*blocks, None, None))
    good('import', 'd.tap', 'd.tape')
    image = bytearray(open('d.tape', 'rb').read())
    chunks = chunks_of(image)
    assert sorted(chunks) == [(1, 0), (2, 0), (2, 1), (2, 2)], chunks
    image[chunks[2, 0] + 1000] ^= 1  # in the first, which would have told of the first chunk
    image[:2**24] = bytes(2**24)
    write('zero.tape', image)
    status, output, errors = media('check', 'zero.tape', '--repair', 'new.tape')
    assert status == 1 and b'new.tape: 5 of 6' in output, (status, output, errors)
    assert good('cat', 'new.tape', '--file', '0') == b''.join(blocks[1:])


def of_generation(table, data, generation):
    """The same table of objects as of another generation, and of version 2."""
    table = bytearray(table)
    for at in range(0, len(table), 64):
        if any(table[at:at + 4]):
            stored, _, _, _, start = struct.unpack_from('<IIIQQ', table, at + 20)
            struct.pack_into('<I', table, at + 8, generation)
            struct.pack_into('<II', table, at + 24, crc32c(data[start:start + stored]) if stored else 0, 0)
            struct.pack_into('<I', table, at, crc32c(table[at + 4:at + 64]))
    return table


def the_generation_before_stays_away():
    """No superblock, no map, and the chunks of two generations: what was partitioned away does not come back."""
    images = {}
    for name, n in (('old', 40), ('new', 25)):
        blocks = [os.urandom(3000) for _ in range(n)]
        write(f'{name}.tap', tap_image(*blocks, None, None))
        good('import', f'{name}.tap', f'{name}.tape')
        image = open(f'{name}.tape', 'rb').read()
        chunks = chunks_of(image)
        assert sorted(chunks) == [(1, 0), (2, 0)], chunks
        images[name] = blocks, image[chunks[1, 0]:][:2**24].ljust(2**24, b'\0'), image[chunks[2, 0]:][:2**24]
    for order in ('old', 'new'), ('new', 'old'):
        image = bytearray(2**24)
        for name in order:
            _, table, data = images[name]
            image += of_generation(table[:4096], data, 2 if name == 'new' else 1) + table[4096:]
            image += data.ljust(2**24, b'\0')
        write('two.tape', image)
        status, output, errors = media('check', 'two.tape', '--repair', 'only.tape')
        assert status == 1 and b'only.tape: 27 of 27' in output, (status, output, errors)
        assert good('cat', 'only.tape', '--file', '0') == b''.join(images['new'][0])
        os.unlink('only.tape')


def as_version_2(image, attributes):
    """A cartridge of one partition, as older programs made it, with these attributes."""
    image = bytearray(image)
    chunks, (generation, shift) = chunks_of(image), struct.unpack_from('<II', image, 32)
    assert shift == 24
    table = chunks[1, 0]
    image[table:table + 2**16] = of_generation(image[table:table + 2**16], image[chunks[2, 0]:], generation)
    for record in range(64):
        at = 3 * 2**20 + 16 * record
        if image[at + 4:at + 8] != bytes(4):
            struct.pack_into('<I', image, at, crc32c(image[at + 4:at + 16]))
    half = 3 * 2**20 + 13 * 2**19
    image[half:half + 1024] = bytes(1024)
    packed = b''.join(struct.pack('<HHBBH', 0, number, 1, 0, len(value)) + value for number, value in attributes)
    image[2**20:2**20 + len(packed)] = packed
    for slot in 0, 2**16:
        length = struct.unpack_from('<I', image, slot + 16)[0]
        struct.pack_into('<II', image, slot + 8, 2, 0)
        struct.pack_into('<III', image, slot + 64, 1, len(packed), crc32c(packed))
        image[slot + 160:slot + 176] = bytes(16)
        struct.pack_into('<I', image, slot + 256 + 12, 0)
        struct.pack_into('<Q', image, slot + 256 + 48, 0)
        struct.pack_into('<I', image, slot + 12, crc32c(image[slot:slot + length]))
    for label in 2**18, 2**19:
        image[label:label + 2**16] = bytes(2**16)
    return image


def an_older_cartridge_is_upgraded_by_a_copy():
    def version(name):
        return struct.unpack_from('<I', open(name, 'rb').read(16), 8)[0]
    blocks = [os.urandom(3000), bytes(40000), b'x', os.urandom(9000)]
    write('u.tap', tap_image(blocks[0], blocks[1], None, blocks[2], None, None, blocks[3], None))
    good('create', 'like.tape', '--model', 'sdx-500c', '--barcode', 'OLD 01', '--compression', '--worm')
    good('import', 'u.tap', 'u.tape', '--compression')
    image = bytearray(open('u.tape', 'rb').read())
    like = open('like.tape', 'rb').read(2**16)
    for slot in 0, 2**16:
        image[slot + 20:slot + 24] = like[20:24]
        image[slot + 44:slot + 64] = like[44:64]
        image[slot + 80:slot + 112] = like[80:112]
        image[slot + 256:slot + 264] = like[256:264]
    write('old.tape', as_version_2(image, [(0x0801, b'an application'), (0x0806, b'a bar code')]))
    assert version('old.tape') == 2
    good('check', 'old.tape')
    assert subprocess.run([READER, 'old.tape'], check=True, stdout=subprocess.PIPE).stdout
    good('import', 'old.tape', 'new.tape')
    assert version('new.tape') == 4 and version('old.tape') == 2
    good('check', 'new.tape')
    assert good('ls', 'new.tape', '--json').replace(b'new.tape', b'old.tape') == good('ls', 'old.tape', '--json')
    old, new = (json.loads(good('info', name, '--json')) for name in ('old.tape', 'new.tape'))
    for key in ('capacity', 'density', 'worm', 'barcode', 'compression', 'partitions'):
        assert old[key] == new[key], (key, old[key], new[key])
    assert new['worm'] and new['barcode'] == 'OLD 01' and new['capacity'] == 50 * 10**9
    for file in range(4):
        assert good('cat', 'old.tape', '--file', str(file)) == good('cat', 'new.tape', '--file', str(file))
    assert good('cat', 'new.tape', '--file', '0') == blocks[0] + blocks[1]
    image = open('new.tape', 'rb').read(2**24)
    superblock = image[:2**16] if image[24:32] > image[2**16 + 24:2**16 + 32] else image[2**16:2**17]
    area, length = struct.unpack_from('<II', superblock, 64)
    packed = image[area * 2**20:area * 2**20 + length]
    assert b'an application' in packed and b'a bar code' in packed, packed
    # what is damaged in the old one is not in the new one, and is said
    image = bytearray(open('old.tape', 'rb').read())
    image[chunks_of(image)[2, 0] + 10] ^= 1
    write('bad.tape', image)
    status, output, errors = media('import', 'bad.tape', 'less.tape')
    assert status == 1 and b'object 0' in output and 'less.tape' in errors[-1], (status, output, errors)
    assert good('cat', 'less.tape', '--file', '0') == blocks[1]


def a_sparse_giant_is_answered_soon():
    """A file of a few blocks says that it has 3 TB, and a chunk of it has to be looked for."""
    write('few.tap', tap_image(*BLOCKS, None, None))
    good('import', 'few.tap', 'few.tape')
    image = bytearray(open('few.tape', 'rb').read())
    for record in 3 * 2**20, 3 * 2**20 + 13 * 2**19:
        for chunk in range(2):
            image[record + 16 * chunk + 5] ^= 1
    for name, front in ('map.tape', image[:2**17]), ('all.tape', bytes(2**17)):
        image[:2**17] = front
        write(name, image)
        with open(name, 'r+b') as file:
            file.truncate(3 * 2**40)
    for arguments in ('info', 'map.tape'), ('check', 'map.tape'), ('check', 'all.tape', '--repair', 'rest.tape'):
        done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=10)
        assert done.returncode == 1 and b'rror' not in done.stderr, (arguments, done)
    assert good('cat', 'rest.tape', '--file', '0') == b''.join(BLOCKS)


def objects_in_holes_are_passed_in_one_go():
    """A crafted table of 400 GiB, all of it a hole but a page a chunk: 6.7 milliard objects that are not there."""
    chunks, shift = 400, 30
    good('create', 'h.tape')
    with open('h.tape', 'r+b') as file:
        head = bytearray(file.read(65536))
        length, generation = struct.unpack_from('<I', head, 16)[0], struct.unpack_from('<I', head, 32)[0]
        struct.pack_into('<I', head, 36, shift)
        struct.pack_into('<4Q', head, 256 + 16, chunks << shift - 6, 0, chunks << shift - 6, 0)
        struct.pack_into('<I', head, 12, 0)
        struct.pack_into('<I', head, 12, crc32c(head[:length]))
        for record_map in 3 * 2**20, 3 * 2**20 + 13 * 2**19:
            file.seek(record_map)
            for chunk in range(chunks):
                record = struct.pack('<IHBBI', generation, 0, 1, 0, chunk)
                file.write(struct.pack('<I', crc32c(record) ^ crc32c(head[160:176])) + record)
        for chunk in range(1, chunks + 1):
            file.seek((chunk << shift) + 2**29)
            file.write(b'?')
        file.truncate((chunks + 1) << shift)
        for other in head, bytes(65536):  # both superblocks, then one alone
            file.seek(0)
            file.write(head + other)
            file.flush()
            for arguments in (('info', 'h.tape'), ('ls', 'h.tape'), ('check', 'h.tape'), ('cat', 'h.tape', '--file', '3'),
                              ('cat', 'h.tape', '--file', '3000000000')):
                done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
                assert done.returncode == 1 and b'rror' not in done.stderr, (arguments, done)


def a_file_may_end_within_an_entry():
    write('few.tap', tap_image(*[b'x'] * 200))
    good('import', 'few.tap', 'few.tape')
    image = open('few.tape', 'rb').read()
    for table in range(2**24, len(image), 2**24):
        if image[table + 4] == 1 and len(image) >= table + 128 * 64:
            break
    for end in range(table + 128 * 64 - 70, table + 128 * 64 + 70, 9):
        write('cut.tape', image[:end])
        for arguments in ('info',), ('check',), ('ls',):
            done = subprocess.run([PROGRAM, *arguments, 'cut.tape'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
            assert done.returncode == 1, (end, done)


def an_interrupted_copy_leaves_nothing():
    length = 2**24 - 1
    with open('big.tap', 'wb') as image:  # nothing but holes between lengths
        for _ in range(60):
            image.write(struct.pack('<I', length))
            image.seek(length + 1, 1)
            image.write(struct.pack('<I', length))
    for signal in (2, 9, 15):
        with subprocess.Popen([PROGRAM, 'import', 'big.tap', 'big.tape']) as copy:
            while 'wchar: 0' in open(f'/proc/{copy.pid}/io').read():
                pass
            copy.send_signal(signal)
            assert copy.wait() == -signal
        assert os.listdir() == ['big.tap'], os.listdir()


def a_reader_from_the_document_agrees():
    """read_cartridge.py knows media/FORMAT.md and nothing of our code."""
    def lines(*arguments):
        return subprocess.run([sys.executable, READER, *arguments], stdout=subprocess.PIPE, check=True).stdout
    write('r.tap', tap_image(b'some text ' * 900, None, os.urandom(777), b'x', None, None, b'the end'))
    good('create', 'r2.tape', '--compression', '--partitions', '3')
    good('import', 'r.tap', 'r.tape')
    good('import', 'r.tap', 'z.tape', '--compression')
    assert json.loads(good('info', 'z.tape', '--json'))['partitions'][0]['used'] < 3000
    for name in ('r.tape', 'r2.tape', 'z.tape'):
        listed = json.loads(good('ls', name, '--json'))['partitions']
        assert lines(name).decode().splitlines() == [
            f"{p['partition']} {f['file']} {f['blocks']} {f['bytes']}" for p in listed for f in p['files']]
    for number in range(4):
        for name in ('r.tape', 'z.tape'):
            assert lines(name, '0', str(number)) == good('cat', 'r.tape', '--file', str(number)), number


def a_wrong_command_line_is_one_line():
    good('create', 'x.tape')
    refused(2, ['subcommand', 'create'])
    refused(2, ['frobnicate', 'create, info, ls'], 'frobnicate')
    for name in ('create', 'info', 'ls', 'check', 'cat', 'import', 'export'):
        refused(2, [name, 'missing'], name)
        refused(2, [name, '--nonsense'], name, '--nonsense', 'x.tape')
        assert b'Usage' in good(name, '--help')
    assert b'import' in good('--help')
    refused(2, ['too many', "'more'"], 'info', 'x.tape', 'more')
    refused(2, ['--capacity', "'lots'"], 'create', 'y.tape', '--capacity', 'lots')
    refused(2, ['--capacity', '0'], 'create', 'y.tape', '--capacity', '0')
    refused(2, ['--early-warning'], 'create', 'y.tape', '--early-warning', '1MB')
    refused(2, ['--early-warning'], 'create', 'y.tape', '--capacity', '1MB', '--early-warning', '2MB')
    refused(2, ['--partitions', '257'], 'create', 'y.tape', '--partitions', '257')
    refused(2, ['--partitions', 'x'], 'create', 'y.tape', '--partitions', 'x')
    refused(2, ['--model', 'sdx-500c'], 'create', 'y.tape', '--model', 'dlt')
    refused(2, ['--barcode', '32'], 'create', 'y.tape', '--barcode', 'x' * 33)
    refused(2, ['--barcode'], 'create', 'y.tape', '--barcode', 'a\tb')
    refused(2, ['--format', 'usbtape, simh'], 'create', 'y.tape', '--format', 'vhs')
    refused(2, ['.tap', 'capacity'], 'create', 'y.tap', '--capacity', '1MB')
    refused(2, ['--file'], 'cat', 'x.tape')
    refused(2, ['file 5'], 'cat', 'x.tape', '--file', '5')
    refused(2, ['partition 1'], 'cat', 'x.tape', '--file', '0', '--partition', '1')
    assert not os.path.exists('y.tape') and not os.path.exists('y.tap')


def a_wrong_file_is_one_line():
    os.mkdir('directory')
    os.mkfifo('fifo')
    write('text', b'this is no tape\n' * 100)
    write('nothing', b'')
    write('zeroes', bytes(3))
    # What might begin a .tap, but does not go on like one, must not be written over.
    write('blank', bytes(100000))
    write('foreign', struct.pack('<I', 70000) + b'no such record' * 70000)
    write('disk', bytes(1024) + struct.pack('<I', 70000) + b'no such record' * 70000)
    good('create', 'old.tape')
    with open('old.tape', 'r+b') as file:
        for slot in (0, 65536):
            file.seek(slot + 8)
            file.write(b'\x63')
    good('create', 'two.tape')
    with open('two.tape', 'r+b') as file:
        for slot in (0, 65536):
            file.seek(slot + 100)
            file.write(b'xxxx')
    for name in ('info', 'ls', 'check'):
        refused(2, ['missing', 'No such file'], name, 'missing')
        refused(2, ['directory', 'directory'], name, 'directory')
        refused(2, ['fifo', 'regular'], name, 'fifo')
        refused(2, ['text', 'not a cartridge'], name, 'text')
        refused(2, ['nothing', 'empty'], name, 'nothing')
        refused(2, ['zeroes', 'not a cartridge'], name, 'zeroes')
        refused(2, ['blank', 'not a cartridge'], name, 'blank')
        refused(2, ['foreign', 'not a cartridge'], name, 'foreign')
        refused(2, ['disk', 'not a cartridge'], name, 'disk')
        refused(2, ['old.tape', 'version 99', 'versions 1 to 4'], name, 'old.tape')
        refused(2, ['two.tape', 'damaged'], name, 'two.tape')
    refused(2, ['exists'], 'create', 'text')
    refused(2, ['No such file'], 'create', 'nowhere/x.tape')
    write('t.tap', IMAGE)
    refused(2, ['exists'], 'import', 't.tap', 'text')
    refused(2, ['No such file'], 'import', 'missing.tap', 'new.tape')
    assert not os.path.exists('new.tape')
    assert open('text', 'rb').read() == b'this is no tape\n' * 100


def aws(*objects, compress=False):
    """An AWSTAPE or HET image: bytes are a block, None is a tape mark."""
    image, previous = b'', 0
    for data in objects:
        stored = b'' if data is None else zlib.compress(data) if compress else data
        flags = 0x40 if data is None else 0xa1 if compress else 0xa0
        image += struct.pack('<HHBB', len(stored), previous, flags, 0) + stored
        previous = len(stored)
    return image


def any_file_of_any_format_is_answered():
    """Cut short anywhere, a bit flipped anywhere, lengths of all ones, nothing: one line and a status, at once."""
    import random
    rand = random.Random(1)
    content = (b'some text ' * 300, b'x', None, os.urandom(5000), None, None)
    good('create', 'n.tape')
    images = {'a.aws': aws(*content), 'h.het': aws(*content, compress=True), 's.tap': tap_image(*content)}
    write('s.tap', images['s.tap'])
    good('import', 's.tap', 't.tape')
    images['t.tape'] = open('t.tape', 'rb').read()
    for name, image in images.items():
        assert image and json.loads(good('ls', write('good' + name[-5:], image), '--json')), name
        metadata = [n for n in (0, 64 * 1024, 3 * 2**20, 2**24, 2**25) if n < len(image)]
        wrong = [image[:rand.randrange(len(image))] for _ in range(4)] + [b'', image[:1], image[:5]]
        for start in [rand.choice(metadata) + rand.randrange(min(300, len(image))) for _ in range(8)]:
            at = min(start, len(image) - 1)
            wrong.append(image[:at] + bytes([image[at] ^ 1 << rand.randrange(8)]) + image[at + 1:])
        for length in (2, 8):
            wrong += [image[:n] + b'\xff' * length + image[n + length:] for n in metadata]
        for data in wrong:
            write('bad' + name[-5:], data)
            for command in ('check', 'ls'):
                status, output, errors = media(command, 'bad' + name[-5:])
                assert status in (0, 1, 2) and len(errors) <= 2, (name, status, errors)
                assert (status == 0) == (not errors) or status == 0, (name, status, errors)
                assert all(line.startswith('usbtape: ') for line in errors), errors
                assert status != 2 or not output and len(errors) == 1, (name, output, errors)
        os.unlink('bad' + name[-5:])


def one_damaged_superblock_is_survived():
    write('s.tap', IMAGE)
    for slot in (0, 65536):
        name = f's{slot}.tape'
        good('import', 's.tap', name)
        with open(name, 'r+b') as file:
            file.seek(slot)
            file.write(bytes(512))
        media('check', name)
        assert good('cat', name, '--file', '1') == b'second file'
        # Damage where the version is says nothing of a version.
        name = f'v{slot}.tape'
        good('import', 's.tap', name)
        with open(name, 'r+b') as file:
            file.seek(slot + 8)
            file.write(b'\x63')
        assert good('cat', name, '--file', '1') == b'second file'


def damage_before_a_file_is_an_error():
    """An entry of the table before the file, in it, behind it; and a superblock that is no more."""
    write('t.tap', tap_image(b'one', b'two', None, b'three', b'four', None, b'five', None))
    good('import', 't.tap', 't.tape')
    image = open('t.tape', 'rb').read()
    table = chunks_of(image)[1, 0]
    for damaged, files in ((0, ''), (2, ''), (4, '0')):
        write('d.tape', image[:table + damaged * 64] + b'\xaa' * 4 + image[table + damaged * 64 + 4:])
        for number, content in enumerate((b'onetwo', b'threefour', b'five')):
            status, output, errors = media('cat', 'd.tape', '--file', str(number))
            assert status == int(str(number) not in files) and content.startswith(output), (damaged, number, errors)
            assert status == 0 or f'object {damaged}' in errors[-1], errors
        for command in (['ls'], ['check'], ['check', '--json'], ['import', 'new.tape'], ['export', 'new.tap']):
            status, output, errors = media(command[0], 'd.tape', *command[1:])
            assert status == 1 and errors and b': good' not in output, (command, damaged, status, output, errors)
        assert b'object %d (' % damaged in media('check', 'd.tape')[1]
        for name in ('new.tape', 'new.tap'):
            found = b''.join(media('cat', name, '--file', str(n))[1] for n in range(3))
            assert len(found) >= 14 and json.loads(media('ls', '--json', name)[1])['partitions'][0]['objects'] == 7
            os.unlink(name)


def nothing_in_place_is_replaced_unless_all_was_understood():
    at = 5 * (65536 + 8)
    for image in (IMAGE[:-30], IMAGE[:at] + b'\x01' + IMAGE[at + 1:]):
        write('p.tap', image)
        status, _, errors = media('check', 'p.tap', '--repair', 'p.tap')
        assert status == 2 and 'not understood' in errors[-1], (status, errors)
        assert open('p.tap', 'rb').read() == image and sorted(os.listdir()) == ['p.tap']
        status, output, errors = media('check', 'p.tap', '--repair', 'new.tap')
        assert status == 1 and b'salvaged' in output and 'were damaged; the rest is in new.tap' in errors[-1], errors
        good('check', 'new.tap')
        os.unlink('new.tap')


def a_format_can_be_named():
    """For each subcommand that opens a file: what the file would be taken for otherwise does not count."""
    marks = write('marks', bytes(400))
    record = write('data', tap_image(b'x' * 50, None, end=b'') * 2)
    for command in ('info', 'ls', 'check'):
        refused(2, ['not a cartridge'], command, marks)
        good(command, marks, '--format', 'simh')
        refused(2, [record], command, record, '--format', 'usbtape')
        refused(2, ['--format', "'vhs'", 'usbtape, simh, aws'], command, record, '--format', 'vhs')
    assert good('cat', marks, '--file', '99', '--format', 'simh') == b''
    refused(2, ['not a cartridge'], 'import', marks, 'm.tape')
    good('import', marks, 'm.tape', '--from', 'simh')
    good('export', marks, 'm.aws', '--from', 'simh')
    good('export', record, 'other', '--from', 'simh', '--format', 'aws')
    refused(2, ['--from', "'vhs'"], 'import', record, 'n.tape', '--from', 'vhs')
    assert json.loads(good('ls', 'm.tape', '--json'))['partitions'][0]['filemarks'] == 100
    assert media('check', marks, '--repair', 'r.tap', '--format', 'simh')[0] == 0


def nothing_on_a_tape_reaches_the_terminal_as_it_is():
    """A bar code of a hostile file, and a name: escape sequences in 7 and 8 bits, line ends, what turns text around."""
    good('create', 'e.tape', '--barcode', 'X' * 20)
    image = bytearray(open('e.tape', 'rb').read())
    hostile = b'A\x1b[2J\nB\x07\xc2\x9bC\xe2\x80\xaeD\xff'
    for slot in (0, 65536):
        if image[slot:slot + 7] == b'USBTAPE':
            image[slot + 80:slot + 112] = hostile.ljust(32, b'\0')
            length = struct.unpack_from('<I', image, slot + 16)[0]
            image[slot + 12:slot + 16] = bytes(4)
            struct.pack_into('<I', image, slot + 12, crc32c(image[slot:slot + length]))
    write('e.tape', image)
    name = 'n\x1b[31m\u202e.tape'
    write(name, image)
    for path in ('e.tape', name):
        for command in (['info'], ['ls'], ['check'], ['info', '--json'], ['ls', '--json'], ['check', '--json']):
            _, output, errors = media(command[0], path, *command[1:])
            text = output.decode() + '\n'.join(errors)
            assert not any(ord(c) < 32 and c != '\n' or 127 <= ord(c) < 160 or c == '\u202e' for c in text), repr(text)
            if '--json' in command:
                assert json.loads(output)['path'] == path
    assert b'A\\x1b[2J\\x0aB' in media('info', 'e.tape')[1]
    assert json.loads(media('info', 'e.tape', '--json')[1])['barcode'].startswith('A\x1b[2J\nB\x07')


def a_full_disk_is_said_and_nothing_is_left():
    write('full.tap', IMAGE)
    refused(1, ['full.tape', 'File too large'], 'import', 'full.tap', 'full.tape', limit=17 * 2**20)
    assert not os.path.exists('full.tape')
    refused(1, ['tiny.tape'], 'create', 'tiny.tape', limit=100)
    assert not os.path.exists('tiny.tape')
    if os.path.exists('/dev/full'):
        good('import', 'full.tap', 'f.tape')
        with open('/dev/full', 'wb') as full:
            refused(1, ['standard output', 'No space'], 'cat', 'f.tape', '--file', '0', stdout=full)
            refused(1, ['standard output', 'No space'], 'ls', 'f.tape', stdout=full)


def what_does_not_fit_the_format_is_refused():
    good('create', 'p.tape', '--partitions', '2')
    refused(2, ['.tap', 'partitions'], 'export', 'p.tape', 'p.tap')
    refused(2, ['p.foo', '--format', '.tap .aws'], 'export', 'p.tape', 'p.foo')
    assert not os.path.exists('p.foo')
    good('export', 'p.tape', 'p.foo', '--format', 'usbtape')


def a_cartridge_in_use_can_be_looked_at():
    good('create', 'used.tape')
    with open('used.tape', 'r+b') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        good('ls', 'used.tape')


TESTS = [f for name, f in list(globals().items())
         if callable(f) and getattr(f, '__module__', '') == '__main__'
         and name not in ('media', 'good', 'refused', 'tap_image', 'aws', 'write', 'chunks_of',
                         'of_generation', 'as_version_2')]


if __name__ == '__main__':
    sys.exit(tap.run(TESTS))
