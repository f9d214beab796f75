# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Every parameter of the node, declared once: type, description, range and time of effect.

The fields of ``NodeSettings`` and ``CameraSettings`` are the declarations. With ``cameras`` given,
a parameter of ``CameraSettings`` exists for each of them as ``<camera>.<parameter>``, and the
plain ``<parameter>`` is their common default, read at start-up. Constraints beyond the range of a
value are in ``parameter_rules``; ``parameter_table`` generates docs/parameters.md.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ..core.instances import SCORE_THRESHOLD
from ..inference.engine_choice import ENGINES, PROVIDER_CHOICES

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
        'best_effort', 'Reliability of the subscription: "best_effort" (SensorData) matches any '
        'publisher; "reliable" matches only reliable ones, but loses no large images.',
        when=CONFIGURE, choices=('best_effort', 'reliable'))
    enabled: bool = parameter(True, 'Process images; false drops and counts them.')
    max_rate_hz: float = parameter(
        0.0, 'Maximum rate of processed images [Hz]; others are dropped. 0: unlimited.',
        minimum=0.0, maximum=1000.0)
    max_age_ms: float = parameter(
        0.0, 'Drop images whose stamp is older than this when processing starts [ms]; 0: never.',
        minimum=0.0, maximum=3600000.0)
    stale_after_s: float = parameter(
        2.0, 'Report the camera as stale after this time without an image [s].',
        minimum=0.05, maximum=3600.0)
    roi: tuple[int, ...] = parameter(
        (0, 0, 0, 0), 'Region of interest: x, y, width, height in pixels; width or height 0: up '
        'to the edge.')
    rotation: int = parameter(
        0, 'Clockwise rotation before segmentation [deg], for a camera that is not mounted '
        'upright; outputs stay in the coordinates of the input.',
        choices=(0, 90, 180, 270))
    ego_mask: str = parameter(
        '', 'Mask of the ego vehicle, in which no instance is reported: a PNG file (non-black: '
        'vehicle) or polygons "x,y x,y x,y; x,y ..." in pixels.')
    tracking: bool = parameter(
        False, 'Track instances: keep their ids from image to image.')
    tracking_max_age_s: float = parameter(
        1.0, 'Keep a lost track for this long (max_age) [s].', minimum=0.0, maximum=60.0)
    tracking_reuse_after_s: float = parameter(
        60.0, 'Minimum time before a track id is reused [s].',
        minimum=0.0, maximum=86400.0)
    detections_3d: str = parameter(
        'off', 'Publish ~/detections_3d from camera_info and a flat ground ("ground"), a depth '
        'image ("depth") or the points of a lidar ("lidar").', when=CONFIGURE,
        choices=('off', 'ground', 'depth', 'lidar'))
    markers: bool = parameter(
        False, 'Publish ~/markers, the boxes, names and distances of ~/detections_3d for RViz.',
        when=CONFIGURE)
    camera_info_topic: str = parameter(
        '', 'CameraInfo of the rectified image; empty: camera_info next to the image topic.',
        when=CONFIGURE)
    depth_topic: str = parameter(
        '', 'Depth image of the same view and size, 32FC1 in metres or 16UC1 in millimetres. '
        'Empty: "depth", or "<camera>/depth" with several cameras.', when=CONFIGURE)
    cloud_topic: str = parameter(
        '', 'PointCloud2 of the lidar, for detections_3d "lidar"; empty: "points".',
        when=CONFIGURE)
    cloud_tolerance_s: float = parameter(
        0.1, 'Largest time between the stamps of an image and of a cloud that are used together.',
        minimum=0.001, maximum=10.0)
    lidar_extrinsics: tuple[float, ...] = parameter(
        (), 'Pose of the lidar in the optical frame of the camera: x, y, z in metres and a '
        'quaternion x, y, z, w, as `tf2_echo CAMERA LIDAR` prints it. [0.0]: from TF.',
        when=CONFIGURE)
    min_points: int = parameter(
        5, 'Leave objects with fewer points of the lidar out of ~/detections_3d.',
        minimum=1, maximum=1000000)
    target_frame: str = parameter(
        '', 'Frame of ~/detections_3d, ~/markers, ~/points and ~/tracked_objects, from TF; '
        'empty: the frame of the image.', when=CONFIGURE)
    fixed_frame: str = parameter(
        'odom', 'Frame in which the motion between the stamps of cloud and image is compensated, '
        'where it is in TF; empty: not compensated.', when=CONFIGURE)
    tracked_objects: bool = parameter(
        False, 'Publish ~/tracked_objects (autoware_perception_msgs), for which tracking and '
        'detections_3d are needed.', when=CONFIGURE)
    free_space: bool = parameter(
        False, 'Publish ~/free_space, the distance to the nearest obstacle on flat ground, as a '
        'LaserScan.', when=CONFIGURE)
    camera_height_m: float = parameter(
        1.5, 'Height of the camera above the ground [m].', minimum=0.01, maximum=100.0)
    camera_pitch_deg: float = parameter(
        0.0, 'Pitch of the camera, positive when it looks down [deg].', minimum=-90.0,
        maximum=90.0)


@dataclass(frozen=True)
class NodeSettings(CameraSettings):
    """Parameters of the node; those of ``CameraSettings`` are the only camera's, or defaults."""

    cameras: tuple[str, ...] = parameter(
        (), 'Names of several cameras; their outputs are ~/<camera>/... . '
        "['']: one camera without a name.", when=START)
    autostart: bool = parameter(
        False, 'Configure and activate at start-up, for use without a launch file or lifecycle '
        'manager.', when=START)
    checkpoint: str = parameter(
        '', 'Weights: a .safetensors file or the name of weights that are shipped with the '
        'package; empty: enet_branched.', when=CONFIGURE)
    checkpoint_sha256: str = parameter(
        '', 'SHA-256 of the file of weights, 64 hexadecimal digits: any other file is refused. '
        'Empty: not checked.', when=CONFIGURE)
    semantic_checkpoint: str = parameter(
        '', 'Separate network for the classes (.safetensors); checkpoint then provides only the '
        'embeddings. Empty: one network for both.', when=CONFIGURE)
    device: str = parameter(
        'auto', 'Inference device: auto, cpu, cuda, cuda:0, cuda:1, ...', when=CONFIGURE)
    engine: str = parameter(
        'torch', 'Computes the network: PyTorch ("torch"), OpenVINO ("openvino") or ONNX Runtime '
        '("onnxruntime"); "auto": OpenVINO on a CPU where it is installed, otherwise PyTorch.',
        when=CONFIGURE, choices=ENGINES)
    engine_provider: str = parameter(
        'auto', 'Device of OpenVINO: "cpu", "gpu" or "npu"; provider of ONNX Runtime: "cpu", '
        '"cuda" or "tensorrt"; "auto": the CPU for OpenVINO, the fastest for ONNX Runtime.',
        when=CONFIGURE, choices=PROVIDER_CHOICES)
    half: str = parameter(
        'auto', 'Compute in 16 bit; auto: on GPUs of compute capability 7.0 and later.',
        when=CONFIGURE, choices=('auto', 'on', 'off'))
    cuda_graphs: str = parameter(
        'auto', 'Capture CUDA graphs on CUDA devices; "off" launches each operation, which is '
        'slower, for drivers where the capture fails.', when=CONFIGURE, choices=('auto', 'off'))
    threads: int = parameter(
        0, "CPU threads of the network; 0: PyTorch's default.", when=CONFIGURE,
        minimum=0, maximum=1024)
    input_size: tuple[int, ...] = parameter(
        (0, 0), 'Input width and height of the network; width 0: it follows the aspect of the '
        'image; 0, 0: as trained.',
        when=CONFIGURE)
    score_threshold: float = parameter(
        SCORE_THRESHOLD, 'Minimum score of an instance.', minimum=0.0, maximum=1.0)
    class_score_thresholds: tuple[str, ...] = parameter(
        (), 'Score thresholds per class, "class=score"; [\'\']: none.')
    min_area: int = parameter(
        32, 'Minimum area of an instance, in pixels of the input image.',
        minimum=0, maximum=100000000)
    class_min_areas: tuple[str, ...] = parameter(
        (), 'Minimum areas per class, "class=pixels"; [\'\']: none.')
    classes: tuple[str, ...] = parameter(
        (), "Classes to segment into instances; ['']: all thing classes.")
    bandwidth: float = parameter(
        0.0, 'Mean shift bandwidth in embedding space (trained with margins 0.5 and 1.5, 1.5 is '
        'best); 0: as stored in the checkpoint.',
        minimum=0.0, maximum=10.0)
    class_bandwidths: tuple[str, ...] = parameter(
        (), 'Bandwidths per class, "class=bandwidth"; [\'\']: none.')
    batch_timeout_ms: float = parameter(
        20.0, 'Several cameras: maximum time a batch waits for the other cameras after its first '
        'image [ms].', minimum=0.0, maximum=10000.0)
    overlay_palette: str = parameter(
        'vivid', 'Colours of the overlay: one per instance (vivid), colour-blind safe per '
        'instance, or one per class.', choices=('vivid', 'color_blind', 'class'))
    overlay_opacity: float = parameter(
        0.45, 'Opacity of the instances in the overlay.', minimum=0.0, maximum=1.0)
    overlay_background: float = parameter(
        0.0, 'Opacity of the class colours outside instances in the overlay.',
        minimum=0.0, maximum=1.0)
    overlay_items: tuple[str, ...] = parameter(
        ('contours', 'names', 'scores'),
        'Items drawn in the overlay: contours, names, scores, boxes, legend, status (frames per '
        "second, latency, dropped frames, device); ['']: none.")
    on_device_error: str = parameter(
        'retry', 'After a device error: configure again with exponential back-off, or, where '
        'the device no longer answers this process, exit with status 3 for respawn ("retry"); '
        'configure again on the CPU ("cpu"); stay unconfigured ("stop").',
        choices=('retry', 'cpu', 'stop'))
    retry_backoff_s: float = parameter(
        1.0, 'Initial back-off before the first retry; doubles up to 60 s [s].',
        minimum=0.1, maximum=60.0)
    diagnostics_period_s: float = parameter(
        1.0, 'Period of the diagnostics [s].', when=START, minimum=0.05, maximum=60.0)
    hardware_id: str = parameter(
        '', 'hardware_id in the diagnostics; empty: the host name.', when=START)


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
    names: dict[object, str] = {
        bool: 'bool', int: 'int', float: 'double', str: 'string', tuple[int, ...]: 'int[]',
        tuple[float, ...]: 'double[]', tuple[str, ...]: 'string[]'}
    return names[declared.type]
