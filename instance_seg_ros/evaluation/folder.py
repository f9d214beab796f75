# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Predictions as files in Cityscapes' format: what its server takes, and what others wrote.

NAME.txt holds a line `MASK.png LABEL_ID CONFIDENCE` for each instance; in a mask image, pixels
that are not 0 belong to the instance.
"""
from __future__ import annotations

import glob
import math
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.texts import shortened
from ..datasets.sample import read_map
from .frames import TruthFrame
from .prediction import Prediction


def write_predictions(folder: Path, name: str, predictions: Iterable[Prediction]) -> None:
    """Write NAME.txt and its masks into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, prediction in enumerate(predictions):
        mask = f'{name}_{number}.png'
        cv2.imwrite(str(folder / mask), prediction.mask.astype(np.uint8) * 255)
        lines.append(f'{mask} {prediction.label_id} {prediction.confidence:.6f}\n')
    (folder / f'{name}.txt').write_text(''.join(lines))


def read_predictions(folder: Path, name: str) -> list[Prediction]:
    """Read the predictions of an image; UserError names a missing or invalid file."""
    # Cityscapes' own tools lengthen the name; a file of just this name is meant before those.
    texts = (sorted(folder.rglob(f'{glob.escape(name)}.txt'))
             or sorted(folder.rglob(f'{glob.escape(name)}*.txt')))
    if len(texts) != 1:
        raise UserError(f'{folder}: {len(texts)} files {name}*.txt in here; there must be one '
                        'for each image')
    try:
        lines = texts[0].read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f'{texts[0]} is not UTF-8 text: {error.reason}.') from error
    return [_prediction(folder, texts[0], line) for line in lines if line]


def _prediction(folder: Path, text: Path, line: str) -> Prediction:
    try:
        mask, label_id, confidence = line.split(' ')
        label, score = int(float(label_id)), float(confidence)
        path = (text.parent / mask).resolve()
        if not math.isfinite(score):
            raise ValueError
    except (ValueError, OverflowError):
        raise UserError(f'{text}: {shortened(line)!r} is not MASK.png LABEL_ID CONFIDENCE, with '
                        'finite numbers') from None
    if not path.is_relative_to(folder.resolve()):
        raise UserError(f'{text}: {shortened(mask)!r} is outside {folder}')
    return Prediction(label, score, read_map(path) > 0)


class FolderPredictor:
    """Reads predictions from files in place of a network."""

    variants = ('files',)

    def __init__(self, folder: Path) -> None:
        """`folder`: holds a text file for each image."""
        self._folder = folder

    def __call__(self, frame: TruthFrame) -> tuple[None, dict[str, list[Prediction]]]:
        """Return no segmentation, and the predictions in the files."""
        predictions = read_predictions(self._folder, frame.sample.name)
        for p in predictions:
            if p.shape != frame.ids.shape:
                raise UserError(f'{self._folder}: a mask of {frame.sample.name} is {p.shape}'
                                f' but the truth is {frame.ids.shape}')
        return None, {'files': predictions}
