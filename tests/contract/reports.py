#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""reports.py SAMPLE: the files of `usbtape run --junit`, as those who read them need them.

SAMPLE writes a run with a case of every verdict and hostile text in it (../support/report_sample.c).
"""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

VERDICTS = ('intact recovered detected silent-corruption false-alarm hang crash inconclusive '
            'env-error').split()
PASSES = ('intact', 'recovered')
NOTHING_SHOWN = ('inconclusive', 'env-error')

# What the schemas that are about have in common: element -> (needed, allowed attributes, children
# in their order, each with how many there may be).
MANY = 1 << 30
SCHEMA = {
    'testsuites': ((), ('name', 'tests', 'failures', 'errors', 'time'), (('testsuite', MANY),)),
    'testsuite': (('name', 'tests', 'failures', 'errors', 'time', 'timestamp', 'hostname', 'id', 'package'),
                  ('skipped',),
                  (('properties', 1), ('testcase', MANY), ('system-out', 1), ('system-err', 1))),
    'properties': ((), (), (('property', MANY),)),
    'property': (('name', 'value'), (), ()),
    'testcase': (('name', 'classname', 'time'), (), (('failure', 1), ('error', 1), ('skipped', 1))),
    'failure': (('type',), ('message',), ()),
    'error': (('type',), ('message',), ()),
    'skipped': ((), ('message',), ()),
    'system-out': ((), (), ()),
    'system-err': ((), (), ()),
}
number = 0


def point(name, why):
    """`why`: what is wrong, or nothing"""
    global number
    number += 1
    print(f'{"not ok" if why else "ok"} {number} - {name}')
    if why:
        print('# ' + str(why).replace('\n', '\n# '))


def schema_violations(element):
    needed, allowed, children = SCHEMA.get(element.tag, (None, None, None))
    if needed is None:
        return [f'no element {element.tag}']
    found = [f'{element.tag} lacks {name}' for name in needed if name not in element.attrib]
    found += [f'{element.tag} has {name}' for name in element.attrib if name not in needed + allowed]
    order = [name for name, _ in children]
    tags = [child.tag for child in element]
    found += [f'{tag} in {element.tag}' for tag in tags if tag not in order]
    if not found and tags != sorted(tags, key=order.index):
        found.append(f'{element.tag}: order of {sorted(set(tags))}')
    found += [f'{tags.count(name)} {name} in {element.tag}' for name, most in children
              if tags.count(name) > most]
    if element.tag == 'testcase' and len(element) > 1:
        found.append('a case with two outcomes')
    return found + [v for child in element for v in schema_violations(child)]


def wrong_counts(element):
    cases = list(element.iter('testcase'))
    found = []
    for name, tag in (('tests', None), ('failures', 'failure'), ('errors', 'error'),
                      ('skipped', 'skipped')):
        if name in element.attrib:
            have = len(cases) if tag is None else sum(case.find(tag) is not None for case in cases)
            if int(element.attrib[name]) != have:
                found.append(f'{element.tag} {name}: {element.attrib[name]}, not {have}')
    return found


def wrong_outcomes(root):
    found = []
    cases = {case.attrib['name']: case for case in root.iter('testcase')}
    verdicts = {p.attrib['name']: p.attrib['value'] for p in root.iter('property')}
    for i, verdict in enumerate(VERDICTS + ['no-verdict', 'skipped', 'not-run']):
        case = cases[f'case-{i}']
        tag = ('error' if verdict in NOTHING_SHOWN + ('no-verdict', 'not-run') else
               'skipped' if verdict == 'skipped' else 'failure')
        have = [(child.tag, child.attrib.get('type')) for child in case]
        want = [] if verdict in PASSES else [(tag, None if tag == 'skipped' else verdict)]
        if have != want:
            found.append(f'{verdict}: {have}, not {want}')
        if verdicts.get(f'verdict.case-{i}') != verdict:
            found.append(f'{verdict}: the property says {verdicts.get(f"verdict.case-{i}")}')
    return found


def check_junit(path):
    with open(path, 'rb') as file:
        data = file.read()
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        point('JUnit: well-formed whatever a guest printed', error)
        return
    point('JUnit: well-formed whatever a guest printed', None)
    point('JUnit: only what every schema has', '\n'.join(schema_violations(root)))
    point('JUnit: the counts are those of the cases',
          '\n'.join(w for e in [root] + root.findall('testsuite') for w in wrong_counts(e)))
    point('JUnit: every verdict is what it should be', '\n'.join(wrong_outcomes(root)))
    text = root.find(".//failure").text
    point('JUnit: text is kept', '' if '</script>' in text and '&amp;' in text else text)
    bad = [c for c in data.decode('utf-8') if (ord(c) < 32 and c != '\n') or 0x202a <= ord(c) <= 0x202e]
    point('JUnit: no control characters', bad)
    broken = ET.fromstring(data)
    broken.find('testsuite').append(ET.Element('testcase', {'name': 'x', 'colour': 'red'}))
    point('... and the check of all this can fail',
          '' if schema_violations(broken) and wrong_counts(broken) else 'it did not')


def check_files(sample, directory):
    """Reports replace each other as a whole, and nothing else."""
    path = os.path.join(directory, 'junit')
    before = os.stat(path).st_ino
    again = subprocess.run([sample, directory], capture_output=True, text=True, check=False)
    point('an old report is replaced, not written into',
          again.stderr if again.returncode or os.stat(path).st_ino == before else '')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('precious')
    refused = subprocess.run([sample, directory], capture_output=True, text=True, check=False)
    with open(path, encoding='utf-8') as file:
        point('a file of another kind stays',
              '' if refused.returncode and file.read() == 'precious' and '--junit' in refused.stderr
              else refused.stderr or 'it did not')


def main():
    sample = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sample, directory], check=True)
        check_junit(os.path.join(directory, 'junit'))
        check_files(sample, directory)
    print(f'1..{number}')


main()
