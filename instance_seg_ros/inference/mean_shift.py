# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""From pixel embeddings to instance numbers: mean shift within each class.

The paper's procedure (section 2) takes one random unclustered pixel after the other. Here many
seeds shift at once over a sample of the pixels, and whatever they leave unclustered is seeded
again in the next round, so that small objects next to large ones are found too.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .clusters import ClusterTensors
from .threads import limited_threads

REACH = 1.3
"""Distance in bandwidths up to which a pixel belongs to its nearest mode.

The paper's procedure takes what is within one bandwidth and makes small clusters of the rest.
That is mostly the rims of objects, which belong to the nearest mode; much farther out are mostly
pixels of a wrong class, which do not.
"""
LARGEST_COORDINATE = 1e15
"""Embeddings farther from the origin count as not finite: their squares would not be."""
MAX_INSTANCES = 1000
"""Most instances of one class in one image: the numbers 0 to 999 of an instance id."""


class MeanShift:
    """Mean shift with a flat kernel, per class; deterministic.

    Attributes:
        bandwidth: radius of the kernel, in embedding units; modes are further apart than that. One
            number, or one for each of the `things` of a call. The paper names delta_v = 0.5, which
            holds around any pixel only when the loss is zero. Around a mode, anything from delta_v
            to 2 delta_d - delta_v separates perfectly; the authors' release uses 1.5, the default
            here.
        min_area: clusters of fewer pixels are dropped (their pixels belong to no instance).
        sample: modes are sought among this many pixels, evenly spread.
        seeds: how many pixels start shifting at once.
        rounds: how often pixels start shifting on what is left.
    """

    max_shifts = 30
    tolerance = 1e-3   # of the bandwidth: a mode that moves less has arrived

    def __init__(self, bandwidth: float | Sequence[float] = 1.5, min_area: int = 10,
                 sample: int = 4096, seeds: int = 128, rounds: int = 8):
        """Raise ValueError for a bandwidth that is not positive."""
        self.bandwidth, self.min_area = torch.tensor(bandwidth, dtype=torch.float32), int(min_area)
        if not (self.bandwidth > 0).all():
            raise ValueError(f'bandwidth must be positive, not {bandwidth}')
        self.sample, self.seeds, self.rounds = int(sample), int(seeds), int(rounds)

    @torch.inference_mode()
    def __call__(self, embeddings: Tensor, class_index: Tensor,
                 things: tuple[int, ...]) -> list[ClusterTensors]:
        """Cluster a batch.

        Args:
            embeddings: float (N, D, H, W).
            class_index: integer (N, H, W), channel of each pixel's class, below 256.
            things: channels of the classes that have instances.

        Returns:
            One `ClusterTensors` per image.
        """
        return [self.cluster_image(embedding, index, things)
                for embedding, index in zip(embeddings, class_index, strict=True)]

    def cluster_image(self, embeddings: Tensor, class_index: Tensor,
                      things: tuple[int, ...]) -> ClusterTensors:
        """Cluster one image: embeddings (D, H, W), class_index (H, W)."""
        rank = torch.full((256,), -1, device=class_index.device)
        rank[list(things)] = torch.arange(len(things), device=rank.device)
        channel = class_index.flatten().long()
        place = (rank >= 0).index_select(0, channel).nonzero().squeeze(1)
        points = embeddings.permute(1, 2, 0).flatten(0, 1).index_select(0, place).float()
        place, points, invalid = _finite(place, points)
        bandwidth = self.bandwidth.to(place.device).expand(len(things))
        points = _apart(points, rank.index_select(0, channel.index_select(0, place)), bandwidth)
        sample = points[self._sampled(place)]
        with limited_threads(1):    # to wake others costs more than operations on a sample do
            modes, free = self._modes(sample)
        nearest, distance = self._assign(points, modes)
        mode_class = torch.tensor(things, device=place.device)[_rank(modes)]
        found = self._collect(class_index, place, nearest, distance, modes, mode_class, invalid)
        unclaimed = free.sum() * len(points) // max(1, len(sample))
        mode = found.mode * bandwidth[rank[found.class_index]].unsqueeze(1)
        return replace(found, mode=mode, unclaimed=unclaimed)

    def _sampled(self, place: Tensor) -> Tensor:
        """Choose the pixels among which modes are sought: all, or some, evenly over their order.

        Not a grid: it would step over objects that are a pixel or two wide.
        """
        count = len(place)
        if count <= self.sample:
            return slice(None)
        return torch.arange(self.sample, device=place.device) * (count - 1) // (self.sample - 1)

    def _modes(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Find the modes of the sampled points: (M, D + 1); and which points none has claimed."""
        free = torch.ones(len(points), dtype=torch.bool, device=points.device)
        found = [points[:0]]
        for _ in range(self.rounds):
            left = points[free]
            if len(left) == 0:
                break
            modes = self._shift(_spread_out(left, self.seeds), left)
            near = _within(modes, points)
            keep = _distinct(modes.cpu().numpy(), near.sum(1).cpu().numpy())
            modes, near = modes[keep], near[keep]
            # The rest of what an earlier round has taken is a fringe, no object of its own.
            own = (near & free).sum(1)
            found.append(modes[2 * own > near.sum(1)])
            free &= ~near.any(0)
        return torch.cat(found), free

    def _shift(self, seeds: Tensor, points: Tensor) -> Tensor:
        """Move each mode to the mean of the points around it until all rest.

        Modes that have come close will converge to the same point: all but one of them stop. The
        few modes are on the host: for so small tables NumPy's operations are the cheaper ones.
        """
        modes, squares = seeds.cpu().numpy(), _squares(points)
        for _ in range(self.max_shifts):
            weight = _beyond(_like(points, modes), points, squares=squares).le_(0)
            count = weight.sum(1, keepdim=True).cpu().numpy()
            # Transposed, since a product with few columns takes a slow way on CPUs.
            total = (points.T @ weight.T).T.cpu().numpy()
            moved = np.where(count > 0, total / np.maximum(count, 1), modes)
            step = np.square(moved - modes).sum(1).max()
            modes = moved[_distinct(moved, count[:, 0], 0.5)]
            if step <= self.tolerance ** 2:
                break
        return _like(points, modes)

    def _assign(self, points: Tensor, modes: Tensor) -> tuple[Tensor, Tensor]:
        """Return each point's nearest mode within reach, or M; and its distance."""
        if not len(modes) or not len(points):
            none = torch.full((len(points),), len(modes), device=points.device)
            return none, torch.zeros(len(points), device=points.device)
        squared = torch.addmm(_squares(points), modes, points.T, alpha=-2)
        squared = squared.add_(_squares(modes).unsqueeze(1)).clamp_min_(0)
        # Least value and its place in one pass, several times as fast as `min`: floats that are
        # not negative are in the order of their bits, and the last bits, which rounding has
        # filled with noise, hold the place.
        low = (1 << (len(modes) - 1).bit_length()) - 1
        place = torch.arange(len(modes), dtype=torch.int32, device=points.device).unsqueeze(1)
        least = squared.view(torch.int32).bitwise_and_(~low).bitwise_or_(place).amin(0)
        distance = (least & ~low).view(torch.float32).sqrt_()
        return torch.where(distance <= REACH, least & low, len(modes)), distance

    def _collect(self, class_index: Tensor, place: Tensor, nearest: Tensor, distance: Tensor,
                 modes: Tensor, mode_class: Tensor, invalid: Tensor) -> ClusterTensors:
        """Drop small clusters, put the rest in order and write their numbers into the image.

        Their modes stay as they are, in bandwidths.
        """
        last = len(modes)   # of the points that are near no mode
        area = torch.bincount(nearest, minlength=last + 1)[:last]
        order = torch.argsort(area, descending=True, stable=True)
        order = order[torch.argsort(mode_class[order], stable=True)]
        order = order[area[order] >= max(self.min_area, 1)]
        order = order[_rank_in_group(mode_class[order]) < MAX_INSTANCES]
        number = torch.zeros(last + 1, dtype=torch.int32, device=place.device)
        number[order] = torch.arange(1, len(order) + 1, dtype=torch.int32, device=place.device)
        image = torch.zeros(class_index.numel(), dtype=torch.int32, device=place.device)
        image.scatter_(0, place, number.index_select(0, nearest))
        # Doubles, since a GPU adds them up in any order: rounded, they are the same every time.
        spread = torch.bincount(nearest, distance.double(), last + 1)[order] / area[order]
        return ClusterTensors(
            image.view(class_index.shape), mode_class[order], area[order], spread.float(),
            _margin(modes[order]), modes[order, :-1], torch.tensor(invalid))


def _apart(points: Tensor, rank: Tensor, bandwidth: Tensor) -> Tensor:
    """Bring points (P, D) to units of their class's bandwidth, and add a coordinate: (P, D + 1).

    It keeps classes out of each other's reach: one clustering then does them all, and no
    comparison has to ask for the class.
    """
    rank = rank.unsqueeze(1)
    return torch.cat([points / bandwidth[rank], 3. * rank], 1)


def _rank(modes: Tensor) -> Tensor:
    """Return the class that `_apart` wrote into a mode, as its place in `things`."""
    return (modes[:, -1] / 3).round().long()


def _margin(modes: Tensor) -> Tensor:
    """Return each mode's distance to the next of its class, in bandwidths, at most 3."""
    if not len(modes):
        return modes.new_zeros(0)
    # Other classes are 3 bandwidths away by `_apart` and need no test here.
    return torch.cdist(modes, modes).fill_diagonal_(torch.inf).min(1).values.clamp_max(3.0)


def _finite(place: Tensor, points: Tensor) -> tuple[Tensor, Tensor, int]:
    """Leave out the points that are not finite, and count them."""
    if torch.linalg.vector_norm(points) <= LARGEST_COORDINATE:    # nearly every frame
        return place, points, 0
    finite = torch.linalg.vector_norm(points, dim=1) <= LARGEST_COORDINATE
    return place[finite], points[finite], len(finite) - int(finite.sum())


def _spread_out(points: Tensor, count: int) -> Tensor:
    """Choose at most `count` of the points, evenly over their order."""
    last = len(points) - 1
    if last < count:
        return points
    return points[torch.arange(count, device=points.device) * last // (count - 1)]


def _within(a: Tensor, b: Tensor, radius: float = 1.) -> Tensor:
    """Return which pairs are within a radius: bool (len(a), len(b)); one matrix product."""
    return _beyond(a, b, radius) <= 0


def _beyond(a: Tensor, b: Tensor, radius: float = 1., squares: Tensor | None = None) -> Tensor:
    """Return the squared distance of each pair less that of the radius: (len(a), len(b)).

    `squares` are those of b, where they are known.
    """
    squared = torch.addmm(_squares(b) if squares is None else squares, a, b.T, alpha=-2)
    return squared.sub_((radius ** 2 - _squares(a)).unsqueeze(1))


def _squares(points: Tensor) -> Tensor:
    """Return the squared length of each of (P, D): a product, since sums of a few are slow."""
    return points.square() @ points.new_ones(points.shape[1])


def _distinct(modes: np.ndarray, count: np.ndarray, radius: float = 1.) -> np.ndarray:
    """Choose modes, most populous first, none within `radius` of a chosen one: places (M,)."""
    order = np.argsort(-count, kind='stable')
    stronger = np.tril(_close(modes[order], radius), -1)
    keep = np.ones(len(modes), bool)
    while True:   # settles after as many passes as the longest chain of neighbours
        after = ~(stronger & keep).any(1)
        if np.array_equal(after, keep):
            return order[keep]
        keep = after


def _close(points: np.ndarray, radius: float) -> np.ndarray:
    """Return which pairs of one set are within a radius: bool (P, P)."""
    product = points @ points.T
    squares = product.diagonal()
    return squares - 2 * product + (squares - radius ** 2)[:, None] <= 0


def _like(points: Tensor, values: np.ndarray) -> Tensor:
    """Return an array of the host as a tensor where the points are."""
    return torch.from_numpy(values).to(points.device)


def _rank_in_group(group: Tensor) -> Tensor:
    """Return each element's place among the equal ones of a sorted vector: 0, 1, ..."""
    return torch.arange(len(group), device=group.device) - torch.searchsorted(group, group)
