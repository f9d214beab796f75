# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The bonnet at the lower edge of the image, as in many dash camera videos."""

import numpy as np

from . import mesh as shapes
from .mesh import Surface
from .scene import LABEL_IDS


def bonnet(rng, camera):
    """Make the mesh of a bonnet whose top shows in the lowest part of the view."""
    width, reach = rng.uniform(1.3, 1.6), rng.uniform(1.6, 2.2)
    half_height = np.degrees(np.arctan(np.tan(np.radians(camera.fov) / 2) / 2))
    below = np.radians(half_height * rng.uniform(0.72, 0.97) - camera.pitch)
    drop = reach * np.tan(below)
    y = np.linspace(0.4, 1.0, 8) * reach
    x = np.linspace(-1, 1, 13) * width / 2
    height = -drop - 0.1 * (x[None] / width * 2) ** 4 - 0.12 * (y[:, None] / reach - 0.4) ** 2
    points = np.stack([np.broadcast_to(x, height.shape),
                       np.broadcast_to(y[:, None], height.shape) - 0.2 * (x[None] / width) ** 2,
                       height], -1)
    color = tuple(np.clip(rng.uniform(0.03, 0.6) + rng.normal(0, 0.03, 3), 0, 1))
    mesh = shapes.dress(shapes.grid(points), Surface(color, 0, 0.8, 0.0,
                                                     LABEL_IDS['ego vehicle']))
    return shapes.move(mesh, camera.position, np.radians(camera.heading))
