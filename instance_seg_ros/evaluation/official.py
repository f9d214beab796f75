# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Average precision by the official Cityscapes scorer.

Matching is done here, in memory (a frame of 2048x1024 in milliseconds instead of seconds, and
without the package's file cache). The matches are scored by `evaluateMatches` and
`computeAverages` of cityscapesscripts, unchanged.
"""
from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from ..core.labels import INSTANCE_FACTOR, LabelSet
from .calibration_error import calibration_error
from .extras import extras
from .prediction import Prediction

__all__ = ['Prediction', 'Scorer', 'Scores', 'TruthPixels']

SIZES = (.001, .01)
"""Shares of the image that separate small, medium and large objects."""


@dataclass
class Scores:
    """Result of the scorer.

    Attributes:
        averages: the official dictionary (allAp, allAp50%, classes, and with distances allAp50m,
            allAp100m ...).
        extras: by class name, symmetric best Dice, count error and expected calibration error.
        true_positives: by class name, their count at IoU over 0.5.
        predictions: by class name, their count at IoU over 0.5.
        truths: by class name, their count at IoU over 0.5.
        by_size: by class name, [found, truths] of small, medium and large objects (`SIZES`).
    """

    averages: dict[str, Any]
    extras: dict[str, dict[str, float]] = field(default_factory=dict)
    true_positives: dict[str, int] = field(default_factory=dict)
    predictions: dict[str, int] = field(default_factory=dict)
    truths: dict[str, int] = field(default_factory=dict)
    by_size: dict[str, list[list[int]]] = field(default_factory=dict)


class TruthPixels(NamedTuple):
    """The ids of a frame, indexed.

    Attributes:
        values: ids, ascending.
        place: uint16 (H, W), each pixel's position in `values`.
        counts: pixels of each id.
    """

    values: np.ndarray
    place: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, ids: np.ndarray) -> TruthPixels:
        """Index integer ids (H, W), as `np.unique` does but without sorting millions of pixels."""
        lowest = int(ids.min())
        counts = np.bincount(ids.ravel() - lowest)
        present = np.flatnonzero(counts)
        place = np.zeros(len(counts), np.uint16)
        place[present] = np.arange(len(present))
        return cls(present + lowest, place[ids - lowest], counts[present])


class Scorer:
    """Collects frames, then scores them all."""

    def __init__(self, label_names: Iterable[str] | None = None,
                 label_set: LabelSet | None = None) -> None:
        """Take over the official settings, and the official labels unless there are others.

        Args:
            label_names: classes to score; all countable ones when None.
            label_set: what the ids of truth and predictions mean, Cityscapes' when None; in
                another set only 0 is void.
        """
        from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as official
        from cityscapesscripts.helpers import labels
        self._official = official
        self._names = {k: v.name for k, v in labels.id2label.items() if k >= 0}
        self._void = [k for k, v in labels.id2label.items() if v.ignoreInEval and k >= 0]
        self._args = SimpleNamespace(**vars(official.args))
        self._args.quiet, self._args.JSONOutput = True, False
        official.setInstanceLabels(self._args)
        if label_set not in (None, LabelSet.named('cityscapes')):
            self._names, self._void = {x.id: x.name for x in label_set.labels}, [0]
            self._args.instLabels = [x.name for x in label_set.labels if x.has_instances]
        if label_names is not None:
            wanted = set(label_names)
            self._args.instLabels = [n for n in self._args.instLabels if n in wanted]
        self._matches: dict[str, Any] = {}
        self._distances = True

    def add(self, ids: np.ndarray | TruthPixels, predictions: Iterable[Prediction],
            distances: dict[int, tuple[float, float]] | None = None) -> set[int]:
        """Add one frame.

        Args:
            ids: integer (H, W), Cityscapes' instanceIds, or what `TruthPixels.of` made of them,
                for several scorers.
            predictions: those of the frame.
            distances: id -> (metres, known share); one frame without them and the scores by
                distance are left out.

        Returns:
            The ids of the true instances that were found (IoU over 0.5).
        """
        self._distances &= distances is not None
        values, index, counts = ids if isinstance(ids, TruthPixels) else TruthPixels.of(ids)
        truth = {name: [] for name in self._args.instLabels}
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            name = self._names.get(_label(value))
            if name in truth:
                metres, share = (distances or {}).get(value, (-1., 0.))
                truth[name].append({'instID': value, 'labelID': _label(value),
                                    'pixelCount': count, 'medDist': metres, 'distConf': share,
                                    'share': count / index.size, 'matchedPred': []})
        predicted = {name: [] for name in self._args.instLabels}
        void = np.isin(values, self._void)
        for number, prediction in enumerate(predictions):
            name = self._names.get(prediction.label_id)
            pixels = prediction.count(index, len(values))
            if name in predicted and pixels.any():
                predicted[name].append(self._match(number, prediction, pixels, values, void,
                                                   truth[name]))
        self._matches[str(len(self._matches))] = {'groundTruth': truth, 'prediction': predicted}
        return {gt['instID'] for gts in truth.values() for gt in gts if _found(gt)}

    @staticmethod
    def _match(number: int, prediction: Prediction, pixels: np.ndarray, values: np.ndarray,
               void: np.ndarray, truth: list[dict]) -> dict:
        """Describe a prediction as the official code does; add it to the truths it overlaps."""
        result = {'imgName': str(number), 'predID': number, 'labelID': prediction.label_id,
                  'pixelCount': int(pixels.sum()), 'confidence': float(prediction.confidence),
                  'voidIntersection': int(pixels[void].sum())}
        matched = []
        for gt in truth:
            common = int(pixels[np.searchsorted(values, gt['instID'])])
            if common:
                known = {k: v for k, v in gt.items() if k != 'matchedPred'}
                matched.append(known | {'intersection': common})
                gt['matchedPred'].append(result | {'intersection': common})
        return result | {'matchedGt': matched}

    def scores(self) -> Scores:
        """Score all frames added so far."""
        self._args.distanceAvailable = bool(self._distances and self._matches)
        with np.errstate(invalid='ignore'), warnings.catch_warnings():
            # Where a class has no true instances: the mean of nothing is reported as None.
            warnings.simplefilter('ignore', RuntimeWarning)
            matrix = self._precisions()
            averages = self._official.computeAverages(matrix, self._args)
        result = Scores(_plain(averages))
        for name in self._args.instLabels:
            self._count(name, result)
        return result

    def _precisions(self) -> np.ndarray:
        """Return AP by distance, class and overlap, as the official code computes it.

        It ends with an IndexError where a class has instances, none of them found, and every
        prediction of it is to be ignored: that cell is 0, and the others are computed one by one.
        """
        try:
            return self._official.evaluateMatches(self._matches, self._args)
        except IndexError:
            return np.array([[[self._precision(distance, name, overlap)
                               for overlap in self._args.overlaps]
                              for name in self._args.instLabels] for distance in range(
                                  len(self._args.distanceThs) if self._args.distanceAvailable
                                  else 1)])

    def _precision(self, distance: int, name: str, overlap: float) -> float:
        args = SimpleNamespace(**vars(self._args))
        args.instLabels, args.overlaps = [name], np.array([overlap])
        for setting in ('minRegionSizes', 'distanceThs', 'distanceConfs'):
            setattr(args, setting, getattr(args, setting)[distance:distance + 1])
        try:
            return float(self._official.evaluateMatches(self._matches, args)[0, 0, 0])
        except IndexError:
            return 0.

    def last_truths(self) -> set[int]:
        """Return the ids of the true instances that count in the frame added last."""
        match = list(self._matches.values())[-1]
        small = self._args.minRegionSizes[0]
        return {gt['instID'] for gts in match['groundTruth'].values() for gt in gts
                if gt['instID'] >= INSTANCE_FACTOR and gt['pixelCount'] >= small}

    def truths(self) -> Iterator[tuple[dict, bool]]:
        """Yield each true instance the scorer counts, and whether it was found (IoU over 0.5)."""
        small = self._args.minRegionSizes[0]
        for match in self._matches.values():
            for name in self._args.instLabels:
                for gt in match['groundTruth'][name]:
                    if gt['instID'] >= INSTANCE_FACTOR and gt['pixelCount'] >= small:
                        yield gt, _found(gt)

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Return recall and precision at IoU 0.5 over all classes, by falling confidence."""
        small = self._args.minRegionSizes[0]
        rated = [(p['confidence'], _is_hit(p)) for m in self._matches.values()
                 for ps in m['prediction'].values() for p in ps if _counts(p, small)]
        rated.sort(key=lambda pair: -pair[0])
        hits = np.cumsum([hit for _, hit in rated])
        total = max(1, sum(1 for _ in self.truths()))
        return hits / total, hits / np.arange(1, len(hits) + 1)

    def mistakes(self) -> int:
        """Count truths missed and predictions too many in the frame added last."""
        match = list(self._matches.values())[-1]
        small = self._args.minRegionSizes[0]
        count = 0
        for name in self._args.instLabels:
            count += sum(not _found(gt) for gt in match['groundTruth'][name]
                         if gt['instID'] >= INSTANCE_FACTOR and gt['pixelCount'] >= small)
            count += sum(_counts(p, small) and not _is_hit(p) for p in match['prediction'][name])
        return count

    def _count(self, name: str, result: Scores) -> None:
        small = self._args.minRegionSizes[0]
        found = [(int(np.searchsorted(SIZES, gt['share'], 'right')), hit)
                 for gt, hit in self.truths() if self._names[gt['labelID']] == name]
        result.by_size[name] = [[sum(hit for own, hit in found if own == size),
                                 sum(own == size for own, _ in found)]
                                for size in range(len(SIZES) + 1)]
        result.true_positives[name], result.truths[name] = (
            sum(column) for column in zip(*result.by_size[name], strict=True))
        counted = [p for m in self._matches.values() for p in m['prediction'][name]
                   if _counts(p, small)]
        result.predictions[name] = len(counted)
        error = calibration_error(np.array([p['confidence'] for p in counted]),
                                  np.array([_is_hit(p) for p in counted]))
        result.extras[name] = _plain(
            extras(self._matches.values(), name) | {'calibration_error': error})


def _label(value: int) -> int:
    return value if value < INSTANCE_FACTOR else value // INSTANCE_FACTOR


def _overlap(a: int, b: int, common: int) -> float:
    return common / (a + b - common)


def _found(gt: dict) -> bool:
    return gt['instID'] >= INSTANCE_FACTOR and any(
        _overlap(gt['pixelCount'], p['pixelCount'], p['intersection']) > .5
        for p in gt['matchedPred'])


def _is_hit(prediction: dict) -> bool:
    return any(gt['instID'] >= INSTANCE_FACTOR and _overlap(
        gt['pixelCount'], prediction['pixelCount'], gt['intersection']) > .5
        for gt in prediction['matchedGt'])


def _counts(prediction: dict, small: int) -> bool:
    """Return whether a prediction is right or wrong, and not ignored, at IoU 0.5."""
    ignored = prediction['voidIntersection']
    for gt in prediction['matchedGt']:
        if _overlap(gt['pixelCount'], prediction['pixelCount'], gt['intersection']) > .5:
            return gt['instID'] >= INSTANCE_FACTOR and gt['pixelCount'] >= small
        if gt['instID'] < INSTANCE_FACTOR or gt['pixelCount'] < small:
            ignored += gt['intersection']
    return ignored <= .5 * prediction['pixelCount']


def _plain(value: Any) -> Any:
    """Numbers of numpy as plain ones, NaN as None, for JSON."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    number = float(value)
    return None if np.isnan(number) else number
