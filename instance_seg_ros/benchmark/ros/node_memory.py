# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Memory of the node's process over many frames: it must not grow after the first hundred.

This process is camera and listener. It sends the next image when all outputs of the one before
have come, so that frames pass as fast as the node can.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tqdm import tqdm
from vision_msgs.msg import Detection2DArray

from ...arguments import image_size
from ...core.errors import UserError
from ...messages.images import image_fields
from ...ros.message_conversion import to_message
from ...ros.tools.node_process import NODE_COMMAND, NodeProcess, own_domain
from ...ros.tools.session import ros_node, spinning, stop_on_signals
from ..arguments import settings
from ..frames import add_frame_arguments, load_checkpoint, load_frames
from ..measure import huge_pages, resident_memory
from ..memory import over_first
from ..report import Report
from .node import surroundings

OUTPUTS = {'instance_mask': Image, 'class_mask': Image, 'overlay': Image,
           'detections': Detection2DArray}
_START_S, _ANSWER_S = 180.0, 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--after', type=int, nargs='+', default=[100, 1000, 10_000],
                        metavar='N', help='look after so many frames')
    parser.add_argument('--input-size', type=image_size, default=(0, 0), metavar='WxH',
                        help='size at which the network sees the image (as trained)')
    parser.add_argument('--device', default='auto',
                        help='auto (a GPU where there is one), cpu, cuda or cuda:N')
    parser.add_argument('--threads', type=int, default=0, metavar='N',
                        help='CPU threads of PyTorch')
    add_frame_arguments(parser)


def run(args: argparse.Namespace) -> Report:
    """Send image after image and look at the node's memory now and then."""
    frames, (checkpoint, remark) = load_frames(args), load_checkpoint(args)
    with (tempfile.TemporaryDirectory() as name, surroundings('profile'), own_domain() as domain,
          stop_on_signals() as stop):
        path = checkpoint.path or Path(name, 'untrained.safetensors')
        if checkpoint.path is None:
            checkpoint.save(path)
        command = [*NODE_COMMAND, *_node_arguments(args, Path(path).absolute())]
        with NodeProcess(command, Path(name, 'node.log'), domain) as process, \
                ros_node('camera', domain) as node:
            camera = Camera(node, frames)
            with spinning(node):
                rows = list(_rows(camera, process, args.after, stop))
    return Report('node-memory', ('frames',), over_first(rows), settings(args), [
        remark, 'A camera with tracking; listeners to masks, detections and overlay.'])


def _node_arguments(args: argparse.Namespace, checkpoint: Path) -> list[str]:
    values = {'checkpoint': str(checkpoint), 'device': args.device, 'threads': args.threads,
              'input_size': list(args.input_size), 'autostart': True, 'tracking': True,
              'qos': 'reliable'}
    return ['--ros-args', *(a for name, value in values.items()
                            for a in ('-p', f'{name}:={json.dumps(value)}'))]


class Camera:
    """Sends images, and hears what the node makes of them."""

    def __init__(self, node: Node, frames: list[np.ndarray]) -> None:
        """Offer and ask for the topics; `frames` are uint8 (H, W, 3)."""
        self._images = [to_message(Image, image_fields(frame, Header(frame_id='camera')))
                        for frame in frames]
        self._publisher = node.create_publisher(Image, 'image_raw', QoSProfile(depth=5))
        self._stamp, self._missing = 0, set()
        self._lock, self._complete = threading.Lock(), threading.Event()
        for topic, kind in OUTPUTS.items():
            node.create_subscription(kind, f'instance_seg/{topic}',
                                     lambda message, topic=topic: self._hear(topic, message), 10)

    def send(self, number: int) -> bool:
        """Publish an image; return whether all outputs came."""
        image = self._images[number % len(self._images)]
        with self._lock:
            self._stamp, self._missing = self._stamp + 1, set(OUTPUTS)
            self._complete.clear()
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(self._stamp * 10**8, 10**9)
        self._publisher.publish(image)
        return self._complete.wait(_ANSWER_S)

    def _hear(self, topic: str, message: Image | Detection2DArray) -> None:
        stamp = message.header.stamp
        with self._lock:
            if stamp.sec * 10**9 + stamp.nanosec == self._stamp * 10**8:
                self._missing.discard(topic)
            if not self._missing:
                self._complete.set()


def _rows(camera: Camera, process: NodeProcess, after: list[int],
          stop: threading.Event) -> Iterator[dict]:
    """Yield a row after so many frames as `after` says; UserError where none comes through."""
    answered, last = 0, time.monotonic() + _START_S
    with tqdm(total=max(after), desc='frames', leave=False, disable=None) as progress:
        while answered < max(after):
            process.check()
            if stop.is_set():
                raise KeyboardInterrupt
            if camera.send(answered):
                answered, last = answered + 1, time.monotonic() + _START_S
                progress.update()
                if answered in after:
                    yield {'frames': answered, 'resident_mb': resident_memory(process.pid),
                           'huge_pages_mb': huge_pages(process.pid)}
            elif time.monotonic() > last:
                raise UserError(f'No masks for {_START_S:.0f} s; the node said: '
                                f'{process.complaint()}')
