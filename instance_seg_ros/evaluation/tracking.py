# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How well numbers follow objects through a drive, by the published scorer TrackEval.

HOTA, sMOTSA, IDF1 and identity switches, as KITTI MOTS is scored: masks match from an overlap
(intersection over union) of 0.5 on, and what is unmatched but mostly lies in an ignore region
does not count.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment
from tqdm import tqdm

from ..core.errors import UserError
from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..inference.segmenter import InstanceSegmenter
from ..perception.tracking.tracker import Tracker
from .drives import DriveFrame

CLASSES = ('car', 'person')
MATCH = 0.5
Drive = Collection[DriveFrame]
Result = tuple[float, np.ndarray, InstanceMap]
"""Time in seconds, truth, and what was found."""
_COUNT = 1 << 16


@dataclass
class Tracks:
    """The truth and the result for one class, drive by drive and frame by frame."""

    label_id: int
    drives: int = 0
    truths: list[np.ndarray] = field(default_factory=list)
    found: list[np.ndarray] = field(default_factory=list)
    overlaps: list[np.ndarray] = field(default_factory=list)

    def begin_drive(self) -> None:
        """Take the numbers of the frames that follow for other objects than before."""
        self.drives += 1

    def add(self, truth: np.ndarray, result: np.ndarray) -> None:
        """Take in a frame.

        Args:
            truth: int32 (H, W), label id * 1000 + number of the track, 0 = ignore region, other
                numbers under 1000 = background.
            result: uint16 (H, W), an instance mask.
        """
        # Pairs of numbers are counted sparsely: a full table would have 2^32 cells.
        pairs = truth.ravel().astype(np.int64) * _COUNT + result.ravel()
        cells, pixels = np.unique(pairs, return_counts=True)
        true_of, found_of = cells // _COUNT, cells % _COUNT
        truths, found = self._ids(true_of), self._ids(found_of)
        common, ignored = np.zeros((len(truths), len(found))), np.zeros(len(found))
        for k, value in enumerate(found):
            mine = found_of == value
            ignored[k] = pixels[mine & (true_of == 0)].sum() / pixels[mine].sum()
            union = [pixels[mine | (true_of == t)].sum() for t in truths]
            both = [pixels[mine & (true_of == t)].sum() for t in truths]
            common[:, k] = np.divide(both, union) if len(truths) else 0
        kept = _counted(common, ignored)
        apart = self.drives * _COUNT
        self.truths.append(truths + apart)
        self.found.append(found[kept] + apart)
        self.overlaps.append(common[:, kept])

    def scores(self) -> dict[str, float]:
        """Return the scores: shares from 0 to 1 (sMOTSA and MOTSA at most 1), counts."""
        from trackeval.metrics import CLEAR, HOTA, Identity

        data = self._for_trackeval()
        hota = HOTA().eval_sequence(data)
        clear = CLEAR({'THRESHOLD': MATCH, 'PRINT_CONFIG': False}).eval_sequence(data)
        identity = Identity({'THRESHOLD': MATCH, 'PRINT_CONFIG': False}).eval_sequence(data)
        of_clear = {'sMOTSA': 'sMOTA', 'MOTSA': 'MOTA', 'switches': 'IDSW',
                    'fragments': 'Frag', 'true_positives': 'CLR_TP', 'false_positives': 'CLR_FP',
                    'misses': 'CLR_FN'}
        return {**{name: float(np.mean(hota[name])) for name in ('HOTA', 'DetA', 'AssA')},
                'IDF1': float(identity['IDF1']),
                **{name: float(clear[key]) for name, key in of_clear.items()}}

    def _ids(self, values: np.ndarray) -> np.ndarray:
        values = np.unique(values)
        return values[values // INSTANCE_FACTOR == self.label_id]

    def _for_trackeval(self) -> dict:
        """Return the form TrackEval takes: numbers from 0 without gaps."""
        truths, found = (np.unique(np.concatenate(x)) for x in (self.truths, self.found))
        return {
            'num_timesteps': len(self.truths), 'similarity_scores': self.overlaps,
            'gt_ids': [np.searchsorted(truths, x) for x in self.truths],
            'tracker_ids': [np.searchsorted(found, x) for x in self.found],
            'num_gt_ids': len(truths), 'num_gt_dets': sum(map(len, self.truths)),
            'num_tracker_ids': len(found), 'num_tracker_dets': sum(map(len, self.found))}


def _counted(overlap: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Return which results count, bool (M,): all but unmatched ones in ignore regions."""
    good = np.where(overlap >= MATCH, overlap, 0)
    rows, columns = linear_sum_assignment(good, maximize=True)
    kept = ignored <= 0.5
    kept[columns[good[rows, columns] > 0]] = True
    return kept


def evaluate_tracking(segmenter: InstanceSegmenter, drives: Sequence[Drive],
                      tracker: Tracker | None = None,
                      truth: LabelSet | None = None) -> dict[str, dict]:
    """Score drives with and without tracking.

    Args:
        segmenter: the network.
        drives: frames in order, with ground truth.
        tracker: a default one when None.
        truth: label set of the ground truth, Cityscapes' when None.

    Returns:
        {'with': {class: scores}, 'without': ...}.

    Raises:
        UserError: when the network and the ground truth share neither cars nor persons.
    """
    truth = truth or LabelSet.named('cityscapes')
    labels = [label for label in truth.labels
              if label.name in CLASSES and label in segmenter.label_set.labels]
    if not labels:
        raise UserError('Tracking is scored on cars and persons; the labels of '
                        f'{segmenter.label_set.name} lack those of {truth.name}.')
    progress = tqdm(total=sum(map(len, drives)), desc='tracking', file=sys.stderr)
    with progress:
        return score_with_and_without(
            (_segmented(drive, segmenter, progress.update) for drive in drives),
            {label.name: label.id for label in labels}, tracker or Tracker())


def _segmented(drive: Drive, segmenter: InstanceSegmenter,
               done: Callable[[], object]) -> Iterator[Result]:
    for frame in drive:
        yield frame.seconds, frame.truth, segmenter(frame.image)
        done()


def score_with_and_without(drives: Iterable[Iterable[Result]], labels: dict[str, int],
                           tracker: Tracker) -> dict[str, dict]:
    """Score drives of results for the classes in `labels` (name: id)."""
    kinds = ('with', 'without')
    tracks = {(k, name): Tracks(label) for k in kinds for name, label in labels.items()}
    for drive in drives:
        tracker.reset()
        for of_class in tracks.values():
            of_class.begin_drive()
        for stamp, truth, found in drive:
            masks = {'without': found.instance_mask, 'with': tracker(found, stamp).instance_mask}
            for (kind, _), of_class in tracks.items():
                of_class.add(truth, masks[kind])
    return {k: {name: tracks[k, name].scores() for name in labels} for k in kinds}


def table(scores: dict[str, dict]) -> str:
    """Return the scores as text, in percent."""
    columns = ('HOTA', 'DetA', 'AssA', 'sMOTSA', 'IDF1')
    counts = {'switches': 'switches', 'fragments': 'fragments', 'true_positives': 'found',
              'false_positives': 'false', 'misses': 'missed'}
    lines = [f'{"tracking":<10}{"class":<10}' + ''.join(f'{c:>8}' for c in columns)
             + ''.join(f'{c:>11}' for c in counts.values())]
    for kind, of_class in scores.items():
        for name, values in of_class.items():
            lines.append(f'{kind:<10}{name:<10}'
                         + ''.join(f'{100 * values[c]:8.1f}' for c in columns)
                         + ''.join(f'{values[c]:11.0f}' for c in counts))
    return '\n'.join(lines)
