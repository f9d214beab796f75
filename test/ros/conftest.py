# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node in a process of its own, and this process as everything else on the car."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest
import shared_memory
import yaml
from checkout import child_environment

pytest.importorskip('rclpy')

import rclpy  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.srv import SetParametersAtomically  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import QoSProfile  # noqa: E402
from rclpy.signals import SignalHandlerOptions  # noqa: E402
from ros.fakes import FakeSegmenter  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from instance_seg_ros.ros.node import InstanceSegNode  # noqa: E402
from instance_seg_ros.ros.tools.node_process import own_domain  # noqa: E402
from instance_seg_ros.ros.tools.session import ros_node, spinning  # noqa: E402

FAKES = Path(__file__).parent / 'fakes.py'
PATIENCE_S = 120.0


class NodeProcess:
    """The node as a child process; ``log`` is what it has written so far."""

    def __init__(self, domain, parameters, arguments, real, environment):
        command = ['-m', 'instance_seg_ros.ros.main'] if real else [str(FAKES)]
        self._child = subprocess.Popen(
            [sys.executable, *command, '--ros-args', '--params-file', parameters, *arguments],
            env=child_environment(ROS_DOMAIN_ID=str(domain), OMP_NUM_THREADS='1',
                                  PYTHONFAULTHANDLER='1',
                                  ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST', **environment),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._lines, self._more = [], threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            with self._more:
                self._lines.append(line)
                self._more.notify_all()
        self._child.stdout.close()

    @property
    def log(self):
        return ''.join(self._lines)

    @property
    def pid(self):
        return self._child.pid

    @property
    def threads(self):
        return len(list(Path(f'/proc/{self._child.pid}/task').iterdir()))

    @property
    def files(self):
        """What its open files are, without the numbers that differ from one to the next."""
        return sorted(re.sub(r'[0-9a-f]{16}|\[\d+\]', '', file) for file in self._open_files())

    def _open_files(self):
        files = []
        for link in list(Path(f'/proc/{self._child.pid}/fd').iterdir()):
            with suppress(FileNotFoundError):    # closed since it was listed
                files.append(os.readlink(link))
        return files

    @property
    def shared_memory(self):
        """Segments of Fast DDS that are its own."""
        return {Path(file.removesuffix('_el')) for file in self._open_files()
                if re.fullmatch(r'/dev/shm/fast(dds|rtps)_[0-9a-f]{16}_el', file)}

    def wait_for_log(self, text):
        with self._more:
            assert self._more.wait_for(lambda: text in self.log, PATIENCE_S), self.log

    def wait(self):
        status = self._child.wait(PATIENCE_S)
        self._reader.join()
        return status

    def end(self, number=signal.SIGINT):
        """Send a signal; return the exit status and the seconds it took."""
        begin = time.monotonic()
        if self._child.poll() is None:
            self._child.send_signal(number)
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGABRT)     # faulthandler writes where it hangs
            self._child.wait()
        seconds = time.monotonic() - begin
        self._reader.join()
        return self._child.returncode, seconds


class Car:
    """Publishes images, hears the node's outputs, drives its lifecycle and parameters."""

    def __init__(self, node, name='/instance_seg'):
        self.node, self.name = node, name
        self._changed = threading.Condition()
        self._clients, self._publishers, self.heard = {}, {}, {}
        self.statuses, self.stamp = {}, None
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    # Hearing

    def hear(self, topic, message_type, qos=10):
        """Keep the messages of a topic in ``heard[topic]``; return once it is connected."""
        messages = self.hear_later(topic, message_type, qos)
        self.until(lambda: self.node.count_publishers(f'{self.name}/{topic}'), every=0.02)
        return messages

    def hear_later(self, topic, message_type, qos=10):
        """Do the same without waiting for the node to have the topic."""
        messages = self.heard[topic] = []

        def on_message(message):
            with self._changed:
                messages.append(message)
                self._changed.notify_all()

        self.node.create_subscription(message_type, f'{self.name}/{topic}', on_message, qos)
        return messages

    def wait_for(self, condition, seconds=PATIENCE_S):
        """Wait for messages to make a condition true; return its value."""
        with self._changed:
            result = self._changed.wait_for(condition, seconds)
        assert result, (self.statuses, {k: len(v) for k, v in self.heard.items()})
        return result

    def until(self, condition, every=0.05, seconds=PATIENCE_S):
        """Poll the graph until it matches: there is no event for changes."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.statuses, condition)
            time.sleep(every)

    def _on_diagnostics(self, message):
        with self._changed:
            self.stamp = message.header.stamp.sec
            for status in message.status:
                values = {item.key: item.value for item in status.values}
                self.statuses[status.name] = (status.level[0], status.message, values)
            self._changed.notify_all()

    def status(self, part='camera'):
        """Return (level, message, values) of a part of the node."""
        return self.statuses.get(f'{self.name.lstrip("/")}: {part}', (0, '', {}))

    def values(self, part='camera'):
        return self.status(part)[2]

    def counts(self, part='camera'):
        """Return received, published, held, dropped, failed as numbers, and check their sum."""
        values = self.values(part)
        dropped, failed = ({k.partition('/')[2]: int(v) for k, v in values.items()
                            if k.startswith(prefix)} for prefix in ('dropped/', 'failed/'))
        received, published, held = (int(values.get(k, 0)) for k in
                                     ('received', 'published', 'held'))
        assert received == published + held + sum(dropped.values()) + sum(failed.values())
        return received, published, held, dropped, failed

    # Driving

    def in_executor(self, function):
        """Call a function in the thread that serves the node, and wait for it."""
        done = threading.Event()
        task = self.node.executor.create_task(function)
        task.add_done_callback(lambda _: done.set())
        assert done.wait(PATIENCE_S), 'the executor did not come to it'
        return task.result()

    def call(self, service_type, service, request):
        client = self._clients.get(service)
        if client is None:
            client = self.node.create_client(service_type, f'{self.name}/{service}')
            self._clients[service] = client
        assert client.wait_for_service(PATIENCE_S), f'no service {service}'
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        assert done.wait(PATIENCE_S), f'{service} did not answer'
        return future.result()

    def change(self, *transitions):
        """Ask for transitions one after the other; return the last one's success."""
        for transition in transitions:
            request = ChangeState.Request()
            request.transition.id = {
                'configure': Transition.TRANSITION_CONFIGURE,
                'activate': Transition.TRANSITION_ACTIVATE,
                'deactivate': Transition.TRANSITION_DEACTIVATE,
                'cleanup': Transition.TRANSITION_CLEANUP,
                'shutdown unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
                'shutdown inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
                'shutdown active': Transition.TRANSITION_ACTIVE_SHUTDOWN}[transition]
            success = self.call(ChangeState, 'change_state', request).success
        return success

    @property
    def state(self):
        return self.call(GetState, 'get_state', GetState.Request()).current_state.label

    def set(self, **parameters):
        """Set parameters at once ('__' stands for '.'); return '' or the reason of a refusal."""
        request = SetParametersAtomically.Request(parameters=[
            Parameter(name.replace('__', '.'), value=value).to_parameter_msg()
            for name, value in parameters.items()])
        result = self.call(SetParametersAtomically, 'set_parameters_atomically', request).result
        assert result.successful != bool(result.reason)
        return result.reason

    # Cameras

    def publisher(self, topic='/image_raw', message_type=Image, qos=None, connected=True):
        key = (topic, message_type)
        if key not in self._publishers:
            self._publishers[key] = self.node.create_publisher(
                message_type, topic, qos or QoSProfile(depth=10))
        publisher = self._publishers[key]
        if connected:
            self.until(publisher.get_subscription_count, every=0.02)
        return publisher

    def image(self, order=0, size=(64, 48), frame_id='camera', **fields):
        """Return an rgb8 image, stamped now."""
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        pixels[0, 0, 2] = order
        message = Image(height=size[1], width=size[0], encoding='rgb8', step=size[0] * 3)
        message.data.frombytes(pixels.tobytes())
        message.header.frame_id = frame_id
        message.header.stamp = self.node.get_clock().now().to_msg()
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    def send(self, *messages, topic='/image_raw', **options):
        publisher = self.publisher(topic, type(messages[0]), **options)
        for message in messages:
            publisher.publish(message)

    def send_and_wait(self, message, part='camera', topic='/image_raw'):
        """Publish one image and wait until the node has accounted for it."""
        before = self.counts(part)[0]
        self.send(message, topic=topic)
        self.wait_for(lambda: self.counts(part)[0] > before and not self.counts(part)[2])


@pytest.fixture(scope='session')
def domain():
    with own_domain() as number:
        yield number
    shared_memory.remove(shared_memory.abandoned())     # of nodes that tests have killed


@pytest.fixture
def start_node(domain, tmp_path):
    """Return ``start(parameters, *ros_arguments, real=False, **environment) -> NodeProcess``."""
    processes = []

    def start(parameters=None, *arguments, real=False, **environment):
        path = tmp_path / f'parameters{len(processes)}.yaml'
        # Reliable: a best effort reader may not know the writer yet when the writer knows it.
        defaults = {'diagnostics_period_s': 0.1, 'qos': 'reliable'}
        path.write_text(yaml.safe_dump(
            {'/**': {'ros__parameters': {**defaults, **(parameters or {})}}}))
        process = NodeProcess(domain, str(path), arguments, real, environment)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.end()
        print(process.log)      # pytest shows it next to a failure


@pytest.fixture
def make_car(domain, monkeypatch):
    """Return ``make(node_name='/instance_seg') -> Car``."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    with ros_node('car', domain) as node, spinning(node):
        yield lambda name='/instance_seg': Car(node, name)


@pytest.fixture
def car(make_car):
    return make_car()


@pytest.fixture
def make_node(domain, monkeypatch):
    """Return ``make(*ros_arguments, load=FakeSegmenter)``: the node in this process, not spun."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

    def end(node):
        node.end()
        node.destroy_node()
        node.release_handle()

    with ExitStack() as ends:
        def make(*arguments, load=FakeSegmenter):
            context = rclpy.Context()
            rclpy.init(context=context, domain_id=domain, args=['--ros-args', *arguments],
                       signal_handler_options=SignalHandlerOptions.NO)
            ends.callback(context.try_shutdown)
            node = InstanceSegNode(load, context=context)
            ends.callback(end, node)
            return node

        yield make
