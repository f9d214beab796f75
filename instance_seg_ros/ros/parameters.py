# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Every parameter of the node: declared here, once, with type, description, range and time of effect.

The fields of ``Settings`` and ``CameraSettings`` are the declarations. With ``cameras`` given, a
parameter of ``CameraSettings`` exists for each of them as ``<camera>.<parameter>``, and the plain
``<parameter>`` is their common default, read at start-up.

``python3 -m instance_seg_ros.ros.parameters README.md`` renews the table in the README; without
a file it is printed.
"""

import dataclasses
import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UserError

START = 'start'            # read-only: given when the process starts
CONFIGURE = 'configure'    # applied by the next configure; refused while the node is configured
ANY_TIME = 'any time'      # applied to the next frame


def parameter(default: Any, description: str, *, when: str = ANY_TIME,
              minimum: float | None = None, maximum: float | None = None,
              choices: tuple = ()) -> Any:
    """Declare a field as a ROS parameter; a range includes both ends."""
    return field(default=default, metadata={
        'description': description, 'when': when, 'minimum': minimum, 'maximum': maximum,
        'choices': choices})


@dataclass(frozen=True)
class CameraSettings:
    """Parameters of one camera."""

    topic: str = parameter(
        '', 'Input topic, without "/compressed". Empty: "image_raw", or "<camera>/image_raw" '
        'with several cameras.', when=CONFIGURE)
    transport: str = parameter(
        'raw', 'Subscribe to sensor_msgs/Image ("raw") or to CompressedImage on '
        '<topic>/compressed ("compressed").', when=CONFIGURE, choices=('raw', 'compressed'))
    qos: str = parameter(
        'best_effort', 'Reliability of the subscription: "best_effort" (SensorData) hears every '
        'publisher, "reliable" only reliable ones, but loses no large image on the way.',
        when=CONFIGURE, choices=('best_effort', 'reliable'))
    enabled: bool = parameter(True, 'Process the images; false drops and counts them.')
    max_rate_hz: float = parameter(
        0.0, 'Process at most this many images a second and drop the others; 0: all.',
        minimum=0.0, maximum=1000.0)
    max_age_ms: float = parameter(
        0.0, 'Drop images whose stamp is older than this when their turn comes; 0: none.',
        minimum=0.0, maximum=3600000.0)
    stale_after_s: float = parameter(
        2.0, 'Report the camera as stale when no image has come for this long.',
        minimum=0.05, maximum=3600.0)
    roi: tuple[int, ...] = parameter(
        (0, 0, 0, 0), 'Segment only this rectangle of the image: x, y, width, height in pixels; '
        'width or height 0: up to the edge.')
    rotation: int = parameter(
        0, 'Degrees by which the image is turned clockwise before it is segmented, for a camera '
        'that is not mounted upright; outputs stay in the coordinates of the input.',
        choices=(0, 90, 180, 270))
    ego_mask: str = parameter(
        '', 'Pixels of the vehicle itself, in which nothing is found: a PNG file (not black: '
        'vehicle) or polygons "x,y x,y x,y; x,y ..." in pixels.')
    tracking: bool = parameter(
        False, 'Keep the number of an instance from image to image.')
    tracking_max_age_s: float = parameter(
        1.0, 'How long an object that is out of sight is waited for.', minimum=0.0, maximum=60.0)
    tracking_reuse_after_s: float = parameter(
        60.0, 'How long the number of a lost object is not given to another one.',
        minimum=0.0, maximum=86400.0)
    detections_3d: str = parameter(
        'off', 'Publish ~/detections_3d from camera_info and a flat ground ("ground") or a depth '
        'image ("depth").', when=CONFIGURE, choices=('off', 'ground', 'depth'))
    camera_info_topic: str = parameter(
        '', 'CameraInfo of the rectified image; empty: camera_info beside the image.',
        when=CONFIGURE)
    depth_topic: str = parameter(
        'depth', 'Depth image of the same view and size, 32FC1 in metres or 16UC1 in '
        'millimetres.', when=CONFIGURE)
    camera_height_m: float = parameter(
        1.5, 'Height of the camera above the ground.', minimum=0.01, maximum=100.0)
    camera_pitch_deg: float = parameter(
        0.0, 'Degrees by which the camera looks down.', minimum=-90.0, maximum=90.0)


@dataclass(frozen=True)
class Settings(CameraSettings):
    """Parameters of the node; those of ``CameraSettings`` are the only camera's, or defaults."""

    cameras: tuple[str, ...] = parameter(
        (), 'Names of the cameras when there are several; their outputs are ~/<camera>/... .',
        when=START)
    autostart: bool = parameter(
        False, 'Configure and activate at start-up, where no launch file or lifecycle manager '
        'does it.', when=START)
    checkpoint: str = parameter(
        '', 'Weights (.safetensors); empty: the ones shipped with the package.', when=CONFIGURE)
    device: str = parameter(
        'auto', 'Device to compute on: auto, cpu, cuda, cuda:0, cuda:1, ...', when=CONFIGURE)
    half: str = parameter(
        'auto', 'Compute in 16 bit; auto: where the device gains by it.',
        when=CONFIGURE, choices=('auto', 'on', 'off'))
    threads: int = parameter(
        0, 'CPU threads of the network; 0: as many as PyTorch takes.', when=CONFIGURE,
        minimum=0, maximum=1024)
    input_size: tuple[int, ...] = parameter(
        (0, 0), 'Width and height the image is scaled to for the network; 0, 0: as trained.',
        when=CONFIGURE)
    score_threshold: float = parameter(
        0.0, 'Leave out instances with a lower score.', minimum=0.0, maximum=1.0)
    class_score_thresholds: tuple[str, ...] = parameter(
        (), 'Score thresholds of single classes, "class=score".')
    min_area: int = parameter(
        32, 'Leave out instances with fewer pixels of the input image.',
        minimum=0, maximum=100000000)
    class_min_areas: tuple[str, ...] = parameter(
        (), 'Minimum areas of single classes, "class=pixels".')
    classes: tuple[str, ...] = parameter(
        (), 'Classes to find instances of; empty: all that have instances.')
    bandwidth: float = parameter(
        0.0, 'Radius of the mean shift in the embedding space (the paper trains for margins 0.5 '
        'and 1.5, between which 1.5 is the best radius); 0: as the checkpoint says.',
        minimum=0.0, maximum=10.0)
    batch_timeout_ms: float = parameter(
        20.0, 'With several cameras: how long a batch waits for the others after its first '
        'image.', minimum=0.0, maximum=10000.0)
    overlay_palette: str = parameter(
        'vivid', 'Colours of the overlay: one per instance, the same safe for colour-blind eyes, '
        'or one per class.', choices=('vivid', 'color_blind', 'class'))
    overlay_opacity: float = parameter(
        0.45, 'Opacity of the instances in the overlay.', minimum=0.0, maximum=1.0)
    overlay_background: float = parameter(
        0.0, 'Opacity of the classes around the instances in the overlay.',
        minimum=0.0, maximum=1.0)
    overlay_items: tuple[str, ...] = parameter(
        ('contours', 'names', 'scores'),
        'What else the overlay shows: contours, names, scores, boxes, legend.')
    on_device_error: str = parameter(
        'retry', 'After an error of the device: configure again with growing pauses ("retry"), '
        'the same on the CPU ("cpu"), or stay unconfigured ("stop").',
        choices=('retry', 'cpu', 'stop'))
    retry_backoff_s: float = parameter(
        1.0, 'Pause before the first new try after an error; it doubles up to a minute.',
        minimum=0.0, maximum=60.0)
    diagnostics_period_s: float = parameter(
        1.0, 'Time between two diagnostics messages.', when=START, minimum=0.05, maximum=60.0)
    hardware_id: str = parameter(
        '', 'hardware_id in the diagnostics; empty: the name of the host.', when=START)


CAMERA_FIELDS = {f.name: f for f in dataclasses.fields(CameraSettings)}
NODE_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}
OVERLAY_ITEMS = ('contours', 'names', 'scores', 'boxes', 'legend')
_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_DEVICE = re.compile(r'auto|cpu|cuda(:\d+)?')


@dataclass(frozen=True)
class AllSettings:
    """The node's settings and those of each camera by name ('' when there is only one)."""

    node: Settings
    cameras: dict[str, CameraSettings]


def per_class(entries: tuple[str, ...], parameter_name: str) -> dict[str, float]:
    """Return {class: value} of entries like 'car=0.5'; raises UserError for any other text."""
    values = {}
    for entry in entries:
        name, _, value = entry.rpartition('=')
        try:
            values[name.strip()] = float(value)
        except ValueError:
            values[''] = math.nan
        if not name.strip() or not 0 <= values[name.strip()] < math.inf:
            raise UserError(f'{parameter_name}: {entry!r} should read like "car=0.5".')
    return values


def parse_polygons(text: str) -> list[list[tuple[float, float]]]:
    """Return the corners (x, y) of polygons written 'x,y x,y x,y; ...'; raises UserError."""
    try:
        polygons = [[tuple(map(float, corner.split(','))) for corner in polygon.split()]
                    for polygon in text.split(';')]
    except ValueError:
        polygons = [[]]
    if not all(len(p) >= 3 and all(len(corner) == 2 for corner in p) for p in polygons):
        raise UserError(f'ego_mask: {text!r} is neither a .png file nor polygons of three or more '
                        'corners like "0,700 1280,700 640,600".')
    return polygons


def check_value(name: str, value: Any) -> None:
    """Raise UserError when a value is outside the declared range or choices."""
    declared = NODE_FIELDS[name.rpartition('.')[2]].metadata
    if declared['choices'] and value not in declared['choices']:
        choices = ', '.join(map(repr, declared['choices']))
        raise UserError(f'{name}: {value!r} is not one of {choices}.')
    low, high = declared['minimum'], declared['maximum']
    if low is not None and not low <= value <= high:
        raise UserError(f'{name}: {value} is not between {low} and {high}.')


def check_together(settings: AllSettings) -> None:
    """Raise UserError when parameters are wrong in form or do not go together."""
    node = settings.node
    if not _DEVICE.fullmatch(node.device):
        raise UserError(f'device: {node.device!r} is not auto, cpu, cuda or cuda:N.')
    size = node.input_size
    if len(size) != 2 or min(size) < 0 or (0 in size and any(size)) or max(size) > 16384:
        raise UserError(f'input_size: {list(size)} is not a width and a height in pixels.')
    thresholds = per_class(node.class_score_thresholds, 'class_score_thresholds')
    if any(score > 1 for score in thresholds.values()):
        raise UserError('class_score_thresholds: scores are between 0 and 1.')
    per_class(node.class_min_areas, 'class_min_areas')
    for item in node.overlay_items:
        if item not in OVERLAY_ITEMS:
            raise UserError(f'overlay_items: {item!r} is not one of {", ".join(OVERLAY_ITEMS)}.')
    for name in node.cameras:
        if not _NAME.fullmatch(name) or name in NODE_FIELDS or node.cameras.count(name) > 1:
            raise UserError(f'cameras: {name!r} cannot be the name of a camera; take different '
                            'names of letters, digits and "_" which are no parameters.')
    for name, camera in settings.cameras.items():
        _check_camera(f'{name}.' if name else '', camera)


def _check_camera(prefix: str, camera: CameraSettings) -> None:
    if len(camera.roi) != 4 or min(camera.roi) < 0:
        raise UserError(f'{prefix}roi: {list(camera.roi)} is not x, y, width, height in pixels.')
    if camera.ego_mask and not camera.ego_mask.lower().endswith('.png'):
        parse_polygons(camera.ego_mask)


def type_name(declared: dataclasses.Field) -> str:
    """Return the ROS name of a field's type."""
    return {bool: 'bool', int: 'int', float: 'double', str: 'string',
            tuple[int, ...]: 'int[]', tuple[str, ...]: 'string[]'}[declared.type]


def markdown_table() -> str:
    """Return the README's table of all parameters."""
    rows = ['| Parameter | Type | Default | Range | Changes | Meaning |',
            '|---|---|---|---|---|---|']
    names = [*(n for n in NODE_FIELDS if n not in CAMERA_FIELDS), *CAMERA_FIELDS]
    for name in names:
        declared = NODE_FIELDS[name]
        label = f'`{name}`' + (' (per camera)' if name in CAMERA_FIELDS else '')
        rows.append(f'| {label} | {type_name(declared)} | {_default_text(declared.default)} | '
                    f'{_range_text(declared.metadata)} | {declared.metadata["when"]} | '
                    f'{declared.metadata["description"]} |')
    return '\n'.join(rows) + '\n'


def _default_text(value: Any) -> str:
    if isinstance(value, bool):
        return f'`{str(value).lower()}`'
    if isinstance(value, tuple):
        return f'`[{", ".join(map(str, value))}]`'
    return f'`{value}`' if value != '' else '`""`'


def _range_text(metadata: Any) -> str:
    if metadata['choices']:
        return ', '.join(f'`{choice}`' for choice in metadata['choices'])
    return '' if metadata['minimum'] is None else f'{metadata["minimum"]} to {metadata["maximum"]}'


def with_table(text: str) -> str:
    """Return a text with the table between its two comments about parameters renewed."""
    return re.sub(r'(<!-- parameters:.*?-->\n).*?(<!-- end of parameters -->)',
                  lambda match: match[1] + markdown_table() + match[2], text, flags=re.DOTALL)


if __name__ == '__main__':
    for name in sys.argv[1:]:
        Path(name).write_text(with_table(Path(name).read_text()))
    if not sys.argv[1:]:
        print(markdown_table(), end='')
