# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation is correct: commands, names and links.

A bash block is executed, unless the comment before it says what it needs (``<!-- needs: ros2
launch -->``). In both cases each command is parsed: verbs with the verb's own parser; file names,
launch arguments, parameters and topics are compared with those that exist.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from bags.bag_content import write_bag
from checkout import ROOT, child_environment

from instance_seg_ros import cli
from instance_seg_ros.benchmark import load_benchmark
from instance_seg_ros.core.label_file import load_label_set
from instance_seg_ros.inference.checkpoint import default_checkpoint
from instance_seg_ros.messages.outputs import LABEL_INFO, OUTPUTS
from instance_seg_ros.node_config.parameters import CAMERA_FIELDS, NODE_FIELDS

CARD = ROOT / 'instance_seg_ros' / 'weights' / 'enet_branched.md'
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md')),
         ROOT / 'config' / 'demo' / 'README.md', CARD]
SOURCES = [path.read_text() for path in (ROOT / 'instance_seg_ros' / 'ros').glob('*.py')]
BLOCK = re.compile(r'(?:<!-- needs: (?P<needs>[^>]*?) -->\n)?^```(?P<language>\w*)\n'
                   r'(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
OTHERS = {'cd', 'git', 'rosdep', 'pip', 'colcon', 'cp', 'export', 'python3', 'source'}
"""Programs whose arguments are not checked in a block that is not executed."""


class Block:
    """A fenced block of a page."""

    def __init__(self, page, match):
        self.page, self.language, self.text = page, match['language'], match['text']
        self.needs = match['needs']
        self.line = page.read_text()[:match.start('text')].count('\n') + 1

    def __str__(self):
        return f'{self.page.name}:{self.line}'

    def commands(self):
        """Return the words of each command, without comments and here documents."""
        text = re.sub(r"<<'(\w+)'\n.*?^\1$", '', self.text.replace('\\\n', ''),
                      flags=re.MULTILINE | re.DOTALL)
        for line in text.splitlines():
            words = shlex.shlex(line, posix=True, punctuation_chars='&|;')
            words.whitespace_split = True
            for is_end, command in groupby(words, lambda word: word in ('&&', ';', '|')):
                if not is_end:
                    yield list(command)


def blocks(language, page=None):
    return [block for path in ([page] if page else PAGES)
            for block in (Block(path, match) for match in BLOCK.finditer(path.read_text()))
            if block.language == language]


def test_there_is_something_to_test():
    assert len(PAGES) >= 4 and len(blocks('bash')) > 10 and blocks('python') and blocks('yaml')
    assert any(block.needs is None for block in blocks('bash'))


# Commands that are parsed


@pytest.mark.parametrize('block', blocks('bash'), ids=str)
def test_commands_are_as_their_programs_want_them(block):
    for command in block.commands():
        check(command, bool(block.needs))


def check(words, marked):
    program, *rest = words
    if program == 'instance_seg':
        check_verb(rest)
    elif program == 'ros2':
        check_ros2(rest)
    elif program.startswith('scripts/'):
        assert os.access(ROOT / program, os.X_OK), program
        if program == 'scripts/demo.sh':
            check_verb(['demo', *rest])
    elif program == 'torchrun':
        check_verb(rest[rest.index('instance_seg_ros.cli') + 1:])
    elif program == 'python3' and rest[0] == '-m':
        ours = rest[1].startswith('instance_seg_ros')
        assert (list(ROOT.glob(f'{rest[1].replace(".", "/")}*')) if ours
                else find_spec(rest[1].partition('.')[0])), words
    else:
        assert program in OTHERS, f'{words}: is there such a program?'
        assert marked or program == 'python3', f'{words}: say before the block what it needs'


def check_verb(words):
    """Parse with the verb's own parser, and a benchmark's arguments with the benchmark's."""
    verb = words[0]
    assert verb in cli.VERBS, words
    if '--help' in words:
        return
    try:
        args = cli.build_parser(verb).parse_args(words)
        if verb == 'benchmark' and args.name != 'compare':
            parser = argparse.ArgumentParser()
            parser.add_argument('--json')
            benchmark_module(args.name).add_arguments(parser)
            parser.parse_args(args.arguments)
    except SystemExit as ended:
        assert ended.code == 0, f'instance_seg {shlex.join(words)}'
    for path in (word for word in words if word.startswith(('config/', 'launch/', 'docs/'))):
        assert (ROOT / path).exists(), path


def benchmark_module(name):
    if name == 'node':
        pytest.importorskip('rclpy')
    return load_benchmark(name)


def check_ros2(words):
    if words[0] == 'launch':
        assert words[1] == 'instance_seg_ros'
        known = launch_arguments(words[2])
        for word in (w for w in words[3:] if w != '--show-args'):
            assert word.partition(':=')[0] in known, f'{words[2]} has no argument {word}'
    elif words[:3] == ['run', 'instance_seg_ros', 'instance_seg']:
        check_verb(words[3:])
    elif words[:2] == ['param', 'set']:
        assert words[2].startswith('/instance_seg')
        assert_parameter(words[3])
    for before, word in zip(['', *words], words, strict=False):
        if word.startswith('/instance_seg/'):
            assert_topic(word.removeprefix('/instance_seg/'))
        if before == '-p' and words[:2] == ['run', 'instance_seg_ros']:
            assert_parameter(word.partition(':=')[0])


@cache
def launch_arguments(name):
    """Return the names that a launch file declares, itself or by one that it includes."""
    text = (ROOT / 'launch' / name).read_text()
    declared = set(re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", text))
    included = set(re.findall(r"'(\w+\.launch\.py)'", text)) - {name}
    return declared.union(*map(launch_arguments, included))


def assert_parameter(name):
    camera, _, own = name.rpartition('.')
    assert own in (CAMERA_FIELDS if camera else {**NODE_FIELDS, 'use_sim_time': None}), name


def assert_topic(name):
    """Topics are in the table of outputs, the inputs and the service are literals in ros/."""
    name = name.rpartition('/')[2] if not name.startswith('debug/') else name
    known = {output.name for output in (*OUTPUTS, LABEL_INFO)}
    if name not in known and not re.fullmatch(r'debug/(<stage>|[a-z]+)_ms', name):
        assert any(f"'~/{name}'" in source for source in SOURCES), f'{name}: unknown topic'


@pytest.mark.parametrize('line', [
    'instance_seg segment x --nope', 'instance_seg fly', 'instance_seg benchmark loss --nope',
    'instance_seg train --data x --config config/none.yaml', 'scripts/none.sh', 'sl -a',
    'ros2 launch instance_seg_ros instance_seg.launch.py colour:=red',
    'ros2 param set /instance_seg colour red', 'ros2 param set /instance_seg rear.device cpu',
    'ros2 topic hz /instance_seg/heat', 'python3 -m instance_seg_ros.none'])
def test_what_is_wrong_is_noticed(line):
    with pytest.raises(AssertionError):
        check(shlex.split(line), True)


# Commands that are executed


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    """Return a folder with what the pages name: a bag, bags, images, and the program."""
    folder = tmp_path_factory.mktemp('documentation')
    (folder / 'drives').mkdir()
    for name in ('my_drive', 'drives/monday', 'drives/tuesday'):
        write_bag(folder / name, frames=2)
    (folder / 'images').mkdir()
    cv2.imwrite(str(folder / 'images' / 'street.png'), np.full((64, 96, 3), 90, np.uint8))
    program = folder / 'bin' / 'instance_seg'
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m instance_seg_ros.cli "$@"\n')
    program.chmod(0o755)
    return folder


def execute(command, folder):
    path = os.pathsep.join((str(folder / 'bin'), str(Path(sys.executable).parent),
                            os.environ['PATH']))
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, timeout=300,
                          env=child_environment(PATH=path, OMP_NUM_THREADS='1'))


@pytest.mark.slow
@pytest.mark.parametrize('block', [b for b in blocks('bash') if b.needs is None], ids=str)
def test_commands_do_what_they_say(block, desk):
    if not default_checkpoint().is_file() and 'instance_seg' in block.text:
        pytest.skip('needs the shipped weights')
    done = execute(['bash', '-euo', 'pipefail', '-c', block.text], desk)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize('block', blocks('python'), ids=str)
def test_programs_run(block, desk):
    if not default_checkpoint().is_file() and 'from_checkpoint' in block.text:
        pytest.skip('needs the shipped weights')
    image = 'import numpy; image = numpy.zeros((64, 96, 3), numpy.uint8)\n'
    done = execute([sys.executable, '-c', image + block.text], desk)
    assert done.returncode == 0, done.stderr


# Names


@pytest.mark.parametrize('block', blocks('yaml'), ids=str)
def test_yaml_is_valid(block, tmp_path):
    """Parameter files name parameters that exist; the other files are label sets."""
    content = yaml.safe_load(block.text)
    if '/**' not in content:
        (tmp_path / 'labels.yaml').write_text(block.text)
        assert len(load_label_set(tmp_path / 'labels.yaml')) == len(content['classes'])
        return
    parameters = content['/**']['ros__parameters']
    for name, value in parameters.items():
        if isinstance(value, dict):
            assert name in parameters['cameras'] and set(value) <= set(CAMERA_FIELDS)
        else:
            assert_parameter(name)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_names_in_the_text_exist(page):
    """Files, topics, verbs and `parameter: value` in single backticks."""
    text = re.sub(r'^```.*?^```$', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r'`([^`\n]+)`', text):
        if re.fullmatch(r'(config|launch|scripts|docs|requirements|instance_seg_ros)/[\w./]*',
                        code):
            assert (ROOT / code).exists(), code
        elif re.fullmatch(r'[\w.]+\.launch\.py', code):
            assert (ROOT / 'launch' / code).exists(), code
        elif re.fullmatch(r'~/[\w/<>]*\w', code):
            assert_topic(code[2:])
        elif found := re.fullmatch(r'([a-z_]+): \S+|instance_seg_node .*-p ([a-z_]+):=.*', code):
            if found[1] != 'bond_timeout':      # nav2's
                assert_parameter(found[1] or found[2])
        elif found := re.fullmatch(r'instance_seg ([a-z-]+)( .*)?', code):
            assert found[1] in cli.VERBS, code


def test_every_verb_is_on_the_command_line_page():
    text = (ROOT / 'docs' / 'command_line.md').read_text()
    rows = re.findall(r'^\| ((?:`[a-z-]+`(?:, )?)+) \| [^|]+ \|$', text, re.MULTILINE)
    verbs = {verb for row in rows for verb in re.findall(r'`([a-z-]+)`', row)}
    assert verbs == set(cli.VERBS)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r'^```.*?^```$', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'https?://|mailto:', link):
            continue
        name, _, heading = link.partition('#')
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f'{page.name}: {link}'
        if heading:
            assert heading in headings(target), f'{page.name}: {link}'


def headings(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r'^#+ (.+)$', page.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles}


def test_readme_has_every_topic():
    rows = dict(re.findall(r'^\| `~/([\w/<>]+)` \| ([\w/]+)', (ROOT / 'README.md').read_text(),
                           re.MULTILINE))
    del rows['debug/<stage>_ms']
    assert rows == {output.name: output.type.replace('/msg/', '/')
                    for output in (*OUTPUTS, LABEL_INFO)}


def test_readme_is_short_and_links_every_page():
    text = (ROOT / 'README.md').read_text()
    assert text.count('\n') <= 150
    for page in PAGES[1:]:
        if page.parent != ROOT / 'config' / 'demo':
            assert f']({page.relative_to(ROOT)}' in text, page.name


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_text_is_of_the_project_alone(page):
    assert not re.search(r'/(?:home|work|root|tmp)/', page.read_text())
