# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Symmetric best Dice and count error, as the leaf segmentation challenge defines them."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.labels import INSTANCE_FACTOR


def extras(matches: Iterable[dict[str, Any]], name: str) -> dict[str, float]:
    """Return `sbd` and `count_error` of a class.

    Frames without a true instance of the class are left out; so are predictions that lie mostly
    on void or groups.

    Args:
        matches: the scorer's frames.
        name: of the class.

    Returns:
        `sbd` (0 to 1) and `count_error` (objects a frame, absolute); NaN when no frame is left.
    """
    dice, errors = [], []
    for match in matches:
        truths = [gt for gt in match['groundTruth'][name] if gt['instID'] >= INSTANCE_FACTOR]
        if truths:
            predictions = [p for p in match['prediction'][name] if not _ignored(p)]
            dice.append(_symmetric_best_dice(truths, predictions))
            errors.append(abs(len(truths) - len(predictions)))
    return {'sbd': float(np.mean(dice)) if dice else float('nan'),
            'count_error': float(np.mean(errors)) if errors else float('nan')}


def _symmetric_best_dice(truths: list[dict], predictions: list[dict]) -> float:
    if not predictions:
        return 0.
    table = np.zeros((len(truths), len(predictions)))
    place = {gt['instID']: row for row, gt in enumerate(truths)}
    for column, prediction in enumerate(predictions):
        for gt in prediction['matchedGt']:
            if gt['instID'] in place:
                table[place[gt['instID']], column] = 2 * gt['intersection'] / (
                    gt['pixelCount'] + prediction['pixelCount'])
    return float(min(table.max(1).mean(), table.max(0).mean()))


def _ignored(prediction: dict) -> bool:
    pixels = prediction['voidIntersection'] + sum(
        gt['intersection'] for gt in prediction['matchedGt'] if gt['instID'] < INSTANCE_FACTOR)
    return pixels > .5 * prediction['pixelCount']
