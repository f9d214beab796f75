# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Data sets: readers of published and own annotations, augmentation, rendered scenes.

A new data set is a file with a `Reader` and its line in `DATASETS`.
"""

from pathlib import Path

from ..core.errors import UserError
from ..core.labels import LabelSet
from . import (
    bdd100k,
    camvid,
    cityscapes,
    coco,
    coco_panoptic,
    idd_lite,
    kitti_mots,
    kitti_semantics,
    kitti_step,
    nuimages,
    pascal_voc,
    scalabel,
    sticks,
    vistas,
    yolo,
)
from .reader import Reader
from .tolerant import Tolerant

DATASETS: dict[str, type[Reader]] = {
    'cityscapes': cityscapes.Cityscapes,
    'camvid': camvid.CamVid,
    'idd-lite': idd_lite.IddLite,
    'kitti-mots': kitti_mots.KittiMots,
    'kitti-step': kitti_step.KittiStep,
    'kitti-semantics': kitti_semantics.KittiSemantics,
    'bdd100k': bdd100k.Bdd100k,
    'vistas': vistas.Vistas,
    'nuimages': nuimages.NuImages,
    'pascal-voc': pascal_voc.PascalVoc,
    'coco-panoptic': coco_panoptic.CocoPanoptic,
    'coco': coco.Coco,
    'scalabel': scalabel.Scalabel,
    'yolo': yolo.Yolo,
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


def open_dataset(folder: Path, split: str, label_set: LabelSet | str,
                 skip_bad: bool = False) -> Reader:
    """Open a split of a folder of any layout; see `Reader.open`.

    Raises UserError where there is no such split, or where the folder lacks the label set.
    """
    return DATASETS[recognise(folder)].open(folder, split, label_set, skip_bad)


def open_sound(folder: Path, split: str, label_set: LabelSet | str,
               skip_bad: bool = False) -> Reader:
    """Open a split to learn from.

    Args:
        folder, split, label_set: see `Reader.open`.
        skip_bad: leave out what is known to be bad, and draw another sample in place of one
            that turns out to be.

    Raises:
        UserError: for data that are known to be bad, without `skip_bad`.
    """
    data = open_dataset(folder, split, label_set, skip_bad)
    problems = data.problems()
    if problems and not skip_bad:
        raise UserError(f'{folder}: {len(problems)} problems, the first: {problems[0]}. List them '
                        'with `instance_seg train --check`, or train on the rest with --skip-bad.')
    return Tolerant(data) if skip_bad else data
