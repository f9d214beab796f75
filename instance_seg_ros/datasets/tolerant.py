# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A data set some of whose files may turn out to be broken."""
from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ..core.errors import UserError
from .index import Problem
from .reader import Reader
from .sample import Sample

_TRIES = 20

_log = logging.getLogger(__name__)


class Tolerant(Reader):
    """Returns the next sound sample in place of a broken one, and logs each of those once."""

    def __init__(self, data: Reader) -> None:
        """Wrap an opened split."""
        self._data, self._logged, self._sound = data, set(), {}
        self.root, self.label_set, self.title = data.root, data.label_set, data.title
        self.evaluates = data.evaluates

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """No folder has this layout."""
        return False

    def __len__(self) -> int:
        """Count the samples, broken ones included."""
        return len(self._data)

    def __getitem__(self, index: int) -> Sample:
        """Return a sample; raise UserError where many in a row are broken."""
        for step in range(min(_TRIES, len(self))):
            place = (index + step) % len(self)
            try:
                sample = self._data[place]
                self._sound[index] = place
                return sample
            except UserError as error:
                self._log_once(str(error))
        raise UserError(f'{self.root}: {min(_TRIES, len(self))} images in a row are broken; list '
                        'them with `instance_seg train --check`.')

    def image_path(self, index: int) -> Path | None:
        """Return the file of the sample that `self[index]` is."""
        self[index]
        return self._data.image_path(self._sound[index])

    @property
    def labelled(self) -> np.ndarray:
        """Channels of the label set that the source labels, bool (K,)."""
        return self._data.labelled

    def class_pixels(self) -> np.ndarray | None:
        """Return the pixels of each class, float (K,), or None."""
        return self._data.class_pixels()

    def shown(self) -> np.ndarray | None:
        """Return which classes each image shows, bool (N, K), or None."""
        return self._data.shown()

    def problems(self) -> list[Problem]:
        """Return what is known to be wrong."""
        return self._data.problems()

    def _log_once(self, message: str) -> None:
        if message not in self._logged:
            self._logged.add(message)
            _log.warning('skipped: %s', message)
