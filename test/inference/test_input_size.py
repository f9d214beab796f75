# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Input sizes with a fixed width, and with one that follows the camera."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance_seg_ros.arguments import input_size
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.export import export_onnx
from instance_seg_ros.inference.input_size import network_size, size_text
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.inference.segmenter_settings import (
    MAX_SIDE,
    MIN_SIDE,
    checked_input_size,
)
from instance_seg_ros.node_config.parameter_rules import check_together
from instance_seg_ros.node_config.parameters import AllSettings, NodeSettings


def test_a_height_alone_follows_the_image():
    assert checked_input_size(384) == checked_input_size((0, 384)) == (0, 384)
    assert network_size((0, 384), (1242, 375)) == (1272, 384)
    assert network_size((0, 384), (480, 360)) == (512, 384)
    assert network_size((768, 384), (480, 360)) == (768, 384)
    assert (size_text((0, 384)), size_text((768, 384))) == ('384', '768x384')
    assert (input_size('384'), input_size('768x384')) == ((0, 384), (768, 384))


@given(st.integers(MIN_SIDE, 2000), st.integers(1, 8000), st.integers(1, 8000))
def test_the_aspect_is_kept_as_far_as_a_network_allows(height, image_width, image_height):
    width, found = network_size((0, height), (image_width, image_height))
    assert found == height and MIN_SIDE <= width <= MAX_SIDE and width % 8 == 0
    exact = height * image_width / image_height
    assert width == MIN_SIDE or width == MAX_SIDE or abs(width - exact) <= 4


@pytest.mark.parametrize('size', [(0, 0), (0, 20), (20, 64), (64, 9000), 'wide', (64,), 1.5])
def test_what_no_network_can_see_is_refused(size):
    with pytest.raises(UserError, match='input_size'):
        checked_input_size(size)


def test_a_batch_of_two_aspects_gives_what_each_image_gives():
    segmenter = InstanceSegmenter(random_checkpoint(2), 'cpu', 64)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, shape, np.uint8) for shape in (
        (64, 128, 3), (64, 96, 3), (64, 128, 3))]
    found = segmenter(images)
    for image, together in zip(images, found, strict=True):
        alone = segmenter(image)
        assert together.class_mask.shape == image.shape[:2]
        assert (together.class_mask == alone.class_mask).mean() > .999
    assert segmenter.network_size(images[1]) == (96, 64)
    segmenter.warm_up(2)


def test_the_node_takes_a_height_alone():
    check_together(AllSettings(NodeSettings(input_size=(0, 384)), {}))
    with pytest.raises(UserError, match='input_size'):
        check_together(AllSettings(NodeSettings(input_size=(384, 0)), {}))


def test_an_export_needs_a_size(tmp_path):
    with pytest.raises(UserError, match='--size'):
        export_onnx(random_checkpoint(input_size=(0, 64)), tmp_path / 'a.onnx')
