# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Footage through the real node: play, record, and show what came out."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from rclpy.node import Node

from ...bags import BagWriter, Topic, choose_image_topic, images, open_source
from ...bags.playback import Event, Playback, play
from ...bags.reader import Bag
from ...bags.run_report import FrameCounts, RunReport, read_run
from ...bags.sources import Source
from ...bags.topics import IMAGE_TYPES
from ...bags.writer import part_of
from ...core.errors import UserError
from ...core.image_codec import decode_raw
from ...io import video_writer as film
from ...review.times import FrameTimes, repeated
from . import topic_types as raw
from .lifecycle_client import Lifecycle
from .node_process import NODE_COMMAND, NodeProcess, own_domain, set_up_dds
from .player import Player
from .recorder import Recorder
from .session import ros_node, spinning, stop_on_signals

NODE = '/instance_seg'
SHEET_IMAGES = 12
START_S = 30.0
SETTLE_S = 60.0
QUIET_S = 3.0
"""Diagnostics come every second: a frame of which nothing was heard for so long was lost."""


@dataclass(frozen=True)
class DemoOptions:
    """What to play, and where to leave what comes out."""

    source: Path
    output: Path
    image_topic: str | None = None
    playback: Playback = field(default_factory=Playback)
    domain: int | None = None
    """ROS domain; None for one of its own, away from everything else on this machine."""
    parameters: tuple[str, ...] = ()
    """Of the node, as `name:=value`."""
    command: tuple[str, ...] = NODE_COMMAND
    """What starts the node."""


def run_demo(options: DemoOptions) -> RunReport:
    """Replay footage into a node of its own, and leave recording, film, contact sheet and report.

    Raises:
        UserError: when the footage cannot be used or the node does not configure.
    """
    with open_source(options.source) as source, ExitStack() as stack:
        topic = choose_image_topic(source, options.image_topic)
        options.playback.interval(source)
        folder = stack.enter_context(_output_folder(options.output))
        played = _replay(source, topic, options, folder)
        times = FrameTimes(played, repeated(stamp for stamp, _ in played))
        with Bag(folder / 'recording') as recording:
            report = _read_report(recording, played, times)
            _write_film_and_sheet(recording, folder, times)
        (folder / 'report.json').write_text(json.dumps(report.to_dict(), indent=2) + '\n')
    return report


def _read_report(recording: Bag, played: list[tuple[int, int]], times: FrameTimes) -> RunReport:
    """Sum up the run; an image is known again by its stamp, if no other has the same."""
    if times.ambiguous:
        print(f'{times.ambiguous} of the {len(played)} images share the stamp in their header '
              'with others; the time from camera to mask is reported without them.')
    published = {stamp: at for stamp, at in played if stamp not in times.shared}
    return replace(read_run(recording, NODE, published), frames_in=len(played))


def _replay(source: Source, topic: Topic, options: DemoOptions,
            folder: Path) -> list[tuple[int, int]]:
    """Play into the node and record it; return each image's stamp and when it was published."""
    set_up_dds()
    with ExitStack() as stack:
        domain = options.domain
        if domain is None:
            domain = stack.enter_context(own_domain())
        stop = stack.enter_context(stop_on_signals())
        print(f'Starting the node (ROS domain {domain}) ...', flush=True)
        process = stack.enter_context(
            NodeProcess([*options.command, *_node_arguments(topic, options.parameters)],
                        folder / 'node.log', domain))
        node = stack.enter_context(ros_node('instance_seg_demo', domain))
        writer = stack.enter_context(BagWriter(folder / 'recording'))
        return _Run(node, writer, process, stop).through(source, topic, options.playback)


def _node_arguments(topic: Topic, parameters: tuple[str, ...]) -> list[str]:
    transport = IMAGE_TYPES[topic.type]
    name = 'image_raw/compressed' if transport == 'compressed' else 'image_raw'
    settings = (f'transport:={transport}', 'qos:=reliable', *parameters)
    return ['--ros-args', '-r', f'{name}:={topic.name}', *(a for s in settings for a in ('-p', s))]


class _Run:
    """The part of a demo during which the node lives."""

    def __init__(self, node: Node, writer: BagWriter, process: NodeProcess, stop: threading.Event):
        self._node, self._writer, self._process, self._stop = node, writer, process, stop
        self._news = threading.Condition()
        self._counts, self._counted_at = FrameCounts(), 0

    def through(self, source: Source, topic: Topic, playback: Playback) -> list[tuple[int, int]]:
        recorder = Recorder(self._node, self._writer, _is_output, self._hear)
        player = Player(self._node, source, [topic.name], qos=raw.offer(()))
        played: list[tuple[int, int]] = []

        def publish(event: Event) -> None:
            if event.message is not None:
                played.append((images.header_stamp(event.message.data), time.time_ns()))
            player.publish(event)

        with spinning(self._node, self._stop):
            self._activate(recorder, player)
            print(f'Playing {topic.name} of {source.path} ...', flush=True)
            play(playback.timeline(source, [topic.name]), publish, self._stop)
            self._check()
            self._wait_until_settled(recorder, len(played))
        recorder.close()
        return played

    def _activate(self, recorder: Recorder, player: Player) -> None:
        lifecycle = Lifecycle(self._node, NODE, self._check)
        for transition in ('configure', 'activate'):
            if not lifecycle.change(transition):
                raise UserError(f'The node did not {transition}: {self._process.complaint()}')
        self._wait(lambda: recorder.counts[f'{NODE}/label_info'] > 0, START_S,
                   f'publish {NODE}/label_info')
        if player.wait_for_subscribers(START_S, self._stop):
            self._check()
            raise UserError(f'The node did not subscribe to {player.topics[0]}.')

    def _wait_until_settled(self, recorder: Recorder, frames: int) -> None:
        """Wait until the node has accounted for every frame, and what it published is here."""
        ended = time.time_ns()

        def settled() -> bool:
            quiet = self._counted_at > ended + QUIET_S * images.NANOSECONDS
            return (self._counted_at > ended and self._counts.settled
                    and (quiet or self._counts.received == frames))

        self._wait(settled, SETTLE_S, 'account for every frame')
        deadline = time.monotonic() + QUIET_S
        with self._news:
            while (min(recorder.counts[f'{NODE}/{name}'] for name in ('instance_mask', 'overlay'))
                   < self._counts.published and time.monotonic() < deadline):
                self._news.wait(0.1)

    def _hear(self, topic: Topic, data: bytes, stamp: int) -> None:
        counts = FrameCounts.from_diagnostics(data) if topic.name == '/diagnostics' else None
        with self._news:
            if counts:
                self._counts, self._counted_at = counts, stamp
            self._news.notify_all()

    def _wait(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        with self._news:
            while not ready():
                self._check()
                if time.monotonic() > deadline:
                    raise UserError(f'The node did not {what} within {seconds:g} s; '
                                    f'last log line: {self._process.complaint()}')
                self._news.wait(0.1)

    def _check(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._process.check()


def _is_output(topic: str) -> bool:
    return topic == '/diagnostics' or (
        topic.startswith(f'{NODE}/') and not topic.endswith('/transition_event'))


def _write_film_and_sheet(recording: Bag, folder: Path, times: FrameTimes) -> None:
    """Make the film and the contact sheet of the recorded overlays."""
    name = f'{NODE}/overlay'
    count = sum(t.count for t in recording.topics if t.name == name)
    if not count:
        return
    chosen, sheet = set(film.spread(count, SHEET_IMAGES)), []

    def frames() -> Iterator[tuple[float, np.ndarray]]:
        first = None
        for index, message in enumerate(recording.messages([name])):
            at = times(images.header_stamp(message.data), message.stamp)
            first = at if first is None else first
            seconds = (at - first) / images.NANOSECONDS
            overlay = _decoded_overlay(message.data)
            if index in chosen:
                sheet.append((f'{seconds:.2f} s', overlay))
            yield seconds, overlay

    film.write_film(folder / 'overlay.mp4', frames())
    grid = film.contact_sheet(sheet)
    cv2.imwrite(str(folder / 'contact_sheet.png'), cv2.cvtColor(grid, cv2.COLOR_RGB2BGR))


def _decoded_overlay(data: bytes) -> np.ndarray:
    image = images.deserialize(data, 'sensor_msgs/msg/Image')
    return decode_raw(image.encoding, image.height, image.width, image.step, image.data)


@contextmanager
def _output_folder(path: Path) -> Iterator[Path]:
    """Yield a folder that takes ``path``'s place when all went well, and else vanishes."""
    if path.exists() and not (path / 'report.json').is_file():
        raise UserError(f'{path} exists and is not the output of a demo; give another --output.')
    part = part_of(path)
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise UserError(f'Nothing can be written to {path}: {error.strerror}.') from error
    try:
        yield part
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)
    except OSError as error:
        raise UserError(f'{error.filename or path}: {error.strerror or error}.') from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
