# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What colcon installs, what the package says it needs, and the rules of the house."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, child_environment

import instance_seg_ros

NAME = 'instance_seg_ros'
PACKAGE = ROOT / NAME
SOURCES = sorted(PACKAGE.rglob('*.py'))

# Import name: rosdep key in package.xml. None: there is no such key.
RUN_TIME = {
    'av': None, 'cv2': 'python3-opencv', 'mcap': None, 'numpy': 'python3-numpy',
    'rosbags': 'python3-rosbags-pip', 'ruamel': 'python3-ruamel.yaml', 'safetensors': None,
    'scipy': 'python3-scipy', 'torch': 'python3-pytorch-pip', 'tqdm': 'python3-tqdm',
    'yaml': 'python3-yaml', 'zstandard': None,
}
ROS = {
    'ament_index_python', 'cv_bridge', 'diagnostic_msgs', 'launch', 'launch_ros',
    'lifecycle_msgs', 'rcl_interfaces', 'rclpy', 'rosgraph_msgs', 'sensor_msgs', 'std_msgs',
    'std_srvs', 'tf2_ros', 'vision_msgs', 'visualization_msgs',
}
DEVELOPMENT = {
    'PIL', 'albumentations', 'cityscapesscripts', 'distributed', 'lightning', 'matplotlib',
    'onnx', 'onnxruntime', 'openvino', 'panda3d', 'pycocotools', 'rerun', 'sklearn',
    'tensorboard', 'torchmetrics', 'trackeval',
}
# Where they may be imported at the top of a module.
DEVELOPMENT_FOLDERS = ('benchmark', 'datasets', 'evaluation', 'review', 'training')
DISTRIBUTIONS = {'cv2': 'opencv-python-headless', 'ruamel': 'ruamel.yaml', 'yaml': 'PyYAML'}


def imports(path, nested=True):
    """Return the top-level names of the other packages that a file imports."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    nodes = ast.walk(tree) if nested else tree.body
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition('.')[0])
    return names - set(sys.stdlib_module_names) - {NAME}


@pytest.fixture(scope='module')
def manifest():
    parse = pytest.importorskip('catkin_pkg.package').parse_package
    return parse(str(ROOT / 'package.xml'))


def names(dependencies):
    return {dependency.name for dependency in dependencies}


# The rules of the house


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_dependencies_are_declared_and_in_their_folders(path):
    folders, used = path.relative_to(PACKAGE).parts[:-1], imports(path)
    assert used <= set(RUN_TIME) | ROS | DEVELOPMENT, 'an undeclared dependency'
    if 'ros' not in folders:
        assert not used & ROS, 'only ros/ and benchmark/ros/ may import ROS'
    if not set(folders[:1]) & set(DEVELOPMENT_FOLDERS):
        assert not imports(path, nested=False) & DEVELOPMENT, 'import it where it is used'


def test_running_imports_nothing_of_training():
    """Neither the node nor the verbs for users load what only developers have."""
    pytest.importorskip('rclpy')
    program = f"""
import importlib, sys
for name in ('inference.segmenter', 'perception.overlay', 'bags', 'cli', 'ros.node', 'ros.main',
             'commands.segment', 'commands.demo', 'commands.process_bag', 'commands.play_bag'):
    importlib.import_module('{NAME}.' + name)
print(*sorted({DEVELOPMENT!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, '-c', program], env=child_environment(), text=True,
                          capture_output=True, check=True)
    assert done.stdout.split() == []


# The manifest and setup.py


def test_manifest_is_valid_and_agrees(manifest):
    manifest.validate()
    assert (manifest.package_format, manifest.name) == (3, NAME)
    assert manifest.get_build_type() == 'ament_python'
    version = re.search(r"version='(.*?)'", (ROOT / 'setup.py').read_text()).group(1)
    assert manifest.version == version == instance_seg_ros.__version__
    assert manifest.licenses == ['Apache-2.0']
    assert 'Apache License' in (ROOT / 'LICENSE').read_text()


def test_manifest_names_what_is_imported(manifest):
    files = [*SOURCES, *(ROOT / 'launch').glob('*.py')]
    used = set().union(*map(imports, files))
    keys = {RUN_TIME.get(name, name) for name in used if name in RUN_TIME or name in ROS}
    declared = names(manifest.exec_depends)
    assert keys - {None} <= declared
    # Messages that are only made by the name of their type.
    assert declared - keys <= {'visualization_msgs'}
    assert not declared & names(manifest.test_depends)


def test_everything_declared_is_imported():
    assert set().union(*map(imports, SOURCES)) >= set(RUN_TIME)


@pytest.mark.parametrize('path', sorted((ROOT / 'requirements').glob('*.txt')),
                         ids=lambda path: path.stem)
def test_requirements_are_pinned(path):
    for line in path.read_text().splitlines():
        assert re.fullmatch(r'|#.*|[A-Za-z0-9_.-]+==[\w.!+]+', line), line


# The installation


@pytest.fixture(scope='module')
def install(tmp_path_factory):
    """Build the package with colcon in a workspace of its own; return the install prefix."""
    colcon = shutil.which('colcon', path=os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ.get('PATH', ''))))
    if colcon is None:
        pytest.skip('colcon is not installed')
    workspace = tmp_path_factory.mktemp('workspace')
    shutil.copytree(ROOT, workspace / 'src' / NAME, ignore=shutil.ignore_patterns(
        '.*', '__pycache__', '*.egg-info', 'build', 'install', 'log', 'runs', 'demo_output',
        'interfaces'))
    done = subprocess.run(
        [colcon, '--log-base', 'log', 'build', '--event-handlers', 'console_direct+'],
        cwd=workspace, env=child_environment(), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return workspace / 'install' / NAME


@pytest.fixture
def source(install):
    """Return what was built: the checkout may have changed meanwhile."""
    return install.parents[1] / 'src' / NAME


@pytest.mark.slow
def test_install_tree(install, source):
    share = install / 'share' / NAME
    library, = (install / 'lib').glob(f'python*/site-packages/{NAME}')
    assert {'launch', 'config', 'weights', 'package.xml'} <= {p.name for p in share.iterdir()}
    assert files_in(share / 'launch') == files_in(source / 'launch') != set()
    assert files_in(share / 'config') == files_in(source / 'config') != set()
    assert files_in(share / 'weights') == files_in(source / NAME / 'weights') != set()
    assert files_in(library) == files_in(source / NAME)
    assert (install / 'share/ament_index/resource_index/packages' / NAME).is_file()


def files_in(folder):
    """Return what a folder holds, without what Python adds."""
    return {path.relative_to(folder) for path in folder.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}


def run_installed(install, name, *arguments):
    """Run an installed executable as ``ros2 run`` does, away from the checkout."""
    library, = (install / 'lib').glob('python*/site-packages')
    env = {**child_environment(), 'PYTHONPATH': os.pathsep.join(
        (str(library), os.environ.get('PYTHONPATH', '')))}
    return subprocess.run([install / 'lib' / NAME / name, *arguments], env=env, cwd=install,
                          text=True, capture_output=True, timeout=120)


@pytest.mark.slow
def test_installed_command_line(install):
    done = run_installed(install, 'instance_seg', '--help')
    assert done.returncode == 0 and 'segment' in done.stdout, done
    where = f'import {NAME}; print({NAME}.__file__)'
    library, = (install / 'lib').glob('python*/site-packages')
    done = subprocess.run([sys.executable, '-c', where], text=True, capture_output=True,
                          cwd=install, env={**child_environment(), 'PYTHONPATH': str(library)})
    assert done.stdout.strip().startswith(str(install)), 'the checkout was tested instead'


@pytest.mark.slow
@pytest.mark.ros
def test_installed_node(install):
    pytest.importorskip('rclpy')
    done = run_installed(install, 'instance_seg_node', '--ros-args', '-p', 'device:=abacus')
    assert done.returncode == 2 and 'abacus' in done.stderr, done
