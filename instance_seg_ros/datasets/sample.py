# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Sample of a data set: one image with its class and instance labels."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.image_codec import ImageError, read_stored
from ..core.labels import LabelSet
from ..core.resize import resize_image, resize_labels

IGNORE = 255
"""Class index of a pixel that no loss and no score looks at."""


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        classes: uint8 (H, W), index into the label set, 255 = ignore.
        instances: uint16 (H, W), label id * 1000 + number, 0 = no instance known here. A pixel
            of a thing class can have instance 0: its objects are not separated in the annotation.
    """

    name: str
    image: np.ndarray
    classes: np.ndarray
    instances: np.ndarray

    def __post_init__(self) -> None:
        """Refuse maps of different sizes: they would train silently on wrong pixels."""
        sizes = {a.shape[:2] for a in (self.image, self.classes, self.instances)}
        if len(sizes) != 1:
            raise UserError(f'{self.name}: image and labels differ in size ({sizes})')

    def scaled(self, size: tuple[int, int]) -> Sample:
        """Return the same at another size (width, height)."""
        return Sample(self.name, resize_image(self.image, size),
                      resize_labels(self.classes, size), resize_labels(self.instances, size))

    def cropped(self, window: tuple[slice, slice]) -> Sample:
        """Return the part in a window of (rows, columns)."""
        return Sample(self.name, self.image[window], self.classes[window],
                      self.instances[window])


def ids_of(sample: Sample, label_set: LabelSet) -> np.ndarray:
    """Return the truth in the form of instanceIds, int32 (H, W); 0 where it is ignored."""
    table = np.zeros(256, np.int32)
    table[:len(label_set)] = label_set.ids
    return np.where(sample.instances > 0, sample.instances.astype(np.int32),
                    table[sample.classes])


def read_rgb(path: Path) -> np.ndarray:
    """Read an image as uint8 (H, W, 3) RGB; UserError names a missing or broken file."""
    return cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_map(path: Path) -> np.ndarray:
    """Read a one-channel label image (8 or 16 bit) unchanged; UserError names a bad file."""
    array = _read(path, cv2.IMREAD_UNCHANGED)
    if array.ndim != 2:
        raise UserError(f'{path}: a label image has one channel, this one has {array.shape[2]}')
    return array


def read_channels(path: Path, channels: int) -> np.ndarray:
    """Read a label image of several 8-bit channels, uint8 (H, W, C) in the order R, G, B, A."""
    array = _read(path, cv2.IMREAD_UNCHANGED)
    if array.ndim != 3 or array.shape[2] != channels:
        found = 1 if array.ndim == 2 else array.shape[2]
        raise UserError(f'{path}: a label image of {channels} channels is needed, this one has '
                        f'{found}.')
    return array[..., [2, 1, 0, 3][:channels]]


def _read(path: Path, flags: int) -> np.ndarray:
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f'{path}: there is no such file; is the data set complete?') from None
    except OSError as error:
        raise UserError(f'{str(path)[:300]}: cannot be read: {error.strerror}.') from None
    try:
        return read_stored(data, flags)
    except ImageError as error:
        raise UserError(f'{path}: this image is broken; fetch it again ({error}).') from error
