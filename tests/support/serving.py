# SPDX-License-Identifier: GPL-2.0-or-later
"""`usbtape serve` for one test, in the current directory, and what it says."""
import os
import signal
import subprocess

PATIENCE = 60  # seconds; only a failure takes so long


def usbtape(program, *words, status=0):
    """Standard output and error of a command that must end with this status."""
    done = subprocess.run([program, *words], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=PATIENCE)
    assert done.returncode == status, f'{words}: status {done.returncode}, {done.stderr}'
    return done.stdout, done.stderr


class Serving:
    """A drive on ./drive.sock. `stderr` as for Popen; without it serving.errors() is what it said."""

    def __init__(self, program, *words, stderr=None, listen='unix:drive.sock', prepare=None, env=None):
        self.log = open('serve.log', 'w+', encoding='utf-8')
        self.process = subprocess.Popen(
            [program, 'serve', *(['--listen', listen] if listen else []), *words], stdout=subprocess.PIPE,
            stderr=self.log if stderr is None else stderr, text=True, preexec_fn=prepare,
            env=dict(os.environ, **(env or {})))
        self.said = self.process.stdout.readline()
        assert self.said.startswith('listening on ' if listen else 'connecting to '), f'{self.said!r}, {self.errors()}'
        self.address = self.said.split()[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def errors(self):
        with open('serve.log', encoding='utf-8') as log:
            return log.read()

    def stop(self, status=0):
        """SIGTERM; the drive ends in time with this status. Returns what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        got = self.process.wait(PATIENCE)
        assert got == status, f'status {got}: {self.errors()}'
        return self.errors()
