# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From the arrays of a clustering to clusters with their geometry in the image."""

from collections.abc import Mapping

import numpy as np

from .clusters import ClusterArrays
from .mask_geometry import count_boundary_sides, geometry_from_profiles, measure_regions
from .small_components import remove_small_components

_COPIED = ('class_index', 'probability', 'spread', 'margin', 'mode', 'quality')


def measure_clusters(class_mask: np.ndarray, arrays: Mapping[str, np.ndarray],
                     size: tuple[int, int]) -> ClusterArrays:
    """Remove small components and measure the clusters of one image.

    Args:
        class_mask: uint8 (H, W), label ids.
        arrays: the fields of `ClusterTensors` of one image by name, on the host. Nothing in the
            result shares memory with them.
        size: (width, height) of the image.
    """
    count = np.count_nonzero(arrays['class_index'] >= 0)
    columns = {name: arrays[name][:count].copy() for name in _COPIED if name in arrays}
    given = arrays['label_image']
    label_image, area = remove_small_components(given, arrays['area'][:count].astype(np.int64))
    if label_image is given and 'rows' in arrays:      # measured on the device
        label_image, sides = given.copy(), arrays['sides'][:count].astype(np.int64)
        geometry = geometry_from_profiles(arrays['rows'][:count], arrays['columns'][:count], size)
    else:
        sides = count_boundary_sides(label_image, count)
        geometry = measure_regions(label_image, count, size)
    return ClusterArrays(class_mask.copy(), label_image, area=area, sides=sides,
                         boxes=geometry.boxes, image_area=geometry.areas, image_size=size,
                         invalid=int(arrays['invalid']), unclaimed=int(arrays.get('unclaimed', 0)),
                         **columns)
