# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What the command line says: help with examples, and one sentence for each mistake."""

import os
import shlex
import subprocess
import sys

import pytest
from checkout import ROOT, child_environment

from instance_seg_ros import cli
from instance_seg_ros.commands.examples import EXAMPLES
from instance_seg_ros.core.errors import DeviceError


@pytest.mark.parametrize('verb', cli.VERBS)
def test_every_verb_has_examples_that_it_understands(verb, capsys):
    """Each is shown by --help as it is, and read by the verb's own parser."""
    parser = cli.build_parser(verb)
    with pytest.raises(SystemExit, match='0'):
        parser.parse_args([verb, '--help'])
    shown = capsys.readouterr().out
    for example in EXAMPLES[verb]:
        assert f'\n  {example}\n' in shown
        program, *arguments = shlex.split(example)
        assert program == 'instance_seg' and parser.parse_args(arguments).verb == verb


@pytest.mark.parametrize('verb', cli.VERBS)
def test_every_argument_is_explained(verb):
    """No option goes without help, and positional ones have names that stand out."""
    parser = cli.build_parser(verb)
    own = next(a for a in parser._actions if a.dest == 'verb').choices[verb]
    assert [a.dest for a in own._actions if not a.help] == []


@pytest.mark.parametrize(('line', 'named'), [
    ('', 'VERB'),
    ('fly', "'fly'"),
    ('segment', '--output'),
    ('segment a.png --output out --batch x', "'x'"),
    ('segment a.png --output out --threads -1', '--threads'),
    ('segment a.png --output out --json .', '. is a directory'),
    ('segment a.png --output out --json setup.py/a.json', 'setup.py is not a writable directory'),
    ('process-bag a b --prefix "a b"', "'a b'"),
    ('process-bag a b --prefix 1st', "'1st'"),
    ('play-bag a --remap /a', "'/a'"),
    ('play-bag a --remap "/a:=b c"', "'b c'"),
    ('record-bag a --node "a b"', "'a b'"),
    ('record-bag a --topics /a /b//c', "'/b//c'"),
    ('demo --domain 233', "'233'"),
    ('demo --domain -1', '--domain'),
    ('demo --param device', "'device'"),
    ('demo --param scor_threshold:=0.5', "did you mean 'score_threshold'"),
    ('report a --samples -1', '--samples'),
    ('report a --output .', '. is a directory'),
    ('view a --port 65535', "'65535'"),
    ('export a.safetensors .', '. is a directory'),
    ('benchmark fly', "'fly'"),
    ('benchmark pipeline --fly', '--fly'),
])
def test_a_wrong_argument_is_one_sentence(line, named, capsys, monkeypatch):
    """Exit status 2 and a single line that names the thing and where to read on."""
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match='2'):
        cli.main(shlex.split(line))
    said = capsys.readouterr().err
    assert named in said and said.count('\n') == 1 and '--help`.' in said


def run_that_raises(monkeypatch, error):
    class Verb:
        @staticmethod
        def add_arguments(parser):
            pass

        @staticmethod
        def run(args):
            raise error

    monkeypatch.setattr(cli, '_verb_module', lambda verb: Verb)
    return cli.main(['segment'])


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    """What the system refuses is named, without a traceback."""
    assert run_that_raises(monkeypatch, OSError(28, 'No space left on device', 'a.mcap')) == 2
    assert capsys.readouterr().err == 'instance_seg: a.mcap: No space left on device.\n'


def test_a_device_error_is_one_sentence(monkeypatch, capsys):
    """With a status of its own."""
    text = 'CUDA graph capture failed: x. Set cuda_graphs: off'
    assert run_that_raises(monkeypatch, DeviceError(text)) == 3
    assert capsys.readouterr().err == f'instance_seg: {text}\n'


def test_programming_errors_are_not_hidden(monkeypatch):
    """An OSError that no system call made keeps its traceback."""
    with pytest.raises(OSError, match='could not get source code'):
        run_that_raises(monkeypatch, OSError('could not get source code'))


def test_closed_output_pipe():
    """A closed pipe, such as of `| head`, ends it without a word."""
    code = ('import sys, types\nfrom instance_seg_ros import cli\n'
            'verb = types.SimpleNamespace(add_arguments=id, run=lambda args: print("result"))\n'
            'cli._verb_module = lambda name: verb\n'
            'sys.exit(cli.main(["segment"]))')
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([sys.executable, '-c', code], env=child_environment(),
                              stdout=write, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write)
    assert done.returncode == 141 and done.stderr == ''
