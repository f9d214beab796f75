# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Constraints on the values of parameters, each alone and in combination."""

import math
import re
from typing import Any

from ..core.errors import UserError
from ..core.texts import shortened
from ..inference.segmenter_settings import MIN_BANDWIDTH, checked_input_size
from ..perception.lidar.rigid_transform import RigidTransform
from .parameters import NODE_FIELDS, AllSettings, CameraSettings

OVERLAY_ITEMS = ('contours', 'names', 'scores', 'boxes', 'legend', 'status')
_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_TOPIC = re.compile(r'(~?/)?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
_QOS_WORDS = {'history': ('keep_last', 'keep_all', 'system_default'),
              'reliability': ('reliable', 'best_effort', 'best_available', 'system_default')}
MAX_COORDINATE = 65535
"""Of a corner of an ego mask, in pixels to either side."""
_SHA256 = re.compile(r'[0-9a-fA-F]{64}')
_DEVICE = re.compile(r'auto|cpu|cuda(:\d+)?')


def _shown(value: Any) -> str:
    """Return a value as an error message shows it."""
    return shortened(repr(value))


def per_class(entries: tuple[str, ...], parameter_name: str) -> dict[str, float]:
    """Parse values per class.

    Args:
        entries: such as 'car=0.5'.
        parameter_name: for the error message.

    Returns:
        {class: value}.

    Raises:
        UserError: for an entry of another form.
    """
    values = {}
    for entry in entries:
        name, _, value = entry.rpartition('=')
        try:
            values[name.strip()] = float(value)
        except ValueError:
            values[''] = math.nan
        if not name.strip() or not 0 <= values[name.strip()] < math.inf:
            raise UserError(f'{parameter_name}: invalid entry {_shown(entry)}; expected '
                            '"class=number", such as "car=0.5".')
    return values


def parse_polygons(text: str) -> list[list[tuple[float, float]]]:
    """Return the corners (x, y) of polygons 'x,y x,y x,y; ...'; raises UserError."""
    try:
        polygons = [[_corner(corner) for corner in polygon.split()] for polygon in text.split(';')]
    except ValueError:
        polygons = [[]]
    if not all(len(polygon) >= 3 for polygon in polygons):
        raise UserError(f'ego_mask: invalid value {shortened(text)!r}; expected a .png file or '
                        'polygons of three or more corners, such as "0,700 1280,700 640,600".')
    return polygons


def _corner(text: str) -> tuple[float, float]:
    """Return x and y; raises ValueError where a text is no corner."""
    x, y = map(float, text.split(','))
    if not (abs(x) <= MAX_COORDINATE and abs(y) <= MAX_COORDINATE):     # false for NaN
        raise ValueError(text)
    return x, y


def is_topic_name(text: str) -> bool:
    """Whether a text is a valid ROS 2 topic name."""
    return bool(_TOPIC.fullmatch(text))


def check_value(name: str, value: Any) -> None:
    """Raise UserError when a value is outside the declared range or choices."""
    declared = NODE_FIELDS[name.rpartition('.')[2]].metadata
    if declared['choices'] and value not in declared['choices']:
        choices = ', '.join(map(repr, declared['choices']))
        raise UserError(f'{name}: invalid value {_shown(value)}; available: {choices}.')
    low, high = declared['minimum'], declared['maximum']
    if low is not None and not low <= value <= high:
        raise UserError(f'{name}: {value} is out of range [{low}, {high}].')


def check_qos_overrides(given: dict[str, Any]) -> None:
    """Raise UserError for an invalid parameter qos_overrides.<topic>.<entity>.<policy>."""
    for name, value in given.items():
        start, _, policy = name.rpartition('.')
        if not start.startswith('qos_overrides.'):
            continue
        if policy == 'depth' and (type(value) is not int or value < 0):
            raise UserError(f'{name}: invalid value {_shown(value)}; expected an integer >= 0.')
        words = _QOS_WORDS.get(policy)
        if words and (not isinstance(value, str) or value.lower() not in words):
            raise UserError(f'{name}: invalid value {_shown(value)}; available: '
                            f'{", ".join(words)}.')


def check_together(settings: AllSettings) -> None:
    """Raise UserError for parameters that are malformed or contradict each other."""
    node = settings.node
    if not _DEVICE.fullmatch(node.device):
        raise UserError(f'device: invalid value {_shown(node.device)}; expected auto, '
                        'cpu, cuda or cuda:N.')
    if node.checkpoint_sha256 and not _SHA256.fullmatch(node.checkpoint_sha256):
        raise UserError(f'checkpoint_sha256: invalid value {_shown(node.checkpoint_sha256)}; '
                        'expected 64 hexadecimal digits, as sha256sum prints them.')
    if node.input_size != (0, 0):
        checked_input_size(node.input_size)
    thresholds = per_class(node.class_score_thresholds, 'class_score_thresholds')
    if any(score > 1 for score in thresholds.values()):
        raise UserError('class_score_thresholds: a score is out of range [0, 1].')
    per_class(node.class_min_areas, 'class_min_areas')
    bandwidths = per_class(node.class_bandwidths, 'class_bandwidths')
    if not all(MIN_BANDWIDTH <= bandwidth <= 10 for bandwidth in bandwidths.values()):
        raise UserError('class_bandwidths: a bandwidth is out of range '
                        f'[{MIN_BANDWIDTH}, 10].')
    if 0 < node.bandwidth < MIN_BANDWIDTH:
        raise UserError(f'bandwidth: {node.bandwidth} is below {MIN_BANDWIDTH}.')
    for item in node.overlay_items:
        if item not in OVERLAY_ITEMS:
            raise UserError(f'overlay_items: invalid item {_shown(item)}; available: '
                            f'{", ".join(OVERLAY_ITEMS)}.')
    for name in node.cameras:
        if not _NAME.fullmatch(name) or name in NODE_FIELDS or node.cameras.count(name) > 1:
            raise UserError(f'cameras: invalid camera name {_shown(name)}; use unique names '
                            'of letters, digits and "_" that are not names of parameters.')
    for name, camera in settings.cameras.items():
        _check_camera(f'{name}.' if name else '', camera)


def _check_camera(prefix: str, camera: CameraSettings) -> None:
    if len(camera.roi) != 4 or min(camera.roi) < 0:
        raise UserError(f'{prefix}roi: invalid value {_shown(list(camera.roi))}; expected x, '
                        'y, width, height in pixels.')
    for name in ('topic', 'camera_info_topic', 'depth_topic', 'cloud_topic'):
        topic = getattr(camera, name)
        if topic and not is_topic_name(topic):
            raise UserError(f'{prefix}{name}: {_shown(topic)} is not a valid ROS topic name.')
    if camera.ego_mask and not camera.ego_mask.lower().endswith('.png'):
        parse_polygons(camera.ego_mask)
    if camera.markers and camera.detections_3d == 'off':
        raise UserError(f'{prefix}markers needs {prefix}detections_3d, which is off; set it to '
                        'ground, depth or lidar.')
    if camera.tracked_objects and not (camera.tracking and camera.detections_3d != 'off'):
        raise UserError(f'{prefix}tracked_objects needs {prefix}tracking and '
                        f'{prefix}detections_3d.')
    if camera.lidar_extrinsics:
        lidar_pose(camera.lidar_extrinsics, prefix)


def lidar_pose(numbers: tuple[float, ...], prefix: str = '') -> RigidTransform:
    """Return the transform from the lidar to the camera; raises UserError for other numbers."""
    try:
        return RigidTransform.from_quaternion(numbers[:3], numbers[3:])
    except ValueError as error:
        raise UserError(f'{prefix}lidar_extrinsics: invalid value {_shown(list(numbers))}; '
                        'expected x, y, z in metres and a quaternion x, y, z, w.') from error
