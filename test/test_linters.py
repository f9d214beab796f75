# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Style, licence headers, well-formed files, and nothing of one machine in any of them."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import yaml
from checkout import ROOT

HEADER = ('# Copyright 2026 The instance_seg_ros authors\n'
          '# SPDX-License-Identifier: Apache-2.0\n')
MACHINE_PATHS = re.compile(r'(?<![\w.$}-])/(?:work|farm|root|home|opt/wheels|tmp/[a-z_]+)/')
HOSTS = re.compile(r'https?://[\w.-]*(?:pypi|pythonhosted|pytorch\.org/whl|debian\.org|npmjs)')


@pytest.fixture(scope='module')
def tracked():
    """Return the files under version control; all of them are text or known not to be."""
    try:
        listing = subprocess.run(['git', '-c', f'safe.directory={ROOT}', 'ls-files', '-z'],
                                 cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('not a git checkout')
    paths = [ROOT / name for name in listing.split('\0') if name]
    return [path for path in paths if path.is_file()]


def texts(paths):
    for path in paths:
        try:
            yield path, path.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            continue


def test_ruff():
    """Style, import order, quotes and docstrings (pep257) as pyproject.toml says."""
    pytest.importorskip('ruff')
    done = subprocess.run([sys.executable, '-m', 'ruff', 'check', '--output-format', 'concise',
                           '--no-cache', '.'], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_program_has_the_licence_header(tracked):
    programs = [path for path in tracked if path.suffix in ('.py', '.sh') and path.stat().st_size]
    without = [str(path.relative_to(ROOT)) for path, text in texts(programs)
               if not re.sub(r'^#!.*\n', '', text).startswith(HEADER)]
    assert programs and not without


def test_xml_and_yaml_are_well_formed(tracked):
    for path in tracked:
        if path.suffix == '.xml':
            ElementTree.parse(path)
        elif path.suffix in ('.yaml', '.rviz'):
            yaml.safe_load(path.read_text())


def test_scripts_parse(tracked):
    scripts = [path for path, text in texts(tracked)
               if text.startswith('#!') and 'bash' in text.partition('\n')[0]]
    assert scripts
    for path in scripts:
        subprocess.run(['bash', '-n', path], check=True)
        assert path.stat().st_mode & 0o111, f'{path} is not executable'


def test_nothing_of_one_machine(tracked):
    found = [f'{path.relative_to(ROOT)}: {match.group()}' for path, text in texts(tracked)
             for pattern in (MACHINE_PATHS, HOSTS) for match in pattern.finditer(text)]
    assert not found


def test_no_large_files(tracked):
    assert not [str(path) for path in tracked if path.stat().st_size > 10e6]
