# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Results as files: overlay images, masks in Cityscapes' format, tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np

from ..core.atomic_file import atomic_path
from ..core.errors import UserError
from ..core.instances import Instance, InstanceMap

_OF_INSTANCE = tuple(f.name for f in fields(Instance) if f.name != 'embedding')
FIELDS = ('file', 'frame', 'time_s', *(n for n in _OF_INSTANCE if n != 'box'),
          'x0', 'y0', 'x1', 'y1')
"""Columns of the table: place, then the fields of `Instance` with its box split."""


def write_image(path: Path, image: np.ndarray) -> None:
    """Write RGB uint8 (H, W, 3), or a label image uint8 or uint16 (H, W), as the name ends."""
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if path.suffix.lower() in ('.jpg', '.jpeg') else []
    with atomic_path(path) as part:
        part.write_bytes(cv2.imencode(path.suffix, image, options)[1].tobytes())


def write_masks(stem: Path, found: InstanceMap) -> None:
    """Write STEM_labelIds.png (8 bit) and STEM_instanceIds.png (16 bit).

    As in Cityscapes' own, the latter contains label id * 1000 + number where there is an instance
    and the bare label id elsewhere.
    """
    ids = np.where(found.instance_mask > 0, found.instance_mask, found.class_mask)
    write_image(stem.with_name(f'{stem.name}_labelIds.png'), found.class_mask)
    write_image(stem.with_name(f'{stem.name}_instanceIds.png'), ids)


def image_record(file: str, found: InstanceMap, frame: int | None = None,
                 seconds: float | None = None) -> dict:
    """Return the instances of one image as plain data; `frame` and `time_s` for videos."""
    place = {} if frame is None else {'frame': frame, 'time_s': round(seconds, 6)}
    return {'file': file, **place, 'width': found.width, 'height': found.height,
            'instances': [{n: getattr(i, n) for n in _OF_INSTANCE} for i in found.instances]}


def write_json(path: Path, data) -> None:
    """Write plain data as JSON, indented; UserError where that is not possible."""
    try:
        with atomic_path(path) as part:
            part.write_text(json.dumps(data, indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error.strerror}.') from error


def write_csv(path: Path, images: Iterable[dict]) -> None:
    """Write the instances of `image_record`s as a table, a row for each, with a header."""
    with atomic_path(path) as part, part.open('w', newline='', encoding='utf-8') as file:
        table = csv.DictWriter(file, FIELDS, extrasaction='ignore')
        table.writeheader()
        for image in images:
            for instance in image['instances']:
                corners = dict(zip(FIELDS[-4:], instance['box'], strict=True))
                table.writerow({**image, **instance, **corners})
