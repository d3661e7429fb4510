#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each rule of check.py goes red on a violation planted for it, and stays green without it."""
import os
import subprocess
import sys
import tempfile

import check

SPDX = '/* SPDX-License-Identifier: GPL-2.0-or-later */\n'
CLEAN = {
    'emu/base/units.h': SPDX,
    'emu/usb/function.h': SPDX + '#include "emu/base/units.h"\n',
    'emu/usb/device.h': SPDX + '#include "emu/usb/function.h"\n',
    'emu/scsi/task.h': SPDX,
    'emu/ssc/ssc.c': SPDX + '#include "emu/scsi/task.h"\n#include "media/medium.h"\n',
    'emu/bot/bot.c': SPDX + '#include "emu/scsi/task.h"\n#include "emu/usb/function.h"\n',
    'emu/link/redir.c': SPDX + '#include <usbredirparser.h>\n',
    'media/medium.h': SPDX + '#include <glib.h>\n',
    'media/medium.c': SPDX + '#include "media/medium.h"\n/* unlike sense data */\n',
    'tests/unit/meson.build': "# SPDX-License-Identifier: GPL-2.0-or-later\nfiles('x_tests.c')\n",
    'tests/unit/x_tests.c': SPDX + '#include "emu/ssc/ssc.c"\n',
    'tests/fuzz/meson.build': "# SPDX-License-Identifier: GPL-2.0-or-later\n  ['x', [base]],\n",
    'tests/fuzz/fuzz_x.c': SPDX,
    'tests/fuzz/corpus/x/one': '',
    'scenarios/backup/x.yaml': 'name: x\nsteps:\n  - run: fails mt fsf 1 # ! as in not\n',
    'tests/guest/meson.build': "# SPDX-License-Identifier: GPL-2.0-or-later\nforeach g, c : {'backup': 'run'}\n",
    'README.md': 'Run `./tests/run`, see [the map](emu/usb/device.h).\n',
    'tests/run': '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-or-later\n',
}
# rule, file, text added to it (None takes the file away)
SOURCE_SEEDS = [
    (check.includes_point_one_way, 'media/medium.c', '#include "emu/scsi/task.h"\n'),
    (check.includes_point_one_way, 'emu/bot/bot.c', '#include "emu/usb/device.h"\n'),
    (check.includes_point_one_way, 'emu/base/units.h', '#include "media/medium.h"\n'),
    (check.includes_point_one_way, 'emu/link/redir.c', '#include "emu/ssc/ssc.c"\n'),
    (check.includes_point_one_way, 'scenarios/run.c', SPDX + '#include "emu/usb/device.h"\n'),
    (check.includes_point_one_way, 'emu/usb/device.h', '#include "function.h"\n'),
    (check.one_user_of_usbredirparser, 'emu/link/more.c', SPDX + '#include <usbredirparser.h>\n'),
    (check.one_user_of_usbredirparser, 'emu/link/redir.c', None),
    (check.media_speaks_tape, 'media/medium.c', 'int fill_sense(void);\n'),
    (check.media_speaks_tape, 'media/medium.h', 'enum { MEDIUM_ASC = 0x11 };\n'),
    (check.core_headers, 'emu/bot/bot.c', '#include <gio/gio.h>\n'),
    (check.core_headers, 'media/medium.c', '#include <sys/socket.h>\n'),
    (check.texts_are_asked_for_with_an_error, 'emu/bot/bot.c', 'int f(void) { return !yaml_node_text(g(n), NULL); }\n'),
    (check.json_is_read_through_base, 'emu/bot/bot.c', 'int f(void) { return !json_from_string("", NULL); }\n'),
    (check.json_is_read_through_base, 'media/medium.c',
     'int f(JsonObject *o) { return !json_object_get_string_member(o, "a"); }\n'),
    (check.comments_use_plain_words, 'emu/bot/bot.c', '/* The host is\n * told. */\n'),
    (check.sources_include_their_header, 'emu/ssc/ssc.h', SPDX),
    (check.no_goto_out, 'emu/link/redir.c', 'void f(void) { goto out; }\n'),
    (check.licence_named, 'emu/new.c', 'int x;\n'),
    (check.licence_named, 'tests/tool', '#!/bin/sh\n'),
    (check.fuzz_targets_whole, 'tests/fuzz/corpus/x/one', None),
    (check.fuzz_targets_whole, 'tests/fuzz/fuzz_y.c', SPDX),
    (check.tests_registered, 'tests/unit/y_tests.c', SPDX),
    (check.text_of_its_own, 'README.md', 'See /' + 'home/somebody/notes.\n'),
    (check.text_of_its_own, 'emu/bot/bot.c', 'int x; \n'),
    (check.text_of_its_own, 'emu/bot/bot.c', '<<<<<<< mine\n'),
    (check.document_paths_exist, 'README.md', 'And [more](emu/README.md).\n'),
    (check.document_paths_exist, 'README.md', '```\n./scenarios/quickstart\n```\n'),
    (check.document_paths_exist, 'media/FORMAT.md', 'And [more](../emu/README.md).\n'),
    (check.document_headings_exist, 'README.md', 'And [more](README.md#not-there).\n'),
    (check.document_headings_exist, 'README.md', '# There\nAnd [more](#not-there).\n'),
    (check.scenario_keys_documented, 'scenarios/run.c', SPDX + '    { "explode", YAML_TYPE_CUSTOM, 0 },\n'),
    (check.scenario_keys_documented, 'scenarios/run.c', SPDX + '    .key = "explode",\n    .read = read_explode,\n'),
    (check.scenarios_assert, 'scenarios/backup/x.yaml', '  - run: |\n      mt rewind\n      ! mt bsf 1\n'),
    (check.scenarios_assert, 'scenarios/backup/x.yaml', '  - run: mt rewind; ! mt bsf 1\n'),
    (check.scenarios_run, 'scenarios/elsewhere/x.yaml', 'name: x\n'),
    (check.sizes_are_bounded, 'emu/bot/long.c', SPDX + '\n' * 700),
    (check.sizes_are_bounded, 'emu/bot/long.c', SPDX + 'void f(void)\n{\n' + '    g();\n' * 81 + '}\n'),
    (check.files_have_names_of_their_own, 'media/bot.c', SPDX),
    (check.formatted, 'emu/bot/bot.c', 'int  f(void) { return 0; }\n'),
]
# rule, folder, source text
OBJECT_SEEDS = [
    (check.symbols_point_one_way, 'emu/bot', 'void ssc_upper(void); void f(void) { ssc_upper(); }'),
    (check.symbols_point_one_way, 'media', 'void ssc_upper(void); void g(void) { ssc_upper(); }'),
    (check.exported_names_say_where, 'emu/ssc', 'void reserve(void) {}'),
    (check.exported_names_say_where, 'emu/ssc/commands', 'const int reserve_rows[] = { 1 };'),
    (check.exported_names_say_where, 'media', 'void recognize(void) {}'),
    (check.core_symbols, 'emu/ssc', '#include <unistd.h>\nvoid f(void) { sleep(1); }'),
    (check.core_symbols, 'media', 'void g_main_loop_run(void *); void f(void) { g_main_loop_run(0); }'),
    (check.core_has_no_globals, 'emu/bot', 'int f(void); int f(void) { static int n; return n++; }'),
    (check.core_has_no_globals, 'media', 'int n = 3;'),
]
OBJECT_CLEAN = [
    ('emu/ssc', 'void ssc_upper(void); void ssc_upper(void) {}'),
    ('emu', 'void ssc_upper(void); void drive_upper(void) { ssc_upper(); }'),
    ('emu/usb', 'extern const char *const usb_t[]; const char *const usb_t[] = { "a", "b" };'),
    ('emu/link', '#include <unistd.h>\nint redir_n; void redir_f(void) { sleep(1); }'),
]


def planted_tree(path, text):
    tree = dict(CLEAN)
    if text is None:
        del tree[path]
    else:
        tree[path] = tree.get(path, '') + text
    return tree


def compiled(directory, folder, text):
    source = os.path.join(directory, f'{folder.replace("/", "_")}{abs(hash(text))}.c')
    with open(source, 'w', encoding='utf-8') as file:
        file.write(text)
    subprocess.run([os.environ.get('CC', 'cc'), '-fPIC', '-w', '-c', source, '-o', source + '.o'], check=True)
    return next(check.read_symbols([(source + '.o', folder, os.path.basename(source))]))


def finds_sources_in_subfolders(directory):
    for path in ('emu/ssc/commands/cmd_a.c', 'emu/base/text.c'):
        os.makedirs(os.path.join(directory, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(directory, path), 'w', encoding='utf-8'):
            pass
    return (check.source_of(directory, 'emu/ssc', 'commands_cmd_a.c') == 'emu/ssc/commands/cmd_a.c' and
            check.source_of(directory, 'emu/ssc', 'commands_gone.c') is None and
            check.source_of(directory, 'media', '.._emu_base_text.c') is None)


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
    results = []
    for rule in check.SOURCE_RULES:
        results.append((f'{rule.__name__} is green on a clean tree', rule, CLEAN, False))
    for rule, path, text in SOURCE_SEEDS:
        results.append((f'{rule.__name__} is red with {path} changed', rule, planted_tree(path, text), True))
    with tempfile.TemporaryDirectory() as directory:
        clean = [compiled(directory, *seed) for seed in OBJECT_CLEAN]
        for rule in check.OBJECT_RULES:
            results.append((f'{rule.__name__} is green on clean objects', rule, clean, False))
        subfolders = finds_sources_in_subfolders(directory)
        for rule, folder, text in OBJECT_SEEDS:
            results.append((f'{rule.__name__} is red in {folder}', rule,
                            clean + [compiled(directory, folder, text)], True))
    seeded = {rule for _, rule, _, red in results if red}
    print(f'1..{len(results) + 2}')
    failed = 0
    for number, (name, rule, subject, red) in enumerate(results, 1):
        messages = list(rule(subject))
        skip = bool(messages) and messages[0].startswith('SKIP')
        good = skip or bool(messages) == red
        failed += not good
        print(f'{"ok" if good else "not ok"} {number} - {name}' + (f' # {messages[0]}' if skip else ''))
        if not good:
            print('\n'.join(f'# {message}' for message in messages))
    whole = seeded == set(check.SOURCE_RULES + check.OBJECT_RULES)
    print(f'{"ok" if whole else "not ok"} {len(results) + 1} - each rule has a violation planted for it')
    print(f'{"ok" if subfolders else "not ok"} {len(results) + 2} - the rules see the objects of subfolders')
    return failed > 0 or not whole or not subfolders


if __name__ == '__main__':
    sys.exit(main())
