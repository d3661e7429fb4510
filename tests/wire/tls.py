#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that attach over TLS: real QEMUs (no guest boots) and peers that may not.

usage: tls.py PROGRAM
"""
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position
from serving import Serving, usbtape  # noqa: E402  pylint: disable=wrong-import-position
from usbredir import Host  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = os.path.abspath(sys.argv[1])
QEMU = 'qemu-system-x86_64'
LISTEN = 'tcp:127.0.0.1:0'
PATIENCE = 60  # seconds; only a failure takes so long
ATTACHED = 'host attached: qemu usb-redir guest'


def certtool(*words):
    subprocess.run(['certtool', *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(directory):
    """QEMU's file names: an authority, a server for 127.0.0.1, a client."""
    os.mkdir(directory)
    for name, template in (('ca', 'cn = "test authority"\nca\ncert_signing_key\n'),
                           ('server', 'cn = "drive"\nip_address = 127.0.0.1\ntls_www_server\nsigning_key\n'),
                           ('client', 'cn = "host"\nip_address = 127.0.0.1\ntls_www_client\nsigning_key\n')):
        base = os.path.join(directory, name)
        with open(base + '.info', 'w', encoding='utf-8') as file:
            file.write(template)
        certtool('--generate-privkey', '--key-type', 'ecdsa', '--outfile', base + '-key.pem')
        certtool(*(['--generate-self-signed'] if name == 'ca' else
                   ['--generate-certificate', '--load-ca-certificate', directory + '/ca-cert.pem',
                    '--load-ca-privkey', directory + '/ca-key.pem']),
                 '--load-privkey', base + '-key.pem', '--template', base + '.info', '--outfile', base + '-cert.pem')
    return directory


def revoke(directory, name):
    with open('crl.info', 'w', encoding='utf-8') as file:
        file.write('crl_next_update = 365\ncrl_number = 1\n')
    certtool('--generate-crl', '--load-ca-certificate', directory + '/ca-cert.pem', '--load-ca-privkey',
             directory + '/ca-key.pem', '--load-certificate', f'{directory}/{name}-cert.pem', '--template', 'crl.info',
             '--outfile', directory + '/ca-crl.pem')


def keys(directory, key='00112233445566778899aabbccddeeff'):
    os.mkdir(directory)
    with open(directory + '/keys.psk', 'w', encoding='utf-8') as file:
        file.write(f'qemu:{key}\n')
    return directory + '/keys.psk'


class Machine:
    """A QEMU with nothing but firmware (a stopped one would not even say hello), and what qemu-args printed."""

    def __init__(self, words):
        self.process = subprocess.Popen(
            [QEMU, '-M', 'q35', '-nodefaults', '-display', 'none', *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def arguments(*words):
    return shlex.split(usbtape(PROGRAM, 'qemu-args', *words)[0])


def wait_for(drive, text, count=1):
    end = time.monotonic() + PATIENCE
    while drive.errors().count(text) < count:
        assert time.monotonic() < end, f'it never said "{text}": {drive.errors()}'
        assert drive.process.poll() is None, drive.errors()
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def qemu_attaches_with(*tls):
    with Serving(PROGRAM, *tls, listen=LISTEN) as drive:
        with Machine(arguments('--listen', drive.address, *tls)):
            wait_for(drive, ATTACHED)
        wait_for(drive, 'host left')
        drive.stop()


def qemu_listens_with(*tls):
    address = f'tcp:127.0.0.1:{free_port()}'
    with Machine(arguments('--connect', address, *tls)):
        with Serving(PROGRAM, '--connect', address, *tls, listen=None) as drive:
            wait_for(drive, ATTACHED)
            drive.stop()


def qemu_attaches_with_a_pre_shared_key():
    qemu_attaches_with('--tls-psk', keys('keys'))
    qemu_listens_with('--tls-psk', 'keys/keys.psk')


def qemu_attaches_with_certificates():
    qemu_attaches_with('--tls-creds', certificates('pki'))
    qemu_listens_with('--tls-creds', 'pki')


def a_running_qemu_takes_and_gives_back():
    keys('keys')
    certificates('pki')
    with Machine(['-device', 'qemu-xhci,id=usb', '-qmp', 'unix:qmp.sock,server=on,wait=off']) as machine:
        while not os.path.exists('qmp.sock'):
            assert machine.process.poll() is None, machine.process.stderr.read()
            time.sleep(0.01)
        for words in (['--tls-psk', 'keys/keys.psk'], ['--tls-creds', 'pki']):  # of the same name: nothing is left
            with Serving(PROGRAM, *words, listen=LISTEN) as drive:
                usbtape(PROGRAM, 'attach', '--qmp', 'unix:qmp.sock', '--listen', drive.address, *words)
                wait_for(drive, ATTACHED)
                usbtape(PROGRAM, 'detach', '--qmp', 'unix:qmp.sock')
                wait_for(drive, 'host left')
                drive.stop()


def refusals(drive):
    return [line for line in drive.errors().splitlines() if 'host dropped' in line]


def qemu_with_a_wrong_key_is_refused():
    keys('keys')
    keys('wrong', '00112233445566778899aabbccddee00')
    with Serving(PROGRAM, '--tls-psk', 'keys/keys.psk', listen=LISTEN) as drive:
        for words in (['--tls-psk', 'wrong/keys.psk'], []):  # and one without TLS
            before = len(refusals(drive))
            with Machine(arguments('--listen', drive.address, *words)):
                wait_for(drive, 'host dropped: TLS: ', before + 1)
        assert ATTACHED not in drive.errors()
        with Machine(arguments('--listen', drive.address, '--tls-psk', 'keys/keys.psk')):
            wait_for(drive, ATTACHED)
        drive.stop()


def client(directory, name='client', authority=None):
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=(authority or directory) + '/ca-cert.pem')
    if name:
        context.load_cert_chain(f'{directory}/{name}-cert.pem', f'{directory}/{name}-key.pem')
    return context


def dial(drive, context=None):
    link = socket.create_connection(('127.0.0.1', int(drive.address.rsplit(':', 1)[1])), timeout=PATIENCE)
    return context.wrap_socket(link, server_hostname='127.0.0.1') if context else link


def blocks_go_both_ways():
    usbtape(PROGRAM, 'media', 'create', 't.tape')
    block = bytes(range(256)) * 9001  # no multiple of a record
    with Serving(PROGRAM, '--media', 't.tape', '--tls-creds', certificates('pki'), listen=LISTEN) as drive:
        host = Host(dial(drive, client('pki')))
        host.attach()
        host.ready()
        for _ in range(3):
            assert host.write(block) == 0
        assert host.command([1, 0, 0, 0, 0, 0])[0] == 0
        for _ in range(3):
            status, data = host.command([8, 0, *len(block).to_bytes(3, 'big'), 0], read=len(block))
            assert status == 0 and data == block
        host.close()
        drive.stop()


def certificates_are_checked():
    certificates('pki')
    certificates('other')
    with Serving(PROGRAM, '--tls-creds', 'pki', listen=LISTEN) as drive:
        for number, context in enumerate((client('pki', name=None), client('other', authority='pki')), 1):
            try:
                host = Host(dial(drive, context))
                host.attach()
                raise AssertionError('it was served')
            except (ssl.SSLError, EOFError, ConnectionError):
                pass
            wait_for(drive, 'host dropped: TLS: ', number)
        host = Host(dial(drive, client('pki')))
        host.attach()
        host.close()
        said = drive.stop()
    assert len(said.splitlines()) == 4 + (os.geteuid() == 0), said


def is_served(drive, context):
    try:
        host = Host(dial(drive, context))
        host.attach()
        host.close()
        return True
    except (ssl.SSLError, EOFError, ConnectionError):
        return False


def revoked_certificates_are_refused():
    certificates('pki')
    with Serving(PROGRAM, '--tls-creds', 'pki', listen=LISTEN) as drive:
        assert is_served(drive, client('pki'))
        drive.stop()
    revoke('pki', 'client')
    with Serving(PROGRAM, '--tls-creds', 'pki', listen=LISTEN) as drive:
        assert not is_served(drive, client('pki'))
        wait_for(drive, 'revoked')
        drive.stop()
    with open('pki/ca-crl.pem', 'w', encoding='utf-8') as file:
        file.write('none\n')
    said = usbtape(PROGRAM, 'serve', '--listen', LISTEN, '--tls-creds', 'pki', status=2)[1]
    assert 'pki/ca-crl.pem' in said and said.count('\n') == 1, said


def certificates_are_for_their_part():
    certificates('pki')
    with Serving(PROGRAM, '--tls-creds', 'pki', listen=LISTEN) as drive:
        assert not is_served(drive, client('pki', name='server'))
        wait_for(drive, 'host dropped: TLS: ')
        drive.stop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, attaches in ('client', False), ('server', True):
        context.load_cert_chain(f'pki/{name}-cert.pem', f'pki/{name}-key.pem')
        with socket.create_server(('127.0.0.1', 0)) as listener, \
                Serving(PROGRAM, '--connect', f'tcp:127.0.0.1:{listener.getsockname()[1]}', '--tls-creds', 'pki',
                        listen=None) as drive:
            listener.settimeout(PATIENCE)
            link, _ = listener.accept()
            link.settimeout(PATIENCE)
            try:
                host = Host(context.wrap_socket(link, server_side=True))
                host.attach()
                host.close()
                served = True
            except (ssl.SSLError, EOFError, ConnectionError):
                served = False
            assert served == attaches, (name, drive.errors())
            drive.stop()


def garbage_stops_nothing():
    keys('keys')
    with Serving(PROGRAM, '--tls-psk', 'keys/keys.psk', listen=LISTEN) as drive:
        for number, bytes_sent in enumerate((b'\x16\x03\x01\xff\xff' + b'\xff' * 70000, b'GET / HTTP/1.0\r\n\r\n',
                                             b'\x80' * 100, b'\x16\x03\x03\x00\x04\x01\x00\x00\x00', b'\x15\x03\x03'), 1):
            link = dial(drive)
            try:
                link.sendall(bytes_sent)
                link.shutdown(socket.SHUT_WR)
                while link.recv(4096):
                    pass
            except OSError:
                pass
            link.close()
            wait_for(drive, 'host dropped: ', number)
        silent = dial(drive)  # no handshake: it holds the drive while no other wants it
        with Machine(arguments('--listen', drive.address, '--tls-psk', 'keys/keys.psk')):
            wait_for(drive, ATTACHED)
        assert 'it says no hello, and another host waits' in drive.errors()
        silent.close()
        drive.stop()


def remote_addresses_want_tls_or_a_word():
    keys('keys')
    everywhere = 'tcp:0.0.0.0:0'
    assert '--allow-remote' in usbtape(PROGRAM, 'serve', '--listen', everywhere, status=2)[1]
    for words in ['--allow-remote'], ['--tls-psk', 'keys/keys.psk']:
        with Serving(PROGRAM, *words, listen=everywhere) as drive:
            drive.stop()


def wrong_files_are_named():
    os.mkdir('empty')
    for name, text in ('no-colon', 'qemu\n'), ('no-hex', 'qemu:xyz\n'), ('nothing', '# none\n'):
        with open(name, 'w', encoding='utf-8') as file:
            file.write(text)
    for words, named in ((['--tls-psk', 'missing'], 'missing'), (['--tls-psk', 'no-colon'], 'no-colon:1'),
                         (['--tls-psk', 'no-hex'], 'no-hex:1'), (['--tls-psk', 'nothing'], 'nothing'),
                         (['--tls-creds', 'empty'], 'empty/ca-cert.pem'),
                         (['--tls-creds', 'empty', '--tls-psk', 'no-hex'], 'one of')):
        said = usbtape(PROGRAM, 'serve', '--listen', LISTEN, *words, status=2)[1]
        assert named in said and said.count('\n') == 1, said
    said = usbtape(PROGRAM, 'qemu-args', '--tls-psk', 'no-hex', status=2)[1]
    assert 'keys.psk' in said, said


if __name__ == '__main__':
    MISSING = [tool for tool in (QEMU, 'certtool') if not shutil.which(tool)]
    if MISSING:
        tap.skip_all(f'{" and ".join(MISSING)} not installed (Debian: qemu-system-x86, gnutls-bin)')
    else:
        sys.exit(tap.run([qemu_attaches_with_a_pre_shared_key, qemu_attaches_with_certificates,
                          a_running_qemu_takes_and_gives_back,
                          qemu_with_a_wrong_key_is_refused, blocks_go_both_ways, certificates_are_checked,
                          revoked_certificates_are_refused, certificates_are_for_their_part,
                          garbage_stops_nothing, remote_addresses_want_tls_or_a_word, wrong_files_are_named]))
