# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clusters of an image as an instance map: scores, thresholds, mask values, image size."""

import numpy as np

from ..core.instances import Instance, InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..core.resize import resize_labels
from .clusters import ClusterArrays
from .confidence import Confidence
from .segmenter_settings import SegmenterSettings


class InstanceMapBuilder:
    """Makes the InstanceMap of an image."""

    def __init__(self, label_set: LabelSet, confidence: Confidence):
        """Keep label set and scores."""
        self._label_set, self._confidence = label_set, confidence

    def __call__(self, clusters: ClusterArrays, settings: SegmenterSettings,
                 timings: dict[str, float]) -> InstanceMap:
        """Return the map at the size of the image; `timings` is kept in it."""
        records, ids = self._records(clusters, settings)
        classes, instances = (resize_labels(grid, clusters.image_size) for grid in (
            clusters.class_mask, ids[clusters.label_image]))
        return InstanceMap(self._label_set, classes, instances, tuple(records), timings,
                           clusters.invalid, clusters.unclaimed)

    def _records(self, clusters: ClusterArrays,
                 settings: SegmenterSettings) -> tuple[list[Instance], np.ndarray]:
        """Return the instances that pass the thresholds, and each cluster's mask value."""
        records, ids = [], np.zeros(len(clusters) + 1, np.uint16)
        used: dict[int, int] = {}
        channels, scores = clusters.class_index.tolist(), self._confidence(clusters)
        for k, channel in enumerate(channels):
            label = self._label_set.labels[channel]
            area, score = int(clusters.image_area[k]), float(scores[k])
            if area < max(1, settings.min_area.get(label.id, 1)):
                continue
            if score < settings.score_threshold.get(label.id, 0.0):
                continue
            number = used[channel] = used.get(channel, -1) + 1
            ids[k + 1] = label.id * INSTANCE_FACTOR + number
            x0, y0, x1, y1 = clusters.boxes[k].tolist()
            records.append(Instance(int(ids[k + 1]), label.name, label.id, score,
                                    (x0, y0, x1, y1), area,
                                    clusters.mode[k] / settings.bandwidth[channel]))
        return records, ids
