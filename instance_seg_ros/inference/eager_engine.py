# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The network and the clustering of its outputs on one device: images in, clusters out."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from .class_groups import Groups, elect_classes_of_image, head_of_class
from .cluster_measurement import measure_clusters
from .clustering_methods import build_clustering
from .clusters import ClusterArrays, ClusterTensors
from .device_flags import exact_arithmetic
from .pixel_classes import class_of_pixels


class EagerEngine:
    """A network with its normalisation, and data-dependent (dynamic-shape) clustering."""

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float],
                 label_ids: np.ndarray, device: torch.device, half: bool,
                 method: str = 'mean_shift', groups: Groups = ()):
        """Take a network that is on `device` already, in half precision where `half` says so.

        Args:
            network: maps normalised images to class logits and embeddings.
            mean, std: of RGB in 0 to 1, three numbers each.
            label_ids: uint8 (K,), by class channel; K below 255.
            device: of the network.
            half: compute in half precision.
            method: of the clustering, see `clustering_methods.METHODS`.
            groups: channels of classes that are clustered together, see `class_groups`.
        """
        self.network, self.device, self.half = network, device, half
        self.method, self.groups = method, groups
        self.label_ids = np.zeros(256, np.uint8)      # those of no class are unlabelled
        self.label_ids[:len(label_ids)] = label_ids
        scale = 255.0 * torch.tensor(std)
        self._scale = (1 / scale).view(3, 1, 1).to(device)
        self._shift = (-torch.tensor(mean) * 255.0 / scale).view(3, 1, 1).to(device)

    def prepare(self, batch_size: int, shape: tuple[int, int]) -> None:
        """Get ready for batches of up to `batch_size` images of shape (H, W); nothing to do."""

    def __call__(self, images: np.ndarray, sizes: Sequence[tuple[int, int]],
                 bandwidths: tuple[float, ...], things: tuple[int, ...],
                 timings: dict[str, float]) -> list[ClusterArrays]:
        """Segment a batch.

        Args:
            images: uint8 RGB (N, H, W, 3), at the network's size.
            sizes: (width, height) of the images they come from.
            bandwidths: of each of the `things`.
            things: class channels that are separated into instances.
            timings: milliseconds by stage; those of this call are added.
        """
        with self._arithmetic():
            with self._timed(timings, 'preprocess'):
                batch = self.normalise(torch.from_numpy(images).to(self.device))
            with self._timed(timings, 'network'):
                logits, embeddings = self.network(batch)
            with self._timed(timings, 'clustering'):
                return [self.cluster_image(*one, bandwidths, things) for one in zip(
                    logits, embeddings, sizes, strict=True)]

    def infer(self, images: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return class logits (N, K, H, W) and embeddings (N, D, H, W), on the device."""
        with self._arithmetic():
            return self.network(self.normalise(torch.from_numpy(images).to(self.device)))

    def normalise(self, images: Tensor) -> Tensor:
        """Bring uint8 (N, H, W, 3) to the network's input (N, 3, H, W), channels last."""
        batch = torch.addcmul(self._shift, images.permute(0, 3, 1, 2).float(), self._scale)
        batch = batch.contiguous(memory_format=torch.channels_last)
        return batch.half() if self.half else batch

    def cluster_image(self, logits: Tensor, embeddings: Tensor, size: tuple[int, int],
                      bandwidths: tuple[float, ...], things: tuple[int, ...]) -> ClusterArrays:
        """Cluster one image: logits (K, H, W), embeddings (D, H, W), its (width, height)."""
        class_index, invalid = class_of_pixels(logits)
        cluster = self._cluster_groups if self.groups else self._cluster_classes
        clusters, class_index = cluster(logits, embeddings, class_index, bandwidths, things)
        clusters = replace(clusters, invalid=clusters.invalid + invalid.sum().cpu())
        return measure_clusters(self.label_ids[class_index.cpu().numpy()], clusters.arrays(), size)

    def _cluster_classes(self, logits: Tensor, embeddings: Tensor, class_index: Tensor,
                         bandwidths: tuple[float, ...],
                         things: tuple[int, ...]) -> tuple[ClusterTensors, Tensor]:
        """Cluster the pixels of each class; return the clusters and the classes of pixels."""
        clustering = build_clustering(self.method, bandwidths)
        clusters = clustering.cluster_image(embeddings, class_index, things)
        return replace(clusters, probability=class_probability(logits, clusters)), class_index

    def _cluster_groups(self, logits: Tensor, embeddings: Tensor, class_index: Tensor,
                        bandwidths: tuple[float, ...],
                        things: tuple[int, ...]) -> tuple[ClusterTensors, Tensor]:
        """Cluster the pixels of each group of classes, and let them elect the class."""
        heads = head_of_class(self.groups, things)
        channels = tuple(k for k in sorted(things) if heads[k] == k)
        of_class = dict(zip(things, bandwidths, strict=True))
        clustering = build_clustering(self.method, [of_class[k] for k in channels])
        joint = heads.to(class_index.device)[class_index]
        clusters = clustering.cluster_image(embeddings, joint, channels)
        inside = clusters.label_image > 0
        probability = torch.zeros(class_index.shape, device=class_index.device)
        probability[inside] = _probability_of(logits, inside, class_index[inside])
        return elect_classes_of_image(clusters, class_index, probability)

    def close(self) -> None:
        """Free what the engine keeps on the device."""
        self.network = None

    def _arithmetic(self) -> AbstractContextManager[None]:
        """Compute in the precision that was asked for; the flags concern CUDA alone."""
        return exact_arithmetic() if self.device.type == 'cuda' else nullcontext()

    @contextmanager
    def _timed(self, timings: dict, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if self.device.type == 'cuda':
            torch.cuda.current_stream(self.device).synchronize()
        timings[stage] = timings.get(stage, 0.0) + (time.perf_counter() - start) * 1e3


def class_probability(logits: Tensor, clusters: ClusterTensors) -> Tensor:
    """Return the mean probability of its class over each cluster's pixels.

    Args:
        logits: (K, H, W).
        clusters: M clusters of the same image.

    Returns:
        float32 (M,).
    """
    inside = clusters.label_image > 0
    of_pixel = clusters.label_image[inside].long() - 1
    own = _probability_of(logits, inside, clusters.class_index[of_pixel])
    total = torch.bincount(of_pixel, own.double(), minlength=len(clusters.area))
    return (total / clusters.area).float()


def _probability_of(logits: Tensor, inside: Tensor, channels: Tensor) -> Tensor:
    """Return the probability of a class at each of the P pixels inside: float32 (P,).

    Args:
        logits: (K, H, W).
        inside: bool (H, W).
        channels: int64 (P,), the class of each of these pixels.
    """
    probability = logits.permute(1, 2, 0)[inside].float().softmax(1)
    return probability.gather(1, channels.unsqueeze(1)).squeeze(1)
