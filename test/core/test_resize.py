# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labels lie on their image at any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from instance_seg_ros.core.resize import nearest_source_index, resize_image, resize_labels

SIDE, ODD = st.integers(1, 40), st.integers(0, 20).map(lambda k: 2 * k + 1)


@given(SIDE, SIDE)
def test_a_pixel_is_copied_from_where_its_centre_lies(source, target):
    centres = (np.arange(target) + .5) * source / target
    found = nearest_source_index(source, target)
    assert ((found <= centres + 1e-9) & (centres <= found + 1 + 1e-9)).all()


@settings(max_examples=100, deadline=None)
@given(st.tuples(ODD, ODD), st.tuples(SIDE, SIDE), st.data())
def test_scaling_knows_no_left_and_right(shape, size, data):
    """Of an odd number of pixels no centre lies between two, so mirrors agree exactly."""
    grid = data.draw(arrays(np.int32, shape, elements=st.integers(0, 4)))
    scaled = resize_labels(grid, size)
    assert scaled.dtype == np.int32 and scaled.shape == size[::-1]
    assert (resize_labels(grid[::-1, ::-1], size) == scaled[::-1, ::-1]).all()


@pytest.mark.parametrize('source, target', [(225, 60), (225, 96), (75, 240), (125, 150),
                                            (201, 201)])
def test_labels_lie_where_the_image_shows_them(source, target):
    """Column numbers as an image and as labels: the nearest is taken, nothing is shifted."""
    ramp = np.tile(np.arange(source, dtype=np.float32), (source, 1))
    size, inner = (target, target), np.s_[:, 4:-4]      # the border of an image is flat
    shown = resize_image(np.dstack([ramp] * 3), size)[..., 0]
    assert abs((resize_labels(ramp, size) - shown)[inner].mean()) < .01
