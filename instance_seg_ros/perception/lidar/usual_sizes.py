# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Usual sizes of road users, for the part of an object that is not visible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class UsualSize:
    """Usual size of a class.

    Attributes:
        length: metres.
        width: metres.
        height: metres.
        spread: of the length, metres.
        has_sides: whether it has straight sides, along which a yaw can be fitted.
    """

    length: float
    width: float
    height: float
    spread: float
    has_sides: bool = False


_SIZES = {
    'car': UsualSize(4.2, 1.75, 1.55, 0.4, True),
    'truck': UsualSize(8.0, 2.5, 3.2, 2.5, True),
    'bus': UsualSize(11.5, 2.55, 3.2, 2.0, True),
    'motorcycle': UsualSize(2.1, 0.8, 1.4, 0.3),
    'bicycle': UsualSize(1.75, 0.6, 1.1, 0.2),
    'rider': UsualSize(0.9, 0.6, 1.75, 0.4),
    'bicyclist': UsualSize(1.75, 0.6, 1.75, 0.3),
    'person': UsualSize(0.6, 0.6, 1.7, 0.2),
    'pedestrian': UsualSize(0.6, 0.6, 1.7, 0.2),
}


def usual_size(label: str) -> UsualSize:
    """Return the usual size of a class; of an unknown one nothing is added to what is visible."""
    return _SIZES.get(label, UsualSize(0.0, 0.0, 0.0, 0.5))


@cache
def _row(label: str) -> tuple[float, ...]:
    return astuple(usual_size(label))


@dataclass(frozen=True)
class SizeTable:
    """The usual sizes of I objects as arrays (I,), float64 and bool."""

    length: np.ndarray
    width: np.ndarray
    height: np.ndarray
    spread: np.ndarray
    has_sides: np.ndarray

    @classmethod
    def of(cls, labels: Iterable[str]) -> SizeTable:
        """Return what is usual for objects of these classes."""
        rows = np.array([_row(label) for label in labels], np.float64)
        length, width, height, spread, sides = rows.reshape(-1, 5).T
        return cls(length, width, height, spread, sides > 0)
