# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A segmenter that is fast, exact and different for every image."""

from types import SimpleNamespace

import numpy as np

from instance_seg_ros.bags.definitions import typestore
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet

CITYSCAPES = LabelSet.named('cityscapes')


class MeanSegmenter:
    """Finds cars where red is above its mean, and persons where blue is too."""

    label_set, device = CITYSCAPES, 'fake'
    checkpoint = SimpleNamespace(checksum='0123456789ab')

    def __init__(self, stop_after=float('inf')):
        self.batches, self.stop_after = [], stop_after

    def __call__(self, images):
        if sum(self.batches) + len(images) > self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(len(images))
        return [segment(image) for image in images]


def segment(image):
    """Return the InstanceMap of an image."""
    red, _, blue = np.moveaxis(image.astype(int), 2, 0)
    instance_mask = np.where(red > red.mean(), 26000, 0).astype(np.uint16)
    instance_mask[(instance_mask == 0) & (blue > blue.mean())] = 24001
    class_mask = np.where(instance_mask > 0, instance_mask // 1000, 7).astype(np.uint8)
    scores = {int(i): float(i % 7) / 8 for i in np.unique(instance_mask) if i}
    return InstanceMap.from_masks(CITYSCAPES, class_mask, instance_mask, scores=scores,
                                  timings_ms={})


def normalized(data, kind):
    """Return a serialized message with zeros between its fields, where ROS leaves anything."""
    return bytes(typestore().serialize_cdr(typestore().deserialize_cdr(data, kind), kind))
