# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lists of dependencies agree: setup.py, requirements/, package.xml, docs/installation.md."""

import re
from functools import cache
from xml.etree import ElementTree

import pytest
import setuptools
from checkout import ROOT
from test_packaging import DEVELOPMENT, DISTRIBUTIONS, RUN_TIME, SOURCES, imports

REQUIREMENTS = ROOT / 'requirements'
NO_EXTRA = {'alone', 'constraints', 'ros', 'ros_jazzy', 'runtime'}
DEVELOPMENT_DISTRIBUTIONS = {'PIL': 'pillow', 'cityscapesscripts': 'cityscapesScripts',
                             'rerun': 'rerun-sdk', 'sklearn': 'scikit-learn'}
INSTALLATION = (ROOT / 'docs' / 'installation.md').read_text()


def pins(name):
    """Return the pinned versions in requirements/NAME.txt."""
    lines = (REQUIREMENTS / f'{name}.txt').read_text().splitlines()
    return dict(line.split('==') for line in lines if line and not line.startswith('#'))


@cache
def arguments():
    """Return the arguments of ``setup`` in setup.py."""
    given = {}
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.chdir(ROOT)
        context.setattr(setuptools, 'setup', lambda **kwargs: given.update(kwargs))
        exec((ROOT / 'setup.py').read_text(), {'__name__': 'setup'})
    return given


def required():
    return {re.split('[<>=]', line)[0] for line in arguments()['install_requires']}


def extras():
    return {name: set(packages) for name, packages in arguments()['extras_require'].items()}


def test_an_extra_for_each_requirements_file():
    files = {path.stem for path in REQUIREMENTS.glob('*.txt')} - NO_EXTRA
    assert extras() == {name: set(pins(name)) for name in files}


def test_run_time_requirements_are_pinned():
    tools = {'setuptools', 'catkin-pkg'}
    pinned = {name for name in {**pins('runtime'), **pins('ros')}
              if not name.startswith('ros-kilted-')}
    assert pinned - tools == required()


def test_pins_agree():
    constraints = {name.lower(): version for name, version in pins('constraints').items()}
    for path in REQUIREMENTS.glob('*.txt'):
        for name, version in pins(path.stem).items():
            assert constraints.get(name.lower(), version) == version, (path.name, name)


def test_the_lock_has_the_pinned_versions_and_their_hashes():
    """Else run scripts/lock.sh."""
    text = (REQUIREMENTS / 'demo.lock').read_text()
    locked = dict(re.findall(r'^([a-z0-9-]+)==([^ ]+)', text, re.MULTILINE))
    for name, version in {**pins('ros'), **pins('runtime')}.items():
        assert locked[name.lower().replace('.', '-')] == version, name
    constraints = {name.lower(): version for name, version in pins('constraints').items()}
    assert not {name for name in locked if constraints.get(name, locked[name]) != locked[name]}
    entries = re.split(r'\n(?=[a-z])', text)[1:]
    assert len(entries) >= len(locked) and all('--hash=sha256:' in entry for entry in entries)


def test_imports_of_development_are_in_an_extra():
    used = set().union(*map(imports, SOURCES)) & DEVELOPMENT
    offered = set().union(*extras().values(), pins('alone'))
    assert {DEVELOPMENT_DISTRIBUTIONS.get(name, name) for name in used} <= offered


def test_manifest_has_the_rosdep_keys():
    tree = ElementTree.parse(ROOT / 'package.xml')
    declared = {node.text for node in tree.iter('exec_depend')}
    distributions = {DISTRIBUTIONS.get(name, name): key for name, key in RUN_TIME.items()}
    assert distributions.keys() == required()
    assert {key for key in declared if key.startswith('python3-')} == {
        key for key in distributions.values() if key}


def test_page_installs_what_rosdep_does_not():
    line, = re.findall(r'^pip install (.*)$', INSTALLATION, re.MULTILINE)
    skipped, = re.findall(r'--skip-keys "(.*)"', INSTALLATION)
    without = {DISTRIBUTIONS.get(name, name) for name, key in RUN_TIME.items()
               if key is None or key in skipped.split()}
    assert set(line.split()) == without


def test_page_has_the_extras():
    rows = re.findall(r'^\| `(\w+)` \| `([\w -]+)` \|', INSTALLATION, re.MULTILINE)
    assert {name: set(packages.split()) for name, packages in rows} == {
        name: packages for name, packages in extras().items() if name != 'test'}
    alone, = re.findall(r'`pip install --no-deps ([\w ]+)`', INSTALLATION)
    assert set(alone.split()) == set(pins('alone'))
