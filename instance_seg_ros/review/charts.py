# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Charts of a camera's recording (the only place that draws with matplotlib)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..bags.images import NANOSECONDS
from .recording import Camera

# Okabe and Ito's colours, distinguishable with all common colour vision deficiencies.
_COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#f0e442')
_BINS = 40
_MOST_BINS = 3600
"""Through time, so that neither a long recording nor one whose clock was set fills the memory."""


def charts(camera: Camera) -> Figure:
    """Return rates, latency, stages and instances through time as one figure, 11 x 7 inches."""
    figure = Figure((11, 7), layout='constrained')
    axes = figure.subplots(2, 2)
    _rate(axes[0, 0], camera)
    _latency(axes[0, 1], camera)
    _instances(axes[1, 0], camera)
    _stages(axes[1, 1], camera)
    for ax in axes.flat:
        ax.spines[['top', 'right']].set_visible(False)
        ax.title.set_fontweight('bold')
    return figure


def binned(stamps: list[int], values: list[float] | None = None):
    """Sum up values (or count) in bins of equal length from the first stamp on.

    Returns:
        where each bin begins and how long all are, in whole seconds, and the sums.
    """
    since = np.array(stamps, np.int64) - stamps[0]
    width = int(since[-1]) // (_MOST_BINS * NANOSECONDS) + 1
    bins = since // (width * NANOSECONDS)
    return np.arange(bins[-1] + 1) * width, width, np.bincount(bins, values)


def _rate(ax, camera: Camera) -> None:
    ax.set(title='Frames segmented in each second', xlabel='seconds', ylim=(0, None))
    if len(camera.stamps) > 1:
        seconds, width, counts = binned(camera.stamps)
        # The last bin is incomplete: its count would look like a drop.
        rates = counts[:max(1, len(seconds) - 1)] / width
        ax.step(seconds[:len(rates)], rates, where='post', color=_COLORS[0])
        ax.set_ylim(0, rates.max() * 1.15)


def _latency(ax, camera: Camera) -> None:
    samples, title = camera.stages_ms.get('total'), 'From the frame at the node to its masks'
    if not samples:
        samples, title = camera.delays_ms, "From the image's time to the recorded mask"
    ax.set(title=title, xlabel='milliseconds', ylabel='frames')
    if not samples:
        _nothing(ax)
        return
    ax.hist(samples, min(_BINS, max(5, len(samples) // 2)), color=_COLORS[5])
    for percent, color in zip((50, 95, 99), _COLORS[:3], strict=True):
        value = np.percentile(samples, percent)
        ax.axvline(value, color=color, label=f'p{percent} {value:.1f} ms')
    ax.legend(frameon=False)


def _nothing(ax) -> None:
    ax.text(0.5, 0.5, 'no times were recorded', ha='center', transform=ax.transAxes)
    ax.set_axis_off()


def _instances(ax, camera: Camera) -> None:
    ax.set(title='Instances in a frame', xlabel='seconds')
    stamps = sorted(camera.detections)
    labels = [[d.label for d in camera.detections[s]] for s in stamps]
    if not stamps:
        return
    names = sorted({name for found in labels for name in found})
    seconds, _, frames = binned(stamps)
    for k, name in enumerate(names):
        *_, sums = binned(stamps, [found.count(name) for found in labels])
        mean = np.divide(sums, frames, out=np.full(len(sums), np.nan), where=frames > 0)
        ax.plot(seconds, mean, label=name, color=_COLORS[k % len(_COLORS)],
                linestyle='-' if k < len(_COLORS) else '--',
                marker='o' if len(seconds) < 3 else '')
    ax.set_ylim(0, None)
    if names:
        ax.legend(frameon=False, ncols=2)


def _stages(ax, camera: Camera) -> None:
    ax.set(title='Stages (median, line to p95)', xlabel='milliseconds')
    stages = {k: v for k, v in camera.stages_ms.items() if k != 'total'}
    if not stages:
        _nothing(ax)
        return
    middle, high = (np.array([np.percentile(v, p) for v in stages.values()]) for p in (50, 95))
    ax.barh(list(stages), middle, color=_COLORS[1],
            xerr=(np.zeros(len(middle)), high - middle), capsize=3)
    ax.invert_yaxis()
