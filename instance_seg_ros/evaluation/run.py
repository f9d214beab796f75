# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One scoring run: frames through the network, predictions through the scorer, a table."""
from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..core.errors import UserError
from ..core.labels import INSTANCE_FACTOR
from .coco_metric import CocoScorer
from .folder import FolderPredictor, write_predictions
from .frames import TruthFrame, TruthFrames, touching
from .official import Scorer, Scores, TruthPixels
from .panoptic import PanopticScorer
from .predictors import Predictor
from .semantic import Confusion, translation
from .worst import Worst


@dataclass
class FoundCounts:
    """True instances found at IoU over 0.5, apart for touching and isolated ones of a class."""

    touching: Counter = field(default_factory=Counter)
    touching_found: Counter = field(default_factory=Counter)
    isolated: Counter = field(default_factory=Counter)
    isolated_found: Counter = field(default_factory=Counter)

    def add(self, ids: Iterable[int], found: set[int], close: set[int]) -> None:
        """Count a frame: ids of the true instances that count, those found, those touching."""
        for value in ids:
            label = int(value) // INSTANCE_FACTOR
            kind = 'touching' if value in close else 'isolated'
            getattr(self, kind)[label] += 1
            getattr(self, f'{kind}_found')[label] += int(value in found)


@dataclass
class Result:
    """Result of a scoring run; table: class index in the truth by predicted label id."""

    frames: TruthFrames
    seconds: float = 0.
    confusion: Confusion | None = None
    table: np.ndarray | None = None
    scores: dict[str, Scores] = field(default_factory=dict)
    found: dict[str, FoundCounts] = field(default_factory=dict)
    scorers: dict[str, Scorer] = field(default_factory=dict)
    worst: Worst | None = None
    coco: CocoScorer | None = None
    panoptic: PanopticScorer | None = None


def evaluate(predictor: Predictor | FolderPredictor, frames: TruthFrames,
             write: Path | None = None, coco: bool = False, panoptic: bool = False,
             worst: Worst | None = None) -> Result:
    """Score a predictor on frames.

    Args:
        predictor: a network, or a folder of predictions.
        frames: what it is scored on.
        write: folder for the first variant's instances in Cityscapes' format.
        coco: score the first variant by COCO's metric as well.
        panoptic: score classes and instances together by panoptic quality.
        worst: collects the frames with the most mistakes.
    """
    start = time.perf_counter()
    _check(predictor, frames)
    _check_metrics(predictor, frames, coco, panoptic)
    variants = predictor.variants if frames.has_instances else ()
    if write and not variants:
        raise UserError('This network does not separate instances; leave --write-predictions out.')
    result = _prepared(predictor, frames, variants)
    result.coco = CocoScorer(frames.label_set) if coco else None
    result.panoptic = PanopticScorer(frames.label_set) if panoptic else None
    result.worst = worst
    names: set[str] | None = set() if write or isinstance(predictor, FolderPredictor) else None
    for frame in tqdm(frames.frames, total=frames.count, desc=frames.name, file=sys.stderr):
        if names is not None:
            _check_name(frame.sample.name, names)
        _score(frame, predictor, result, write)
    result.scores = {name: scorer.scores() for name, scorer in result.scorers.items()}
    result.seconds = time.perf_counter() - start
    return result


def _prepared(predictor: Predictor | FolderPredictor, frames: TruthFrames,
              variants: Iterable[str]) -> Result:
    """Return a result without any frames."""
    result = Result(frames)
    result.scorers = {name: Scorer(label_set=frames.label_set) for name in variants}
    result.found = {name: FoundCounts() for name in variants}
    if frames.has_semantics and _has_classes(predictor):
        result.confusion = Confusion(frames.label_set)
        result.table = translation(predictor.label_set, frames.label_set)
    return result


def _score(frame: TruthFrame, predictor: Predictor | FolderPredictor, result: Result,
           write: Path | None) -> None:
    """Add a frame to all scorers."""
    if not result.scorers:
        classes = result.table[predictor.classes(frame.sample.image)]
        result.confusion.add(frame.sample.classes, classes)
        return
    image_map, predictions = predictor(frame)
    first = next(iter(result.scorers))
    if result.confusion:
        result.confusion.add(frame.sample.classes, result.table[image_map.class_mask])
    if write:
        write_predictions(write, frame.sample.name, predictions[first])
    _score_instances(frame, predictions, result)
    if result.coco:
        result.coco.add(frame.ids, predictions[first])
    if result.panoptic:
        result.panoptic.add(frame.ids, image_map)
    if image_map and result.worst:
        result.worst.add(frame, image_map, result.scorers[first].mistakes())


def _score_instances(frame: TruthFrame, predictions: dict, result: Result) -> None:
    """Add the instances of every variant to its scorer."""
    close, truth = touching(frame.ids), TruthPixels.of(frame.ids)
    for name, scorer in result.scorers.items():
        found = scorer.add(truth, predictions[name], frame.distances)
        result.found[name].add(scorer.last_truths(), found, close)


def _check_name(name: str, seen: set[str]) -> None:
    if name in seen:
        raise UserError(f'Two images are named {name}, and predictions are stored by name; '
                        'rename one of them.')
    seen.add(name)


def _has_classes(predictor: Predictor | FolderPredictor) -> bool:
    return isinstance(predictor, Predictor) and predictor.task != 'embedding'


def _check(predictor: Predictor | FolderPredictor, frames: TruthFrames) -> None:
    """Refuse frames with nothing to score, and label ids that mean something else."""
    instances = frames.has_instances and predictor.variants
    if not instances and not (frames.has_semantics and _has_classes(predictor)):
        missing = 'instances' if predictor.variants else 'classes'
        raise UserError(f'{frames.name} has no true {missing}, and nothing else can be scored; '
                        'choose another data set, or a checkpoint for its task.')
    if frames.has_instances and isinstance(predictor, Predictor):
        known, true = predictor.label_set, frames.label_set
        if known != true:
            raise UserError(f'{frames.name} has the classes of {true.name}, the checkpoint those '
                            f'of {known.name}; name another one with --checkpoint.')


def _check_metrics(predictor: Predictor | FolderPredictor, frames: TruthFrames, coco: bool,
                   panoptic: bool) -> None:
    both = isinstance(predictor, Predictor) and predictor.task == 'both'
    if panoptic and not (both and frames.has_semantics and frames.has_instances):
        raise UserError('Panoptic quality needs a network for classes and instances, and data '
                        'that label both; leave --panoptic out.')
    if coco and not (frames.has_instances and predictor.variants):
        raise UserError("COCO's metric scores instances, and there are none here; leave --coco "
                        'out.')


def to_dict(result: Result) -> dict[str, Any]:
    """Return a result as plain data for JSON."""
    data: dict[str, Any] = {'frames': result.frames.count, 'data': result.frames.name,
                            'seconds': round(result.seconds, 1)}
    if result.confusion:
        data['iou'] = result.confusion.iou()
        data['mean_iou'] = result.confusion.mean()
    if result.coco:
        data['coco'] = result.coco.scores()
    if result.panoptic:
        data['panoptic'] = result.panoptic.scores()
    for name, scores in result.scores.items():
        found = result.found[name]
        data.setdefault('instances', {})[name] = {
            **scores.averages, 'extras': scores.extras, 'true_positives': scores.true_positives,
            'predictions': scores.predictions, 'truths': scores.truths,
            'by_size': scores.by_size,
            'touching': dict(found.touching), 'touching_found': dict(found.touching_found),
            'isolated': dict(found.isolated), 'isolated_found': dict(found.isolated_found)}
    return data
