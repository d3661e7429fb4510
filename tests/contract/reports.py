#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""reports.py SAMPLE USBTAPE SCENARIOS: the files of `usbtape run --junit`, `--html` and `--table`, as their readers need them.

SAMPLE writes a run with a case of every verdict and hostile text in it (../support/report_sample.c).
USBTAPE also runs one case of SCENARIOS on the simulated host, whose page has to tell its story.
Each page is also opened in a browser, light and dark, wide and as on a phone, if one is installed;
none is by .ci/packages, for the smallest in Debian takes 220 MB.
"""
import html
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

VERDICTS = ('intact recovered detected silent-corruption false-alarm hang no-drive crash inconclusive '
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
        said = [child.attrib.get('message', '').split(':')[0] for child in case if verdict in VERDICTS + ['no-verdict']]
        if said not in ([], [f'got {verdict}, expected intact']):
            found.append(f'{verdict}: the message begins {said}')
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


VOID = ('meta', 'link', 'br', 'hr', 'img', 'input')
# What a report may be made of. Nothing here can load, run or send anything.
ELEMENTS = set('html head meta title style body main footer h1 h2 h3 p ul li a span strong div section details '
               'summary table caption thead tbody tr th td pre code svg desc rect line text path'.split())
ATTRIBUTES = set('lang charset name content http-equiv class id href scope role tabindex open xmlns viewbox '
                 'width height x y x1 y1 x2 y2 d aria-label aria-labelledby'.split())


class Page(html.parser.HTMLParser):
    """What is wrong with a page, and what is in it"""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.wrong, self.open, self.ids, self.links, self.labels = [], [], [], [], []
        self.text, self.svgs, self.counts = [], [], {}
        self.feed(text)
        self.close()
        self.wrong += [f'{tag} is not closed' for tag in self.open]
        self.wrong += [f'two of id {i}' for i in set(self.ids) if self.ids.count(i) > 1]
        self.wrong += [f'nothing has the id {i}' for i in self.links + self.labels if i not in self.ids]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        self.wrong += [f'<{tag}>'] * (tag not in ELEMENTS)
        self.wrong += [f'<{tag} {name}>' for name in names if name not in ATTRIBUTES]
        self.wrong += [f'<{tag}> says {name} twice' for name in set(names) if names.count(name) > 1]
        for name, value in attrs:
            if name == 'id':
                self.ids.append(value)
            elif name == 'href':
                self.wrong += [f'a link to {value}'] * (not value.startswith('#'))
                self.links.append(value[1:])
            elif name == 'aria-labelledby':
                self.labels += value.split()
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == 'svg':
            self.svgs.append([])
        elif 'svg' in self.open:
            self.svgs[-1].append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.wrong += [f'<{tag}/> is no SVG'] * ('svg' not in self.open)
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f'</{tag}> within {self.open[-3:]}')
        else:
            self.open.pop()

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        if data.strip() not in ('usbtape run', 'case', 'end of case'):
            self.wrong.append(f'a comment: {data}')


def check_page(path, cases, stories, folded):
    with open(path, 'rb') as file:
        data = file.read().decode('utf-8')
    page = Page(data)
    point(f'{path[-12:]}: balanced, and of nothing but what shows text', '\n'.join(page.wrong[:5]))
    style = ''.join(re.findall('<style>(.*?)</style>', data, re.S))
    point('... nothing is fetched from elsewhere',
          '@import' in style or 'url(' in style or not re.search("default-src 'none'", data))
    point('... light and dark, and a width of its own',
          '' if 'prefers-color-scheme:dark' in style and 'name="viewport"' in data else 'no')
    point('... hostile text is text', '' if stories == 0 or '</script><script>alert(1)</script>' in ''.join(page.text)
          else 'it is not there')
    bad = [c for c in data if (ord(c) < 32 and c != '\n') or 0x202a <= ord(c) <= 0x202e or ord(c) == 0x7f]
    point('... no control characters', bad)
    point('... every picture has a title and a description, first of all',
          [svg for svg in page.svgs if svg[:2] != ['title', 'desc']])
    point('... tables have captions', '' if page.counts.get('caption') == page.counts.get('table') else page.counts)
    point(f'... {cases} cases, {stories} of them with their story',
          '' if page.counts.get('section', 0) == stories and len(page.links) == (stories if cases > 1 else 0)
          else (page.counts, page.links))


    # In a page of many, what passed is folded; the table of events within is, if the case passed.
    closed = len(re.findall('<section[^>]*><details>', data))
    point(f'... {folded} cases are folded', '' if closed == folded else closed)


TONES = ('sound sound noticed silent broken broken broken broken nothing nothing').split()


def check_verdicts(path):
    """What happened and whether it was expected stand apart: each verdict has one colour, and no tick."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    wrong = ['a tick beside a verdict'] * bool(re.search('[✓✗][^<]*</span>', text.split('<section')[0].replace('✗ expected', '')))
    for i, (verdict, tone) in enumerate(zip(VERDICTS, TONES)):
        expected = ('<span class="dim">expected</span>' if verdict in PASSES else
                    '<span class="bad">✗ expected intact</span>')
        row = (f'case-{i}</a></td><td><span class="verdict {tone}">{verdict.replace("-", " ")}</span></td>'
               f'<td>{expected}</td>')
        wrong += [verdict] * (row not in text)
    point('what happened has its own colour, and whether it was expected stands apart', '\n'.join(wrong))
    head = ('2 as expected, 10 not as expected</span>, 1 skipped',
            '<p>What happened: 1 <span class="verdict sound">intact</span>, 1 ')
    point('... in the head, too', [words for words in head if words not in text])


def check_checker():
    """Each of these has to be found."""
    for text in ('<p>', '<p></div>', '<script>alert(1)</script>', '<img src=x>', '<p onclick="x"></p>',
                 '<a href="https://example.org/">x</a>', '<a href="#no">x</a>', '<p id="a"></p><p id="a"></p>',
                 '<!-- x --><p></p>', '<p style="x"></p>', '<p class="a" class="b"></p>'):
        if not Page(text).wrong:
            return text
    return ''


BROWSERS = ('chromium-headless-shell', 'chromium-shell', 'chromium', 'google-chrome', 'chrome')
# Runs in a copy of the page whose policy has been taken out.
MEASURE = """<script>
document.querySelectorAll('details').forEach(d => d.open = true);
var pictures = [...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect());
document.title = 'measured ' + JSON.stringify({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  pictures: pictures.length, flat: pictures.filter(b => b.width < 100 || b.height < 40).length,
  outside: [...document.querySelectorAll('svg')].filter(s => [...s.querySelectorAll('rect,text')].some(r => {
    var b = r.getBoundingClientRect(), o = s.getBoundingClientRect();
    return b.left < o.left - 3 || b.right > o.right + 12 || b.bottom > o.bottom + 3; })).length,
  fetched: performance.getEntriesByType('resource').length,
  background: getComputedStyle(document.body).backgroundColor,
  colour: getComputedStyle(document.body).color});
</script>"""


def measure(browser, path, directory, width, dark):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    copy = os.path.join(directory, 'measured.html')
    text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', '', text)
    if dark:  # as the browser takes it when it is asked for dark
        text = text.replace('@media(prefers-color-scheme:dark)', '@media all')
    with open(copy, 'w', encoding='utf-8') as file:
        file.write(text.replace('</body>', MEASURE + '</body>'))
    run = subprocess.run([browser, '--headless', '--no-sandbox', '--disable-gpu', f'--window-size={width},1000',
                          f'--user-data-dir={directory}/profile', '--dump-dom', 'file://' + copy],
                         capture_output=True, text=True, timeout=120, check=False)
    found = re.search('<title>measured (.*?)</title>', run.stdout)
    return json.loads(html.unescape(found.group(1))) if found else {'error': run.stderr[-500:]}


def luminance(colour):
    parts = [int(p) / 255 for p in re.findall(r'\d+', colour)[:3]]
    r, g, b = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def check_in_browser(path, directory):
    global number
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        number += 1
        print(f'ok {number} - in a browser # SKIP none of {", ".join(BROWSERS)} is installed '
              '(.ci/install-packages browser)')
        return
    for width, dark in ((1200, False), (1200, True), (400, False)):
        found = measure(browser, path, directory, width, dark)
        what = f'{width} wide, {"dark" if dark else "light"}'
        if 'error' in found:
            point(f'browser, {what}', found['error'])
            continue
        low, high = sorted((luminance(found['background']), luminance(found['colour'])))
        point(f'browser, {what}: the page is no wider than the window', found['overflow'])
        point(f'browser, {what}: {found["pictures"]} pictures, all to be seen, nothing beyond their edges',
              found if found['pictures'] == 0 or found['flat'] or found['outside'] else '')
        point(f'browser, {what}: nothing was fetched', found['fetched'])
        point(f'browser, {what}: text stands out from its ground',
              found if (high + 0.05) / (low + 0.05) < 7 or (found['background'] != 'rgb(255, 255, 255)') != dark
              else '')


HEADINGS = ('Issue order against tape order', 'Cartridge 1', 'What the application did, and believed',
            'What the drive saw', 'Faults that were injected', 'To see it again')


def pictures(text):
    """title -> (description, the picture)"""
    return {html.unescape(title): (description, svg) for svg, title, description in re.findall(
        '(<svg[^>]*><title[^>]*>(.*?)</title><desc[^>]*>(.*?)</desc>.*?</svg>)', text, re.S)}


def missing(text):
    """What the story of a backup that the fault has put out of order has to tell, and does not"""
    drawn = pictures(text)
    order = next((d for title, d in drawn.items() if title.startswith(HEADINGS[0])), ('', ''))
    time = drawn.get('What happened when', ('', ''))
    plain = html.unescape(text)
    wanted = {heading: f'<h3>{heading}' in text for heading in HEADINGS}
    wanted.update({
        'the verdict, and what it means': re.search('<span class="verdict noticed">detected</span> '
                                                      r'\(<span class="dim">expected</span>\) – something broke', text),
        'that it is a model': 'Microsoft published no root cause' in text,
        'issued records beside those on tape': {'>issued</text>', '>on tape</text>'} <= set(
            re.findall('>[a-z ]+</text>', order[1])),
        'displaced records are marked, as many as the description says': order[1].count('▲') == order[1].count(
            '"cell displaced"') == int((re.search(r'(\d+) displaced', order[0]) or [0, -1])[1]) > 0,
        'which object holds which record': re.search(r'Object \d+ holds record \d+', order[0]),
        'the fault on the timeline': 'unit-attention: name: drive.ua-medium' in html.unescape(time[1]) or
                                     'unit-attention, name: drive.ua-medium' in html.unescape(time[1]),
        'all of the time is on the axis': time[1] and no_later(plain, time[1]),
        'what the application said': 'An inconsistency was encountered on the requested media.' in text,
        'what the tape holds': re.search(r'\d+ blocks \(\d+ KiB\), 3 filemarks', text),
        'how to repeat it': re.search("<code>usbtape run '.*--case '.*' --seed 1</code>", plain),
    })
    return [what for what, there in wanted.items() if not there]


def no_later(plain, timeline):
    """The end of the axis is not before the end of the step."""
    took = re.search(r'<td>1</td><td class="n">0.000 s</td><td class="n">([0-9.]+) s', plain)
    ticks = [float(t) for t in re.findall(r'>([0-9.]+) s</text>', timeline)]
    return took and ticks and float(took[1]) < ticks[-1] + 2 * (ticks[1] - ticks[0])


def check_simulated(usbtape, scenarios, directory):
    case = 'models.driver=F2.task=backup-verify'
    run = subprocess.run([usbtape, 'run', '--seed', '1', '--case', case, '--out', directory,
                          os.path.join(scenarios, 'kb817765', 'models.yaml')], capture_output=True, text=True,
                         timeout=100, check=False)
    path = os.path.join(directory, case, 'story.html')
    point('a case on the simulated host leaves its story', '' if os.path.exists(path) else run.stdout + run.stderr)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    page = Page(text)
    point('... of nothing but what shows text', '\n'.join(page.wrong[:5]))
    point('... every picture has a title and a description', [s for s in page.svgs if s[:2] != ['title', 'desc']])
    point('... which tells all that there is to tell', '\n'.join(missing(text)))
    broken = text.replace('"cell displaced"', '"cell"')
    point('... and the check of that can fail', '' if missing(broken) and missing(re.sub('<svg.*?</svg>', '', text, flags=re.S))
          else 'it did not')
    check_text(os.path.join(directory, case, 'story.txt'), 'object ')
    check_in_browser(path, directory)


def check_text(path, has=''):
    with open(path, 'rb') as file:
        data = file.read().decode('utf-8')
    lines = data.rstrip('\n').split('\n')
    point('on a terminal: about twenty lines', '' if 8 <= len(lines) <= 30 else data)
    point('... with a picture of what is out of order', '' if f'  picture {has}' in data or not has else data)
    point('... none of them long, no control characters',
          [line for line in lines if (len(line) > 125 and not line.startswith('  again')) or any(ord(c) < 32 or 0x202a <= ord(c) <= 0x202e for c in line)])


def table_faults(text):
    """What is wrong with a page of `--table`."""
    begins, _, rest = text.partition('\n')
    rows = [line.split('|')[1:-1] for line in rest.split('\n') if line.startswith('|')]
    cells = {row[0].strip(): [cell.strip() for cell in row[2:]] for row in rows[2:]}
    wanted = {f'case-{i}': v if v in PASSES else f'**{v}** (expected intact)' for i, v in enumerate(VERDICTS)}
    wanted |= {f'case-{len(VERDICTS)}': '**no verdict** (expected intact)', f'case-{len(VERDICTS) + 1}': 'skipped',
               f'case-{len(VERDICTS) + 2}': 'not run'}
    found = [] if begins == '<!-- usbtape run --table -->' else ['it begins otherwise']
    found += [f'markup of others: {c}' for c in '<\x1b\x07\r' if c in rest]
    found += ['rows of different length'] if len({len(row) for row in rows}) != 1 else []
    heads = [head.strip() for head in rows[0]]
    found += [] if heads == ['test', 'model', '6.12&#124;1&#60;b&#62;'] else [f'columns {heads}']
    found += [f'{name}: {cells.get(name)}, not {verdict}' for name, verdict in wanted.items() if cells.get(name) != [verdict]]
    found += [] if re.search(r'^Run on 20\d\d-\d\d-\d\d \(UTC\) by usbtape \S+, ', rest, re.M) else ['no date and versions']
    summed = f'{len(PASSES)} of {len(VERDICTS) + 1} cases'
    found += [] if summed in rest else ['the sum is wrong']
    listed = len(re.findall(r'^- case-\d+: ', rest, re.M))
    return found + ([] if listed == len(wanted) - len(PASSES) else [f'{listed} cases have a reason'])


def check_table(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    point('a table: test and model by kernel, nothing of others in it but text', '\n'.join(table_faults(text)))
    broken = [text.replace('**hang**', 'hang'), text.replace('| skipped |', '| skipped | |'), text.replace('Run on', 'Ran on'), text + '<b>']
    point('... and the check of tables can fail', [b for b in broken if not table_faults(b)])


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
        check_table(os.path.join(directory, 'table'))
        page = os.path.join(directory, 'html')
        check_page(page, len(VERDICTS) + 3, len(VERDICTS), len(PASSES))
        check_verdicts(page)
        check_page(os.path.join(directory, 'case-1', 'story.html'), 1, 1, 0)
        point('... and the check of pages can fail', check_checker())
        check_text(os.path.join(directory, 'case-1', 'story.txt'))
        check_in_browser(page, directory)
        check_simulated(os.path.abspath(sys.argv[2]), sys.argv[3], directory)
        check_files(sample, directory)
    print(f'1..{number}')


main()
