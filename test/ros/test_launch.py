# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files: what they declare and, where launch is installed, what they do."""

import ast
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from bags.bag_content import COMPRESSED, RAW, write_bag
from checkout import ROOT, child_environment

from instance_seg_ros.io.video_writer import write_film

LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
PATIENCE_S = 120.0   # a node imports for a minute where the cores are busy
NAME = 'instance_seg_ros'
STARTED = r'instance_seg_node-\d+\]: process started with pid \[(\d+)\]'
# What `ros2 launch FILE ARGUMENTS` does.
LAUNCHER = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *arguments = sys.argv[1:]
service = LaunchService(argv=arguments)
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(file),
    launch_arguments=[argument.split(':=') for argument in arguments])]))
sys.exit(service.run())
"""
needs_launch = pytest.mark.skipif(
    not (find_spec('launch_ros') and find_spec('rclpy')),
    reason='launch_ros is not installed: source a ROS 2 installation')


# What they declare


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_structure(path):
    tree = ast.parse(path.read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert ast.get_docstring(tree) and 'generate_launch_description' in functions
    declared = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
                and getattr(node.func, 'id', '') == 'DeclareLaunchArgument']
    assert declared
    for node in declared:
        given = {keyword.arg for keyword in node.keywords}
        name = node.args[0].value
        assert 'description' in given, name
        default = next((k.value for k in node.keywords if k.arg == 'default_value'), None)
        if isinstance(default, ast.Constant) and default.value in ('true', 'false'):
            assert 'choices' in given, name


def test_parameters_file_names_parameters_of_the_node():
    from instance_seg_ros.node_config.parameter_rules import check_value
    from instance_seg_ros.node_config.parameters import NODE_FIELDS
    text = (ROOT / 'config' / 'instance_seg.yaml').read_text()
    (_, content), = yaml.safe_load(text).items()
    assert content['ros__parameters']
    for name, value in content['ros__parameters'].items():
        assert name in NODE_FIELDS
        check_value(name, value)


# What they do


class Launch:
    """A launch file that runs in a process of its own."""

    def __init__(self, prefix, domain, file, arguments):
        paths = os.pathsep.join(filter(None, (str(prefix), os.environ.get('AMENT_PREFIX_PATH'))))
        self.process = subprocess.Popen(
            [sys.executable, '-c', LAUNCHER, str(ROOT / 'launch' / file),
             *(f'{name}:={value}' for name, value in arguments.items())],
            env=child_environment(
                AMENT_PREFIX_PATH=paths, ROS_DOMAIN_ID=str(domain), OMP_NUM_THREADS='1',
                ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST', ROS_LOG_DIR=str(prefix / 'log')),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self._lines, self._more = [], threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line)
                self._more.notify_all()

    @property
    def log(self):
        return ''.join(self._lines)

    def wait_for_log(self, pattern, times=1):
        """Wait until the log has the pattern so many times; return the matches."""
        with self._more:
            assert self._more.wait_for(
                lambda: len(re.findall(pattern, self.log)) >= times, PATIENCE_S), self.log
        return re.findall(pattern, self.log)

    def wait(self):
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'still running after {PATIENCE_S} s:\n{self.log}') from None
        self._reader.join()
        return status

    def end(self):
        """End it as Ctrl-C in a terminal does, which reaches all processes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.wait()
        except AssertionError:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.wait()


@pytest.fixture(scope='module')
def prefix(tmp_path_factory):
    """Return an ament prefix that leads to this checkout."""
    prefix = tmp_path_factory.mktemp('prefix')
    share, library = prefix / 'share' / NAME, prefix / 'lib' / NAME
    index = prefix / 'share/ament_index/resource_index/packages'
    for folder in (share, library, index):
        folder.mkdir(parents=True)
    (index / NAME).touch()
    for name in ('package.xml', 'launch', 'config'):
        (share / name).symlink_to(ROOT / name)
    rviz = prefix / 'lib' / 'rviz2' / 'rviz2'      # prints its arguments and keeps running
    rviz.parent.mkdir()
    rviz.write_text('#!/bin/sh\necho "$@" >"$ROS_LOG_DIR/rviz2"\nexec tail -f /dev/null\n')
    rviz.chmod(0o755)
    (index / 'rviz2').touch()
    for name, module in (('instance_seg_node', 'ros.main'), ('instance_seg', 'cli')):
        program = library / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m {NAME}.{module} "$@"\n')
        program.chmod(0o755)
    return prefix


@pytest.fixture(scope='module')
def checkpoint(prefix):
    from instance_seg_ros.inference.checkpoint import random_checkpoint
    path = prefix / 'random.safetensors'
    random_checkpoint(input_size=(128, 64)).save(path)
    return path


@pytest.fixture
def launch(prefix):
    """Return ``launch(file, **arguments) -> Launch``; ends what still runs."""
    from instance_seg_ros.ros.tools.node_process import own_domain
    running = []
    with own_domain() as domain:
        def start(file='instance_seg.launch.py', **arguments):
            running.append(Launch(prefix, domain, file, {'device': 'cpu', **arguments}))
            running[-1].domain = domain
            return running[-1]

        yield start
        for each in running:
            each.end()
            print(each.log)     # pytest shows it where a test fails, for example by a timeout


POSITIONS = """/**:
  ros__parameters:
    topic: /front/image
    detections_3d: lidar
    free_space: true
"""
LAUNCHED = {    # arguments, and the number of topics in the layout
    'one': ({}, 4),
    'namespace': ({'namespace': 'car', 'image_topic': '/x', 'transport': 'raw'}, 4),
    'compressed': ({'image_topic': '/x', 'transport': 'compressed'}, 4),
    'parameters': ({'params_file': POSITIONS, 'use_sim_time': 'true'}, 7),
    'one of several': ({'file': 'multi_camera.launch.py', 'cameras': 'a'}, 4),
    'two': ({'file': 'multi_camera.launch.py', 'cameras': 'a, b', 'namespace': 'car'}, 2),
    'several': ({'file': 'multi_camera.launch.py'}, 3),
    'six': ({'file': 'multi_camera.launch.py', 'cameras': 'a,b,c,d,e,f'}, 6),
    'bag': ({'file': 'replay.launch.py', 'bag': [RAW], 'loop': 'true'}, 4),
    'compressed bag': ({'file': 'replay.launch.py', 'bag': [COMPRESSED], 'loop': 'true'}, 4),
    'video': ({'file': 'replay.launch.py', 'bag': 'video', 'loop': 'true'}, 4),
    'two in a bag': ({'file': 'replay.launch.py', 'bag': [RAW, COMPRESSED], 'loop': 'true',
                      'cameras': 'camera,rear', 'namespace': 'car'}, 2),
}


def footage(folder, content):
    """Write a bag with these topics, or a video; return it."""
    if content != 'video':
        write_bag(folder / 'drive', topics=content)
        return folder / 'drive'
    frames = np.random.default_rng(0).integers(0, 255, (10, 64, 128, 3), np.uint8)
    write_film(folder / 'street.mp4', ((k / 10, frame) for k, frame in enumerate(frames)))
    return folder / 'street.mp4'


def call(domain, kind, service, **fields):
    """Call a service of the node that was launched; return the response."""
    from instance_seg_ros.ros.tools.session import ros_node, spinning
    with ros_node('test_launch', domain) as node:
        client = node.create_client(kind, service)
        assert client.wait_for_service(PATIENCE_S)
        done = threading.Event()
        future = client.call_async(kind.Request(**fields))
        future.add_done_callback(lambda _: done.set())
        with spinning(node):
            assert done.wait(PATIENCE_S)
        return future.result()


def wait_for_text(file):
    deadline = time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_text().endswith('\n')):
        assert time.monotonic() < deadline, file
        time.sleep(0.05)
    return file.read_text()


def shown_topics(layout):
    """Return the type that RViz expects of each topic of a layout."""
    displays = yaml.safe_load(layout.read_text())['Visualization Manager']['Displays']
    types = {'Image': 'sensor_msgs/msg/Image',
             'MarkerArray': 'visualization_msgs/msg/MarkerArray',
             'PointCloud2': 'sensor_msgs/msg/PointCloud2',
             'LaserScan': 'sensor_msgs/msg/LaserScan'}
    return {d['Topic']['Value']: types[d['Class'].rpartition('/')[2]]
            for d in displays if 'Topic' in d}


def wait_for_types(domain, published, subscribed):
    """Wait until each topic has a publisher, or a subscription, of the type, and no other type."""
    from instance_seg_ros.ros.tools.session import ros_node
    deadline = time.monotonic() + PATIENCE_S
    with ros_node('test_topics', domain) as observer:
        while True:
            found = [{topic: {info.topic_type for info in look_up(topic)} for topic in topics}
                     for look_up, topics in (
                         (observer.get_publishers_info_by_topic, published),
                         (observer.get_subscriptions_info_by_topic, subscribed))]
            if found == [{topic: {kind} for topic, kind in topics.items()}
                         for topics in (published, subscribed)]:
                return
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def wait_for_state(domain, node, wanted):
    from lifecycle_msgs.srv import GetState

    from instance_seg_ros.ros.tools.session import ros_node, spinning
    deadline, state = time.monotonic() + PATIENCE_S, ''
    with ros_node('test_state', domain) as observer:
        client = observer.create_client(GetState, f'{node}/get_state')
        assert client.wait_for_service(PATIENCE_S)
        with spinning(observer):
            while state != wanted:
                done = threading.Event()
                future = client.call_async(GetState.Request())
                future.add_done_callback(lambda _, done=done: done.set())
                assert time.monotonic() < deadline and done.wait(PATIENCE_S), state
                state = future.result().current_state.label


def change_state(run, node, transition):
    """Ask for a transition as `ros2 lifecycle set` does; return whether the node took it."""
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState
    wanted = Transition(id=getattr(Transition, f'TRANSITION_{transition.upper()}'))
    return call(run.domain, ChangeState, f'{node}/change_state', transition=wanted).success


def kill_node(run):
    """End the node's latest process as a crash does."""
    os.kill(int(run.wait_for_log(STARTED)[-1]), signal.SIGKILL)


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
def test_takes_the_node_to_active_again_and_again(launch, checkpoint, tmp_path):
    """After a crash as well, and when what the node needs is back only after a while."""
    from rcl_interfaces.srv import GetParameters
    weights = tmp_path / 'weights.safetensors'
    weights.symlink_to(checkpoint)
    run = launch(namespace='front', checkpoint=weights, image_topic='camera/image',
                 transport='compressed', respawn='true')
    wait_for_state(run.domain, '/front/instance_seg', 'active')
    names = ['topic', 'transport', 'device', 'qos', 'checkpoint']
    values = call(run.domain, GetParameters, '/front/instance_seg/get_parameters',
                  names=names).values
    assert [value.string_value for value in values] == [
        'camera/image', 'compressed', 'cpu', 'best_effort', str(weights)]
    kill_node(run)
    run.wait_for_log('configured: model', times=2)
    wait_for_state(run.domain, '/front/instance_seg', 'active')
    weights.unlink()
    kill_node(run)
    run.wait_for_log('/front/instance_seg could not be configured; .* trying again')
    weights.symlink_to(checkpoint)
    run.wait_for_log('configured: model', times=3)
    wait_for_state(run.domain, '/front/instance_seg', 'active')
    assert run.end() == 0, run.log
    assert 'Abandoning wait' not in run.log, run.log      # no request has stayed without answer


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
def test_leaves_the_node_to_its_user(launch, checkpoint):
    """All transitions without autostart; with it, those that come after the start."""
    run = launch(checkpoint=checkpoint, autostart='false')
    wait_for_state(run.domain, '/instance_seg', 'unconfigured')
    assert 'configured' not in run.log
    assert change_state(run, '/instance_seg', 'configure')
    wait_for_state(run.domain, '/instance_seg', 'inactive')
    assert run.end() == 0, run.log
    run = launch(checkpoint=checkpoint)
    wait_for_state(run.domain, '/instance_seg', 'active')
    for transition in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert change_state(run, '/instance_seg', transition), transition
    assert run.end() == 0, run.log
    assert 'Failed to make transition' not in run.log


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
def test_several_cameras(launch, checkpoint):
    from rcl_interfaces.srv import GetParameters
    run = launch('multi_camera.launch.py', checkpoint=checkpoint, namespace='car')
    wait_for_state(run.domain, '/car/instance_seg', 'active')
    cameras, topic = call(run.domain, GetParameters, '/car/instance_seg/get_parameters',
                          names=['cameras', 'left.topic']).values
    assert cameras.string_array_value == ['front', 'left', 'right']
    assert topic.string_value == '/left/image_raw'
    assert run.end() == 0, run.log


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.parametrize('arguments, count', LAUNCHED.values(), ids=LAUNCHED)
def test_rviz_shows_topics_that_are_published(launch, prefix, checkpoint, tmp_path, arguments,
                                              count):
    """As many as expected; inputs without a player are at least subscribed to."""
    file, arguments = arguments.get('file', 'instance_seg.launch.py'), dict(arguments)
    arguments.pop('file', None)
    if 'bag' in arguments:
        arguments['bag'] = footage(tmp_path, arguments['bag'])
    if 'params_file' in arguments:
        (tmp_path / 'params.yaml').write_text(arguments['params_file'])
        arguments['params_file'] = tmp_path / 'params.yaml'
    (prefix / 'log' / 'rviz2').unlink(missing_ok=True)
    run = launch(file, checkpoint=checkpoint, rviz='true', **arguments)
    node = f'/{arguments.get("namespace", "")}/instance_seg'.replace('//', '/')
    wait_for_state(run.domain, node, 'active')
    layout, = re.findall(r'-d (\S+\.rviz)', wait_for_text(prefix / 'log' / 'rviz2'))
    shown = shown_topics(Path(layout))
    inputs = {topic: kind for topic, kind in shown.items()
              if 'bag' not in arguments and not topic.startswith(node)}
    wait_for_types(run.domain, {topic: kind for topic, kind in shown.items()
                                if topic not in inputs}, inputs)
    assert run.end() == 0, run.log
    assert len(shown) == count and sum(topic.endswith('/overlay') for topic in shown) > 0


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.parametrize('arguments, sentences', [
    ({'checkpoint': 'none.safetensors', 'respawn': 'true', 'namespace': 'rear'}, [
        'There is no checkpoint', '/rear/instance_seg could not be configured']),
    ({'device': 'abacus'}, ['abacus', 'exited with status 2']),
    ({'params_file': 'none.yaml'}, ["params_file 'none.yaml' does not exist"]),
    ({'transport': 'pigeon'}, ['pigeon', 'alid options']),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else '')
def test_fails_loudly(launch, arguments, sentences):
    run = launch(**arguments)
    assert run.wait() == 1, run.log
    for sentence in sentences:
        assert sentence in run.log
    for file in re.findall(r'see its log above and in (\S+)', run.log):
        assert 'There is no checkpoint' in Path(file).read_text()


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
def test_replays_a_video_records_and_ends(launch, checkpoint, tmp_path):
    from instance_seg_ros.bags import open_source
    run = launch('replay.launch.py', bag=footage(tmp_path, 'video'), checkpoint=checkpoint,
                 namespace='car', record=tmp_path / 'outputs', rate='0.25')
    assert run.wait() == 0, run.log
    assert re.search(r'\b10 +/', run.log), run.log
    with open_source(tmp_path / 'outputs') as bag:
        counts = {topic.name: topic.count for topic in bag.topics}
    # The last frames may still be in work when the bag is over.
    assert counts['/car/instance_seg/instance_mask'] > 5, counts
    assert counts['/car/instance_seg/label_info'] >= 1


@needs_launch
@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.parametrize('arguments, cameras', [
    ({'cameras': 'camera,rear'}, ['camera', 'rear']),
    ({'image_topic': '/camera/image_raw,/rear/image_raw/compressed', 'cameras': 'a,b'},
     ['a', 'b']),
], ids=['by name', 'by topic'])
def test_replays_several_cameras(launch, checkpoint, tmp_path, arguments, cameras):
    """One of them raw, the other compressed."""
    from instance_seg_ros.bags import open_source
    write_bag(tmp_path / 'drive', topics=(RAW, COMPRESSED))
    run = launch('replay.launch.py', bag=tmp_path / 'drive', checkpoint=checkpoint, rate='0.25',
                 record=tmp_path / 'outputs', **arguments)
    assert run.wait() == 0, run.log
    with open_source(tmp_path / 'outputs') as bag:
        counts = {topic.name: topic.count for topic in bag.topics}
    for camera in cameras:
        assert counts[f'/instance_seg/{camera}/instance_mask'] > 2, (counts, run.log)


@needs_launch
@pytest.mark.ros
def test_replay_without_a_bag(launch):
    run = launch('replay.launch.py', bag='none.mcap')
    assert run.wait() == 1 and 'There is no bag or video at none.mcap' in run.log
