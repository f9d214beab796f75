# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One page about a data set: counts, problems, and samples with their labels drawn over them."""
from __future__ import annotations

import base64
import html
from collections.abc import Iterator

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.instances import InstanceMap
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..perception.overlay import OverlayStyle, draw_overlay
from .check import Census
from .indexed import IndexedReader
from .reader import Reader
from .sample import Sample, ids_of

_STYLE = """body { font-family: sans-serif; margin: 2em; max-width: 80em; }
table { border-collapse: collapse; } td, th { padding: .2em .8em; text-align: right; }
td:first-child, th:first-child { text-align: left; } tr:nth-child(even) { background: #eee; }
figure { display: inline-block; margin: .3em; } figure img { width: 24em; }
.swatch { display: inline-block; width: 1em; height: 1em; } .bad { color: #a00; }"""
_WIDTH = 640


def dataset_page(data: Reader, title: str, samples: int) -> str:
    """Return HTML about an opened split; `samples` images, evenly spread, are shown."""
    census = Census(data.label_set)
    figures = []
    for index in _spread(len(data), samples):
        try:
            sample = data[index]
        except UserError as error:
            census.broken.append(str(error))
            continue
        census.add(sample)
        figures.append(_figure(sample, data.label_set))
    problems = [*map(str, data.problems()), *census.broken]
    body = [f'<h1>{html.escape(title)}</h1>', f'<p>{html.escape(data.title)}, {len(data)} images, '
            f'{len(problems)} problems. Licence: {html.escape(data.licence)}.</p>',
            *_problems(problems), *_source_table(data),
            f'<h2>Labels of the {len(figures)} images below</h2>', _table(census), *figures]
    return (f'<!doctype html><html><head><meta charset="utf-8"><title>{html.escape(title)}'
            f'</title><style>{_STYLE}</style></head><body>\n' + '\n'.join(body)
            + '\n</body></html>\n')


def labels_over(sample: Sample, label_set: LabelSet) -> np.ndarray:
    """Draw a sample's classes and instances over its image, uint8 (H, W, 3) RGB."""
    ids = ids_of(sample, label_set)
    classes = np.where(ids >= INSTANCE_FACTOR, ids // INSTANCE_FACTOR, ids).astype(np.uint8)
    truth = InstanceMap.from_masks(label_set, classes, sample.instances)
    return draw_overlay(sample.image, truth, OverlayStyle(background=.35, scores=False))


def _spread(count: int, wanted: int) -> list[int]:
    return sorted({k * count // wanted for k in range(wanted)}) if wanted else []


def _figure(sample: Sample, label_set: LabelSet) -> str:
    drawn = labels_over(sample, label_set)
    scale = min(1., _WIDTH / drawn.shape[1])
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode('.jpg', cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    count = np.count_nonzero(np.unique(sample.instances))
    return (f'<figure><img src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
            f'<figcaption>{html.escape(sample.name)}: {count} instances</figcaption></figure>')


def _problems(problems: list[str]) -> Iterator[str]:
    if problems:
        yield '<h2>Problems</h2><ul class="bad">'
        yield from (f'<li>{html.escape(problem)}</li>' for problem in problems[:100])
        yield '</ul>' + (f'<p>and {len(problems) - 100} more</p>' if len(problems) > 100 else '')


def _source_table(data: Reader) -> Iterator[str]:
    """Yield the classes as the source has them, with counts of all images from the index."""
    if not isinstance(data, IndexedReader):
        return
    counts = data.index.counts()
    yield '<h2>Classes of the source</h2><table><tr><th>class<th>becomes<th>objects<th>images</tr>'
    for name, target in data.mapping.targets.items():
        objects, images, _ = counts.get(name, (0, 0, 0))
        shown = '<span class="bad">not mapped</span>' if target is None else html.escape(target)
        yield (f'<tr><td>{html.escape(name)}<td>{shown}<td>{objects or "-"}<td>{images or "-"}'
               '</tr>')
    yield '</table>'


def _table(census: Census) -> str:
    total = max(1, int(census.pixels.sum()))
    rows = ['<table><tr><th>class<th>pixels<th>images<th>instances</tr>']
    for k, label in enumerate(census.label_set.labels):
        color = '#{:02x}{:02x}{:02x}'.format(*label.color)
        count = census.instances[label.id] if label.has_instances else '-'
        rows.append(f'<tr><td><span class="swatch" style="background:{color}"></span> '
                    f'{html.escape(label.name)}<td>{census.pixels[k] / total:.2%}'
                    f'<td>{census.images_with[k]}<td>{count}</tr>')
    return ''.join(rows) + '</table>'
