# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Data sets: readers of published and own annotations, augmentation, rendered scenes.

A new data set is a file with a `Reader` and its line in `DATASETS`.
"""

from pathlib import Path

from ..core.errors import UserError
from ..core.labels import LabelSet
from . import camvid, cityscapes, kitti_mots, sticks
from .reader import Reader

DATASETS: dict[str, type[Reader]] = {
    'cityscapes': cityscapes.Cityscapes,
    'camvid': camvid.CamVid,
    'kitti-mots': kitti_mots.KittiMots,
    'sticks': sticks.Sticks,
}
"""Readers by name; a folder belongs to the first one that recognises it."""


def recognise(folder: Path) -> str:
    """Return the name of the data set in a folder; raise UserError where there is none."""
    for name, reader in DATASETS.items():
        if not reader.drawn and reader.recognises(folder):
            return name
    raise UserError(f'{folder}: unknown data set; `instance_seg datasets` lists the layouts that '
                    'can be read.' if folder.is_dir() else f'{folder}: no such folder.')


def open_dataset(folder: Path, split: str, label_set: LabelSet | str) -> Reader:
    """Open a split of a folder of any layout; raise UserError where it lacks the label set."""
    return DATASETS[recognise(folder)].open(folder, split, label_set)
