# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A video: one street, one camera that drives through it, one object one number throughout."""

from dataclasses import dataclass, replace

import numpy as np

from . import generator, photo, sensor
from .generator import World
from .scene import Camera
from .sensor import Sensor


@dataclass
class Drive:
    """What stays the same from frame to frame."""

    world: World
    start: Camera
    aside: float  # metres right of the road's centre line
    habits: Sensor
    rate: float
    seed: tuple
    exposure: float | None = None

    def camera(self, frame):
        """Return the camera of a frame: along the lane, with a little shake."""
        time, course = frame / self.rate, self.world.course
        s = self.world.ego_speed * time
        position = course.place(s, self.aside, self.start.height)
        shake = 0.12 * np.sin(2 * np.pi * np.array([1.3, 1.7, 0.9]) * time + [0, 1, 2])
        climb = np.degrees(course.slope(s) - course.slope(0.0))
        return replace(self.start, position=tuple(position), roll=self.start.roll + shake[2],
                       heading=self.start.heading + shake[0] * 0.5
                       + float(np.degrees(course.angle(s) - course.angle(0.0))),
                       pitch=self.start.pitch + shake[1] + float(climb))

    def frame(self, number, stage):
        """Render a frame; returns its Photo."""
        if self.exposure is None:
            first = stage.draw(generator.look(self.world, self.camera(0)))
            self.exposure = sensor.automatic_exposure(first.light)
        camera = self.camera(number)
        drawing = stage.draw(generator.look(self.world, camera, max(number / self.rate, 1e-6)))
        rng = np.random.default_rng([*self.seed, number])
        return photo.take(drawing, camera, self.habits, rng, self.exposure)


def make_drive(rng, catalog, seconds, rate, seed, kind=None, weather=None):
    """Draw the street, the traffic and the camera of a video of some seconds at `rate` Hz."""
    world = generator.make_world(rng, catalog, kind, weather, seconds)
    dark = {'night': 1.0, 'dusk': 0.5}.get(world.weather.name, 0.0)
    habits = replace(sensor.random_sensor(rng, dark), distortion=0.0, motion=0.0)
    camera = generator.random_camera(rng, world)
    level = float(np.clip(camera.pitch, -3.5, 0.5))
    return Drive(world, replace(camera, pitch=level, roll=camera.roll * 0.5),
                 world.ego_t, habits, rate, tuple(seed))
