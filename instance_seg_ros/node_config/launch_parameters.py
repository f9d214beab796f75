# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node from the arguments of launch/instance_seg.launch.py."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import UserError
from .parameter_file import read_parameters
from .parameters import NODE_FIELDS, AllSettings

_DIRECT = ('transport', 'device', 'checkpoint', 'semantic_checkpoint')
"""Arguments that set the parameter of the same name if they are not empty."""


def split_list(text: str) -> list[str]:
    """Return the parts of ``a,b``, without spaces; none for an empty text."""
    return [part.strip() for part in text.split(',') if part.strip()]


def camera_parameters(cameras: list[str], topics: list[str], transport: str) -> dict[str, Any]:
    """Return the parameters that set the topics of the cameras, and the transport of each topic.

    Args:
        cameras: names of several cameras; empty: one camera without a name.
        topics: one for each camera, or none. Those that end with ``/compressed`` are compressed.
        transport: of the other topics; empty: as in the parameter file.

    Raises:
        UserError: when the numbers of cameras and topics differ.
    """
    if not cameras:
        if len(topics) > 1:
            raise UserError(f'image_topic has {len(topics)} topics: give as many names in '
                            'cameras.')
        return {'topic': topics[0]} if topics else {}
    if topics and len(topics) != len(cameras):
        raise UserError(f'image_topic has {len(topics)} topics for {len(cameras)} cameras.')
    parameters: dict[str, Any] = {'cameras': cameras}
    for name, topic in zip(cameras, topics):    # noqa: B905 (no topics: as in the parameter file)
        parameters[f'{name}.topic'] = topic
        own = 'compressed' if topic.endswith('/compressed') else transport
        if own:     # overrides the camera's section of the parameter file
            parameters[f'{name}.transport'] = own
    return parameters


def launch_parameters(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters that override the parameter file, from all launch arguments."""
    parameters = camera_parameters(split_list(arguments['cameras']),
                                   split_list(arguments['image_topic']), arguments['transport'])
    parameters |= {name: arguments[name] for name in _DIRECT if arguments[name]}
    if arguments['use_sim_time'] == 'true':
        parameters['use_sim_time'] = True
    parameters['autostart'] = False     # the launch file, or a manager, drives the transitions
    return parameters


def full_node_name(namespace: str) -> str:
    """Return the full name of the node in a namespace."""
    return '/'.join(['', *filter(None, namespace.split('/')), 'instance_seg'])


def launched_settings(arguments: Mapping[str, str]) -> AllSettings:
    """Return the settings of the node with its parameter file and all launch arguments.

    Raises:
        UserError: when they are invalid.
    """
    return read_parameters(Path(arguments['params_file']), full_node_name(arguments['namespace']),
                           launch_parameters(arguments))


def rviz_parameters(settings: AllSettings) -> dict[str, Any]:
    """Return further parameters for the use with RViz: status line, markers for 3D positions.

    Overlay items that a parameter file sets are kept.
    """
    items = settings.node.overlay_items
    is_default = items == NODE_FIELDS['overlay_items'].default
    parameters: dict[str, Any] = {'overlay_items': [*items, 'status']} if is_default else {}
    for name, camera in settings.cameras.items():
        if camera.detections_3d != 'off' and not camera.markers:
            parameters[f'{name}.markers' if name else 'markers'] = True
    return parameters
