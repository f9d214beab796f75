# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Labels for unlabelled images: what a network finds again in every view of an image.

A view is the image mirrored, at a larger input size, in other colours, or a neighbouring frame of
the recording. Pixels and instances that the views disagree on are void and teach nothing.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..core.errors import UserError
from ..core.instances import Instance, InstanceMap
from ..datasets.sample import IGNORE, Sample
from ..inference.checkpoint import Checkpoint
from ..inference.segmenter import InstanceSegmenter

LARGER = 1.25
"""Factor of the view at a larger input size."""
GAMMA = 0.7


@dataclass(frozen=True)
class Thresholds:
    """What a label needs.

    Attributes:
        probability: of the class of a pixel, 0..1.
        score: of an instance, 0..1.
        overlap: IoU of an instance with its counterpart in each view, 0..1.
        motion_overlap: the same with one of the neighbouring frames, where it may have moved.
    """

    probability: float = 0.7
    score: float = 0.5
    overlap: float = 0.7
    motion_overlap: float = 0.3

    def __post_init__(self) -> None:
        """Refuse values outside 0..1."""
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise UserError(f'{name} must be between 0 and 1, not {value}.')


class PseudoLabeller:
    """Labels images with what two segmenters, at two input sizes, agree on in every view."""

    def __init__(self, checkpoint: Checkpoint, device: str = 'auto',
                 input_size: int | tuple[int, int] | None = None,
                 thresholds: Thresholds | None = None) -> None:
        """Load the network twice; arguments as those of `InstanceSegmenter`."""
        self.thresholds = thresholds or Thresholds()
        self._segmenter = InstanceSegmenter(checkpoint, device, input_size)
        self._larger = InstanceSegmenter(checkpoint, device, _larger(self._segmenter.input_size))
        self.label_set = self._segmenter.label_set

    def __call__(self, name: str, image: np.ndarray,
                 neighbours: Sequence[np.ndarray] = ()) -> Sample:
        """Label an image.

        Args:
            name: of the sample.
            image: uint8 (H, W, 3), RGB.
            neighbours: frames just before and after it in the same recording, same form.

        Returns:
            The image with its labels; pixels without agreement are ignored, instances without
            agreement are not separated.
        """
        reference = self._segmenter(image)
        views = [_mirrored(self._segmenter(np.ascontiguousarray(image[:, ::-1]))),
                 self._larger(image), self._segmenter(other_colors(image))]
        around = [self._segmenter(frame) for frame in neighbours]
        certain = self._probability(image) >= self.thresholds.probability
        return agreed(name, image, [reference, *views], certain, around, self.thresholds)

    def _probability(self, image: np.ndarray) -> np.ndarray:
        """Return the probability of each pixel's class, float32 (H, W)."""
        logits, _ = self._segmenter.infer([image])
        highest = logits.float().softmax(1).amax(1)[0].cpu().numpy()
        return cv2.resize(highest, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def agreed(name: str, image: np.ndarray, views: Sequence[InstanceMap], certain: np.ndarray,
           neighbours: Sequence[InstanceMap], thresholds: Thresholds) -> Sample:
    """Return the sample that all views support; the first one is the reference.

    Args:
        name: of the sample.
        image: uint8 (H, W, 3), RGB.
        views: of the image, in its own coordinates.
        certain: bool (H, W), pixels whose class is probable enough.
        neighbours: instances of the frames around; none for a single image.
        thresholds: for instances.
    """
    reference = views[0]
    same = np.all([view.class_mask == reference.class_mask for view in views[1:]], 0)
    labelled = same & certain & (reference.class_mask > 0)
    classes = np.where(labelled, reference.label_set.index_by_id[reference.class_mask], IGNORE)
    instances = np.zeros(classes.shape, np.uint16)
    for instance in reference.instances:
        mask = _common_mask(instance, views, neighbours, thresholds)
        if mask is not None:
            outline = (reference.instance_mask == instance.id) & ~mask
            classes[outline] = IGNORE
            instances[mask & labelled] = instance.id
    return Sample(name, image, classes.astype(np.uint8), instances)


def _common_mask(instance: Instance, views: Sequence[InstanceMap],
                 neighbours: Sequence[InstanceMap], thresholds: Thresholds) -> np.ndarray | None:
    """Return the pixels, bool (H, W), that the views give an instance; None without agreement."""
    if instance.score < thresholds.score:
        return None
    mask = views[0].instance_mask == instance.id
    found = [_counterpart(mask, instance.label_id, view, thresholds.overlap)
             for view in views[1:]]
    if any(other is None for other in found):
        return None
    if neighbours and all(_counterpart(mask, instance.label_id, frame, thresholds.motion_overlap)
                          is None for frame in neighbours):
        return None
    return mask & (np.sum(found, 0) * 2 >= len(found))


def _counterpart(mask: np.ndarray, label_id: int, view: InstanceMap,
                 overlap: float) -> np.ndarray | None:
    """Return the mask of the instance of a view that overlaps most; None when it is too little."""
    ids, counts = np.unique(view.instance_mask[mask], return_counts=True)
    areas = {one.id: one.area for one in view.instances if one.label_id == label_id}
    area = int(mask.sum())
    best, value = 0, 0.
    for key, count in zip(ids.tolist(), counts.tolist(), strict=True):
        if key in areas and (iou := count / (area + areas[key] - count)) > value:
            best, value = key, iou
    return view.instance_mask == best if best and value >= overlap else None


def _mirrored(found: InstanceMap) -> InstanceMap:
    """Return the masks of a mirrored image in the coordinates of the image."""
    width = found.width
    boxes = [(width - x.box[2], x.box[1], width - x.box[0], x.box[3]) for x in found.instances]
    return replace(found, class_mask=np.ascontiguousarray(found.class_mask[:, ::-1]),
                   instance_mask=np.ascontiguousarray(found.instance_mask[:, ::-1]),
                   instances=tuple(replace(one, box=box) for one, box in
                                   zip(found.instances, boxes, strict=True)))


def other_colors(image: np.ndarray) -> np.ndarray:
    """Return the image, uint8 (H, W, 3), brighter and with the mean of each channel made grey."""
    means = image.reshape(-1, 3).mean(0) + 1e-3
    scaled = np.minimum(image * (means.mean() / means), 255) / 255
    return np.round(255 * scaled ** GAMMA).astype(np.uint8)


def _larger(size: tuple[int, int]) -> tuple[int, int]:
    width, height = (8 * round(side * LARGER / 8) for side in size)
    return width, height
