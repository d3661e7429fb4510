#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of the house that a compiler does not check.

usage: check.py [SOURCE-TREE BUILD-TREE]    both default to where this file and ./build are

A rule is a function with a one-line docstring that yields one message a violation. Rules over
sources see the tree as a dict of path to text; rules over objects see, for each object file, its
folder and what objdump says of it. selftest.py shows each rule go red.
"""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Who may include whom, besides itself and emu/base: a path ending in / is a folder.
SEAMS = ['emu/usb/function.h', 'emu/scsi/task.h', 'media/medium.h']
MAY_INCLUDE = {
    'emu/base': [],
    'media': [],
    'emu/scsi': [],
    'emu/usb': [],
    'emu/bot': ['emu/usb/function.h', 'emu/usb/monitor.h', 'emu/scsi/task.h'],
    'emu/ssc': ['emu/scsi/', 'media/medium.h'],
    'emu/fault': SEAMS + ['emu/bot/wire.h', 'emu/scsi/'],
    'emu/link': ['emu/usb/', 'emu/drive.h'],
    'emu/control': ['emu/usb/', 'emu/drive.h'],
    'scenarios': ['media/', 'emu/bot/judge-rules.def', 'emu/scsi/commands.def'],
    'emu': ['emu/', 'media/', 'scenarios/'],  # drive.c and main.c: the files that know every layer
    'tests': ['emu/', 'media/', 'scenarios/'],
}
CORE = ['emu/usb', 'emu/bot', 'emu/scsi', 'emu/ssc', 'media']

# How the names begin that leave a file of a folder: its subsystem, or the nouns of its public types.
PREFIXES = {
    'emu/base': ['address_', 'byte_', 'clock_', 'virtual_clock_', 'executor_', 'json_', 'lines_', 'loop_', 'memory_',
                 'options_', 'qmp_', 'random_', 'text_', 'trace_', 'units_', 'usbtape_', 'yaml_'],
    'emu/bot': ['bot_'],
    'emu/control': ['control_'],
    'emu/fault': ['fault_', 'at_medium_', 'at_task_', 'at_transfer_', 'hold_'],
    'emu/link': ['port_', 'redir_', 'tls_', 'usb_pcap_'],
    'emu/scsi': ['scsi_'],
    'emu/ssc': ['ssc_'],
    'emu/usb': ['usb_'],
    'emu': ['drive_', 'outlet_', 'qemu_', 'sandbox_', 'setup_', 'sim_drive_', 'trace_file_', 'usbtape_'],
    'media': ['medium_', 'media_', 'attribute_set_', 'cartridge_', 'codec_', 'geometry_', 'host_file_', 'indexed_',
              'mtf_', 'new_cartridge_', 'store_', 'tool_', 'walk_',
              # the structures of the cartridge's file, as media/README.md calls them
              'chunk_record_', 'object_', 'place_', 'superblock_'],
}
# The program's main() and its subcommands, which main.c has in a table.
ENTRY_POINTS = re.compile(r'main$|\w+_main$')

# What the core may not use. Tool front ends are programs, not core.
PROGRAMS = re.compile(r'media/tool/')
CORE_HEADERS = re.compile(
    r'<(gio/|glib-unix\.h|sys/socket|sys/un\.h|sys/(e?poll|select|timerfd|eventfd)|poll\.h|'
    r'netinet/|arpa/|netdb|pthread|threads|uv\.h|usbredir)|"emu/base/loop\.h"')
CORE_SYMBOLS = re.compile(
    r'(u|nano|clock_nano|g_u)?sleep$|e?poll(_|$)|p?select$|socket$|connect$|listen$|accept4?$|'
    r'g_(main|timeout|idle|source|unix|socket|bus|file_new|spawn|thread|random|usleep)_?|'
    r's?rand(om)?(_r)?$|pthread_create$|fork$|system$|popen$')
MUTABLE = re.compile(r'\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*')


def owner(path):
    """The row of MAY_INCLUDE that a file or folder falls under."""
    while path and path not in MAY_INCLUDE:
        path = os.path.dirname(path)
    return path


def allowed(folder, target):
    rows = MAY_INCLUDE[folder] + [folder + '/', 'emu/base/']
    return any(target == row or row.endswith('/') and target.startswith(row) for row in rows)


def without_comments(text):
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"',
                  lambda m: m[0] if m[0][0] == '"' else '\n' * m[0].count('\n'), text, flags=re.S)


def code(tree, folders=()):
    """(path, text without comments) of the C files in these folders, or in all."""
    for path, text in tree.items():
        if re.search(r'\.(c|h|def)$', path) and (not folders or owner(path) in folders):
            yield path, without_comments(text)


def places(path, text, pattern):
    for match in re.finditer(pattern, text):
        yield f'{path}:{text.count(chr(10), 0, match.start()) + 1}', match


def includes_point_one_way(tree):
    """a file includes only what its folder may, by its path from the top"""
    for path, text in code(tree):
        for place, match in places(path, text, r'#\s*include\s+"([^"]*)"'):
            if not owner(path) or path.startswith('emu/link/qemu/'):
                continue
            if match[1] not in tree:
                yield f'{place}: "{match[1]}" is no file of the tree: name it from the top'
            elif not allowed(owner(path), match[1]):
                yield f'{place}: {owner(path)} may not include {match[1]}'


def one_user_of_usbredirparser(tree):
    """exactly one file of emu/ knows the usbredir parser"""
    users = [p for p, t in code(tree) if p.startswith('emu/') and '<usbredirparser.h>' in t]
    if len(users) != 1:
        yield f'usbredirparser.h is included by {" and ".join(users) or "no file of emu/"}'


def media_speaks_tape(tree):
    """media/ knows no sense data and no SCSI"""
    word = r'(?i)(?<![a-z])(sense|ascq?|scsi|check_?condition|unit_?attention|cdb)(?![a-z])'
    for path, text in code(tree, ['media']):
        text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
        for place, match in places(path, text, word):
            yield f'{place}: "{match[0]}": the medium speaks tape, outcome.c alone translates'


def core_headers(tree):
    """the core includes no main loop, GIO, socket, poll or thread header"""
    for path, text in code(tree, CORE):
        if not PROGRAMS.match(path):
            for place, match in places(path, text, CORE_HEADERS):
                yield f'{place}: {match[0]} in the core'


def texts_are_asked_for_with_an_error(tree):
    """yaml_node_text() is given an error to set: its callers compare what may be no text"""
    for path, text in code(tree):
        for place, match in places(path, text, r'\byaml_node_text\((?:[^;]*), NULL\)'):
            yield f'{place}: {match[0]}: ask yaml_node_is_word() or yaml_node_key_text()'


def json_is_read_through_base(tree):
    """JSON is parsed, and its members are read, by emu/base/json-read.c alone"""
    words = (r'\bjson_(from_string|parser_\w+|object_get_\w+_member\w*|node_get_(object|array)|'
             r'array_get_(object|array|\w+)_element)\b')
    for path, text in code(tree):
        if path != 'emu/base/json-read.c' and not path.startswith('tests/'):
            for place, match in places(path, text, words):
                yield f'{place}: {match[0]}: call emu/base/json-read.h'


def comments_use_plain_words(tree):
    """comments say that the drive reports, never that somebody is told"""
    for path, text in tree.items():
        if not re.match(r'emu/(ssc|scsi|bot|usb)/.*\.(c|h|def)$', path):
            continue
        for place, comment in places(path, text, r'(?s)/\*.*?\*/'):
            for word in re.findall(r'(?i)\b(told|tells?|nobody|somebody|anybody|whoever|whatever)\b', comment[0]):
                yield f'{place}: "{word}" in a comment: name the subject, and say reports'


def sources_include_their_header(tree):
    """a source of emu/ssc includes the header of its name, so the compiler compares both"""
    for path, text in code(tree, ['emu/ssc']):
        header = re.sub(r'c$', 'h', path)
        if path.endswith('.c') and header in tree and f'"{header}"' not in text:
            yield f'{path}:1: include "{header}"'


def no_goto_out(tree):
    """no goto to a clean-up label: g_autoptr does that"""
    for path, text in code(tree):
        for place, match in places(path, text, r'\bgoto\s+(out|err|error|fail|done|end|exit|cleanup)\b'):
            yield f'{place}: {match[0]}'


def licence_named(tree):
    """each source file names its licence in its first lines"""
    for path, text in tree.items():
        source = re.search(r'\.(c|h|def|py|sh)$|(^|/)meson\.build$', path) or text.startswith('#!')
        if source and 'SPDX-License-Identifier: GPL-2.0-or-later' not in '\n'.join(text.split('\n')[:3]):
            yield f'{path}:1: no SPDX-License-Identifier: GPL-2.0-or-later'


def fuzz_targets_whole(tree):
    """each fuzz target has a corpus and a row, each corpus a target"""
    rows = set(re.findall(r"^\s*\['(\w+)'", tree.get('tests/fuzz/meson.build', ''), re.M))
    targets = {m[1] for p in tree if (m := re.match(r'tests/fuzz/fuzz_(\w+)\.c$', p))}
    corpora = {p.split('/')[3] for p in tree if p.startswith('tests/fuzz/corpus/')}
    for name in sorted(rows | targets | corpora):
        for what, names in (('target', targets), ('row in meson.build', rows), ('corpus', corpora)):
            if name not in names:
                yield f'tests/fuzz: {name} has no {what}'


def tests_registered(tree):
    """each test source is named in its folder's meson.build"""
    for path in tree:
        if re.match(r'tests/(unit|contract|wire)/.*\.c$', path):
            build = tree.get(os.path.dirname(path) + '/meson.build', '')
            if f"'{os.path.basename(path)}'" not in build:
                yield f'{path}: not in meson.build, so it never runs'


def text_of_its_own(tree):
    """text is clean: no machine's paths, conflict marks, tabs or blanks at line ends"""
    bad = re.compile(r'(?<![\w.$}~*-])/(home|Users|mnt|media|work)/(?![\s*\'")|]).*|^(<<<<<<<|>>>>>>>) .*|'
                     r'[ \t]+$|^\t+|\b(FIXME|XXX)\b', re.M)
    for path, text in tree.items():
        if '\0' in text or '/corpus/' in path or path in ('LICENSE', 'tests/meta/check.py'):
            continue
        for place, match in places(path, text, bad):
            yield f'{place}: "{match[0].strip() or "blank or tab"}"'


def document_paths_exist(tree):
    """paths that a document links to or shows as a command exist"""
    for path, text in tree.items():
        if not path.endswith('.md'):
            continue
        for place, match in places(path, text, r'\]\(([^)#:]+)(#[^)]*)?\)'):
            target = os.path.normpath(os.path.join(os.path.dirname(path), match[1]))
            if target not in tree and not any(p.startswith(target + '/') for p in tree):
                yield f'{place}: link to {match[1]}, which is not there'
        for place, match in places(path, text, r'(?m)(?:^|`|\$ )\./([\w./-]+)'):
            if not match[1].startswith(('build', 'out')) and match[1] not in tree:
                yield f'{place}: command ./{match[1]}, which is not there'


def anchors(text):
    """The names of a page's headings, as links to them have it."""
    return {re.sub(r'[^\w -]', '', title).lower().replace(' ', '-') for title in re.findall(r'(?m)^#+ (.*)$', text)}


def document_headings_exist(tree):
    """a link to a heading names one that its page has"""
    for path, text in tree.items():
        if path.endswith('.md'):
            for place, match in places(path, text, r'\]\(([^)#:]*)#([^)]+)\)'):
                target = os.path.normpath(os.path.join(os.path.dirname(path), match[1])) if match[1] else path
                if match[2] not in anchors(tree.get(target, '')):
                    yield f'{place}: {target} has no heading {match[2]}'


def scenario_keys_documented(tree):
    """each key of a scenario is in LANGUAGE.md, each key of a guest in GUESTS.md"""
    for path, text in code(tree, ['scenarios']):
        document = f'scenarios/{"GUESTS" if path.endswith("/guest-file.c") else "LANGUAGE"}.md'
        page = tree.get(document, '')
        for place, match in places(path, text, r'(?:\{ |\.key = )"([\w-]+)"(?:, YAML_TYPE|,\s+\.read\b)'):
            if not re.search(rf'(?<![\w-]){match[1]}(`|:)', page):
                yield f'{place}: {document} has nothing about the key {match[1]}'


def scenarios_assert(tree):
    """a scenario's script says `fails COMMAND`: bash goes on after a `! COMMAND` that succeeds"""
    for path, text in tree.items():
        if re.match(r'scenarios/.*\.yaml$', path):
            for place, match in places(path, text, r'(?m)(?:^\s*(?:- run: )?|[;&|]\s*)(! \S+)'):
                yield f'{place}: {match[1]} asserts nothing under -e: write fails'


def scenarios_run(tree):
    """each folder of scenarios is a group of the guest tests"""
    build = tree.get('tests/guest/meson.build', '')
    folders = {p.split('/')[1] for p in tree if re.match(r'scenarios/\w+/[\w.-]+\.yaml$', p)} - {'guests'}
    for folder in sorted(folders):
        if f"'{folder}':" not in build and f"'scenarios-{folder}'" not in build:
            yield f'scenarios/{folder}: no group in tests/guest/meson.build, so it never runs'


# Of a fault's kinds the file is named after the family, not after what it does.
FAMILIES = re.compile(r'emu/fault/kinds/')
FILE_LINES, FUNCTION_LINES = 700, 80
PRODUCT = [folder for folder in MAY_INCLUDE if folder != 'tests']


def sizes_are_bounded(tree):
    """a file has at most 700 lines, a function 80"""
    for path, text in code(tree, PRODUCT):
        lines = text.split('\n')
        if len(lines) - 1 > FILE_LINES:
            yield f'{path}: {len(lines) - 1} lines: make it two files'
        start = 0
        for number, line in enumerate(lines, 1):
            if line == '{':
                start = number
            elif line == '}' and start:
                if number - start - 1 > FUNCTION_LINES:
                    yield f'{path}:{start}: a function of {number - start - 1} lines: make it two'
                start = 0


def files_have_names_of_their_own(tree):
    """no two sources have one name"""
    seen = {}
    for path, _ in code(tree, PRODUCT):
        other = seen.setdefault(os.path.basename(path), path)
        if other != path and not FAMILIES.match(path) and not FAMILIES.match(other):
            yield f'{path}: {other} has that name, too'


def formatted(tree):
    """clang-format would change nothing"""
    tool = shutil.which('clang-format-14') or shutil.which('clang-format')
    if not tool:
        yield 'SKIP clang-format is not installed'
        return
    with tempfile.TemporaryDirectory() as copy:
        shutil.copy('.clang-format', copy)
        paths = [path for path in tree if path.endswith(('.c', '.h'))]
        for path in paths:
            os.makedirs(os.path.join(copy, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(copy, path), 'w', encoding='utf-8', newline='') as file:
                file.write(tree[path])
        done = subprocess.run([tool, '--style=file', '--dry-run', *paths], cwd=copy, capture_output=True,
                              text=True)
    wrong = re.findall(r'^([^\s:]+):(\d+):.*clang-formatted', done.stderr, re.M)
    if done.returncode != 0 and not wrong:
        yield f'{tool}: {done.stderr}'
    for path, lines in itertools.groupby(wrong, key=lambda match: match[0]):
        yield f'{path}:{next(lines)[1]}: run clang-format -i on it'


def symbols_point_one_way(objects):
    """an object needs only symbols of folders that it may include"""
    home = {symbol: o for o in objects for symbol in o['defined']}
    for o in objects:
        mine = owner(o['folder'])
        # A seam's header names its folder: bot may call what emu/usb defines for function.h.
        folders = {mine, 'emu/base'} | {os.path.dirname(row) for row in MAY_INCLUDE[mine]}
        for symbol in sorted(o['undefined'] & home.keys()):
            if mine != 'emu' and owner(home[symbol]['folder']) not in folders:
                yield f'{o["name"]}: needs {symbol} of {home[symbol]["name"]}'


def exported_names_say_where(objects):
    """a name that leaves its file begins with its subsystem"""
    for o in objects:
        prefixes = PREFIXES.get(owner(o['folder']))
        for symbol in sorted(o['defined']) if prefixes else ():
            if not symbol.startswith(('__', *prefixes)) and not ENTRY_POINTS.match(symbol):
                yield f'{o["name"]}: {symbol} begins with none of {" ".join(prefixes)}: rename it or make it static'


def core_symbols(objects):
    """the core calls no main loop, socket, sleep, thread, process or system randomness"""
    for o in objects:
        if owner(o['folder']) in CORE and not PROGRAMS.match(o['source']):
            for symbol in sorted(o['undefined']):
                if CORE_SYMBOLS.match(symbol):
                    yield f'{o["name"]}: calls {symbol}'


def core_has_no_globals(objects):
    """the core keeps no mutable data at file scope"""
    for o in objects:
        if owner(o['folder']) in CORE:
            for section, symbol in o['data']:
                if MUTABLE.match(section) and not re.match(r'\.|__(asan|ubsan|odr|gcov|sanc)', symbol):
                    yield f'{o["name"]}: {symbol} in {section}'


SOURCE_RULES = [includes_point_one_way, one_user_of_usbredirparser, media_speaks_tape, core_headers,
                texts_are_asked_for_with_an_error, json_is_read_through_base, comments_use_plain_words,
                sources_include_their_header, no_goto_out,
                licence_named, fuzz_targets_whole,
                tests_registered, text_of_its_own, document_paths_exist, document_headings_exist,
                scenario_keys_documented, scenarios_assert, scenarios_run, sizes_are_bounded,
                files_have_names_of_their_own, formatted]
OBJECT_RULES = [symbols_point_one_way, exported_names_say_where, core_symbols, core_has_no_globals]


def list_paths(top):
    listed = subprocess.run(['git', '-C', top, 'ls-files'],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        paths = listed.stdout.split('\n')
    else:
        paths = [os.path.relpath(os.path.join(d, f), top) for d, _, fs in os.walk(top) for f in fs]
        paths = [p for p in paths if not re.match(r'\.git/|\.cache/|build|out/', p)]
    return sorted(path for path in paths if os.path.isfile(os.path.join(top, path)))


def read_tree(top):
    tree = {}
    for path in list_paths(top):
        with open(os.path.join(top, path), encoding='utf-8', errors='replace', newline='') as file:
            tree[path] = file.read()
    return tree


def read_symbols(sources):
    """What objdump says of objects, given as (path, folder, source)"""
    table = subprocess.run(['objdump', '-t', *(path for path, _, _ in sources)], capture_output=True, text=True,
                           check=True).stdout
    parts = re.split(r'^(\S+):\s+file format .*$', table, flags=re.M)
    texts = dict(zip(parts[1::2], parts[2::2]))
    for path, folder, source in sources:
        # value, seven flags (l g w: local, global, weak; O: object), section, size, name
        symbols = re.findall(r'^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+ +(?:\.hidden )?(\S+)$', texts[path], re.M)
        yield {
            'name': source, 'folder': folder, 'source': source,
            'defined': {name for flags, section, name in symbols if section != '*UND*' and re.match('[gu!]|.w', flags)},
            'undefined': {name for _, section, name in symbols if section == '*UND*'},
            'data': [(section, name) for flags, section, name in symbols if 'O' in flags],
        }


def source_of(top, home, name):
    """The source of an object below its home: Meson writes the / of a file in a subfolder as _."""
    parts = name.split('_')
    for joints in itertools.product('_/', repeat=len(parts) - 1):
        path = os.path.join(home, ''.join(itertools.chain(*zip(parts, joints + ('',)))))
        # Files of another folder, and the guests' own programs, are compiled a second time here.
        if os.path.exists(os.path.join(top, path)) and not re.search(r'/\.\./|^scenarios/subjects/', path):
            return path
    return None


def read_objects(top, build):
    found = []
    for folder in ('emu', 'media', 'scenarios'):
        for directory, _, files in os.walk(os.path.join(build, folder)):
            for file in files:
                home = os.path.dirname(os.path.relpath(directory, build))
                source = file.endswith('.c.o') and source_of(top, home, file[:-len('.o')])
                # An object whose source is gone is a leftover of an older build.
                if source:
                    found.append((os.path.join(directory, file), os.path.dirname(source), source))
    return list(read_symbols(found)) if found else []


def main():
    top = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '../..'))
    build = sys.argv[2] if len(sys.argv) > 2 else os.path.join(top, 'build')
    os.chdir(top)
    tree = read_tree(top)
    objects = read_objects(top, build)
    rules = [(r, tree) for r in SOURCE_RULES] + [(r, objects) for r in OBJECT_RULES]
    print(f'1..{len(rules)}')
    failed = 0
    for number, (rule, subject) in enumerate(rules, 1):
        messages = list(rule(subject)) if subject else ['nothing to check']
        skip = messages[0] if messages and messages[0].startswith('SKIP') else ''
        failed += bool(messages and not skip)
        print(f'{"ok" if skip or not messages else "not ok"} {number} - {rule.__doc__}' + (f' # {skip}' if skip else ''))
        for message in [] if skip else messages:
            print(f'# {message}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
