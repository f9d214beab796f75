# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The chain around the segmenter: region, tracking, and 3D positions computed once."""

from types import SimpleNamespace

import numpy as np
import pytest

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.messages.outputs import OUTPUTS
from instance_seg_ros.perception.frame_processor import FrameProcessor, Geometry
from instance_seg_ros.perception.image_region import ImageRegion
from instance_seg_ros.perception.positions import Placer
from instance_seg_ros.perception.tracking.tracker import Tracker

LABELS = LabelSet.named('cityscapes')
IMAGE = np.zeros((8, 10, 3), np.uint8)


def header(seconds=1, frame_id='front'):
    return SimpleNamespace(stamp=SimpleNamespace(sec=seconds, nanosec=0), frame_id=frame_id)


def result(shape, number=0):
    mask = np.zeros(shape, np.uint16)
    mask[2:, 2:6] = 26000 + number
    return InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)


def test_results_come_back_to_the_image():
    """Through the region they were taken from, also when it has been replaced meanwhile."""
    processor = FrameProcessor(ImageRegion((1, 2, 6, 5)))
    prepared = processor.prepare(IMAGE)
    assert prepared.part.shape == (5, 6, 3)
    processor.region = ImageRegion()
    frame = processor.finish(prepared, result((5, 6)), header())
    assert frame.result.instances[0].box == (3, 4, 7, 7)
    assert frame.result.instance_mask.shape == (8, 10) and frame.tracking_ms is None


@pytest.mark.parametrize('second, expected', [('front', 3), ('rear', 0)])
def test_tracks_end_where_another_camera_publishes(second, expected):
    processor, numbers = FrameProcessor(tracker=Tracker()), []
    for seconds, frame_id in ((1, 'front'), (2, second)):
        if seconds == 1:
            processor.tracker._numbers.use(np.array([26000, 26001, 26002]), 0.0)
            processor._tracked_frame_id = 'front'
        frame = processor.finish(processor.prepare(IMAGE), result((8, 10)),
                                 header(seconds, frame_id))
        numbers.append(frame.result.instances[0].id - 26000)
        assert frame.tracking_ms > 0
    assert numbers == [3, expected]


def test_positions_are_computed_once_for_all_outputs():
    """Two outputs need them; they must agree although new depth images arrive in between."""
    calls = []

    def geometry():
        calls.append(1)
        info = SimpleNamespace(width=10, height=8, p=[0.0] * 12, roi=SimpleNamespace(
            x_offset=0, y_offset=0, width=0, height=0), k=[9.0, 0, 5, 0, 9, 4, 0, 0, 1])
        return Geometry(info, np.full((8, 10), float(len(calls))))

    processor = FrameProcessor(placer=Placer('depth'))
    frame = processor.finish(processor.prepare(IMAGE), result((8, 10)), header(), geometry)
    assert not calls            # nothing is computed before an output needs it
    built = {output.name: output.build(frame) for output in OUTPUTS}
    assert len(calls) == 1
    center = built['detections_3d']['detections'][0]['bbox']['center']['position']
    assert built['markers']['markers'][1]['pose']['position'] == center and center['z'] == 1.0
