# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of ``instance_seg benchmark node``: camera, echo, segmenter, node and listener.

The camera sends a frame to the echo node, the next one to the bare segmenter (its number only),
the next one to the node, and so on: what disturbs the machine disturbs all alike. A header's
stamp is the time of sending in nanoseconds of the monotonic clock, which all processes of a
machine share; its frame_id is the size. Each process writes what it sees into a file of its own,
a JSON object a line.

``python3 -m instance_seg_ros.benchmark.ros.node_peers ROLE FILE OPTIONS``: options are JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from ...core.stamps import stamp_ns
from ...messages.images import decode_image, image_fields
from ...perception.frame_processor import ProcessedFrame
from ...ros.message_conversion import to_message
from ...ros.outputs import CameraPublishers
from ...ros.tools.session import ros_node, spinning, stop_on_signals

TOPICS = {'raw': (Image, 'image_raw'), 'jpeg': (CompressedImage, 'image_raw/compressed')}
MASKS = {'echo': '/echo/mask', 'node': '/instance_seg/instance_mask'}
CONTESTANTS = ('echo', 'segmenter', 'node')
PROBE = (64, 32)
WARM_UP = 5
_CAMERA_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Of who listens to a camera: the node's default."""


class Notes:
    """What a process saw, a JSON object a line."""

    def __init__(self, path: Path) -> None:
        """Write to a new file; every line is on its way when `write` returns."""
        self._file = path.open('w', buffering=1, encoding='utf-8')

    def write(self, **facts: Any) -> None:
        """Add a line."""
        self._file.write(json.dumps(facts) + '\n')


def size_name(size: tuple[int, int]) -> str:
    """Return WIDTHxHEIGHT."""
    return f'{size[0]}x{size[1]}'


@cache
def stored_images(folder: str, size: str, transport: str) -> tuple[Any, ...]:
    """Return the messages made of FOLDER/SIZE.npy, uint8 (N, H, W, 3) RGB."""
    header = Header(frame_id=size)
    images = (np.zeros((1, PROBE[1], PROBE[0], 3), np.uint8) if size == size_name(PROBE)
              else np.load(Path(folder, f'{size}.npy')))
    if transport == 'raw':
        return tuple(to_message(Image, image_fields(image, header)) for image in images)
    return tuple(_to_jpeg(image, header) for image in images)


def _to_jpeg(image: np.ndarray, header: Header) -> CompressedImage:
    message = CompressedImage(header=header, format='jpeg')
    message.data.frombytes(cv2.imencode('.jpg', image[..., ::-1])[1].tobytes())
    return message


class Camera:
    """Sends frames to each contestant in turn, at a steady pace."""

    def __init__(self, node: Node, notes: Notes, folder: str, transport: str, rate: float,
                 stop: threading.Event) -> None:
        """Offer the topics; `rate` is in frames a second, of all contestants together."""
        self._notes, self._folder, self._transport = notes, folder, transport
        self._period, self._stop = 1 / rate, stop
        kind, topic = TOPICS[transport]
        self._images = {who: node.create_publisher(kind, f'/{who}/{topic}', 5) for who in MASKS}
        self._numbers = node.create_publisher(Header, '/segmenter/number', 10)
        self._heard = {who: threading.Event() for who in MASKS}
        node.create_subscription(Header, '/heard', lambda m: self._heard[m.frame_id].set(), 10)

    def connect(self) -> None:
        """Send probes until both masks come out at the other end, and all before them is done."""
        for who, heard in self._heard.items():
            heard.clear()
            while not (heard.is_set() or self._stop.is_set()):
                self._send(who, size_name(PROBE), 0)
                heard.wait(0.1)
        while not (self._numbers.get_subscription_count() or self._stop.wait(0.1)):
            pass

    def play(self, size: str, frames: int) -> None:
        """Send so many frames to each contestant, after some that do not count."""
        due = time.monotonic()
        for k in range(frames + WARM_UP):
            for who in CONTESTANTS:
                due += self._period
                if self._stop.wait(max(0.0, due - time.monotonic())):
                    return
                stamp = self._send(who, size, k)
                if k >= WARM_UP:
                    self._notes.write(who=who, size=size, stamp=stamp)
        self._stop.wait(self._period)
        self.connect()

    def _send(self, who: str, size: str, k: int) -> int:
        if who == 'segmenter':
            message, publisher = Header(frame_id=f'{size} {k}'), self._numbers
            header = message
        else:
            messages = stored_images(self._folder, size, self._transport)
            publisher = self._images[who]
            message = messages[k % len(messages)]
            header = message.header
        stamp = time.monotonic_ns()
        header.stamp.sec, header.stamp.nanosec = divmod(stamp, 1_000_000_000)
        publisher.publish(message)
        return stamp


def camera(notes: Notes, folder: str, transport: str, sizes: list[str], frames: int,
           rate: float) -> None:
    """Play every size, and end."""
    with stop_on_signals() as stop, ros_node('camera') as node, spinning(node):
        sender = Camera(node, notes, folder, transport, rate, stop)
        sender.connect()
        for size in sizes:
            stored_images(folder, size, transport)
            sender.play(size, frames)


def echo(notes: Notes, transport: str) -> None:
    """Answer every frame at once with a mono8 image of its size."""
    kind, topic = TOPICS[transport]
    with stop_on_signals() as stop, ros_node('echo') as node:
        publisher = node.create_publisher(Image, MASKS['echo'], 5)

        @cache
        def mask(size: str) -> Image:
            width, height = map(int, size.split('x'))
            return to_message(Image, image_fields(np.zeros((height, width), np.uint8), Header()))

        def answer(message: Any) -> None:
            image = mask(message.header.frame_id)
            image.header = message.header
            publisher.publish(image)

        node.create_subscription(kind, f'/echo/{topic}', answer, _CAMERA_QOS)
        with spinning(node):
            stop.wait()


def listener(notes: Notes) -> None:
    """Note when masks arrive, and answer those of probes."""
    with stop_on_signals() as stop, ros_node('listener') as node:
        heard = node.create_publisher(Header, '/heard', 10)

        def note(message: Image, who: str) -> None:
            received = time.monotonic_ns()
            if (message.width, message.height) == PROBE:
                heard.publish(Header(frame_id=who))
            else:
                notes.write(who=who, stamp=stamp_ns(message.header), received=received)

        for who, topic in MASKS.items():
            node.create_subscription(Image, topic, partial(note, who=who), 10)
        with spinning(node):
            stop.wait()


def segmenter(notes: Notes, folder: str, transport: str, parameters: dict[str, Any]) -> None:
    """Segment the frames whose numbers come, decoded beforehand, and note the milliseconds."""
    from ...node_config.parameters import NodeSettings
    from ...node_config.segmenter_factory import load_segmenter

    parameters['input_size'] = tuple(parameters['input_size'])
    segment = load_segmenter(NodeSettings(**parameters), parameters['device'])
    segment.warm_up(1)

    @cache
    def images(size: str) -> list[np.ndarray]:
        return [decode_image(message) for message in stored_images(folder, size, transport)]

    def answer(number: Header) -> None:
        size, k = number.frame_id.split()
        image = images(size)[int(k) % len(images(size))]
        begin = time.perf_counter()
        segment([image])
        notes.write(stamp=stamp_ns(number), ms=(time.perf_counter() - begin) * 1e3)

    with stop_on_signals() as stop, ros_node('segmenter') as ros:
        ros.create_subscription(Header, '/segmenter/number', answer, 10)
        with spinning(ros):
            stop.wait()
    segment.close()


class NotedPublishers(CameraPublishers):
    """The node's publishers, which note when each frame arrived, was found and was sent."""

    def __init__(self, notes: Notes, *arguments: Any, **options: Any) -> None:
        """Create the publishers."""
        super().__init__(*arguments, **options)
        self._notes, self._moments = notes, {}
        mask, = (each.publisher for each in self._outputs if each.output.name == 'instance_mask')
        send = mask.publish

        def publish(message: Image) -> None:
            self._moments['sent'] = time.monotonic_ns()
            send(message)

        mask.publish = publish

    def publish(self, frame: ProcessedFrame) -> None:
        """Publish all outputs of a frame."""
        self._moments = {'stamp': stamp_ns(frame.header), 'found': time.monotonic_ns()}
        super().publish(frame)

    def publish_timings(self, stages_ms: dict[str, float]) -> None:
        """Note the stages of the frame of the last `publish`."""
        arrived = time.monotonic_ns() - int(stages_ms['total'] * 1e6)
        self._notes.write(**self._moments, arrived=arrived, stages=stages_ms)
        super().publish_timings(stages_ms)


def node(notes: Notes, arguments: list[str]) -> None:
    """Run the real node, with outputs that take notes."""
    from ...ros import main, runtime

    runtime.CameraPublishers = partial(NotedPublishers, notes)
    main.main(['node', *arguments])


ROLES = {role.__name__: role for role in (camera, echo, segmenter, node, listener)}

if __name__ == '__main__':
    ROLES[sys.argv[1]](Notes(Path(sys.argv[2])), **json.loads(sys.argv[3]))
