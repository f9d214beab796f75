# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What viewers show of a camera: topics and their titles, the same in every viewer."""

from __future__ import annotations

from dataclasses import dataclass

from ..node_config.builders import input_topic
from ..node_config.parameters import AllSettings, CameraSettings

TITLES = {'image': 'Camera', 'overlay': 'Overlay', 'class_overlay': 'Classes',
          'instance_overlay': 'Instances', 'class_mask': 'Classes', 'instance_mask': 'Instances',
          'markers': 'Positions', 'points': 'Points', 'free_space': 'Free space'}
"""By output; `image` is the input."""
LATENCY, COUNTS = 'Latency (ms)', 'Instances per frame'
"""Titles of plots."""


def pane_title(title: str, camera: str = '') -> str:
    """Return the title of a pane, with the name of the camera where there are several."""
    return f'{camera}: {title[0].lower()}{title[1:]}' if camera else title


@dataclass(frozen=True)
class CameraPanes:
    """The topics of one camera.

    Attributes:
        name: of the camera; '' for the only one.
        prefix: what its output topics begin with: `/instance_seg` or `/instance_seg/front`.
        image_topic: its input; ends with `/compressed` where that is compressed.
        in_3d: names of its outputs for the 3D view: markers, points, free_space.
    """

    name: str
    prefix: str
    image_topic: str
    in_3d: tuple[str, ...] = ()

    @property
    def is_compressed(self) -> bool:
        """Whether the input is a CompressedImage."""
        return self.image_topic.endswith('/compressed')

    def topic(self, output: str) -> str:
        """Return the topic of an output; of the input for `image`."""
        return self.image_topic if output == 'image' else f'{self.prefix}/{output}'

    def title(self, output: str) -> str:
        """Return the title of a pane, with the name of the camera where there are several."""
        return pane_title(TITLES[output], self.name)


def camera_panes(settings: AllSettings, node: str, namespace: str | None = None,
                 ) -> list[CameraPanes]:
    """Return what there is to show of a node.

    Args:
        settings: of the node.
        node: its name, as topics begin with: relative or absolute.
        namespace: makes relative topics of images absolute; None leaves them as they are.
    """
    return [_panes(name, camera, node, namespace) for name, camera in settings.cameras.items()]


def _panes(name: str, camera: CameraSettings, node: str, namespace: str | None) -> CameraPanes:
    image = input_topic(name, camera)
    if namespace is not None and not image.startswith('/'):
        image = f'/{namespace.strip("/")}/{image}'.replace('//', '/')
    is_shown = {'markers': camera.detections_3d != 'off',
                'points': camera.detections_3d == 'lidar', 'free_space': camera.free_space}
    return CameraPanes(name, f'{node}/{name}'.rstrip('/'), image,
                       tuple(output for output, shown in is_shown.items() if shown))
