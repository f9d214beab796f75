# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Instances and class mask of one image."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .labels import INSTANCE_FACTOR, LabelSet

SCORE_THRESHOLD = 0.2
"""Instances below this score are more likely false positives: the node and the commands for images
and recordings remove them. From Python, and for scoring networks, all instances are returned."""


@dataclass(frozen=True)
class Instance:
    """One object: the record that belongs to a value of the instance mask.

    Attributes:
        id: value of its pixels in the instance mask, label id * 1000 + number.
        label: name of its class.
        label_id: label id of its class.
        score: confidence from 0 to 1.
        box: x0, y0, x1, y1 in pixels around the visible mask, half open (x1 and y1 are outside).
        area: number of its pixels, at least 1.
        embedding: where its pixels lie in embedding space, float32 (D,) in bandwidths of the
            clustering; None where no network found it.
    """

    id: int
    label: str
    label_id: int
    score: float
    box: tuple[int, int, int, int]
    area: int
    embedding: np.ndarray | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class InstanceMap:
    """Class and instance of every pixel of an image, and one record per instance.

    Attributes:
        class_mask: uint8 (H, W), label id of each pixel, 0 = unlabelled.
        instance_mask: uint16 (H, W), 0 = no instance, else the id of an instance.
        instances: the records, each mask value exactly once, by ascending id.
        timings_ms: time of each stage in milliseconds (of the whole batch the image was in).
        invalid_pixels: pixels of the network's grid without finite outputs of the network.
        unclaimed_pixels: pixels of the network's grid, of thing classes, for which the clustering
            had no round left; instances may be missing there (0 but on very crowded images; an
            estimate).
    """

    label_set: LabelSet
    class_mask: np.ndarray
    instance_mask: np.ndarray
    instances: tuple[Instance, ...] = ()
    timings_ms: dict = field(default_factory=dict)
    invalid_pixels: int = 0
    unclaimed_pixels: int = 0

    def __post_init__(self) -> None:
        """Refuse masks or records that do not fit together (cheap checks, done every frame)."""
        _require_mask('class_mask', self.class_mask, np.uint8)
        _require_mask('instance_mask', self.instance_mask, np.uint16)
        if self.class_mask.shape != self.instance_mask.shape:
            raise ValueError(f'class_mask is {self.class_mask.shape} but instance_mask is '
                             f'{self.instance_mask.shape}')
        ids = [instance.id for instance in self.instances]
        if any(a >= b for a, b in zip(ids, ids[1:], strict=False)):
            raise ValueError(f'instances are not in strictly ascending order of id: {ids}')
        for instance in self.instances:
            _require_record(instance, self.label_set, self.class_mask.shape)

    @property
    def height(self) -> int:
        """Height of both masks in pixels."""
        return self.class_mask.shape[0]

    @property
    def width(self) -> int:
        """Width of both masks in pixels."""
        return self.class_mask.shape[1]

    def mask_of(self, instance: Instance) -> np.ndarray:
        """Return the pixels of one instance, bool (H, W)."""
        return self.instance_mask == instance.id

    def check_pixels(self) -> None:
        """Raise ValueError unless records and mask pixels agree one to one (reads every pixel)."""
        values, areas = np.unique(self.instance_mask[self.instance_mask > 0], return_counts=True)
        in_mask = dict(zip(values.tolist(), areas.tolist(), strict=True))
        recorded = {instance.id: instance.area for instance in self.instances}
        if in_mask != recorded:
            raise ValueError(f'areas in the mask {in_mask} differ from those recorded {recorded}')
        for instance in self.instances:
            rows, columns = np.nonzero(self.mask_of(instance))
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            if tuple(map(int, box)) != instance.box:
                raise ValueError(f'instance {instance.id} has box {instance.box}, mask has {box}')

    @classmethod
    def from_masks(cls, label_set: LabelSet, class_mask: np.ndarray, instance_mask: np.ndarray,
                   scores: dict | None = None, **other: Any) -> 'InstanceMap':
        """Build the records from the masks; `scores` gives some ids a score other than 1.

        Raises ValueError where a mask value has no label in `label_set`.
        """
        records = []
        for value in np.unique(instance_mask[instance_mask > 0]).tolist():
            rows, columns = np.nonzero(instance_mask == value)
            try:
                label = label_set.by_id(value // INSTANCE_FACTOR)
            except KeyError as error:
                raise ValueError(f'instance id {value}: {error.args[0]}') from None
            box = (int(columns.min()), int(rows.min()),
                   int(columns.max()) + 1, int(rows.max()) + 1)
            score = float((scores or {}).get(value, 1.0))
            records.append(Instance(value, label.name, label.id, score, box, len(rows)))
        return cls(label_set, class_mask, instance_mask, tuple(records), **other)


def _require_mask(name: str, mask: np.ndarray, dtype: type) -> None:
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or mask.dtype != dtype:
        found = f'{getattr(mask, "dtype", type(mask).__name__)} {getattr(mask, "shape", "")}'
        raise ValueError(f'{name} must be a {np.dtype(dtype)} (H, W) array, not {found}')


def _require_record(instance: Instance, label_set: LabelSet,
                    shape: tuple[int, int]) -> None:
    x0, y0, x1, y1 = instance.box
    if instance.id // INSTANCE_FACTOR != instance.label_id:
        raise ValueError(f'instance id {instance.id} does not begin with its label id '
                         f'{instance.label_id}')
    if label_set.by_id(instance.label_id).name != instance.label:
        raise ValueError(f'label id {instance.label_id} is not called {instance.label!r}')
    if not (0 <= x0 < x1 <= shape[1] and 0 <= y0 < y1 <= shape[0]):
        raise ValueError(f'instance {instance.id} has box {instance.box} outside the {shape} mask')
    if not 1 <= instance.area <= (x1 - x0) * (y1 - y0):
        raise ValueError(f'instance {instance.id} has area {instance.area} in box {instance.box}')
    if not 0.0 <= instance.score <= 1.0:
        raise ValueError(f'instance {instance.id} has score {instance.score}, not from 0 to 1')
