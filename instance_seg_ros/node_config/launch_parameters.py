# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node from the arguments of launch/instance_seg.launch.py."""

from collections.abc import Mapping
from typing import Any

from ..core.errors import UserError

_DIRECT = ('transport', 'device', 'checkpoint', 'semantic_checkpoint')
"""Arguments that set the parameter of the same name if they are not empty."""


def split_list(text: str) -> list[str]:
    """Return the parts of ``a,b``, without spaces; none for an empty text."""
    return [part.strip() for part in text.split(',') if part.strip()]


def camera_parameters(cameras: list[str], topics: list[str], transport: str) -> dict[str, Any]:
    """
    Return the parameters that set the topics of the cameras, and the transport of each topic.

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
