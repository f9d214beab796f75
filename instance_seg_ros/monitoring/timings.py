# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Durations of the stages of a frame."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np


class StageTimings:
    """Milliseconds of each stage for the latest frames, as percentiles."""

    PERCENTILES = (50, 95, 99)

    def __init__(self, window: int = 300) -> None:
        self._lock = threading.Lock()
        self._window = window
        self._stages: dict[str, deque[float]] = {}

    def add(self, stages_ms: dict[str, float]) -> None:
        """Add the times of one frame in milliseconds."""
        with self._lock:
            for stage, milliseconds in stages_ms.items():
                self._stages.setdefault(stage, deque(maxlen=self._window)).append(milliseconds)

    def percentiles(self) -> dict[str, tuple[float, ...]]:
        """Return {stage: (p50, p95, p99)} in milliseconds, in the order of the stages."""
        with self._lock:
            stages = {stage: list(values) for stage, values in self._stages.items()}
        return {stage: tuple(np.percentile(values, self.PERCENTILES).tolist())
                for stage, values in stages.items()}
