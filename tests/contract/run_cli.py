#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run_cli.py USBTAPE SCENARIOS: the options of `usbtape run`, and the directory that it writes to.

One case of the simulated host, which takes a moment. Whatever `run` did not make itself stays as it is.
"""
import os
import subprocess
import sys
import tempfile

USBTAPE, SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:])
CASE = [os.path.join(SCENARIOS, 'kb817765/models.yaml'), '--case', 'models.driver=F1.task=restore']
NAME = CASE[-1]
number = failed = 0


def point(name, good, why=''):
    global number, failed
    number += 1
    failed += not good
    print(f'{"" if good else "not "}ok {number} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).splitlines()))


def run(tmp, *words):
    return subprocess.run([USBTAPE, 'run', '--seed=1', *words], cwd=tmp, capture_output=True, text=True, timeout=100)


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def get(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def refused(name, done, *named):
    lines = done.stderr.splitlines()
    point(name, done.returncode == 2 and len(lines) == 1 and all(word in lines[0] for word in named),
          f'{done.returncode}: {done.stdout}{done.stderr}')


def good(name, done, more=True):
    point(name, done.returncode == 0 and '# 1 passed, 0 failed, 0 skipped' in done.stdout and more,
          f'{done.returncode}: {done.stdout}{done.stderr}')


def numbers(tmp):
    for words in (['-j1'], ['-j', '1'], ['-vj2'], ['--jobs=2'], ['-ooglued'], ['-vooglued', '-j256'], ['-s1']):
        good(' '.join(words), run(tmp, *CASE, *words))
    point('a value glued to its letter is that value', os.path.exists(f'{tmp}/oglued/results.jsonl'), os.listdir(tmp))
    good('a value that looks like an option is a value', run(tmp, *CASE, '--out', '-j1'), os.path.isdir(tmp + '/-j1'))
    good('after -- all words are files', run(tmp, *CASE[1:], '--', CASE[0]))
    for text in ('0', '-1', '257', '', ' 1', '0x1', '1.5', 'two', '18446744073709551617'):
        refused(f'--jobs {text!r}', run(tmp, *CASE, f'--jobs={text}'), f"--jobs '{text}'", 'from 1 to 256')
    refused('-j0', run(tmp, *CASE, '-j0'), "--jobs '0'")
    refused('-jx', run(tmp, *CASE, '-jx'), "--jobs 'x'")
    for text in ('18446744073709551616', '1..18446744073709551616', '', '-1', '0x1'):
        done = subprocess.run([USBTAPE, 'run', *CASE, f'--seed={text}'], cwd=tmp, capture_output=True, text=True)
        refused(f'--seed {text!r}', done, f"--seed '{text}'", '18446744073709551615')
    good('the greatest seed', run(tmp, *CASE, '--seed', '18446744073709551615'))
    for text in ('0/1', '2/1', '1/', '1/18446744073709551617'):
        refused(f'--shard {text!r}', run(tmp, *CASE, '--shard', text), '--shard')


def foreign(tmp):
    out, case = tmp + '/f', f'{tmp}/f/{NAME}'
    put(out + '/results.jsonl', 'mine')
    refused('foreign results.jsonl', run(tmp, *CASE, '-of'), 'f: results.jsonl', 'move it away')
    point('... is kept', get(out + '/results.jsonl') == 'mine' and os.listdir(out) == ['results.jsonl'], os.listdir(out))
    os.rename(out + '/results.jsonl', tmp + '/target')
    for link in (os.symlink, os.link):
        link(tmp + '/target', out + '/results.jsonl')
        refused(f'results.jsonl made by {link.__name__}', run(tmp, *CASE, '-of'), 'f: results.jsonl')
        os.remove(out + '/results.jsonl')
    put(out + '/notes', 'mine')
    good('other files may lie there', run(tmp, *CASE, '-of'), get(out + '/notes') == 'mine')
    good('its own results are replaced', run(tmp, *CASE, '-of'), get(out + '/results.jsonl').count('\n') == 1)
    for link in (os.symlink, os.link):
        os.remove(out + '/results.jsonl')
        link(tmp + '/target', out + '/results.jsonl')
        good(f'a later {link.__name__} is not followed', run(tmp, *CASE, '-of'), get(tmp + '/target') == 'mine')
    os.rename(case, tmp + '/kept')
    put(case + '/case.json', 'mine')
    put(case + '/data', 'mine')
    refused('a directory with a case.json alone', run(tmp, *CASE, '-of'), NAME, 'move it away')
    point('... is kept', sorted(os.listdir(case)) == ['case.json', 'data'], os.listdir(case))
    put(case + '/.usbtape-run', 'mine')
    refused('a mark of others', run(tmp, *CASE, '-of'), NAME, 'move it away')
    os.remove(case + '/.usbtape-run')
    os.symlink(tmp + '/kept/.usbtape-run', case + '/.usbtape-run')
    refused('a mark that is a link', run(tmp, *CASE, '-of'), NAME, 'move it away')
    point('... is kept', get(case + '/data') == 'mine')
    os.rename(case, tmp + '/theirs')
    os.symlink(tmp + '/kept', case)
    refused('a case directory that is a link', run(tmp, *CASE, '-of'), NAME, 'move it away')
    point('... is kept', os.path.islink(case) and os.path.exists(tmp + '/kept/verdict.json'))
    os.remove(case)
    os.rename(tmp + '/kept', case)
    os.symlink(tmp + '/theirs', case + '/link')
    good('what a link in it leads to is kept', run(tmp, *CASE, '-of'),
         get(tmp + '/theirs/data') == 'mine' and not os.path.exists(case + '/link'))
    os.remove(out + '/.usbtape-run')
    put(out + '/.usbtape-run', 'mine')
    refused('a mark of others in the directory of all', run(tmp, *CASE, '-of'), 'f: .usbtape-run')
    put(tmp + '/file', 'mine')
    refused('a file for a directory', run(tmp, *CASE, '-o', 'file'), '--out file')


def one_line(tmp):
    """Names of files and texts of scenarios may hold anything"""
    put(tmp + '/a\n\x1b[31m/b.yaml', 'name: "\\e[31m"\nabout: "a\\nb"\nsteps: [{run: x}]\n')
    for words in (['run', '--check', 'a\n\x1b[31m'], ['selfcheck', '--check', 'a\n\x1b[31m/none.yaml']):
        done = subprocess.run([USBTAPE, *words], cwd=tmp, capture_output=True, text=True)
        point(f'{words[0]}: names of files are one line', done.returncode == 2 and done.stdout == '' and
              done.stderr.count('\n') == 1 and 'a\\x0a\\x1b[31m' in done.stderr, done.stdout + done.stderr)
    os.rename(tmp + '/a\n\x1b[31m/b.yaml', tmp + '/c\n\x1b[31m.yaml')
    put(tmp + '/c\n\x1b[31m.yaml', 'name: n\nabout: "a\\nb"\nsteps: [{run: x}]\n')
    done = subprocess.run([USBTAPE, 'selfcheck', '--check', 'c\n\x1b[31m.yaml'], cwd=tmp, capture_output=True, text=True)
    point('what lacks a bad driver is named in one line', done.returncode == 1 and
          done.stdout == 'c\\x0a\\x1b[31m.yaml: it names no bad driver\n', done.stdout + done.stderr)


with tempfile.TemporaryDirectory() as room:
    one_line(room)
    numbers(room)
    foreign(room)
print(f'1..{number}')
sys.exit(failed > 0)
