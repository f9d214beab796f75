# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Clustering compared with the released procedure, MeanShift and HDBSCAN on labelled pixels."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from ..inference.batched_mean_shift import BatchedMeanShift
from ..inference.device_settings import DeviceSettings
from ..inference.mean_shift import MeanShift
from .arguments import add_common_arguments, prepare, settings
from .measure import Times, peak_memory, say, time_calls, time_once
from .report import Report

CAR = 13
BANDWIDTH = 1.5
_QUICK_MS = 2000   # what takes longer is timed once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the benchmark's arguments."""
    parser.add_argument('--pixels', type=int, nargs='+', metavar='N',
                        default=[5_000, 20_000, 60_000, 200_000], help='of the foreground')
    parser.add_argument('--instances', type=int, default=20, metavar='N')
    parser.add_argument('--spread', type=float, default=0.25, metavar='SD',
                        help='standard deviation within an instance, each dimension (0.25)')
    parser.add_argument('--methods', nargs='+', choices=METHODS, default=list(METHODS))
    parser.add_argument('--limit', type=float, default=120, metavar='SECONDS',
                        help='leave out what is expected to take longer (120)')
    add_common_arguments(parser, 10)


def run(args: argparse.Namespace) -> Report:
    """Cluster the same pixels with every method."""
    device = prepare(args)
    rows, history = [], {}
    for pixels in args.pixels:
        say(f'{pixels} pixels')
        data = SyntheticEmbeddings(pixels, args.instances, args.spread, device)
        calls = {name: partial(METHODS[name], data) for name in args.methods
                 if _expected_ms(history.get(name), pixels) < args.limit * 1e3}
        times = _time(calls, args.repeats, device)
        history |= {name: (pixels, t.median) for name, t in times.items()}
        for name in args.methods:
            rows.append({'pixels': pixels, 'method': name,
                         **(_measured(calls[name], times, name, data, device)
                            if name in calls else {})})
    return Report('clustering', ('pixels', 'method'), rows, settings(args), [
        f'{args.instances} instances, embeddings of 8 dimensions, spread {args.spread}, '
        f'bandwidth {BANDWIDTH}.', 'ari: adjusted Rand index, 1 = the truth. over_ours: its time '
        'over ours. A row without numbers was expected to take longer than the limit.',
        'ours, fixed shapes: what runs on a GPU, where it is recorded; here every launch counts.',
        'released: the procedure of the authors, written down in numpy, without its morphological '
        'opening. released, einsum: the same, its distances taken by the fastest way numpy has.'])


class SyntheticEmbeddings:
    """Foreground pixels on the right of an image twice as wide as high, in bands of instances.

    Attributes:
        embeddings: float (1, 8, H, W), on the device.
        class_index: (1, H, W), on the device.
        points: float32 (P, 8), embeddings of the foreground, in its order.
        truth: (P,), instance of each of these points.
    """

    def __init__(self, pixels: int, instances: int, spread: float, device='cpu', seed: int = 0):
        """Draw about as many foreground pixels as asked for, a third of the image."""
        random = np.random.default_rng(seed)
        height = max(2, round((3 * pixels / 2) ** 0.5))
        width, inside = 2 * height, max(1, round(pixels / height))
        edges = np.sort(random.choice(np.arange(1, max(inside, instances)), instances - 1, False))
        truth = np.full((height, width), -1)
        truth[:, width - inside:] = np.searchsorted(edges, np.arange(inside), 'right')
        means = _separate_means(random, instances)
        points = (means[truth] + random.normal(0, spread, (height, width, 8))).astype(np.float32)
        self._foreground = truth >= 0
        self.truth, self.points = truth[self._foreground], points[self._foreground]
        self.embeddings = torch.from_numpy(points).permute(2, 0, 1)[None].to(device)
        self.class_index = torch.from_numpy(np.where(truth >= 0, CAR, 0))[None].to(device)

    def of_foreground(self, labels: np.ndarray | torch.Tensor) -> np.ndarray:
        """Return the labels of the foreground's pixels (P,), from a label image or as they are."""
        labels = labels.cpu().numpy() if isinstance(labels, torch.Tensor) else labels
        return labels[self._foreground] if labels.ndim == 2 else labels


def _separate_means(random: np.random.Generator, count: int) -> np.ndarray:
    """Return means at least 2 delta_d = 3 apart, as the loss makes them."""
    while True:
        means = random.normal(0, 3, (count, 8))
        apart = np.linalg.norm(means[:, None] - means, axis=2) + 9 * np.eye(count)
        if apart.min() >= 3:
            return means


def _ours(data: SyntheticEmbeddings) -> torch.Tensor:
    return MeanShift(BANDWIDTH)(data.embeddings, data.class_index, (CAR,))[0].label_image


def _fixed(data: SyntheticEmbeddings) -> torch.Tensor:
    classes = data.class_index
    settings = DeviceSettings(classes.shape, np.arange(19, dtype=np.uint8), classes.device)
    settings.write((BANDWIDTH,), (CAR,), (classes.shape[:0:-1],))
    found = BatchedMeanShift()(data.embeddings, classes,
                               torch.ones_like(classes, dtype=torch.float32), settings)
    return found.label_image[0]


def _norms(points: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points - mean, axis=1) <= BANDWIDTH


def _einsum(points: np.ndarray, mean: np.ndarray) -> np.ndarray:
    difference = points - mean
    return np.einsum('ij,ij->i', difference, difference) <= BANDWIDTH ** 2


def _released(near_to: Callable, data: SyntheticEmbeddings, seed: int = 0) -> np.ndarray:
    """One random unclustered pixel after the other shifts until it rests."""
    points, random = data.points, np.random.default_rng(seed)
    labels, number, failures = np.zeros(len(points), np.int32), 0, 0
    free = np.arange(len(points))
    while len(free) > 100 and failures < 20:
        mean, rested = _shift(near_to, points[free], points[random.choice(free)])
        failures = 0 if rested else failures + 1
        if not rested:
            continue
        near = near_to(points, mean)
        if 2 * np.count_nonzero(labels[near]) < np.count_nonzero(near):
            number += 1
            labels[near & (labels == 0)] = number
        free = free[~near[free]]
    return labels


def _shift(near_to: Callable, points: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, bool]:
    for _ in range(100):
        moved = points[near_to(points, mean)].mean(0)
        step, mean = np.linalg.norm(moved - mean), moved
        if step <= 1e-4:
            return mean, True
    return mean, False


def _mean_shift(data: SyntheticEmbeddings) -> np.ndarray:
    from sklearn import cluster

    return cluster.MeanShift(bandwidth=BANDWIDTH, bin_seeding=True).fit_predict(data.points)


def _hdbscan(data: SyntheticEmbeddings) -> np.ndarray:
    from sklearn.cluster import HDBSCAN

    return HDBSCAN(min_cluster_size=10, copy=True).fit_predict(data.points)


METHODS: dict[str, Callable[[SyntheticEmbeddings], np.ndarray | torch.Tensor]] = {
    'ours': _ours, 'ours, fixed shapes': _fixed, 'released': partial(_released, _norms),
    'released, einsum': partial(_released, _einsum),
    'sklearn MeanShift': _mean_shift, 'HDBSCAN': _hdbscan}


def _expected_ms(before: tuple[int, float] | None, pixels: int) -> float:
    """Expect the square of the growth, which is what the slow ones take."""
    return before[1] * (pixels / before[0]) ** 2 if before else 0.0


def _time(calls: dict, repeats: int, device) -> dict[str, Times]:
    """Time what is slow once, what is quick in turns."""
    times = {name: Times((time_once(call, device),)) for name, call in calls.items()}
    quick = {name: call for name, call in calls.items() if times[name].median < _QUICK_MS}
    return times | time_calls(quick, repeats, device, title='clustering')


def _measured(call, times: dict[str, Times], name: str, data: SyntheticEmbeddings, device) -> dict:
    from sklearn.metrics import adjusted_rand_score

    labels = data.of_foreground(call())
    ours = times['ours'].median if 'ours' in times else None
    return {'median_ms': times[name].median, 'spread_ms': times[name].spread,
            'over_ours': ours and times[name].median / ours,
            'peak_mb': peak_memory(call, device if name.startswith('ours') else 'cpu'),
            'clusters': len(np.unique(labels[labels >= _first_number(name)])),
            'ari': float(adjusted_rand_score(data.truth, labels))}


def _first_number(method: str) -> int:
    """Return the least number of a cluster: scikit-learn counts from 0, the others from 1."""
    return 0 if method in ('sklearn MeanShift', 'HDBSCAN') else 1
