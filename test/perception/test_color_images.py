# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Colour images of classes and instances: every pixel has the colour that the palette says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.perception.color_images import (
    class_color_image,
    instance_color_image,
    instance_ids_image,
)
from instance_seg_ros.perception.overlay import PALETTES, instance_color

LABELS = LabelSet.named('cityscapes')
THINGS = [label.id for label in LABELS.labels if label.has_instances]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9),
       crowd=st.sampled_from((3, 200)), palette=st.sampled_from(PALETTES))
def test_every_pixel(seed, height, width, crowd, palette):
    rng = np.random.default_rng(seed)
    classes = rng.choice([0, *LABELS.ids], (height, width)).astype(np.uint8)
    ids = np.where(np.isin(classes, THINGS), classes.astype(np.uint16) * 1000
                   + rng.integers(0, crowd, (height, width)), 0).astype(np.uint16)
    result = InstanceMap.from_masks(LABELS, classes, ids)
    assert np.array_equal(class_color_image(result), LABELS.color_table[classes])
    expected = np.zeros((height, width, 3), np.uint8)
    for instance in result.instances:
        expected[ids == instance.id] = instance_color(instance, result, palette)
    image = instance_color_image(result, palette)
    assert image.dtype == np.uint8 and np.array_equal(image, expected)
    if palette == 'vivid':
        assert np.array_equal(instance_ids_image(ids), expected)


@pytest.mark.parametrize('palette', PALETTES)
def test_colour_does_not_depend_on_the_other_instances(palette):
    """An instance that tracking keeps has the same colour in each image."""
    ids = np.zeros((4, 6), np.uint16)
    ids[1:3, 1:3] = 26007
    alone = InstanceMap.from_masks(LABELS, (ids // 1000).astype(np.uint8), ids)
    ids = ids.copy()
    ids[0, 4:] = 24001
    both = InstanceMap.from_masks(LABELS, (ids // 1000).astype(np.uint8), ids)
    assert np.array_equal(instance_color_image(alone, palette)[1:3],
                          instance_color_image(both, palette)[1:3])
    assert instance_color_image(both, palette)[0, 5].any()
