# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scoring frames in memory compared with the official Cityscapes code, which reads files."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
from tqdm import tqdm

from ..arguments import image_size
from ..core.errors import UserError
from .arguments import add_common_arguments, prepare, settings
from .measure import Times, say, time_once
from .report import Report

ALL = 'whole'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--size', type=image_size, default=(2048, 1024), metavar='WxH')
    parser.add_argument('--instances', type=int, default=10, metavar='N', help='in each frame')
    parser.add_argument('--frames', type=int, default=500, metavar='N', help='scored in memory')
    parser.add_argument('--official', type=int, default=5, metavar='N',
                        help='scored by the official code as well (it takes seconds each)')
    add_common_arguments(parser, 1)


def run(args: argparse.Namespace) -> Report:
    """Score the same frames both ways."""
    from ..evaluation.official import Scorer

    prepare(args)
    scorer, adding, drawn = Scorer(), [], _draw(args)
    for ids, predictions in tqdm(drawn, 'frames', args.frames, leave=False, disable=None):
        adding.append(time_once(lambda ids=ids, found=predictions: scorer.add(ids, found)))
    averages = time_once(scorer.scores)
    rows = [_row('ours', 'match a frame', Times(tuple(adding))),
            _row('ours', 'average precision', Times((averages,))),
            _row('ours', f'{ALL}, {args.frames} frames', Times((sum(adding) + averages,)))]
    remarks = [f'{args.instances} instances in each frame of {args.size[0]}x{args.size[1]}; '
               'the same number of predictions, moved a little.']
    if args.official:
        rows, remarks = _with_official_scorer(args, rows, remarks, sum(adding) + averages)
    return Report('scoring', ('code', 'part'), rows, settings(args), remarks)


def _with_official_scorer(args, rows, remarks, ours_ms):
    """Add the times of the official code, and whether both scores agree."""
    from ..evaluation.official import Scorer

    say(f'the official code on {args.official} frames')
    few = [frame for frame, _ in zip(_draw(args), range(args.official), strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        averages, times = _official(Path(folder), few)
    rows.append(_row('official', 'match a frame', times))
    scorer = Scorer()
    for frame in few:
        scorer.add(*frame)
    same = np.isclose(scorer.scores().averages['allAp'], averages['allAp'])
    expected = times.median * args.frames
    return rows, [*remarks, f'{args.frames} frames would take the official code '
                  f'{expected / 6e4:.1f} minutes, {expected / ours_ms:.0f} times ours. On the '
                  f'{args.official} frames {"identical" if same else "DIFFERENT"} scores.']


def _row(code: str, part: str, times: Times) -> dict:
    return {'code': code, 'part': part, 'median_ms': times.median, 'spread_ms': times.spread,
            'p95_ms': times.percentile(95)}


def _draw(args: argparse.Namespace, seed: int = 0) -> Iterator[tuple[np.ndarray, list]]:
    """Draw ids of cars on a road, and predictions that are the cars, moved."""
    from ..evaluation.official import Prediction

    random, (width, height) = np.random.default_rng(seed), args.size
    for _ in range(max(args.frames, args.official)):
        ids, predictions = np.full((height, width), 7, np.int32), []
        for number in range(args.instances):
            w, h = random.integers(width // 20, width // 5), random.integers(height // 20,
                                                                             height // 5)
            x, y = random.integers(width - w), random.integers(height - h)
            ids[y:y + h, x:x + w] = 26000 + number
        for number in range(args.instances):
            mask = np.roll(ids == 26000 + number, int(random.integers(-8, 9)), 1)
            predictions.append(Prediction(26, float(random.random()), mask))
        yield ids, predictions


def _official(folder: Path, frames: list) -> tuple[dict, Times]:
    """Let the official code score files; the writing of the files does not count."""
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as official

    from ..evaluation.folder import write_predictions

    if not hasattr(np, 'in1d'):
        raise UserError('The official reader needs numpy before 2.4; --official 0 leaves it out.')
    options = SimpleNamespace(**vars(official.args))
    options.quiet, options.JSONOutput = True, False
    options.predictionPath = str(folder)
    official.setInstanceLabels(options)
    matches, times = {}, []
    for index, (ids, predictions) in enumerate(frames):
        options.gtInstancesFile = str(folder / f'{index}.json')
        truth, text = str(folder / f'{index}_gtFine_instanceIds.png'), str(folder / f'{index}.txt')
        cv2.imwrite(truth, ids.astype(np.uint16))
        write_predictions(folder, str(index), predictions)

        def score(truth=truth, text=text):
            known = official.getGtInstances([truth], options)
            matches.update(official.matchGtWithPreds([text], [truth], known, options))
        times.append(time_once(score))
    return official.computeAverages(official.evaluateMatches(matches, options),
                                    options), Times(tuple(times))
