# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Mean shift of fixed shapes, for a whole batch at once.

`mean_shift.MeanShift` looks at its data to do as little as possible, and each look makes a GPU
synchronise with the host. Here only values depend on the data, no shape does, so that a batch is
computed without host synchronisation and a CUDA graph can replay it. It finds the same clusters up
to single pixels, and reports when there were more than it has columns for.

Memory: no array of pixels times clusters; what has to be one is computed in bands of rows.
"""

import torch
from torch import Tensor

from .batched_modes import ModeSearch
from .classed_pixels import ClassedPixels, classed_pixels, sample_points
from .cluster_order import order_clusters
from .cluster_sums import sum_clusters
from .clusters import NO_CLASS, ClusterTensors
from .device_settings import DeviceSettings
from .even_sampling import take_rows
from .mean_shift import REACH
from .pixel_bands import row_bands


class BatchedMeanShift:
    """Mean shift with a flat kernel, per class, without a single data-dependent shape.

    Args:
        min_area: clusters of fewer pixels are dropped.
        max_clusters: M, most clusters of an image.
        sample: modes are sought among this many pixels, evenly spread over the thing classes.
        seeds, rounds: how many pixels start at once, and how often what is left is seeded again.
        first_shifts, shifts: how often they move in the first round and in the others; in the
            first one they have large objects to cross.
    """

    def __init__(self, min_area: int = 10, max_clusters: int = 128, sample: int = 4096,
                 seeds: int = 128, rounds: int = 4, first_shifts: int = 30, shifts: int = 12):
        """Keep the sizes."""
        self.min_area, self.sample = min_area, sample
        self.find_modes = ModeSearch(max_clusters, seeds, rounds, first_shifts, shifts)

    def __call__(self, embeddings: Tensor, class_index: Tensor, probability: Tensor,
                 settings: DeviceSettings) -> ClusterTensors:
        """Cluster a batch.

        Args:
            embeddings: float (N, D, H, W).
            class_index: integer (N, H, W), class channel of each pixel, below 256.
            probability: float32 (N, H, W), of that class; averaged over each cluster.
            settings: for a batch of this shape.
        """
        pixels = classed_pixels(embeddings, class_index, settings)
        points, real, stride = sample_points(pixels, self.sample)   # (N, S, D + 1), (N, S), (N)
        modes, found, unclaimed, omitted = self.find_modes(points, real)
        slot, distance = _nearest(pixels, modes, found)             # (N, H, W) each
        sums = sum_clusters(slot, modes.shape[1], distance, probability, settings.of_row,
                            settings.of_column)
        found &= sums.area >= max(self.min_area, 1)
        rank = (modes[..., -1] / 3).round().long()                  # (N, M)
        order, number = order_clusters(rank, found, sums.area)
        modes, rank, found = (take_rows(x, order) for x in (modes, rank, found))
        area, sides, spread, mean, rows, columns = (take_rows(x, order) for x in sums)
        label_image = number.gather(1, slot.flatten(1).long()).view(slot.shape).short()
        return ClusterTensors(
            label_image, torch.where(found, settings.class_of_rank[rank], NO_CLASS), area, spread,
            _margin(modes, found), modes[..., :-1] * settings.bandwidth[rank].unsqueeze(2),
            ((pixels.rank >= 0) & ~pixels.valid).sum((1, 2)), (unclaimed * stride).long(),
            probability=mean, sides=sides, rows=rows, columns=columns,
            complete=omitted * stride < self.min_area)


def _nearest(pixels: ClassedPixels, modes: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pixel's mode within reach, M = none, and its distance in bandwidths.

    The nearest mode m of a pixel p maximises 2 p m - m^2; both sides times the bandwidth of its
    class, the embedding is used as the network gives it.

    Returns:
        int16 (N, H, W) and float32 (N, H, W), 0 where there is none.
    """
    height, width = pixels.rank.shape[1:]
    rank = pixels.rank.float()
    planes = torch.stack([6 * rank * pixels.bandwidth, pixels.bandwidth], 1)    # (N, 2, H, W)
    squares = torch.where(found, modes.square().sum(2), torch.inf).unsqueeze(2)
    weights = torch.cat([2 * modes[..., :-1], modes[..., -1:], -squares], 2)    # (N, M, D + 2)
    slot = torch.empty_like(pixels.rank)
    closest = torch.empty_like(pixels.norm)
    for rows in row_bands(height, width, bytes_per_pixel=4 * modes.shape[1]):
        inputs = torch.cat([pixels.embeddings[:, :, rows], planes[:, :, rows]], 1)
        best, nearest = (weights @ inputs.flatten(2)).max(1)                    # (N, h W)
        closest[:, rows], slot[:, rows] = best.view(-1, *inputs.shape[2:]), nearest.view(
            -1, *inputs.shape[2:])
    squared = pixels.norm.square() + 9 * rank.square() - closest / pixels.bandwidth
    distance = squared.clamp_min_(0).sqrt_()
    inside = pixels.valid & (distance <= REACH)
    return slot.masked_fill_(~inside, modes.shape[1]), distance.masked_fill_(~inside, 0.)


def _margin(modes: Tensor, found: Tensor) -> Tensor:
    """Return each mode's distance to the next of its class, at most 3 bandwidths."""
    apart = (modes.unsqueeze(2) - modes.unsqueeze(1)).square().sum(3).sqrt()
    pairs = found.unsqueeze(2) & found.unsqueeze(1)
    same = torch.eye(modes.shape[1], dtype=torch.bool, device=modes.device)
    return apart.masked_fill(~pairs | same, torch.inf).amin(2).clamp_max(3.)
