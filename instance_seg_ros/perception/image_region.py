# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The region of a camera's image to segment: a rectangle, rotated upright, without the vehicle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.image_codec import ImageError, read_stored
from ..core.instances import Instance, InstanceMap

_CLOCKWISE = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180,
              270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class ImageRegion:
    """The region of an image to segment, and the transformation back to image coordinates.

    Args:
        roi: x, y, width, height in pixels of the image; width or height 0: up to the edge.
        rotation: degrees (0, 90, 180, 270) by which the region is rotated clockwise.
        ego_mask: bool (H, W), or polygons of corners (x, y): pixels of the vehicle itself.
    """

    def __init__(self, roi: tuple[int, ...] = (0, 0, 0, 0), rotation: int = 0,
                 ego_mask: np.ndarray | list | None = None) -> None:
        self._roi, self._rotation, self._ego_mask = roi, rotation, ego_mask
        self._ego: np.ndarray | None = None     # ego_mask at the size of the latest image

    def extract(self, image: np.ndarray) -> np.ndarray:
        """Return the part of an image to segment.

        Args:
            image: uint8 (H, W, 3).

        Returns:
            uint8 (h, w, 3), a view where nothing is rotated.

        Raises:
            ImageError: when the region lies outside the image.
        """
        x0, y0, x1, y1 = self._rectangle(image.shape)
        part = image[y0:y1, x0:x1]
        return cv2.rotate(part, _CLOCKWISE[self._rotation]) if self._rotation else part

    def restore(self, found: InstanceMap, shape: tuple[int, ...]) -> InstanceMap:
        """Transform a result to image coordinates and remove the vehicle itself.

        Args:
            found: masks (h, w) of what ``extract`` returned.
            shape: (H, W, ...) of the whole image.

        Returns:
            Masks (H, W).
        """
        height, width = shape[:2]
        rectangle = self._rectangle(shape)
        if rectangle != (0, 0, width, height) or self._rotation:
            found = self._to_whole(found, rectangle, (height, width))
        return found if self._ego_mask is None else self._without_ego(found)

    def _rectangle(self, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        height, width = shape[:2]
        x, y, w, h = self._roi
        x1 = min(width, x + w) if w else width
        y1 = min(height, y + h) if h else height
        if x >= x1 or y >= y1:
            raise ImageError('roi_outside', f'roi {list(self._roi)} lies outside the '
                             f'{width}x{height} image')
        return x, y, x1, y1

    def _to_whole(self, found: InstanceMap, rectangle: tuple[int, int, int, int],
                  shape: tuple[int, int]) -> InstanceMap:
        x0, y0, x1, y1 = rectangle
        turns = self._rotation // 90

        def whole(part: np.ndarray) -> np.ndarray:
            mask = np.zeros(shape, part.dtype)
            mask[y0:y1, x0:x1] = np.rot90(part, turns)
            return mask

        instances = tuple(
            replace(i, box=_shifted(_turned_back(i.box, turns, found.width, found.height), x0, y0))
            for i in found.instances)
        return replace(found, class_mask=whole(found.class_mask),
                       instance_mask=whole(found.instance_mask), instances=instances)

    def _without_ego(self, found: InstanceMap) -> InstanceMap:
        ego = self._ego_at((found.height, found.width))
        class_mask, instance_mask = found.class_mask.copy(), found.instance_mask.copy()
        class_mask[ego] = 0
        instance_mask[ego] = 0
        instances = (_trimmed(i, instance_mask, ego) for i in found.instances)
        return replace(found, class_mask=class_mask, instance_mask=instance_mask,
                       instances=tuple(i for i in instances if i is not None))

    def _ego_at(self, shape: tuple[int, int]) -> np.ndarray:
        if self._ego is None or self._ego.shape != shape:
            mask = np.zeros(shape, np.uint8)
            if isinstance(self._ego_mask, np.ndarray):
                cv2.resize(self._ego_mask.astype(np.uint8), shape[::-1], mask, 0, 0,
                           cv2.INTER_NEAREST)
            else:
                for polygon in self._ego_mask or ():
                    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], 1)
            self._ego = mask > 0
        return self._ego


def read_ego_mask(path: str) -> np.ndarray:
    """Return the non-black pixels of a PNG, bool (H, W); raises UserError."""
    try:
        data = Path(path).expanduser().read_bytes()
        return read_stored(data, cv2.IMREAD_GRAYSCALE) > 0
    except OSError as error:
        raise UserError(f'ego_mask: cannot read {path}: {error.strerror}.') from error
    except ImageError as error:
        raise UserError(f'ego_mask: {path} is not a readable image: {error}.') from error


def _turned_back(box: tuple[int, int, int, int], turns: int, width: int,
                 height: int) -> tuple[int, int, int, int]:
    """Rotate a box counter-clockwise by quarter turns, in an image of width x height."""
    for _ in range(turns):
        x0, y0, x1, y1 = box
        box = (y0, width - x1, y1, width - x0)
        width, height = height, width
    return box


def _shifted(box: tuple[int, int, int, int], dx: int, dy: int) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    return x0 + dx, y0 + dy, x1 + dx, y1 + dy


def _trimmed(instance: Instance, instance_mask: np.ndarray, ego: np.ndarray) -> Instance | None:
    """Return the record of the visible rest of an instance, None when nothing is left."""
    x0, y0, x1, y1 = instance.box
    if not ego[y0:y1, x0:x1].any():
        return instance
    rows, columns = np.nonzero(instance_mask[y0:y1, x0:x1] == instance.id)
    if not rows.size:
        return None
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return replace(instance, area=rows.size, box=_shifted(box, x0, y0))
