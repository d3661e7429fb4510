#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the commands of the documents work as they stand there?

usage: documents.py PROGRAM SOURCE-TREE        TAP, one case a page and kind

Commands stand in blocks that begin with ```sh. Each block runs by `bash -e`, in the order of the page, in a copy of the tree
of its own, where build/ and build-release/ hold PROGRAM, and PROGRAM is in the PATH. A comment of a line of its own before a
block changes that:

    <!-- not run here: REASON -->      the block is not run: a guest, a network, another program, minutes
    <!-- stays: TEXT -->               the block is one command that stays: it prints TEXT, SIGINT ends it, its status is 0
    <!-- file: NAME -->                the block is a file that the commands of the page find; of one name, one after the other

Rules and scenarios stand in blocks that begin with ```yaml. Each is read by `usbtape run --check`; a part of a scenario is made
whole first.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check

MARK = re.compile(r'^<!-- (not run here|stays|file): *(.*?) *-->$')
LANGUAGES = ('sh', 'yaml', 'xml', 'text')
# A command in a block that no fence names would escape.
COMMAND = re.compile(r'(?:\$ )?(?:\S*/)?(?:usbtape|qemu-system-\w+|tshark|meson|ninja|mt|dd|tar|echo|sudo|apt-get|build-guest)\b|'
                     r'\./|(?:emu|tests|scenarios|media|build|build-release)/\S+(?:\s|$)')
REASON = 12  # letters that a reason has at least
DEADLINE = 60


def blocks(text):
    """(language, text, mark or None, line) of each block; language '' is an indented block."""
    lines = text.split('\n')
    n = 0
    while n < len(lines):
        fence = re.match(r'^```(\w*)$', lines[n])
        first = n
        if fence:
            n += 1
            while n < len(lines) and lines[n] != '```':
                n += 1
            mark = MARK.match(lines[first - 1]) if first else None
            yield fence[1] or 'none', '\n'.join(lines[first + 1:n]) + '\n', mark, first + 1
        elif lines[n].startswith('    ') and n and not lines[n - 1].strip():
            while n < len(lines) and (lines[n].startswith('    ') or not lines[n].strip()):
                n += 1
            yield '', '\n'.join(line[4:] for line in lines[first:n]).strip() + '\n', None, first + 1
            continue
        n += 1


def misplaced(path, text):
    """Blocks that no test could judge."""
    if text.count('\n```') % 2:
        yield f'{path}: a block has no end'
    for language, body, mark, line in blocks(text):
        if language and language not in LANGUAGES:
            yield f'{path}:{line}: the block is none of {", ".join(LANGUAGES)}'
        if not language and any(COMMAND.match(l) for l in body.split('\n')):
            yield f'{path}:{line}: commands stand in a block that begins with ```sh'
        if mark and (len(mark[2]) < (REASON if mark[1] == 'not run here' else 1) or
                     (language == 'sh') == (mark[1] == 'file')):
            yield f'{path}:{line}: the comment before the block has no reason or text, or is none for such a block'


def copied(paths, source, program, into):
    """The tree as links, its documents as files, so that a command that writes one writes to the copy."""
    for folder in {os.path.dirname(path) for path in paths}:
        os.makedirs(os.path.join(into, folder), exist_ok=True)
    for path in paths:
        target = os.path.join(into, path)
        if path.endswith('.md'):
            shutil.copy(os.path.join(source, path), target)
        else:
            os.symlink(os.path.join(source, path), target)
    for build in ('build', 'build-release'):
        os.makedirs(os.path.join(into, build, 'emu'))
        os.symlink(program, os.path.join(into, build, 'emu', 'usbtape'))


def run(body, environment, directory):
    """Status and output of a block; what outlives the deadline is killed with its children, as status 124."""
    child = subprocess.Popen(['bash', '-eo', 'pipefail', '-c', body], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        said, _ = child.communicate(timeout=DEADLINE)
        return child.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return 124, 'it does not end: mark the block, or make it shorter'


def stays(command, text, environment, directory):
    """Starts a command that stays until it has printed `text`; what is wrong, and the process."""
    child = subprocess.Popen(['bash', '-ec', 'exec ' + command], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = ''
    for line in child.stdout:
        said += line
        if text in line:
            return '', child
    child.wait()
    return f'ended without "{text}": {said.strip()}', child


def failures_of_page(path, text, paths, source, program):
    """Commands of a page that fail."""
    if not any(language == 'sh' and not (mark and mark[1] == 'not run here') for language, _, mark, _ in blocks(text)):
        return
    running = []
    with tempfile.TemporaryDirectory() as directory:
        copied(paths, source, program, directory)
        environment = dict(os.environ, PATH=f'{os.path.join(directory, "build", "emu")}:{os.environ["PATH"]}',
                           TMPDIR=directory)
        try:
            for language, body, mark, line in blocks(text):
                if mark and mark[1] == 'file':
                    with open(os.path.join(directory, mark[2]), 'a', encoding='utf-8') as to:
                        to.write(body)
                if language != 'sh' or mark and mark[1] == 'not run here':
                    continue
                if mark:
                    wrong, child = stays(body.strip(), mark[2], environment, directory)
                    running.append((line, child))
                    if wrong:
                        yield f'{path}:{line}: {wrong}'
                    continue
                status, said = run(body, environment, directory)
                if status != 0:
                    yield f'{path}:{line}: status {status}: ' + ' / '.join(said.strip().split('\n')[-4:])
        finally:
            for line, child in running:
                if child.poll() is None:
                    child.send_signal(signal.SIGINT)
                child.stdout.read()
                if child.wait(timeout=DEADLINE) != 0:
                    yield f'{path}:{line}: status {child.returncode} when it was ended'


def whole(body, name):
    """The scenario that a block is, or is a part of."""
    if body.startswith('- {'):
        body = 'faults:\n' + ''.join('  ' + line + '\n' for line in body.rstrip().split('\n'))
    elif body.startswith('  - '):
        body = 'steps:\n' + body
    elif body.startswith('  '):
        body = 'expect:\n' + body
    keys = set(re.findall(r'^([\w-]+):', body, re.M))
    if 'name' not in keys:
        body = f'name: {name}\n' + body
    if 'about' not in keys:
        body = 'about: an example\n' + body
    if not keys & {'steps', 'sim'}:
        body += 'steps: [' + ', '.join(['{run: "true"}'] * 4) + ']\n'
    if 'complaint' in body and 'outcome' not in body and 'expect' in body:
        body = re.sub(r'^expect:\n', 'expect:\n  outcome: detected\n', body, flags=re.M)
    return body


def unread(path, text, program):
    """Blocks of YAML that are no scenario and no part of one."""
    with tempfile.TemporaryDirectory() as directory:
        files = {}
        for number, (language, body, mark, line) in enumerate(blocks(text)):
            # A file's text is whole when a command of the page reads it.
            if language == 'yaml' and not (mark and mark[1] == 'file'):
                file = os.path.join(directory, f'{number}', 'x.yaml')
                os.makedirs(os.path.dirname(file))
                with open(file, 'w', encoding='utf-8') as to:
                    to.write(whole(body, f'line-{line}'))
                files[file] = line
        if not files:
            return
        done = subprocess.run([program, 'run', '--check', *files], capture_output=True, text=True)
        if done.returncode != 0:
            wrong = next((line for file, line in files.items() if file in done.stderr), '?')
            yield f'{path}:{wrong}: {done.stderr.strip()}'


PLANTED = [
    (misplaced, 'a command in an indented block', 'Do\n\n    usbtape list faults\n'),
    (misplaced, 'a block of another language', '```python\nx\n```\n'),
    (failures_of_page, 'a file that is no scenario',
     '<!-- file: x.yaml -->\n```yaml\nname: x\n```\n```sh\nusbtape run --check x.yaml\n```\n'),
    (misplaced, 'a mark without a reason', '<!-- not run here: -->\n```sh\nfalse\n```\n'),
    (failures_of_page, 'a command that fails', '```sh\nusbtape list nothing | cat\n```\n'),
    (failures_of_page, 'a command before the last that fails', '```sh\nfalse\ntrue\n```\n'),
    (failures_of_page, 'a server that ends', '<!-- stays: listening -->\n```sh\nusbtape list faults\n```\n'),
    (unread, 'a key that is none', '```yaml\nexplode: 1\n```\n'),
    (unread, 'a fault that is none', '```yaml\n- {name: drive.explode}\n```\n'),
]
ALLOWED = '<!-- not run here: it needs a guest -->\n```sh\nfalse\n```\n\n```sh\ntest -x build/emu/usbtape\n```\n'


def main():
    program, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    paths = check.list_paths(source)
    extra = {misplaced: (), failures_of_page: (paths, source, program), unread: (program,)}
    bare = {**extra, failures_of_page: ((), source, program)}
    results = []
    for path in paths:
        if path.endswith('.md'):
            with open(os.path.join(source, path), encoding='utf-8') as file:
                text = file.read()
            for rule, what in ((misplaced, 'blocks are of a known kind'), (failures_of_page, 'commands work'),
                               (unread, 'scenarios are read')):
                if rule is misplaced or re.search(r'^```' + ('sh' if rule is failures_of_page else 'yaml'), text, re.M):
                    results.append((f'{path}: {what}', list(rule(path, text, *extra[rule]))))
    for rule, what, text in PLANTED:
        results.append((f'{what} is noticed', [] if list(rule('planted', text, *bare[rule])) else ['it is not']))
    for rule, more in bare.items():
        results.append((f'{rule.__name__} is green on a good page', list(rule('good', ALLOWED, *more))))
    print(f'1..{len(results)}')
    for number, (what, wrong) in enumerate(results, 1):
        print(f'{"not ok" if wrong else "ok"} {number} - {what}')
        for line in wrong:
            print('# ' + line.replace('\n', ' / '))
    return any(wrong for _, wrong in results)


if __name__ == '__main__':
    sys.exit(main())
