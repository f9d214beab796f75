# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which cameras of a bag are processed, and how: by options, or by the node's parameters file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..bags import Topic, choose_image_topic, image_topics
from ..bags.sources import Source
from ..core.errors import UserError
from ..node_config.builders import input_topic, overlay_style
from ..node_config.parameter_file import read_parameters
from ..node_config.parameters import CameraSettings
from ..node_config.segmenter_factory import load_segmenter
from .camera_plan import CameraPlan, camera_names

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How one bag is processed.

    Attributes:
        cameras: by image topic.
        make_segmenter: loads an InstanceSegmenter.
        score_threshold: as in label_info, which has no field for thresholds per class.
        settings: content of the parameters file, '' without one.
    """

    cameras: dict[str, CameraPlan]
    make_segmenter: Callable[[], Any]
    score_threshold: float
    settings: str = ''


def plan_from_parameters(source: Source, file: Path, prefix: str,
                         image_topics: list[str] | None = None, requested: Collection[str] = (),
                         device: str = 'auto', threads: int | None = None) -> Plan:
    """Plan what the node with a parameters file does with the images of a bag.

    Args:
        source: bag or video.
        file: the node's parameters (YAML).
        prefix: full name of the node, what output topics begin with.
        image_topics: of the only camera, where the file does not name cameras.
        requested: names of the outputs `on_request` to write.
        device: `auto`: the one in the file.
        threads: CPU threads of PyTorch; None: as in the file.

    Raises:
        UserError: when the file is invalid or does not fit the bag.
    """
    settings = read_parameters(file, prefix)
    node = replace(settings.node, threads=threads) if threads else settings.node
    device = node.device if device == 'auto' else device
    style = overlay_style(node)
    cameras = {
        topic: CameraPlan.of(f'{prefix}/{name}'.rstrip('/'), name, topic, settings.cameras[name],
                             style, requested)
        for topic, name in _topics(settings.cameras, source, image_topics).items()}
    return Plan(cameras, lambda: load_segmenter(node, device), node.score_threshold,
                repr(settings))


def find_cameras(source: Source, names: list[str], topics: list[str],
                 params_file: Path | None, node: str) -> dict[str, Topic]:
    """Find the image topic of each camera in a bag.

    Args:
        source: bag or video.
        names: of the cameras; empty: as in the parameters file, or derived from the topics where
            there are several.
        topics: one for each; empty: as in the parameters file, or ``/<name>/image_raw``.
        params_file: the node's parameters (YAML), or None.
        node: full name of the node.

    Returns:
        The topic by the camera's name; '' is the name of the only camera.

    Raises:
        UserError: when names, topics and bag do not match.
    """
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
        raise UserError(f'{len(chosen)} image topics for the cameras '
                        f'{", ".join(names)}; give one per camera.')
    return dict(zip(names, chosen, strict=True))


def _topics(cameras: dict[str, Any], source: Source, wanted: list[str] | None) -> dict[str, str]:
    """Return the camera's name for each of their image topics in the source."""
    there = {topic.name for topic in image_topics(source)}
    if list(cameras) == ['']:
        if wanted and len(wanted) > 1:
            raise UserError('The parameters file is for one camera; give one --image-topic, or '
                            'set the parameter cameras.')
        name = wanted[0] if wanted else _topic_there('', cameras[''], there)
        return {choose_image_topic(source, name).name: ''}
    if wanted:
        raise UserError('The parameters file sets the topics of its cameras; leave out '
                        '--image-topic.')
    enabled = {name: camera for name, camera in cameras.items() if camera.enabled}
    found = {name: _topic_there(name, camera, there) for name, camera in enabled.items()}
    lacking = ', '.join(name for name, topic in found.items() if topic is None)
    if lacking:
        _log.warning('%s has no images of the cameras %s.', source.path, lacking)
    if not any(found.values()):
        raise UserError(f'{source.path} has no images of the cameras in the parameters file; '
                        f'available image topics: {", ".join(sorted(there)) or "none"}.')
    return {topic: name for name, topic in found.items() if topic}


def _topic_there(name: str, camera: Any, there: set[str]) -> str | None:
    """Return a camera's topic, with the other transport where only that was recorded."""
    topic = '/' + input_topic(name, camera).lstrip('/')
    base = topic.removesuffix('/compressed')
    return next((t for t in (topic, base, f'{base}/compressed') if t in there), None)
