# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What an engine found in one picture, before anything is named, scored or left out."""

from dataclasses import dataclass

import numpy as np

from .mask_geometry import Geometry


@dataclass(frozen=True)
class Found:
    """Classes and clusters at the network's size, on the host; M clusters.

    class_mask: uint8 (H, W), label id of each pixel. number: integer (H, W), 0 = in no cluster,
    else 1 + the cluster's place in what follows; without stray parts (`fragments`). class_index:
    int (M,), channels of their classes. probability: (M,), mean probability of the class over the
    pixels, stray ones included. spread, margin: (M,), as in `Clusters`. mode: float32 (M, D),
    places in embedding space. area: (M,), pixels. edges: (M,), sides of these pixels that face
    another number. geometry: boxes and areas in the image, whose (width, height) is `size`.
    invalid: pixels without a finite embedding.
    """

    class_mask: np.ndarray
    number: np.ndarray
    class_index: np.ndarray
    probability: np.ndarray
    spread: np.ndarray
    margin: np.ndarray
    mode: np.ndarray
    area: np.ndarray
    edges: np.ndarray
    geometry: Geometry
    size: tuple[int, int]
    invalid: int
