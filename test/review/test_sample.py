# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Samples of a report: the panes of RViz with its titles and colours."""

import cv2
import numpy as np
import pytest
from review.recordings import LABELS, found

from instance_seg_ros.perception.overlay import instance_id_color
from instance_seg_ros.review.moments import Moment
from instance_seg_ros.review.recording import Camera
from instance_seg_ros.review.sample import sample_image
from instance_seg_ros.visualization.panes import TITLES


@pytest.fixture
def titles(monkeypatch):
    """Leave the titles out of the images; return them."""
    drawn = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *rest: drawn.append(text))
    return drawn


@pytest.mark.parametrize('height, width', [(48, 64), (47, 63)])
def test_overlay_classes_and_instances(titles, height, width):
    masks = found(1)
    camera = Camera('/instance_seg', label_set=LABELS)
    overlay = np.full((height, width, 3), 7, np.uint8)
    image = sample_image(Moment(camera, 0, None, masks.instance_mask, masks.class_mask, overlay))
    assert image.shape == (height, width + width // 2, 3)
    assert (image[:, :width] == 7).all()
    side = image[:height // 2 * 2, width:]
    for part, car in ((side[:height // 2], LABELS.color_table[26]),
                      (side[height // 2:], instance_id_color(26004))):
        assert (part.reshape(-1, 3) == car).all(1).any() and not part[0, 0].any()
    assert set(titles) == {TITLES[name] for name in
                           ('overlay', 'class_overlay', 'instance_overlay')}


def test_image_alone_without_masks(titles):
    image = np.full((8, 6, 3), 5, np.uint8)
    moment = Moment(Camera('/x'), 0, image, None, None, None)
    assert np.array_equal(sample_image(moment), image)
    assert sample_image(Moment(Camera('/x'), 0, None, None, None, None)) is None
