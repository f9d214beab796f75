# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A recording on the time line of the Rerun viewer: images, masks, detections, times, counts."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from ..bags.reader import Bag
from ..core.labels import INSTANCE_FACTOR, LabelSet
from ..perception.color_images import instance_ids_image
from ..perception.overlay import instance_id_color
from ..visualization.panes import COUNTS, LATENCY, TITLES, pane_title
from .moments import Moment, moments
from .recording import Camera, Detection

TIMELINE = 'camera'
"""Name of the time line: the times in the headers of the images, if these are of use."""
_JPEG_QUALITY = 90


def log_bag(stream: rr.RecordingStream, bag: Bag, cameras: list[Camera], progress=iter) -> None:
    """Send all moments of a bag to a Rerun stream; `progress` wraps the iterator of them."""
    stream.send_blueprint(blueprint(cameras))
    for camera in cameras:
        _log_names(stream, camera)
    stream.flush()      # a mask that is seen before its colours are known keeps other ones
    for camera in cameras:
        _log_times(stream, camera)
    for moment in progress(moments(bag, cameras)):
        stream.set_time(TIMELINE, timestamp=moment.stamp / 1e9)
        _log_moment(stream, moment)


def blueprint(cameras: list[Camera]) -> rrb.Blueprint:
    """Lay out, for each camera, what RViz shows, with the same titles, above the curves."""
    tabs = [_panes(camera, camera.name.rpartition(' ')[2] if len(cameras) > 1 else '')
            for camera in cameras]
    return rrb.Blueprint(rrb.Tabs(*tabs) if len(tabs) > 1 else tabs[0],
                         rrb.TimePanel(timeline=TIMELINE), collapse_panels=True)


def _panes(camera: Camera, name: str) -> rrb.Vertical:
    root = camera.prefix
    overlay = rrb.Spatial2DView(origin=root, name=pane_title(TITLES['overlay'], name),
                                contents=['$origin/image/**', '$origin/detections'])
    masks = [rrb.Spatial2DView(origin=f'{root}/{mask}', name=pane_title(TITLES[mask], name))
             for mask in ('class_mask', 'instance_mask')]
    curves = [rrb.TimeSeriesView(origin=f'{root}/{what}', name=pane_title(title, name))
              for what, title in (('ms', LATENCY), ('instances', COUNTS))
              if what == 'instances' or camera.stages_ms]
    return rrb.Vertical(
        rrb.Horizontal(overlay, rrb.Vertical(*masks), column_shares=[5, 2]),
        rrb.Horizontal(*curves), row_shares=[2, 1], name=name or None)


def _log_names(stream: rr.RecordingStream, camera: Camera) -> None:
    """Log names and colours of mask values once, for all times."""
    labels = camera.label_set
    if labels is None:
        return
    stream.log(f'{camera.prefix}/class_mask', _context(
        (x.id, x.name, x.color) for x in labels.labels), static=True)
    ids = sorted({d.id for found in camera.detections.values() for d in found})
    known = {x.id for x in labels.labels}
    names = [(i, _name(labels, i), instance_id_color(i)) for i in ids
             if i // INSTANCE_FACTOR in known]
    stream.log(f'{camera.prefix}/detections', _context(names), static=True)


def _context(rows) -> rr.AnnotationContext:
    return rr.AnnotationContext([rr.AnnotationInfo(id=0, label='', color=(0, 0, 0, 0)),
                                 *(rr.AnnotationInfo(id=i, label=n, color=c)
                                   for i, n, c in rows)])


def _name(labels: LabelSet, instance_id: int) -> str:
    kind, number = divmod(instance_id, INSTANCE_FACTOR)
    return f'{labels.by_id(kind).name} {number}'


def _log_times(stream: rr.RecordingStream, camera: Camera) -> None:
    """Send what lies at the frames' own times: stages and numbers of instances as curves."""
    stamps = camera.stamps
    for stage, values in camera.stages_ms.items():
        # Stages are published frame by frame, without a header; all or the first are recorded.
        for stamp, value in zip(stamps, values, strict=False):
            stream.set_time(TIMELINE, timestamp=stamp / 1e9)
            stream.log(f'{camera.prefix}/ms/{stage}', rr.Scalars(value))
    names = sorted({d.label for found in camera.detections.values() for d in found})
    for stamp, found in camera.detections.items():
        counts = Counter(d.label for d in found)
        stream.set_time(TIMELINE, timestamp=stamp / 1e9)
        for name in names:
            stream.log(f'{camera.prefix}/instances/{name}', rr.Scalars(counts[name]))
        if camera.times.shared:     # needed to know which masks they belong to
            _log_boxes(stream, camera, found)


def _log_moment(stream: rr.RecordingStream, moment: Moment) -> None:
    root = moment.camera.prefix
    image = moment.display_image
    if image is not None:
        stream.log(f'{root}/image', _encoded(image, 'jpeg'))
    if moment.instance_mask is not None:
        # In colours: the viewer's own table for ids of 16 bits was seen to give others.
        stream.log(f'{root}/instance_mask', _encoded(
            instance_ids_image(moment.instance_mask), 'png'))
    if moment.class_mask is not None:
        stream.log(f'{root}/class_mask', rr.SegmentationImage(moment.class_mask))
    if not moment.camera.times.shared:
        found = moment.camera.detections.get(moment.stamp, [])
        _log_boxes(stream, moment.camera, found)


def _log_boxes(stream: rr.RecordingStream, camera: Camera, found: list[Detection]) -> None:
    boxes = np.array([d.box for d in found], float).reshape(-1, 4)
    stream.log(f'{camera.prefix}/detections', rr.Boxes2D(
        mins=boxes[:, :2], sizes=boxes[:, 2:] - boxes[:, :2], class_ids=[d.id for d in found],
        labels=[f'{d.label} {d.id % INSTANCE_FACTOR} {d.score:.2f}' for d in found],
        show_labels=False))     # they are in the overlay, and shown for the box under the mouse


def _encoded(image: np.ndarray, kind: str) -> rr.EncodedImage:
    """Encode an image, uint8 (H, W, 3) RGB, as `jpeg` or `png`."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if kind == 'jpeg' else []
    data = cv2.imencode(f'.{kind}', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    return rr.EncodedImage(contents=data.tobytes(), media_type=f'image/{kind}')
