#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py USBTAPE SCENARIOS: `usbtape compare` on results of each class, and on files that are none."""
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position

USBTAPE, SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:])
CASE = [os.path.join(SCENARIOS, 'kb817765/models.yaml'), '--case', 'models.driver=F1.task=restore', '--seed=1']


def compare(*words, status=0):
    done = subprocess.run([USBTAPE, 'compare', *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f'status {done.returncode}: {done.stdout}{done.stderr}'
    return done.stdout if status < 2 else done.stderr


def line(name, verdict, passed, *reasons):
    return json.dumps({'case': name, 'guest': 'linux', 'verdict': verdict, 'passed': passed, 'reasons': list(reasons)}) + '\n'


def results(name, *lines):
    os.makedirs(name, exist_ok=True)
    with open(f'{name}/results.jsonl', 'w', encoding='utf-8') as file:
        file.write(''.join(lines))


def each_class_is_named():
    results('old', line('a', 'intact', True), line('b', 'hang', False, 'it hung'), line('c', 'intact', True),
            line('d', 'intact', True), line('e', 'intact', True), line('f', 'recovered', True))
    results('new', line('a', 'detected', False, 'step 1: \x1b[31mred'), line('b', 'intact', True), line('c', 'intact', True),
            line('d', 'env-error', False), line('g', 'intact', True), line('f', 'detected', True))
    text = compare('old', 'new', '--junit', 'j.xml', '--html', 'p.html', '--json', 'c.json', status=1)
    for expected in ('regression   a: intact → detected', '# see new/a', 'repair       b: hang → intact',
                     'changed      f: recovered → detected', 'new          g: – → intact', 'gone         e: intact → –',
                     'says nothing d: intact → env-error',
                     '# 1 regression, 1 repair, 1 changed, 1 new, 1 gone, 1 says nothing, 1 same'):
        assert expected in text, (expected, text)
    assert '\x1b' not in text and text.index('regression') < text.index('repair')
    failures = xml.etree.ElementTree.parse('j.xml').findall('.//failure/..')
    assert [case.get('name') for case in failures] == ['a']
    with open('c.json', encoding='utf-8') as file:
        found = json.load(file)['usbtape-compare']
    assert found['counts']['regression'] == 1 and found['cases'][0]['after']['verdict'] == 'detected'
    with open('p.html', encoding='utf-8') as file:
        page = file.read()
    assert page.startswith('<!DOCTYPE html>') and '1 regression' in page and '<script' not in page


def nothing_worse_is_status_0():
    results('old', line('a', 'intact', True), line('b', 'hang', False))
    results('new', line('a', 'intact', True), line('b', 'intact', True), line('c', 'detected', False))
    assert '0 regressions, 1 repair, 0 changed, 1 new' in compare('old', 'new')
    assert '# 0 regressions' in compare('old', 'old').split('\n')[-2]


def each_file_of_a_run_is_taken():
    done = subprocess.run([USBTAPE, 'run', *CASE, '--out', 'out', '--json', 'run.json'], capture_output=True, text=True)
    assert done.returncode == 0, done
    same = '# 0 regressions, 0 repairs, 0 changed, 0 new, 0 gone, 0 say nothing, 1 same\n'
    for before in 'out', 'out/results.jsonl', 'run.json':
        for after in 'out', 'run.json':
            assert compare(before, after) == same


def what_is_no_result_is_refused_with_its_place():
    results('good', line('a', 'intact', True))
    for text, message in (('', 'results.jsonl: it has no results'), ('{"case":\n', 'results.jsonl:1: it is no result of a case'),
                          ('[]\n', 'results.jsonl:1: it is no result of a case'), ('{}\n', 'results.jsonl:1: no name of a case'),
                          (line('../x', 'intact', True), 'results.jsonl:1: no name of a case'),
                          (line('a', 'x', True) * 2, 'results.jsonl:2: the case a stands there twice'),
                          ('\0', 'no text in UTF-8'), ('[' * 100000, 'it is no result of a case'),
                          ('{"usbtape-run": {}}', 'a report without cases'),
                          ('{"usbtape-run": {"cases": [1]}}', 'case 1: it is no object')):
        results('bad', text)
        said = compare('good', 'bad', status=2)
        assert message in said and said.count('\n') == 1, (text, said)
    assert 'there are no results' in compare('good', 'nowhere', status=2)
    assert 'name two runs' in compare('good', status=2)


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        sys.exit(tap.run([each_class_is_named, nothing_worse_is_status_0, each_file_of_a_run_is_taken,
                          what_is_no_result_is_refused_with_its_place]))
