# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""COCO's average precision of masks, by pycocotools."""
from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..datasets.rle import encode_rle
from .official import Prediction

_NAMES = ('AP', 'AP50', 'AP75', 'AP_small', 'AP_medium', 'AP_large', 'AR1', 'AR10', 'AR100',
          'AR_small', 'AR_medium', 'AR_large')
"""Order of COCOeval.stats."""


class CocoScorer:
    """Collects frames, then scores them all; groups and void become crowd regions."""

    def __init__(self, label_set: LabelSet) -> None:
        """Score the classes with instances of `label_set`."""
        self._labels = [x for x in label_set.labels if x.has_instances]
        self._images: list[dict[str, Any]] = []
        self._truths: list[dict[str, Any]] = []
        self._found: list[dict[str, Any]] = []

    def add(self, ids: np.ndarray, predictions: Iterable[Prediction]) -> None:
        """Add a frame.

        Args:
            ids: integer (H, W), label id * 1000 + number for instances, the bare label id for a
                group, 0 for void.
            predictions: what was found, with a confidence each.
        """
        image = len(self._images) + 1
        self._images.append({'id': image, 'height': ids.shape[0], 'width': ids.shape[1]})
        for value in np.unique(ids):
            label_id = int(value) // INSTANCE_FACTOR or int(value)
            crowd = value < INSTANCE_FACTOR
            for label in self._labels:
                if label.id == label_id or value == 0:
                    self._truths.append(self._truth(image, label.id, ids == value, crowd))
        known = {label.id for label in self._labels}
        self._found += [{'image_id': image, 'category_id': p.label_id, 'score': p.confidence,
                         'segmentation': encode_rle(p.mask)}
                        for p in predictions if p.label_id in known and p.mask.any()]

    def _truth(self, image: int, label_id: int, mask: np.ndarray, crowd: bool) -> dict[str, Any]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
        return {'id': len(self._truths) + 1, 'image_id': image, 'category_id': label_id,
                'iscrowd': int(crowd), 'area': int(mask.sum()), 'bbox': list(map(int, box)),
                'segmentation': encode_rle(mask)}

    def scores(self) -> dict[str, Any]:
        """Return COCO's twelve numbers from 0 to 1 (None: no truth), and AP and AP50 by class."""
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
        truth = COCO()
        truth.dataset = {'info': {}, 'images': self._images, 'annotations': self._truths,
                         'categories': [{'id': x.id, 'name': x.name} for x in self._labels]}
        with contextlib.redirect_stdout(io.StringIO()):     # which it fills with progress
            truth.createIndex()
            if not self._found:     # loadRes takes no empty list
                return dict.fromkeys(_NAMES, 0.) | {'classes': {}}
            found = truth.loadRes([dict(one) for one in self._found])   # it adds to them
            scorer = COCOeval(truth, found, 'segm')
            scorer.evaluate()
            scorer.accumulate()
            scorer.summarize()
        result = {name: _known(value) for name, value in zip(_NAMES, scorer.stats, strict=True)}
        return result | {'classes': self._by_class(scorer.eval['precision'])}

    def _by_class(self, precision: np.ndarray) -> dict[str, dict[str, float | None]]:
        """Return AP by class from precision (overlaps, recalls, classes, areas, detections)."""
        order = sorted(self._labels, key=lambda label: label.id)
        result = {}
        for index, label in enumerate(order):
            values = precision[:, :, index, 0, -1]      # all areas, 100 detections
            if (values > -1).any():
                result[label.name] = {'AP': float(values.mean()), 'AP50': float(values[0].mean())}
        return result


def _known(value: float) -> float | None:
    return None if value < 0 else float(value)
