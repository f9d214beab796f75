# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""
Every parameter of the node, declared once: type, description, range and time of effect.

The fields of ``NodeSettings`` and ``CameraSettings`` are the declarations. With ``cameras`` given,
a parameter of ``CameraSettings`` exists for each of them as ``<camera>.<parameter>``, and the
plain ``<parameter>`` is their common default, read at start-up. Constraints beyond the range of a
value are in ``parameter_rules``; ``parameter_table`` generates docs/parameters.md.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ..core.instances import SCORE_THRESHOLD

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
    markers: bool = parameter(
        False, 'Publish ~/markers, the boxes and names of ~/detections_3d for RViz.',
        when=CONFIGURE)
    camera_info_topic: str = parameter(
        '', 'CameraInfo of the rectified image; empty: camera_info beside the image.',
        when=CONFIGURE)
    depth_topic: str = parameter(
        '', 'Depth image of the same view and size, 32FC1 in metres or 16UC1 in millimetres. '
        'Empty: "depth", or "<camera>/depth" with several cameras.', when=CONFIGURE)
    camera_height_m: float = parameter(
        1.5, 'Height of the camera above the ground.', minimum=0.01, maximum=100.0)
    camera_pitch_deg: float = parameter(
        0.0, 'Degrees by which the camera looks down.', minimum=-90.0, maximum=90.0)


@dataclass(frozen=True)
class NodeSettings(CameraSettings):
    """Parameters of the node; those of ``CameraSettings`` are the only camera's, or defaults."""

    cameras: tuple[str, ...] = parameter(
        (), 'Names of the cameras when there are several; their outputs are ~/<camera>/... . '
        "['']: there is one, without a name.", when=START)
    autostart: bool = parameter(
        False, 'Configure and activate at start-up, where no launch file or lifecycle manager '
        'does it.', when=START)
    checkpoint: str = parameter(
        '', 'Weights (.safetensors); empty: the ones shipped with the package.', when=CONFIGURE)
    semantic_checkpoint: str = parameter(
        '', 'Take the classes from this network (.safetensors) and only the embeddings from the '
        'other; empty: both from one.', when=CONFIGURE)
    device: str = parameter(
        'auto', 'Device to compute on: auto, cpu, cuda, cuda:0, cuda:1, ...', when=CONFIGURE)
    half: str = parameter(
        'auto', 'Compute in 16 bit; auto: on GPUs of compute capability 7.0 and later.',
        when=CONFIGURE, choices=('auto', 'on', 'off'))
    cuda_graphs: str = parameter(
        'auto', 'Capture CUDA graphs on CUDA devices; "off" launches each operation, which is '
        'slower, for drivers where the capture fails.', when=CONFIGURE, choices=('auto', 'off'))
    threads: int = parameter(
        0, 'CPU threads of the network; 0: as many as PyTorch takes.', when=CONFIGURE,
        minimum=0, maximum=1024)
    input_size: tuple[int, ...] = parameter(
        (0, 0), 'Width and height the image is scaled to for the network; 0, 0: as trained.',
        when=CONFIGURE)
    score_threshold: float = parameter(
        SCORE_THRESHOLD, 'Leave out instances with a lower score.', minimum=0.0, maximum=1.0)
    class_score_thresholds: tuple[str, ...] = parameter(
        (), 'Score thresholds of single classes, "class=score"; [\'\']: none.')
    min_area: int = parameter(
        32, 'Leave out instances with fewer pixels of the input image.',
        minimum=0, maximum=100000000)
    class_min_areas: tuple[str, ...] = parameter(
        (), 'Minimum areas of single classes, "class=pixels"; [\'\']: none.')
    classes: tuple[str, ...] = parameter(
        (), "Classes to find instances of; ['']: all that have instances.")
    bandwidth: float = parameter(
        0.0, 'Radius of the mean shift in the embedding space (the paper trains for margins 0.5 '
        'and 1.5, between which 1.5 is the best radius); 0: as the checkpoint says.',
        minimum=0.0, maximum=10.0)
    class_bandwidths: tuple[str, ...] = parameter(
        (), 'Bandwidths of single classes, "class=radius"; [\'\']: none.')
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
        "What else the overlay shows: contours, names, scores, boxes, legend; ['']: nothing.")
    on_device_error: str = parameter(
        'retry', 'After a device error: configure again with exponential back-off, or, where '
        'the device no longer answers this process, exit with status 3 for respawn ("retry"); '
        'configure again on the CPU ("cpu"); stay unconfigured ("stop").',
        choices=('retry', 'cpu', 'stop'))
    retry_backoff_s: float = parameter(
        1.0, 'Pause before the first new try after an error; it doubles up to a minute.',
        minimum=0.1, maximum=60.0)
    diagnostics_period_s: float = parameter(
        1.0, 'Time between two diagnostics messages.', when=START, minimum=0.05, maximum=60.0)
    hardware_id: str = parameter(
        '', 'hardware_id in the diagnostics; empty: the name of the host.', when=START)


CAMERA_FIELDS = {f.name: f for f in dataclasses.fields(CameraSettings)}
NODE_FIELDS = {f.name: f for f in dataclasses.fields(NodeSettings)}


@dataclass(frozen=True)
class AllSettings:
    """The node's settings and those of each camera by name ('' when there is only one)."""

    node: NodeSettings
    cameras: dict[str, CameraSettings]


def as_word(declared: dataclasses.Field, value: Any) -> Any:
    """Return 'on' or 'off' where YAML, which needs quotes for both, has made a boolean of it."""
    if isinstance(value, bool) and is_switch(declared):
        return 'on' if value else 'off'
    return value


def is_switch(declared: dataclasses.Field) -> bool:
    """Whether 'off' is among the choices of a field."""
    return 'off' in declared.metadata['choices']


def type_name(declared: dataclasses.Field) -> str:
    """Return the ROS name of a field's type."""
    return {bool: 'bool', int: 'int', float: 'double', str: 'string',
            tuple[int, ...]: 'int[]', tuple[str, ...]: 'string[]'}[declared.type]
