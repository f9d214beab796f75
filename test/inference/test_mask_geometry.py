# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scaling label images, and measuring regions without looking at the large image."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from instance_seg_ros.core.resize import resize_labels
from instance_seg_ros.inference.mask_geometry import count_boundary_sides, measure_regions

SIDE = st.integers(1, 40)


@settings(max_examples=200, deadline=None)
@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE), st.data())
def test_geometry_is_that_of_the_scaled_image(shape, size, data):
    """Areas and boxes computed on the grid equal those counted in the image."""
    grid = data.draw(arrays(np.uint16, shape, elements=st.integers(0, 4)))
    image = resize_labels(grid, size)
    measured = measure_regions(grid, 4, size)
    assert image.shape == size[::-1]
    for k in range(4):
        rows, columns = np.nonzero(image == k + 1)
        assert measured.areas[k] == len(rows)
        if len(rows):
            box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert tuple(measured.boxes[k]) == box


def test_integer_factors_repeat_cells():
    """Twice the size is each cell twice."""
    grid = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert (resize_labels(grid, (6, 4)) == grid.repeat(2, 0).repeat(2, 1)).all()
    assert resize_labels(grid, (3, 2)) is grid


@settings(max_examples=50, deadline=None)
@given(arrays(np.int32, (6, 9), elements=st.integers(0, 4)))
def test_edges_against_a_slow_count(number):
    """Pixel by pixel, side by side."""
    padded, slow = np.pad(number, 1, constant_values=-1), np.zeros(5, int)
    for y, x in np.ndindex(number.shape):
        around = padded[y, x + 1], padded[y + 2, x + 1], padded[y + 1, x], padded[y + 1, x + 2]
        slow[number[y, x]] += sum(side != number[y, x] for side in around)
    assert count_boundary_sides(number, 4).tolist() == slow[1:].tolist()
