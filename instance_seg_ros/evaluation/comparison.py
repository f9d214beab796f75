# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One image that compares methods on several frames: input, embeddings, instances of each."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.resize import resize_labels
from ..training.validation_images import principal
from .frames import TruthFrame
from .prediction import Prediction
from .predictors import Predictor

ROWS = {'input': 'input', 'pca': 'embeddings: first three principal components',
        'embeddings': 'instances by mean shift', 'components': 'connected components',
        'boxes, smallest': 'true boxes: each true pixel to the smallest'}
"""What is drawn, from top to bottom, and its title."""

_PALETTE = np.array([(230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178),
                     (213, 94, 0), (204, 121, 167), (230, 230, 230), (150, 90, 40),
                     (130, 220, 60), (150, 120, 255), (255, 130, 130)], np.uint8)
_TITLE_HEIGHT, _GAP = 20, 4


def draw_comparison(predictor: Predictor, frames: Iterable[TruthFrame], columns: int = 5,
                    width: int = 192) -> np.ndarray:
    """Return an image, uint8 (H, W, 3) RGB, of the first frames: a column for each frame.

    Args:
        predictor: what is drawn next to the truth.
        frames: the first `columns` of them are drawn.
        columns: number of frames at most.
        width: of a column in pixels; frames keep their aspect.

    Raises:
        UserError: when there are no frames.
    """
    drawn = [_column(predictor, frame, width) for frame, _ in zip(frames, range(columns),
                                                                 strict=False)]
    if not drawn:
        raise UserError('No frames to compare.')
    blocks = []
    for name, title in ROWS.items():
        row = _side_by_side([column[name] for column in drawn])
        strip = np.full((_TITLE_HEIGHT, row.shape[1], 3), 255, np.uint8)
        cv2.putText(strip, title, (2, _TITLE_HEIGHT - 6), cv2.FONT_HERSHEY_SIMPLEX, .45,
                    (0, 0, 0), 1, cv2.LINE_AA)
        blocks += [strip, row]
    return np.vstack(blocks)


def write_comparison(predictor: Predictor, frames: Iterable[TruthFrame], path: Path) -> None:
    """Write the image as PNG or JPEG; UserError where that does not work."""
    image = cv2.cvtColor(draw_comparison(predictor, frames), cv2.COLOR_RGB2BGR)
    if path.suffix.lower() not in ('.png', '.jpg', '.jpeg') or not path.parent.is_dir():
        raise UserError(f'{path}: name a .png or .jpg file in an existing folder.')
    cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _column(predictor: Predictor, frame: TruthFrame, width: int) -> dict[str, np.ndarray]:
    """Draw one frame: row name to uint8 (h, width, 3)."""
    image = frame.sample.image
    found, predictions = predictor(frame)
    _, embeddings = predictor.segmenter.infer([image])
    things = [x.id for x in predictor.label_set.labels if x.has_instances]
    mask = np.isin(found.class_mask, things)
    small = resize_labels(mask, predictor.segmenter.network_size(mask))
    parts = {'input': image, 'pca': principal(embeddings[0], small)}
    parts |= {name: _colored(predictions[name], image) for name in ROWS if name in predictions}
    size = (width, round(width * image.shape[0] / image.shape[1]))
    smaller = width < image.shape[1]
    return {name: cv2.resize(part, size, interpolation=cv2.INTER_AREA if smaller
                             else cv2.INTER_NEAREST)
            for name, part in parts.items()}


def _colored(predictions: Sequence[Prediction], image: np.ndarray) -> np.ndarray:
    """Paint each mask in its own colour on a dimmed image."""
    grey = 40 + cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] // 8
    result = np.repeat(grey, 3, 2)
    for number, prediction in enumerate(predictions):
        result[prediction.mask] = _PALETTE[number % len(_PALETTE)]
    return result


def _side_by_side(images: Sequence[np.ndarray]) -> np.ndarray:
    """Join images of one height with white gaps."""
    gap = np.full((images[0].shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([x for image in images for x in (image, gap)][:-1])
