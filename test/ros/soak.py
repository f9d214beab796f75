# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The real node for long, while everything around it changes; run by `scripts/soak.sh`.

Four cameras: one steady, one that flickers between sizes, encodings and damage, one that drops
out, one of compressed images, some damaged. Parameters change each second, subscribers come and
go, the lifecycle is cycled. Each diagnostics message is checked for its balance, and the resources
of the node are sampled.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import yaml
from ros.conftest import Car, NodeProcess
from ros.soak_report import Sample, problems, table
from sensor_msgs.msg import CompressedImage, Image

from instance_seg_ros.ros.tools.node_process import own_domain
from instance_seg_ros.ros.tools.session import ros_node, spinning

CAMERAS = ('front', 'left', 'right', 'rear')
PARAMETERS = {
    'cameras': list(CAMERAS), 'autostart': True, 'device': 'cpu', 'threads': 1,
    'input_size': [96, 64], 'diagnostics_period_s': 0.5, 'qos': 'reliable',
    'stale_after_s': 3600.0, 'rear.transport': 'compressed', 'left.tracking': True}
SIZES = ((64, 48), (96, 64), (33, 17), (1, 1), (160, 90))
ENCODINGS = {'rgb8': 3, 'bgra8': 4, 'mono8': 1, 'mono16': 2, 'yuv422': 2, 'bayer_rggb8': 1,
             'unknown': 3}
DROPOUT_S = 5.0


class Traffic:
    """Publishes the images of the four cameras from a thread."""

    def __init__(self, car: Car, rate_hz: float) -> None:
        self._car, self._period, self._rng = car, 1 / rate_hz, random.Random(1)
        self._stop, self.sent = threading.Event(), Counter()
        self._scene = cv2.resize(np.random.default_rng(1).integers(
            0, 256, (9, 12, 3), np.uint8), (160, 90))
        self._thread = threading.Thread(target=self._run, name='traffic')

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        begin = time.monotonic()
        while not self._stop.wait(self._period):
            out = (time.monotonic() - begin) // DROPOUT_S % 2
            images = {'front': self._raw((96, 64), 'rgb8'), 'left': self._flickering(),
                      'rear': self._compressed()} | ({} if out else {
                          'right': self._raw((96, 64), 'bgr8')})
            for name, message in images.items():
                topic = f'/{name}/image_raw' + '/compressed' * (name == 'rear')
                self._car.send(message, topic=topic, connected=False)
                self.sent[name] += 1

    def _raw(self, size: tuple[int, int], encoding: str) -> Image:
        width, height = size
        step = width * ENCODINGS.get(encoding, 3)
        message = Image(width=width, height=height, encoding=encoding, step=step)
        message.data.frombytes(np.resize(self._scene, step * height).tobytes())
        return self._stamped(message)

    def _flickering(self) -> Image:
        message = self._raw(self._rng.choice(SIZES), self._rng.choice(list(ENCODINGS)))
        if self._rng.random() < 0.1:
            message.step = self._rng.choice((0, 1, 2**31))
        return message

    def _compressed(self) -> CompressedImage:
        data = bytearray(cv2.imencode('.jpg', self._scene)[1].tobytes())
        if self._rng.random() < 0.2:
            place = self._rng.randrange(len(data))
            data[place:place + 20] = self._rng.randbytes(20)
        return self._stamped(CompressedImage(format='jpeg', data=bytes(data)))

    def _stamped(self, message):
        message.header.frame_id = 'camera'
        message.header.stamp = self._car.node.get_clock().now().to_msg()
        return message


class Disturbance:
    """Changes parameters, subscribers and the lifecycle, one step a second."""

    def __init__(self, car: Car) -> None:
        self._car, self._rng, self._subscriptions = car, random.Random(2), []
        self.counts: Counter[str] = Counter()

    def step(self, second: int) -> None:
        """Do what is due in a second of the run."""
        self._change_parameters()
        if second % 2 == 0:
            # In the executor's thread: elsewhere it may be about to wait for what is destroyed.
            self._car.in_executor(self._change_subscribers)
        if second % 15 == 14:
            self._cycle(complete=second % 60 == 59)

    def _change_parameters(self) -> None:
        rng = self._rng
        change = rng.choice((
            {'score_threshold': rng.random()}, {'min_area': rng.randrange(200)},
            {'bandwidth': rng.uniform(0.5, 3)}, {'overlay_opacity': rng.random()},
            {'front__tracking': rng.random() < 0.5}, {'left__rotation': rng.choice((0, 90, 180))},
            {'rear__max_rate_hz': rng.choice((0.0, 2.0, 50.0))},
            {'left__enabled': rng.random() < 0.7}, {'front__roi': [0, 0, rng.randrange(1, 96), 0]},
            {'score_threshold': 2.0}, {'left__ego_mask': 'inf,0 0,0 1,1'}))
        self.counts['parameters refused' if self._car.set(**change) else 'parameters set'] += 1

    def _change_subscribers(self) -> None:
        node = self._car.node
        while len(self._subscriptions) > 2:
            node.destroy_subscription(self._subscriptions.pop(0))
        topic = self._rng.choice(('overlay', 'instance_mask', 'class_mask', 'class_overlay'))
        self._subscriptions.append(node.create_subscription(
            Image, f'/instance_seg/{self._rng.choice(CAMERAS)}/{topic}', self._on_image, 1))
        self.counts['subscribers'] += 1

    def _on_image(self, _) -> None:
        self.counts['output images'] += 1

    def _cycle(self, complete: bool) -> None:
        steps = ('deactivate', *(('cleanup', 'configure') if complete else ()), 'activate')
        assert self._car.change(*steps), f'{steps} failed'
        self.counts['lifecycle cycles'] += 1


def watch_balance(car: Car, counts: Counter[str]) -> None:
    """Count the diagnostics messages, and the camera statuses that are not balanced."""
    from diagnostic_msgs.msg import DiagnosticArray

    def on_message(message: DiagnosticArray) -> None:
        counts['diagnostics'] += 1
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            if 'received' in values:
                ended = sum(int(v) for k, v in values.items()
                            if k in ('published', 'held') or k.startswith(('dropped/', 'failed/')))
                counts['unbalanced'] += int(values['received']) != ended

    car.node.create_subscription(DiagnosticArray, '/diagnostics', on_message, 100)


def frames(car: Car) -> Counter[str]:
    """Add up what became of the frames of all cameras."""
    total: Counter[str] = Counter()
    for name in CAMERAS:
        received, published, _, dropped, failed = car.counts(f'camera {name}')
        total.update({'received': received, 'published': published,
                      'dropped': sum(dropped.values()), 'failed': sum(failed.values())})
    return total


def soak(minutes: float, rate_hz: float) -> tuple[list[Sample], Counter[str]]:
    """Run the node; return samples of its resources, and counts."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, own_domain() as domain:
        path = Path(folder, 'parameters.yaml')
        path.write_text(yaml.safe_dump({'/**': {'ros__parameters': PARAMETERS}}))
        node = NodeProcess(domain, str(path), (), True, {})
        try:
            with ros_node('car', domain) as peer, spinning(peer):
                car = Car(peer)
                watch_balance(car, counts)
                car.until(lambda: car.values('node').get('state') == 'active', seconds=600)
                samples = _drive(node, car, counts, minutes * 60, rate_hz)
                counts.update(frames(car))
        finally:
            counts['exit status'] = node.end()[0]
            counts['tracebacks'] = node.log.count('Traceback')
    return samples, counts


def _drive(node: NodeProcess, car: Car, counts: Counter[str], seconds: float,
           rate_hz: float) -> list[Sample]:
    samples, disturbance, begin = [], Disturbance(car), time.monotonic()
    with Traffic(car, rate_hz) as traffic:
        second = 0
        while (now := time.monotonic() - begin) < seconds:
            disturbance.step(second)
            if second % 5 == 0:
                samples.append(Sample.of(node, now, frames(car)['published']))
            second += 1
            time.sleep(max(0.0, begin + second - time.monotonic()))
    counts.update(disturbance.counts)
    counts['sent'] = traffic.sent.total()
    return samples


def main() -> int:
    """Run, print the table; return 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(prog='soak.sh', description=__doc__)
    parser.add_argument('--minutes', type=float, default=30.0, help='default 30')
    parser.add_argument('--rate', type=float, default=5.0, help='images per second and camera')
    parser.add_argument('--output', type=Path, help='file for the table')
    args = parser.parse_args()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    samples, counts = soak(args.minutes, args.rate)
    text = table(samples, counts)
    found = problems(samples, counts, trends=args.minutes >= 10)
    print(text, *found, sep='\n')
    if args.output:
        args.output.write_text(text)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
