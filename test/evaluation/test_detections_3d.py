# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of positions: exact for known boxes, within bounds on real frames."""

import numpy as np
import pytest

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.kitti_object import KittiObject, TrueBox
from instance_seg_ros.evaluation.detections_3d import (
    METHODS,
    Comparison,
    Measured,
    evaluate_detections_3d,
    supported,
)
from instance_seg_ros.evaluation.errors_3d import errors, nearest_of, summarise, table

LABELS = LabelSet.named('cityscapes')
CAR = TrueBox('Car', 0.0, 0, (0, 0, 10, 10), np.array([0.0, 1.0, 20.0]),
              np.array([4.0, 2.0, 1.5]), -np.pi / 2)


def test_errors_are_distances():
    assert nearest_of(Comparison('boxes', 'lidar', CAR, None)) == pytest.approx(18)
    measured = Measured(CAR.center + (0.3, 0, 0.4), 18.1, np.array([4.5, 1.9, 1.5]), np.pi / 2)
    assert errors(Comparison('boxes', 'lidar', CAR, measured)) == pytest.approx({
        'nearest_m': 0.1, 'center_m': 0.5, 'yaw_deg': 0, 'length_m': 0.5, 'width_m': 0.1,
        'height_m': 0}, abs=1e-9)
    assert errors(Comparison('boxes', 'lidar', CAR, None)) is None


def test_rows_are_medians_by_distance():
    comparisons = [Comparison('boxes', 'ground', CAR, Measured(CAR.center + (x, 0, 0), 18.0))
                   for x in (1.0, 2.0, 5.0)] + [Comparison('boxes', 'ground', CAR, None)]
    rows = summarise(comparisons)
    assert [row['metres'] for row in rows] == ['15-30', '0-30']
    assert rows[0]['center_m'] == 2 and rows[0]['yaw_deg'] is None
    assert (rows[0]['true'], rows[0]['placed']) == (4, 3)
    assert '15-30' in table(rows)


def test_label_sets():
    assert supported(LABELS) and supported(LabelSet.named('camvid'))
    assert not supported(LabelSet.named('sticks'))


@pytest.mark.shared
def test_the_lidar_is_nearest_to_the_truth_on_real_frames(shared_data):
    """Without a network: nothing is predicted, the true boxes are the masks."""
    def nothing(image):
        blank = np.zeros(image.shape[:2], np.uint8)
        return InstanceMap.from_masks(LABELS, blank, blank.astype(np.uint16))

    comparisons = evaluate_detections_3d(nothing, KittiObject(shared_data / 'kitti_lidar'))
    assert {c.method for c in comparisons} == set(METHODS)
    assert all(c.measured is None for c in comparisons if c.masks == 'predicted')
    lidar = [errors(c) for c in comparisons if c.method == 'lidar' and c.masks == 'boxes']
    assert len(lidar) >= 3
    assert np.median([e['nearest_m'] for e in lidar]) < 0.5
    (person,) = (errors(c) for c in comparisons if c.method == 'lidar' and c.masks == 'boxes'
                 and c.truth.label == 'Pedestrian')
    assert person['center_m'] < 0.3 and person['height_m'] < 0.3
