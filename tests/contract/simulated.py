#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""simulated.py USBTAPE SCENARIOS [smallest]: `usbtape run` and `selfcheck` on the simulated Windows host.

A few seeds of each; the whole table is a slow test (tests/guest/meson.build), and so is `--minimise` for every model:
that is what `smallest` does, alone.
"""
import html
import json
import os
import re
import subprocess
import sys
import tempfile

USBTAPE, SCENARIOS, *WHAT = sys.argv[1:]
MODELS = os.path.join(SCENARIOS, 'kb817765/models.yaml')
FIXED = os.path.join(SCENARIOS, 'kb817765/fixed.yaml')
number = failed = 0


def point(name, good, why=''):
    global number, failed
    number += 1
    failed += not good
    print(f'{"" if good else "not "}ok {number} - {name}', flush=True)
    if not good:
        print('\n'.join('# ' + line for line in str(why).splitlines()[:40]))


def usbtape(*arguments, command='run'):
    return subprocess.run([USBTAPE, command, *arguments], capture_output=True, text=True, timeout=200)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def case(driver, task):
    return f'models.driver={driver}.task={task}'


def table_is_told(tmp):
    page, data, junit = tmp + '/run.html', tmp + '/run.json', tmp + '/run.xml'
    run = usbtape(MODELS, '--seed', '1..3', '--case', case('F1', 'restore'), '-o', tmp + '/o', '--html',
                  page, '--json', data)
    point('a cell that can show nothing passes when it shows nothing, and says why',
          run.returncode == 0 and 'nothing to see: it only reads' in run.stdout, run.stdout + run.stderr)
    run = usbtape(MODELS, '--seed', '1..6', '--case', case('F2', 'backup-verify'), '-o', tmp + '/o',
                  '--html', page, '--json', data, '--junit', junit)
    point('a cell whose failure shows passes', run.returncode == 0, run.stdout + run.stderr)
    inside = usbtape(MODELS, '--seed', '1', '--case', case('F1', 'restore'), '-o', tmp + '/o', '--attach',
                     'qemu-device')
    point('how a drive would be attached is nothing to a simulated host', inside.returncode == 0 and '1 passed' in inside.stdout,
          f'{inside.returncode}: {inside.stdout + inside.stderr}')
    row = re.search(r'^# F2 +backup-verify +6 +(\d) +0 +0 +0 +(\d) +0 +5 +6 clean$', run.stdout, re.M)
    point('the table has its row', row and int(row[1]) + int(row[2]) == 6, run.stdout)
    words = 'These are models of a driver\'s queue: Microsoft published no root cause'
    said = {'text': run.stdout, 'story': open(f'{tmp}/o/{case("F2", "backup-verify")}/story.txt', encoding='utf-8').read()}
    for path in page, data, junit, f'{tmp}/o/{case("F2", "backup-verify")}/story.html':
        said[path] = html.unescape(open(path, encoding='utf-8').read())
    for where, text in said.items():
        point(f'these are models, says {os.path.basename(where)}', words in re.sub(r'\s+', ' ', text), text[:3000])
    row = re.search(r'^# F2 +backup-verify +- +- +(\d)/(\d) +(\d)/(\d)(?: +-){5}$', run.stdout, re.M)
    point('what set them off is told, of each trigger', row and int(row[2]) + int(row[4]) == 6 and
          '<table id="triggers">' in said[page], run.stdout)
    row = re.search(r'^# F2 +backup-verify +6 +(\d) +', run.stdout, re.M)
    model = json.load(open(data, encoding='utf-8'))['usbtape-run']['cases'][0]['result']['model']
    speed = re.search(r'processor time .*, (\d+) a minute', run.stdout)
    point('a thousand simulated cases a minute, even with sanitizers', int(speed[1]) >= 1000, run.stdout)
    point('the JSON has the numbers of the table',
          model['driver'] == 'F2' and model['cases'] == 6 and model['against-clean'] == 6 and
          row and model['reported'] == int(row[1]), model)
    text = open(page, encoding='utf-8').read()
    point('the page has the table, and the picture of the order',
          '<table id="models">' in text and 'Issue order against tape order' in text and '<svg' in text)
    story = open(f'{tmp}/o/{case("F2", "backup-verify")}/story.txt', encoding='utf-8').read()
    point('the story has the words of the article, which object holds which write, and twenty lines',
          'An inconsistency was encountered on the requested media.' in story and
          'our mapping' in story and re.search(r'object \d+ holds write \d+', story) and
          len(story.splitlines()) <= 22, story)
    again = re.search(r'again +usbtape run (.*)', story)[1]
    run = subprocess.run(f'{USBTAPE} run {again} -o {tmp}/again', shell=True, capture_output=True,
                         text=True, timeout=100, check=False)
    point('the command that the story ends with does it again', 'detected' in run.stdout, run.stdout)
    cartridge = f'{tmp}/o/{case("F2", "backup-verify")}/cartridge-1.tape'
    run = subprocess.run([USBTAPE, 'media', 'check', '--mtf', cartridge], capture_output=True, text=True,
                         timeout=100, check=False)
    point('its cartridge is there, and is found bad by `media check --mtf`', run.returncode == 1,
          run.stdout + run.stderr)


def what_is_expected_counts(tmp):
    text = open(MODELS, encoding='utf-8').read()
    text = re.sub(r'vary:(\n  .*)+', 'vary: {driver: [post-fix], task: [backup]}', text)
    text = re.sub(r'\n  #[^\n]*(?=\n(  #.*\n)*  shows:)|\n  shows:(\n    .*)+', '', text)
    run = usbtape(write(tmp + '/good.yaml', text), '--seed', '1..3', '-o', tmp + '/o')
    point('a driver that shows nothing, and could, fails', run.returncode == 1 and
          'none of 3 cases went wrong' in run.stdout, run.stdout + run.stderr)
    text = re.sub('against: post-fix', 'against: F2', text)
    run = usbtape(write(tmp + '/against.yaml', re.sub(r'driver: \[post-fix\]', 'driver: [F3]', text)),
                  '--seed', '1..3', '-o', tmp + '/o')
    point('a wrong driver in the place of the fixed one fails', run.returncode == 1 and
          '# F2, seed' in run.stdout, run.stdout + run.stderr)


# What is broken in models.yaml, the case that shows it, what is said of that.
BROKEN = (
    ('a driver that fails too seldom', 'driver: F5, ends: hang, least: 10', 'driver: F5, ends: hang, least: 80',
     ('F5', 'backup'), r'F5: \d of 20 cases went wrong, where at least 16 had to'),
    ('at least 46 of 100 are ten of 20, not nine', 'driver: F5, ends: hang, least: 10', 'driver: F5, ends: hang, least: 46',
     ('F5', 'backup'), r'F5: \d of 20 cases went wrong, where at least 10 had to'),
    ('a driver that fails in another way', 'ends: [unreadable, silent], least: 80', 'ends: reported, least: 80',
     ('F2', 'backup'), r'F2, seed \d+: (unreadable|silent).*, where it can only come to reported'),
    ('a trigger that does not do its work', 'trigger: needed', 'trigger: busy',
     ('F7', 'backup'), 'F7: none of 20 cases went wrong'),
    ('a trigger that comes too late', 'trigger: needed', 'trigger: needed\n  at: 4000',
     ('F2', 'backup'), 'seed 1: inconclusive'),
    ('a host with nothing outstanding', 'outstanding: 8', 'outstanding: 1',
     ('F1', 'backup'), 'F1: none of 20 cases went wrong'),
    ('a driver of which nothing is said', '{driver: F5, ends: hang, least: 10}', '{driver: F6, ends: hang, least: 10}',
     ('F5', 'backup'), "'shows' says nothing of F5 in backup"),
)


def models_fail_as_they_must(tmp):
    text = open(MODELS, encoding='utf-8').read()
    rows = re.findall(r'least: (\d+)', text)
    point('every model has to fail, and not just once', len(rows) >= 9 and all(int(n) > 9 for n in rows), rows)
    for what, good, bad, which, message in BROKEN:
        path = write(tmp + '/models.yaml', text.replace(good, bad))
        point(f'{what}: models.yaml has that', good in text)
        for command in ('run', 'selfcheck')[which[0] == 'F2':]:
            run = usbtape(path, '--seed', '1..20', '--case', case(*which), '-o', tmp + '/o', command=command)
            point(f'{what}: {command} notices', run.returncode in (1, 2, 124) and
                  re.search(message, run.stdout + run.stderr), run.stdout + run.stderr)


SMALLEST = (('F1', 'backup'), ('F2', 'backup'), ('F3', 'backup-verify'), ('F4-lifo', 'restore'), ('F4-overlap', 'append'),
            ('F5', 'restore'), ('F6', 'backup'), ('F7', 'restore'), ('F8', 'backup-verify'))


def smallest(tmp):
    for driver, task in SMALLEST if WHAT else (('F2', 'backup'), ('F7', 'restore')):
        run = usbtape(MODELS, '--case', case(driver, task), '--seed', '1..10', '--minimise')
        point(f'{driver} is made smaller', run.returncode == 0 and
              f'name: minimal-{driver}-{task}' in run.stdout and 'Microsoft published no root cause' in run.stdout,
              run.stdout + run.stderr)
        small = {k: int((re.search(rf'  {k}: (\d+)', run.stdout) or '09')[1]) for k in ('outstanding', 'blocks')}
        point('… much smaller', small['outstanding'] <= 3 and small['blocks'] <= 6, run.stdout)
        path = write(tmp + '/small.yaml', run.stdout)
        again = usbtape(path, '-o', tmp + '/o')
        point('… and what was printed still fails, and does not with the fix',
              again.returncode == 0 and ' 1 clean' in again.stdout, again.stdout + again.stderr)
        fixed = usbtape(write(path, run.stdout.replace(f'driver: {driver}', 'driver: post-fix')), '-o',
                        tmp + '/o')
        point('… which is what makes the difference', fixed.returncode == 1, fixed.stdout)
        for key in (k for k in small if small[k] > 1):
            less = re.sub(rf'{key}: \d+', f'{key}: {small[key] - 1}', run.stdout)
            point(f'… with {key} one less it does not', usbtape(write(path, less), '-o', tmp + '/o').returncode == 1)


def models_are_listed(tmp):
    run = usbtape('drivers', command='list')
    point('the list of drivers says that they are models', run.returncode == 0 and
          'Microsoft published no root cause' in run.stdout, run.stdout + run.stderr)
    rows = json.loads(usbtape('drivers', '--json', command='list').stdout)
    used = re.search(r'driver: \[(.*)\]', open(MODELS, encoding='utf-8').read())[1].split(', ')
    point('models.yaml has all of them', [row['name'] for row in rows] == ['post-fix'] + used, rows)
    point('of each it says what is documented, and what is ours',
          all('ours' in row['documented, and ours'] for row in rows), rows)


def the_bus_is_judged(tmp):
    text = ('name: bus\nabout: a driver and its bus\nguest: sim\nseed: {{from: 1, count: 4}}\n'
            'sim: {{task: backup, driver: {}, trigger: unit-attention, outstanding: 8, blocks: 24}}\n'
            'expect: {{outcome: [intact, detected, silent-corruption, hang]{}}}\n')

    def run(driver, bus):
        ran = usbtape(write(tmp + '/bus.yaml', text.format(driver, bus)), '-o', tmp + '/o')
        with open(tmp + '/o/bus/verdict.json', encoding='utf-8') as verdict:
            result = json.load(verdict)
        with open(tmp + '/o/bus/story.txt', encoding='utf-8') as story, open(tmp + '/o/bus/story.html', encoding='utf-8') as page:
            return ran, result, story.read(), page.read()

    for driver, bus, passes, rules in (
            ('post-fix', ', bus: clean', True, []),
            ('post-fix', ', bus: {cbw-before-csw: ">=1"}', False, []),
            ('F4-overlap', '', True, ['cbw-before-csw']),
            ('F4-overlap', ', bus: clean', False, ['cbw-before-csw']),
            ('F4-overlap', ', bus: cbw-before-csw', True, ['cbw-before-csw']),
            ('F6', ', bus: clean', True, ['sense-missing']),
            ('F6', ', bus: {sense-missing: 0}', False, ['sense-missing'])):
        ran, result, story, page = run(driver, bus)
        point(f'{driver}{bus}: {"passes" if passes else "fails"}, and reports what it broke',
              ran.returncode == (0 if passes else 1) and result['passed'] == passes and
              [one['rule'] for one in result['bus']] == rules and ('  bus     ' in story) == bool(rules) and
              ('<h3>Rules of the bus' in page) == bool(rules), ran.stdout + json.dumps(result) + story)
        point('... where it was', all(re.match(r'seed [1-4]: transfer \d+, tag [0-9a-f]{8}: ', one['first']) for one in result['bus']),
              result)
        point('... and first of all why it fails', passes or result['reasons'][0].startswith('the host broke a rule of the bus'), result)
        point('... and what is expected', (', with the bus as `bus:` says' in ran.stdout) != passes or passes, ran.stdout)


FAULTY = """name: faulty
about: a driver and a fault of the drive
guest: sim
seed: {from: 1, count: 3}
faults:
  - {name: %s, on: %s}
sim: {task: backup-verify, driver: %s}
expect: {outcome: [%s]%s}
"""


def faults_are_met(tmp):
    for name, on, driver, outcome, more, passes, said in (
            ('usb.csw-lost', '"WRITE(6)#3"', 'post-fix', 'intact', ', faults-fired: {usb.csw-lost: 1}', True, '3 passed|1 passed'),
            ('usb.csw-lost', '"WRITE(6)#3"', 'F7', 'detected', '', True, '1 passed'),
            ('usb.csw-lost', 'WRITE FILEMARKS(6)', 'F7', 'detected, silent-corruption', '', True, '1 passed'),
            ('usb.csw-lost', '"WRITE(6)#900"', 'post-fix', 'intact', '', False,
             r'seed 1: inconclusive.*fault usb.csw-lost never fired \(rule 1\)'),
            ('usb.csw-lost', '"WRITE(6)#3"', 'post-fix', 'intact', ', faults-fired: {usb.csw-lost: 2}', False,
             'fault usb.csw-lost fired 1 times, not 2'),
            ('usb.csw-lost', '"WRITE(6)#900"', 'post-fix', 'intact', ', faults-fired: {usb.csw-lost: 0}', True, '1 passed'),
            ('queue.reorder', '"WRITE(6)#6", policy: lifo, window: 4', 'post-fix', 'detected', '', True, '1 passed')):
        path = write(tmp + '/faulty.yaml', FAULTY % (name, on, driver, outcome, more))
        run = usbtape(path, '-o', tmp + '/o')
        point(f'{name} at {on} under {driver}{more}', run.returncode == (0 if passes else 1) and re.search(said, run.stdout),
              run.stdout + run.stderr)
    path = write(tmp + '/faulty.yaml', FAULTY % ('usb.nonsense', 'any', 'post-fix', 'intact', ''))
    run = usbtape(path, '-o', tmp + '/o')
    point('a fault that there is not is refused where it stands', run.returncode == 2 and 'faulty.yaml:6:' in run.stderr, run.stderr)
    path = write(tmp + '/faulty.yaml', FAULTY % ('usb.csw-lost', '"WRITE(6)#3"', 'F7', 'detected', ''))
    run = usbtape(path, '--minimise')
    small = run.stdout
    again = usbtape(write(tmp + '/small.yaml', small), '-o', tmp + '/o')
    point('a case under a fault is made smaller with it', run.returncode == 0 and '- {name: usb.csw-lost' in small and
          again.returncode == 0, small + again.stdout + run.stderr)
    run = usbtape(os.path.join(SCENARIOS, 'kb817765/faults.yaml'), '-o', tmp + '/o', command='selfcheck')
    point('the scenario of the right driver under faults can turn red', run.returncode == 0 and ', 0 were not seen to' in run.stdout,
          run.stdout + run.stderr)


def axes_are_there(tmp):
    axes = os.path.join(SCENARIOS, 'kb817765/models-axes.yaml')
    for driver in 'F9', 'F10':
        for buffer in '16KiB', '128KiB':
            run = usbtape(axes, '--seed', '1..4', '-o', tmp + '/o', '--case',
                          f'models-axes.driver={driver}.buffer={buffer}.wait=false.task=backup-verify')
            point(f'{driver} fails with buffers of {buffer}, and the right driver does not', run.returncode == 0 and
                  ' 4 clean' in run.stdout, run.stdout + run.stderr)
            point('... and the table names the other axes', re.search(rf'4 clean  buffer={buffer}\.wait=false$', run.stdout, re.M), run.stdout)
    late = write(tmp + '/late.yaml', open(MODELS, encoding='utf-8').read().replace('trigger: needed', 'trigger: needed\n  at: 4000'))
    run = usbtape(late, '--seed', '1..6', '--case', case('F2', 'backup'), '-o', tmp + '/o')
    point('what is inconclusive has a column of its own', re.search(r'^# F2 +backup +6 +0 +0 +0 +0 +0 +6 +5 ', run.stdout, re.M), run.stdout)
    for seeds, needed in (('1', '-'), ('1..19', '-'), ('1..20', '2')):
        run = usbtape(MODELS, '--seed', seeds, '--case', case('F5', 'backup'), '-o', tmp + '/o')
        point(f'a tenth of the seeds {seeds} is judged if it is two', (run.returncode == 0) == (needed == '-') and
              re.search(rf'^# F5 +backup( +\d+)+ +{needed}  \d+ clean$', run.stdout, re.M), run.stdout)
    text = open(axes, encoding='utf-8').read()
    text = re.sub('trigger: needed', 'trigger: none', re.sub('vary:(\n  .*)+', 'vary: {driver: [F9], buffer: [16KiB], wait: [true, false], task: [backup-verify]}', text))
    for wait, passes in (('true', False), ('false', True)):
        run = usbtape(write(tmp + '/axes.yaml', text), '-o', tmp + '/o', '--case',
                      f'models-axes.driver=F9.buffer=16KiB.wait={wait}.task=backup-verify')
        point(f'wait-at-marks: {wait} {"shows" if passes else "hides"} a mark that overtakes', run.returncode == (not passes),
              run.stdout + run.stderr)


def a_driver_is_brought(tmp):
    top = os.path.dirname(SCENARIOS)
    example = os.path.join(SCENARIOS, 'drivers/late-write.c')
    text = open(example, encoding='utf-8').read()

    def build(name, source):
        path = write(f'{tmp}/{name}.c', source)
        subprocess.run(['cc', '-shared', '-fPIC', '-I', top, '-o', f'{tmp}/{name}.so', path], check=True, timeout=100)
        return f'{tmp}/{name}.so'

    def run(path, *more, command='run'):
        return usbtape(FIXED, '--seed', '1..6', '-o', tmp + '/o', '--case', 'fixed.driver=post-fix.task=backup-verify.buffer=16KiB',
                       '--driver', path, *more, command=command)

    good = build('late-write', text)
    ran = run(good)
    point('a driver of one\'s own turns a scenario red', ran.returncode == 1 and 'late-write, seed' in ran.stdout, ran.stdout + ran.stderr)
    story = open(tmp + '/o/fixed.driver=post-fix.task=backup-verify.buffer=16KiB/story.txt', encoding='utf-8').read()
    point('... and its story says how to do it again', f"usbtape run --driver '{good}'" in story, story)
    ran = run(build('right', text.replace('    .next = newest_when_released,\n', '')
                    .replace('static unsigned newest', 'unsigned newest')))
    point('one that does nothing wrong passes', ran.returncode == 0, ran.stdout + ran.stderr)
    for hook, body in (('before', 'static bool hook(const UsbtapeDriverRequest *r, bool again, const UsbtapeDriverRequest *q) { return !again && r->cdb[0] == 0x10; }'),
                       ('freezes', 'static bool hook(const UsbtapeDriverRequest *r) { return false; }'),
                       ('loses', 'static bool hook(const UsbtapeDriverRequest *r, bool frozen, unsigned n) { return frozen; }'),
                       ('after_reset', 'static UsbtapeDriverReset hook(const UsbtapeDriverRequest *r) { return USBTAPE_DRIVER_DONE; }')):
        source = re.sub(r'static unsigned newest.*?^}$', body, text, flags=re.S | re.M).replace('.next = newest_when_released', f'.{hook} = hook')
        source = source.replace('unit-attention busy', {'before': 'queued-mark', 'after_reset': 'stall-cbw nak-forever'}.get(hook, 'unit-attention'))
        ran = run(build('hook', source))
        point(f'the hook {hook} is asked', ran.returncode in (1, 124), ran.stdout + ran.stderr)
    for what, path, message in (
            ('no file', tmp + '/none.so', 'there is no such file'),
            ('a directory', tmp, 'there is no such file'),
            ('no object', write(tmp + '/text.so', 'text\n'), 'it cannot be loaded: '),
            ('an object of something else', build('other', 'int other;\n'), "it has no table 'usbtape_driver'"),
            ('another version', build('older', text.replace('= USBTAPE_DRIVER_VERSION', '= 77')), 'its table is of version 77'),
            ('no name', build('nameless', text.replace('"late-write"', '"a name"')), 'it needs a name'),
            ('an unknown trigger', build('trigger', text.replace('unit-attention busy', 'luck')), 'a trigger that there is not')):
        ran = run(path)
        point(f'{what} is refused in one line', ran.returncode == 2 and message in ran.stderr and len(ran.stderr.splitlines()) == 1 and
              path in ran.stderr, ran.stderr)
    ran = run(good, command='selfcheck')
    point('it goes with run alone', ran.returncode == 2 and '--driver: it goes with' in ran.stderr, ran.stderr)
    ran = usbtape(os.path.join(SCENARIOS, 'quickstart.yaml'), '--driver', good, '-o', tmp + '/o')
    point('... and with simulated hosts alone', ran.returncode == 2 and 'is no scenario of the guest sim' in ran.stderr, ran.stderr)


def refusals(tmp):
    for arguments, message in (
            ((MODELS, '--minimise'), '--minimise: name one case of the simulated host'),
            ((MODELS, '--case', case('F1', 'restore'), '--seed', '1..2', '--minimise'),
             '--minimise: none of the 2 seeds fails'),
            ((write(tmp + '/bad.yaml', open(MODELS, encoding='utf-8').read().replace('blocks: 24',
                                                                                    'blocks: x')),),
             'bad.yaml:17:11: '),
            ((MODELS, '--json', '/nonexistent/x', '-o', tmp + '/o'), '--json '),
            ((MODELS, '-o', '/proc/nowhere'), '--out /proc/nowhere: '),
    ):
        run = usbtape(*arguments)
        point(f'refused: {message}', run.returncode in (1, 2) and message in run.stderr and
              len(run.stderr.splitlines()) == 1, run.stdout + run.stderr)


def the_tests_are_tested(tmp):
    run = usbtape(FIXED, '--seed', '1..2', '--case', 'fixed.driver=F1.task=backup-verify.buffer=16KiB.bad=F1', '-o',
                  tmp + '/o', command='selfcheck')
    point('the right driver\'s scenario turns red under F1', run.returncode == 0 and
          '1 scenarios can turn red, 0 were not seen to' in run.stdout, run.stdout + run.stderr)
    run = usbtape(FIXED, '--seed', '1..2', '-o', tmp + '/o')
    point('and is green otherwise', run.returncode == 0 and '8 passed, 0 failed' in run.stdout,
          run.stdout + run.stderr)
    point('no machine is needed', 'SKIP' not in run.stdout)


with tempfile.TemporaryDirectory() as directory:
    for test in (smallest,) if WHAT else (table_is_told, what_is_expected_counts, models_fail_as_they_must, smallest, models_are_listed, the_bus_is_judged, faults_are_met, axes_are_there, a_driver_is_brought, refusals, the_tests_are_tested):
        test(directory)
print(f'1..{number}')
sys.exit(failed > 0)
