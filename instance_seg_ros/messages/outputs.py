# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Table of the output topics, for the node and for bags.

The node publishes each topic that a camera's parameters switch on, and builds a message only
while there is a subscription. ``process-bag`` writes the same topics, those ``on_request`` only
with its option of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..node_config.builders import cloud_topic
from ..node_config.parameters import CameraSettings
from ..perception.color_images import class_color_image, instance_color_image
from ..perception.frame_processor import ProcessedFrame
from ..perception.overlay import draw_overlay
from .annotations import annotations_fields
from .detections import detections_3d_fields, detections_fields, label_info_fields
from .fields import Fields
from .images import image_fields
from .markers import markers_fields
from .scene import free_space_fields, points_fields, vehicle_points_fields
from .tracked_objects import TYPE as _TRACKED_OBJECTS
from .tracked_objects import tracked_objects_fields

_IMAGE = 'sensor_msgs/msg/Image'


@dataclass(frozen=True)
class Output:
    """One output topic of each camera.

    Attributes:
        name: below the node's name, or the camera's where there are several.
        type: `package/msg/Name`.
        build: returns a message's fields; of a `ProcessedFrame` for those in `OUTPUTS`.
        description: what it shows, for people.
        is_on: whether a camera with these settings has it.
        on_request: whether `process-bag` writes it only when asked to.
        optional: whether the node leaves it out where the package of its type is not installed.
        depth: of the publisher's queue.
        latched: transient local: later subscriptions get the last message, too.
        overridable: whether parameters `qos_overrides` apply.
    """

    name: str
    type: str
    build: Callable[..., Fields]
    description: str
    is_on: Callable[[CameraSettings], bool] = lambda camera: True
    on_request: bool = False
    optional: bool = False
    depth: int = 5
    latched: bool = False
    overridable: bool = True


OUTPUTS = (
    Output('instance_mask', _IMAGE,
           lambda frame: image_fields(frame.result.instance_mask, frame.header),
           'instance of every pixel: label id * 1000 + number'),
    Output('class_mask', _IMAGE,
           lambda frame: image_fields(frame.result.class_mask, frame.header),
           'label id of every pixel'),
    Output('detections', 'vision_msgs/msg/Detection2DArray', detections_fields,
           'class, score and box of every instance'),
    Output('detections_3d', 'vision_msgs/msg/Detection3DArray', detections_3d_fields,
           'position and size of instances in metres',
           is_on=lambda camera: camera.detections_3d != 'off'),
    Output('markers', 'visualization_msgs/msg/MarkerArray', markers_fields,
           'detections_3d for RViz', is_on=lambda camera: camera.markers),
    Output('tracked_objects', _TRACKED_OBJECTS, tracked_objects_fields,
           'position and velocity of tracked objects for Autoware',
           is_on=lambda camera: camera.tracked_objects),
    Output('free_space', 'sensor_msgs/msg/LaserScan', free_space_fields,
           'distance to the nearest obstacle on the ground in each direction',
           is_on=lambda camera: camera.free_space),
    Output('points', 'sensor_msgs/msg/PointCloud2', points_fields,
           'points of the lidar in the image, with instance, class and colour',
           is_on=lambda camera: camera.detections_3d == 'lidar'),
    Output('overlay', _IMAGE,
           lambda frame: image_fields(_overlay(frame), frame.header),
           'instances drawn on the image, for people', on_request=True),
    Output('class_overlay', _IMAGE,
           lambda frame: image_fields(class_color_image(frame.result), frame.header),
           "class_mask in the label set's colours", on_request=True),
    Output('instance_overlay', _IMAGE,
           lambda frame: image_fields(_instance_colors(frame), frame.header),
           'instance_mask, each instance in its colour in the overlay', on_request=True),
    Output('input_image', _IMAGE,
           lambda frame: image_fields(frame.image, frame.header),
           'input image, decoded, for viewers that cannot show compressed images',
           on_request=True),
    Output('annotations', 'visualization_msgs/msg/ImageMarker', annotations_fields,
           "boxes of the instances on the camera's image, for Foxglove", on_request=True,
           optional=True),
)
"""Topics with a message for each frame, in the order of publishing: what is for people is last."""

ON_REQUEST = tuple(output for output in OUTPUTS if output.on_request)

LABEL_INFO = Output('label_info', 'vision_msgs/msg/LabelInfo', label_info_fields,
                    'names of the label ids', depth=1, latched=True)

VEHICLE_POINTS = Output('points', 'sensor_msgs/msg/PointCloud2', vehicle_points_fields,
                        'points of the lidar that the cameras see, of all cameras together')
"""Below the node's name; built from a `VehicleCloud`."""


def lidar_cameras(cameras: Mapping[str, CameraSettings]) -> list[str]:
    """Return the cameras that share `VEHICLE_POINTS`; none where there is only one with a lidar.

    Clouds of other topics belong to other lidars; the cameras of the first one count.
    """
    with_lidar = {name: cloud_topic(camera) for name, camera in cameras.items()
                  if camera.detections_3d == 'lidar'}
    first = next(iter(with_lidar.values()), '')
    shared = [name for name, topic in with_lidar.items() if topic == first]
    return shared if len(shared) > 1 else []


def stage_output(stage: str) -> Output:
    """Return the topic with the time of a stage of each frame; built from milliseconds."""
    return Output(f'debug/{stage}_ms', 'std_msgs/msg/Float32',
                  lambda milliseconds: {'data': float(milliseconds)},
                  f'time of the stage {stage}', depth=1, overridable=False)


def outputs_of(camera: CameraSettings) -> tuple[Output, ...]:
    """Return the topics with a message for each frame that a camera has."""
    return tuple(output for output in OUTPUTS if output.is_on(camera))


def _overlay(frame: ProcessedFrame) -> Any:
    return draw_overlay(frame.image, frame.result, frame.overlay_style, frame.status)


def _instance_colors(frame: ProcessedFrame) -> Any:
    return instance_color_image(frame.result, frame.overlay_style.palette)
