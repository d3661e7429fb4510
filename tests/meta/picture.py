# SPDX-License-Identifier: GPL-2.0-or-later
"""picture.py PROGRAM SCENARIOS: the picture that README.md shows is what the program draws today."""
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

program, scenarios = (os.path.abspath(path) for path in sys.argv[1:])
CASE = 'models.driver=F4-lifo.task=backup'


def drawn():
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([program, 'run', '--seed', '3', '--case', CASE, '--out', out,
                        os.path.join(scenarios, 'kb817765', 'models.yaml')], stdout=subprocess.DEVNULL, check=True)
        return subprocess.run([sys.executable, '-B', os.path.join(scenarios, 'picture'),
                               os.path.join(out, CASE, 'story.html')], stdout=subprocess.PIPE, check=True).stdout


with open(os.path.join(scenarios, 'kb817765', 'order.svg'), 'rb') as file:
    committed = file.read()
root = ElementTree.fromstring(committed)
displaced = [e for e in root.iter('{http://www.w3.org/2000/svg}rect') if 'displaced' in e.get('class', '')]
current = drawn() == committed
print('1..2')
print(f'{"ok" if displaced else "not ok"} 1 - the picture is well-formed, and {len(displaced)} records are marked in it')
print(f'{"ok" if current else "not ok"} 2 - scenarios/kb817765/order.svg is current (else: scenarios/picture --help)')
sys.exit(not (displaced and current))
