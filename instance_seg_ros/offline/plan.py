# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What to do with a bag: as the arguments say, or as the node's parameters file says."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import arguments as options
from ..bags import Topic, choose_image_topic, image_topics
from ..bags.sources import Source
from ..core.errors import UserError
from ..perception.overlay import OverlayStyle
from .cameras import Camera, camera_names, choose_cameras
from .outputs import CameraTopics
from .outputs_3d import GroundTopics

_OF_THE_MACHINE = ('device', 'threads')
"""Options of the network that may be given beside a parameters file."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How one bag is processed; `cameras` by image topic."""

    cameras: dict[str, Camera]
    make_segmenter: Callable[[], Any]
    score_threshold: float
    """As told in label_info, which has no room for thresholds by class."""
    style: OverlayStyle
    settings: str = ''
    """What the parameters file said."""


def make_plan(args: argparse.Namespace, source: Source) -> Plan:
    """Return the plan; UserError where the arguments, the file and the bag do not agree."""
    prefix = '/' + args.prefix.strip('/')
    if args.params_file is None:
        threshold = args.score_threshold
        return Plan(choose_cameras(source, args.image_topic, args.overlay, prefix),
                    lambda: options.make_segmenter(args),
                    threshold if isinstance(threshold, float) else 0.0,
                    options.overlay_style(args))
    return _from_file(args, source, prefix)


def _from_file(args: argparse.Namespace, source: Source, prefix: str) -> Plan:
    # These modules of ros/ do without ROS: what the node does with a file is done here alike.
    from ..node_config.builders import overlay_style, tracker_of, view_of
    from ..node_config.parameter_file import read_parameters
    from ..node_config.segmenter_factory import load_segmenter

    _refuse_twice(args)
    settings = read_parameters(args.params_file, prefix)
    node = settings.node
    if args.threads:
        node = replace(node, threads=args.threads)
    device = node.device if args.device == 'auto' else args.device
    cameras = {}
    for topic, name in _topics(settings.cameras, source, args.image_topic).items():
        own = settings.cameras[name]
        begin = f'{prefix}/{name}'.rstrip('/')
        cameras[topic] = Camera(CameraTopics.under(begin, args.overlay), view_of(own),
                                tracker_of(own), GroundTopics.of(begin, topic, own))
        if own.detections_3d == 'depth':
            _log.warning('%s/detections_3d is not made: that takes the node.', begin)
    return Plan(cameras, lambda: load_segmenter(node, device), node.score_threshold,
                overlay_style(node), repr(settings))


def find_cameras(source: Source, names: list[str], topics: list[str],
                 params_file: Path | None, node: str) -> dict[str, Topic]:
    """
    Return the topic in the source of each camera by the camera's name; '' for one alone.

    :param names: of the cameras; empty: as in the parameters file of the node ``node``, or made
        from the topics where there are several.
    :param topics: one for each; empty: as in the parameters file, or ``/<name>/image_raw``.
    :raises UserError: when they do not fit together, or to what is in the source.
    """
    from ..node_config.parameter_file import read_parameters
    from ..node_config.parameters import CameraSettings

    if not topics:
        known = read_parameters(params_file, node).cameras if params_file else {}
        cameras = {name: known.get(name, CameraSettings()) for name in names} or known
        if cameras and list(cameras) != ['']:
            found = _topics(cameras, source, None)
            return {name: choose_image_topic(source, topic) for topic, name in found.items()}
    chosen = [choose_image_topic(source, topic) for topic in topics or [None]]
    if not names:
        names = camera_names([topic.name for topic in chosen]) if len(chosen) > 1 else ['']
    if len(names) != len(chosen):
        raise UserError(f'There are {len(chosen)} image topics for the cameras '
                        f'{", ".join(names)}; give one for each.')
    return dict(zip(names, chosen, strict=True))


def _refuse_twice(args: argparse.Namespace) -> None:
    parser = argparse.ArgumentParser()
    options.add_segmenter_arguments(parser)
    options.add_overlay_arguments(parser)
    twice = [name for name, default in vars(parser.parse_args([])).items()
             if getattr(args, name) != default and name not in _OF_THE_MACHINE]
    if twice:
        names = ', '.join('--' + name.replace('_', '-') for name in twice)
        raise UserError(f'With --params-file its parameters count: leave out {names}.')


def _topics(cameras: dict[str, Any], source: Source, wanted: list[str] | None) -> dict[str, str]:
    """Return the camera's name for each of their image topics that is in the source."""
    there = {topic.name for topic in image_topics(source)}
    if list(cameras) == ['']:
        if wanted and len(wanted) > 1:
            raise UserError('The parameters file is for one camera: give one --image-topic, or '
                            'name the cameras in it.')
        name = wanted[0] if wanted else _topic_there('', cameras[''], there)
        return {choose_image_topic(source, name).name: ''}
    if wanted:
        raise UserError('The cameras in the parameters file name their topics: leave out '
                        '--image-topic.')
    enabled = {name: camera for name, camera in cameras.items() if camera.enabled}
    found = {name: _topic_there(name, camera, there) for name, camera in enabled.items()}
    lacking = ', '.join(name for name, topic in found.items() if topic is None)
    if lacking:
        _log.warning('%s has no images of: %s.', source.path, lacking)
    if not any(found.values()):
        raise UserError(f'{source.path} has images of no camera in the parameters file; its '
                        f'image topics are: {", ".join(sorted(there)) or "none"}.')
    return {topic: name for name, topic in found.items() if topic}


def _topic_there(name: str, camera: Any, there: set[str]) -> str | None:
    """Return a camera's topic, of the other transport where only that was recorded."""
    from ..node_config.builders import input_topic

    topic = '/' + input_topic(name, camera).lstrip('/')
    base = topic.removesuffix('/compressed')
    return next((t for t in (topic, base, f'{base}/compressed') if t in there), None)
