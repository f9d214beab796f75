# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The clusters of an image as named arrays: on the device, and measured on the host.

`ClusterTensors` is what a clustering returns; `cluster_measurement.measure_clusters` turns it
into `ClusterArrays`, from which scores and records are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from torch import Tensor

NO_CLASS = -1
"""Class index of an unused column."""


@dataclass(frozen=True, repr=False)
class ClusterTensors:
    """Clusters of one image, or of the N images of a batch, at the network's size.

    B below is () for one image and (N,) for a batch; M is the number of clusters, for a batch the
    number of columns, of which an image uses the first ones.

    Attributes:
        label_image: integer (*B, H, W), 0 = in no cluster, else 1 + the cluster's column.
        class_index: int64 (*B, M), class channel, ascending; within a class by descending area;
            `NO_CLASS` in unused columns.
        area: integer (*B, M), pixels.
        spread: float32 (*B, M), mean distance of the pixels to their mode, in bandwidths.
        margin: float32 (*B, M), distance to the nearest mode of the same class in bandwidths, at
            most 3 (3 where the cluster is alone).
        mode: float32 (*B, M, D), position in embedding space.
        invalid: integer (*B), pixels without finite outputs of the network.
        unclaimed: integer (*B), about how many pixels of thing classes no mode had claimed when
            the search for modes reached its limit of rounds.
        quality: float32 (*B, M), mean seed quality from 0 to 1; None where the method has none.
        probability: float32 (*B, M), mean probability of the cluster's class over its pixels;
            None until it is known.
        sides, rows, columns: (*B, M), (*B, M, H), (*B, M, W), boundary sides and axis profiles as
            in `mask_geometry`; None where the host measures them.
        complete: bool (*B), False where clusters were lost for lack of columns; None: never.
    """

    label_image: Tensor
    class_index: Tensor
    area: Tensor
    spread: Tensor
    margin: Tensor
    mode: Tensor
    invalid: Tensor
    unclaimed: Tensor | None = None
    quality: Tensor | None = None
    probability: Tensor | None = None
    sides: Tensor | None = None
    rows: Tensor | None = None
    columns: Tensor | None = None
    complete: Tensor | None = None

    def __post_init__(self) -> None:
        """Raise ValueError unless all columns are of one length."""
        _require_one_length(self, self.class_index.shape)

    def __repr__(self) -> str:
        """Name sizes, not values."""
        shape = 'x'.join(map(str, reversed(self.label_image.shape[-2:])))
        batch = f'{len(self.class_index)} images, ' if self.class_index.ndim > 1 else ''
        return (f'ClusterTensors({batch}{self.class_index.shape[-1]} columns, {shape}, '
                f'{self.label_image.device})')

    def tensors(self) -> dict[str, Tensor]:
        """Return the fields that are known, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def arrays(self) -> dict[str, np.ndarray]:
        """Copy the fields that are known to the host; waits for the device."""
        return {name: value.cpu().numpy() for name, value in self.tensors().items()}


@dataclass(frozen=True, repr=False)
class ClusterArrays:
    """The M clusters of one image on the host, with their geometry in the image.

    `clusters[keep]` selects clusters by a boolean mask or by indices and renumbers the label
    image.

    Attributes:
        class_mask: uint8 (H, W), label id of each pixel, 0 = unlabelled.
        label_image: integer (H, W), 0 = in no cluster, else 1 + the cluster's index; without
            small components.
        class_index: int64 (M,), class channel.
        probability: float32 (M,), mean class probability over the pixels, those of removed
            components included.
        spread, margin, mode, quality: as in `ClusterTensors`.
        area: int64 (M,), pixels of the label image.
        sides: int64 (M,), boundary sides of these pixels.
        boxes: int64 (M, 4), x0, y0, x1, y1 in the image, half open.
        image_area: int64 (M,), pixels in the image.
        image_size: (width, height) of the image.
        invalid: pixels of the label image without finite outputs of the network.
        unclaimed: as in `ClusterTensors`.
    """

    class_mask: np.ndarray
    label_image: np.ndarray
    class_index: np.ndarray
    probability: np.ndarray
    spread: np.ndarray
    margin: np.ndarray
    mode: np.ndarray
    area: np.ndarray
    sides: np.ndarray
    boxes: np.ndarray
    image_area: np.ndarray
    image_size: tuple[int, int]
    invalid: int = 0
    unclaimed: int = 0
    quality: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Raise ValueError unless all columns are of one length."""
        _require_one_length(self, self.class_index.shape)

    def __len__(self) -> int:
        """Return the number of clusters."""
        return len(self.class_index)

    def __repr__(self) -> str:
        """Count the clusters by class channel."""
        channels, counts = np.unique(self.class_index, return_counts=True)
        by_class = ', '.join(f'{c}: {n}' for c, n in zip(channels, counts, strict=True))
        shape = 'x'.join(map(str, self.label_image.shape[::-1]))
        return (f'ClusterArrays({len(self)} clusters by class channel {{{by_class}}}, {shape} of '
                f'an image {"x".join(map(str, self.image_size))}, {self.invalid} invalid pixels)')

    def __getitem__(self, keep: np.ndarray) -> 'ClusterArrays':
        """Select clusters by a boolean mask (M,) or by distinct indices, in their order."""
        index = np.arange(len(self))[keep]
        number = np.zeros(len(self) + 1, self.label_image.dtype)
        number[index + 1] = np.arange(1, len(index) + 1)
        columns = {name: column[index] for name, column in _columns(self).items()}
        return replace(self, label_image=number[self.label_image], **columns)


_COLUMNS = ('class_index', 'area', 'spread', 'margin', 'mode', 'quality', 'probability', 'sides',
            'rows', 'columns', 'boxes', 'image_area')


def _columns(clusters: ClusterTensors | ClusterArrays) -> Mapping[str, Tensor | np.ndarray]:
    """Return the per-cluster fields that are known, by name."""
    named = {name: getattr(clusters, name, None) for name in _COLUMNS}
    return {name: column for name, column in named.items() if column is not None}


def _require_one_length(clusters: ClusterTensors | ClusterArrays, shape: tuple[int, ...]) -> None:
    wrong = {name: tuple(column.shape) for name, column in _columns(clusters).items()
             if column.shape[:len(shape)] != shape}
    if wrong:
        raise ValueError(f'{type(clusters).__name__}: expected columns of shape {tuple(shape)}, '
                         f'got {wrong}')
