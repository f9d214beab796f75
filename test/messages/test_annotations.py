# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Boxes for Foxglove: pairs of corners, and the colour of the instance for each pair."""

import numpy as np

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.messages.annotations import annotations_fields
from instance_seg_ros.perception.frame_processor import FrameProcessor
from instance_seg_ros.perception.overlay import OverlayStyle, instance_color


def annotated(mask, palette='vivid'):
    """Return the instances of a mask and their annotations."""
    result = InstanceMap.from_masks(LabelSet.named('cityscapes'),
                                    (mask // 1000).astype(np.uint8), mask)
    processor = FrameProcessor(overlay_style=OverlayStyle(palette=palette))
    image = np.zeros((*mask.shape, 3), np.uint8)
    return result, annotations_fields(processor.finish(processor.prepare(image), result, None))


def test_every_edge_of_every_box():
    mask = np.zeros((6, 9), np.uint16)
    mask[1:4, 2:5], mask[4:, 6:] = 24001, 26002
    for palette in ('vivid', 'class'):
        result, fields = annotated(mask, palette)
        points = [(p['x'], p['y']) for p in fields['points']]
        assert points[:8] == [(2, 1), (5, 1), (5, 1), (5, 4), (5, 4), (2, 4), (2, 4), (2, 1)]
        assert len(points) == 16 and len(fields['outline_colors']) == 8
        for k, instance in enumerate(result.instances):
            color = fields['outline_colors'][4 * k]
            assert [round(color[name] * 255) for name in 'rgb'] == list(
                instance_color(instance, result, palette))


def test_a_frame_without_instances_clears_the_boxes():
    _, fields = annotated(np.zeros((4, 4), np.uint16))
    assert fields['points'] == fields['outline_colors'] == []
