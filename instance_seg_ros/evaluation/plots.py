# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of a scoring run (matplotlib): precision over recall, AP by class, recall by size, IoU."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from .run import Result

SIZES = (0, 32 ** 2, 64 ** 2, 96 ** 2, 192 ** 2, np.inf)
"""Edges of the size bins in pixels of the image."""
DISTANCES = (0, 10, 20, 30, 50, 100, np.inf)
"""Edges of the distance bins in metres."""


def write_plots(result: Result, folder: Path) -> list[Path]:
    """Write the plots that the result has data for; returns their paths."""
    import matplotlib
    matplotlib.use('Agg')
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    if result.confusion:
        paths.append(_confusion(result, folder / 'confusion.png'))
    if result.scorers:
        paths.append(_precision(result, folder / 'precision_recall.png'))
        paths.append(_recall(result, folder / 'recall_by_size.png', 'pixelCount', SIZES,
                             'side of a square of equal area, pixels', np.sqrt))
        if 'allAp50m' in next(iter(result.scores.values())).averages:
            paths.append(_recall(result, folder / 'recall_by_distance.png', 'medDist', DISTANCES,
                                 'distance, m', lambda x: x))
    return paths


def _figure(size=(7, 5)):
    from matplotlib.figure import Figure
    figure = Figure(figsize=size, layout='constrained')
    return figure, figure.add_subplot()


def _confusion(result: Result, path: Path) -> Path:
    names = result.confusion.label_set.names
    counts = result.confusion.counts
    share = counts / np.maximum(1, counts.sum(1, keepdims=True))
    figure, axes = _figure((9, 8))
    axes.imshow(share, cmap='Blues', vmin=0, vmax=1)
    axes.set_xticks(range(len(names) + 1), [*names, 'none'], rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel('predicted')
    axes.set_ylabel('true')
    for (row, column), value in np.ndenumerate(share):
        if value >= .01:
            axes.text(column, row, f'{100 * value:.0f}', ha='center', va='center', fontsize=7,
                      color='white' if value > .5 else 'black')
    figure.savefig(path)
    return path


def _precision(result: Result, path: Path) -> Path:
    figure, axes = _figure()
    for variant, scorer in result.scorers.items():
        recall, precision = scorer.curve()
        axes.step(recall, precision, where='post', label=variant)
    axes.set(xlabel='recall', ylabel='precision', xlim=(0, 1), ylim=(0, 1.02),
             title=f'{result.frames.name}: all classes, IoU 0.5')
    axes.legend(fontsize=8)
    figure.savefig(path)
    return path


def _recall(result: Result, path: Path, key: str, edges, label: str, scale) -> Path:
    figure, axes = _figure()
    ticks = [f'{scale(a):.0f}-{scale(b):.0f}' if np.isfinite(b) else f'over {scale(a):.0f}'
             for a, b in zip(edges[:-1], edges[1:], strict=True)]
    for variant, scorer in result.scorers.items():
        found, total = np.zeros(len(ticks)), np.zeros(len(ticks))
        for truth, hit in scorer.truths():
            place = int(np.searchsorted(edges, truth[key], 'right')) - 1
            if 0 <= place < len(ticks):
                total[place] += 1
                found[place] += hit
        axes.plot(ticks, found / np.maximum(total, 1), 'o-', label=variant)
    axes.set(xlabel=label, ylabel='share found at IoU 0.5', ylim=(0, 1.02),
             title=f'{result.frames.name}: {int(total.sum())} instances, by bin '
                   + ', '.join(f'{int(n)}' for n in total))
    axes.legend(fontsize=8)
    figure.savefig(path)
    return path
