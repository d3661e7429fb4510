#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""program.py USBTAPE: scenarios whose subject is a program on this computer, and `put` and `get`.

initiator.py is the program. Each scenario goes well or wrong in one way, and has to be judged so.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../support'))
import tap  # noqa: E402  pylint: disable=wrong-import-position

USBTAPE = os.path.abspath(sys.argv[1])
INITIATOR = os.path.join(HERE, 'initiator.py')
PAYLOAD = b''.join(bytes([number]) * 10240 for number in range(5))
TAPE = 'expect: {tape: [[{blocks: 5, size: 10KiB}]], bus: clean}\n'


def scenario(name, steps, more=''):
    with open('payload', 'wb') as file:
        file.write(PAYLOAD)
    with open(f'{name}.yaml', 'w', encoding='utf-8') as file:
        file.write(f'name: {name}\nabout: a test\nguest: program\nsteps:\n{steps}{more}')
    return f'{name}.yaml'


def run(path, *words, status=0):
    done = subprocess.run([USBTAPE, 'run', '--host-programs', *words, path], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f'status {done.returncode}: {done.stdout}{done.stderr}'
    return done.stdout


def verdict(name):
    with open(f'out/{name}/verdict.json', encoding='utf-8') as file:
        found = json.load(file)
    return found['verdict'], ' '.join(found['reasons'])


def processes_with(word):
    """Those that have the word among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                if word in file.read().split(b'\0'):
                    found.append(pid)
        except OSError:  # it has ended
            pass
    return found


def initiator(*words):
    return f'{sys.executable} {INITIATOR} {" ".join(words)}'


def a_program_writes_and_reads_through_the_drive():
    run(scenario('good', f'''  - put: {{payload: payload}}
  - run: clean {initiator('write', 'payload')}
  - run: |
      {initiator('read', 'back')}
      cmp payload back
      say the same
  - get: {{back: back}}
''', TAPE))
    assert verdict('good')[0] == 'intact'
    with open('out/good/files/back', 'rb') as file:
        assert file.read() == PAYLOAD
    assert 'EVT the same' in open('out/good/channel.log', encoding='utf-8').read()
    assert not os.path.exists('out/good/qemu.cmd')


def a_wrong_order_is_found_on_the_tape():
    run(scenario('wrong', f'''  - put: {{payload: payload}}
  - run: {initiator('write-wrongly', 'payload')}
  - run: {initiator('read', 'back')} && cmp payload back
    expect-rc: [0]
    wrong-rc: [1]
'''), status=1)
    assert verdict('wrong')[0] == 'silent-corruption', verdict('wrong')


def a_fault_of_the_drive_reaches_the_program():
    run(scenario('fault', f'''  - put: {{payload: payload}}
  - run: |
      fails {initiator('write', 'payload')} 2>&1 | has "sense 3/0c/00"
''', 'faults: [{name: medium.write-error, record: 2, count: inf}]\nexpect: {faults-fired: {medium.write-error: ">=1"}}\n'))


def a_program_that_breaks_the_bus_is_found():
    steps = f"  - put: {{payload: payload}}\n  - run: {initiator('write-and-clear', 'payload')}\n"
    run(scenario('clears', steps, TAPE), status=1)
    found, reasons = verdict('clears')
    assert found == 'intact' and reasons.startswith('the host broke a rule of the bus: endless-clearing: transfer '), (found, reasons)
    run(scenario('clears-all-right', steps, TAPE.replace('clean', '{endless-clearing: 1}')))
    run(scenario('clears-unjudged', steps, TAPE.replace(', bus: clean', '')))
    with open('out/clears-unjudged/verdict.json', encoding='utf-8') as file:
        rules = [(one['rule'], one['level'], one['times']) for one in json.load(file)['bus']]
    assert rules == [('endless-clearing', 'violation', 1), ('sense-missing', 'advice', 2)], rules  # unit attentions


def a_program_asks_for_another_tape():
    run(scenario('asks', f'''  - put: {{payload: payload}}
  - run: |
      {initiator('write', 'payload')}
      ask swap-tape 2
      {initiator('write', 'payload')}
''', 'expect: {tape: [[{blocks: 5, size: 10KiB}], [{blocks: 5, size: 10KiB}]]}\n'))


def a_failure_is_a_complaint():
    run(scenario('fails', f"  - run: {initiator('read', '/nowhere/back')}\n"), status=1)
    assert verdict('fails')[0] == 'false-alarm', verdict('fails')


def a_program_that_hangs_is_killed():
    run(scenario('hangs', '  - run: "sleep 1000.125 & sleep 1000.125"\n    timeout: 1s\n'), status=124)
    assert verdict('hangs')[0] == 'hang'
    assert not processes_with(b'1000.125')


def what_there_is_no_machine_for_is_said():
    run(scenario('pauses', '  - host: vm-pause 1s\n'), status=1)
    found, reasons = verdict('pauses')
    assert found == 'env-error' and 'there is no machine to do that to' in reasons, (found, reasons)


def files_that_are_not_there_are_said():
    run(scenario('no-put', '  - put: {nowhere: x}\n'), status=1)
    assert verdict('no-put')[0] == 'env-error' and 'it is no file of at most 16 MiB' in verdict('no-put')[1]
    run(scenario('no-get', '  - get: {nowhere: x}\n'), status=1)
    assert verdict('no-get')[0] == 'false-alarm' and 'get nowhere: No such file' in verdict('no-get')[1], verdict('no-get')


def programs_run_only_if_that_is_allowed():
    done = subprocess.run([USBTAPE, 'run', scenario('not-allowed', '  - run: touch ran\n')], capture_output=True, text=True)
    assert done.returncode == 4 and '--host-programs allows that' in done.stdout, done
    assert not os.path.exists('out/not-allowed')


def a_path_too_long_for_a_socket_is_said():
    out = 'o' * 100
    run(scenario('long', '  - run: "true"\n'), '--out', out, status=1)
    with open(f'{out}/long/verdict.json', encoding='utf-8') as file:
        assert 'give a shorter --out' in file.read()


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        sys.exit(tap.run([a_program_writes_and_reads_through_the_drive, a_wrong_order_is_found_on_the_tape,
                          a_fault_of_the_drive_reaches_the_program, a_program_that_breaks_the_bus_is_found, a_program_asks_for_another_tape,
                          a_failure_is_a_complaint, a_program_that_hangs_is_killed,
                          what_there_is_no_machine_for_is_said, files_that_are_not_there_are_said,
                          programs_run_only_if_that_is_allowed, a_path_too_long_for_a_socket_is_said]))
