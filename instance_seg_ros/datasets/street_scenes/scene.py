# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What a scene is: models placed in it, its static ground, its weather and its camera."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .mesh import Mesh

LABEL_IDS = {
    'unlabeled': 0, 'ego vehicle': 1, 'static': 4, 'dynamic': 5, 'ground': 6, 'road': 7,
    'sidewalk': 8, 'parking': 9, 'building': 11, 'wall': 12, 'fence': 13, 'pole': 17,
    'traffic light': 19, 'traffic sign': 20, 'vegetation': 21, 'terrain': 22, 'sky': 23,
    'person': 24, 'rider': 25, 'car': 26, 'truck': 27, 'bus': 28, 'train': 31,
    'motorcycle': 32, 'bicycle': 33}


class Part(NamedTuple):
    """A mesh and, when it does not use the bank's textures, its own (H, W, 3) uint8 image."""

    mesh: Mesh
    image: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """Something that can be placed: front towards +y, standing on z = 0, metres.

    `kind` is a label's name, 'tree', 'building' or the like; `size` is (x, y, z).
    """

    name: str
    kind: str
    parts: tuple
    size: tuple
    tint: float = 0.0  # how much of the texture's own colour a paint may replace
    walks: int | None = None  # number of a person of our own making who can walk


@dataclass
class Thing:
    """A model at a place; instance 0 takes the label of its mesh instead of its own."""

    model: Model
    position: tuple
    heading: float = 0.0
    pitch: float = 0.0
    scale: float = 1.0
    label: int = 0
    instance: int = 0
    paint: tuple = (0.5, 0.5, 0.5)
    lean: float = 0.0


@dataclass
class Weather:
    """Light and air of a scene; light is linear RGB, ways are unit vectors towards the light."""

    name: str
    sky: np.ndarray  # (512, 512, 3) linear light on a paraboloid of the upper half
    sun_way: np.ndarray
    sun_light: np.ndarray
    zenith_light: np.ndarray
    ground_light: np.ndarray
    fog_light: np.ndarray
    fog: float = 0.0
    wet: float = 0.0
    night: float = 0.0
    sun_disc: float = 0.0


class Lamp(NamedTuple):
    """A point of light; `beam` shines forward along +y only."""

    position: tuple
    light: tuple
    beam: bool = False


@dataclass
class Camera:
    """A pinhole with a little barrel distortion; angles in degrees."""

    position: tuple
    heading: float
    pitch: float
    roll: float
    fov: float  # horizontal
    distortion: float = 0.0
    height: float = 1.4  # above the road


@dataclass
class Scene:
    """Everything the renderer needs."""

    static: Mesh
    shadows: Mesh  # soft dark patches under things, colour only
    things: list
    weather: Weather
    camera: Camera
    lamps: list = field(default_factory=list)
