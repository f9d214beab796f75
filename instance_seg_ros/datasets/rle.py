# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""COCO's run-length form of masks: runs of 0 and 1 in turn, down the columns."""
from __future__ import annotations

import numpy as np


def decode_rle(segmentation: dict) -> np.ndarray:
    """Decode a mask.

    Args:
        segmentation: `size` [height, width] and `counts`, a list of run lengths or their
            compressed text.

    Returns:
        bool (height, width).

    Raises:
        ValueError: when the runs do not fill the mask.
    """
    height, width = segmentation['size']
    counts = segmentation['counts']
    runs = runs_of(counts) if isinstance(counts, (str, bytes)) else counts
    if sum(runs) != height * width or min(runs, default=0) < 0:
        raise ValueError(f'runs of {sum(runs)} pixels for a mask of {height} x {width}')
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def encode_rle(mask: np.ndarray) -> dict:
    """Encode a mask, bool (H, W), with compressed text, as COCO's tools write it."""
    flat = np.asarray(mask, bool).T.ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    edges = np.concatenate(([0], changes, [flat.size]))
    runs = np.diff(edges).tolist()
    if flat.size and flat[0]:
        runs = [0, *runs]
    return {'size': list(mask.shape), 'counts': text_of(runs)}


def runs_of(text: str | bytes) -> list[int]:
    """Return run lengths from text: 5 bits a character, each run relative to the last but one."""
    runs: list[int] = []
    value = shift = 0
    for character in text.encode() if isinstance(text, str) else text:
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs


def text_of(runs: list[int]) -> str:
    """Return the compressed text of run lengths."""
    characters = []
    for index, run in enumerate(runs):
        value = run - (runs[index - 2] if index > 2 else 0)
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            characters.append(chr((bits | 32 if more else bits) + 48))
    return ''.join(characters)


def rle_area(segmentation: dict) -> int:
    """Return the number of pixels of a mask without decoding it."""
    counts = segmentation['counts']
    runs = runs_of(counts) if isinstance(counts, (str, bytes)) else counts
    return int(sum(runs[1::2]))
