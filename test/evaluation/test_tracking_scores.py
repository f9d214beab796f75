# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scores of tracking on drives whose scores are known."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from datasets.written import kitti_mots_text

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import Label, LabelSet
from instance_seg_ros.evaluation.drives import kitti_drives, rendered_drives
from instance_seg_ros.evaluation.tracking import (
    Tracks,
    evaluate_tracking,
    score_with_and_without,
    table,
)
from instance_seg_ros.perception.tracking.tracker import Tracker

pytest.importorskip('trackeval')
LABELS = LabelSet.named('cityscapes')


def frame(k, swap=False):
    """Return the truth, with an ignore region, of two cars that move."""
    truth = np.full((60, 120), 7, np.int32)
    truth[:10] = 0
    truth[20:40, 10 + 2 * k:40 + 2 * k], truth[30:50, 70 - k:100 - k] = 26005, 26009
    result = np.where(truth >= 1000, truth, 0).astype(np.uint16)
    if swap:
        result = np.select([result == 26005, result == 26009], [26009, 26005], 0).astype(np.uint16)
    return truth, result


def scores(frames):
    tracks = Tracks(26)
    for truth, result in frames:
        tracks.add(truth, result)
    return tracks.scores()


def test_perfect_results_and_what_is_ignored():
    """All hundred per cent, also with something in the ignore region."""
    frames = [frame(k) for k in range(6)]
    for _, result in frames:
        result[2:8, 50:70] = 26001
    values = scores(frames)
    assert [values[k] for k in ('HOTA', 'sMOTSA', 'IDF1')] == pytest.approx([1, 1, 1])
    assert values['switches'] == values['false_positives'] == values['misses'] == 0


def test_switches_false_positives_and_misses_are_counted():
    """Two cars that change numbers once, one false car, and one image without any."""
    frames = [frame(k, swap=k > 2) for k in range(6)]
    frames[1][1][52:58, 2:20] = 26001
    frames[5][1][:] = 0
    values = scores(frames)
    assert (values['switches'], values['false_positives'], values['misses']) == (2, 1, 2)
    assert values['HOTA'] < 0.8 and values['true_positives'] == 10


def test_the_tracker_makes_the_difference():
    """Numbers that change in every image are repaired."""
    def frames():
        for k in range(8):
            truth, result = frame(k, swap=k % 2)
            classes = (result // 1000).astype(np.uint8)
            yield k / 10, truth, InstanceMap.from_masks(LABELS, classes, result)

    result = score_with_and_without([frames()], {'car': 26}, Tracker())
    assert result['with']['car']['IDF1'] == pytest.approx(1)
    assert result['without']['car']['IDF1'] < 0.6
    assert 'sMOTSA' in table(result)


def test_numbers_of_another_drive_are_other_objects():
    """Every drive begins anew: the same number in two drives does no harm."""
    def frames(swap):
        for k in range(4):
            truth, result = frame(k, swap)
            classes = (result // 1000).astype(np.uint8)
            yield k / 10, truth, InstanceMap.from_masks(LABELS, classes, result)

    scored = score_with_and_without([frames(False), frames(True)], {'car': 26}, Tracker())
    for kind in ('with', 'without'):
        values = scored[kind]['car']
        assert (values['IDF1'], values['switches']) == (pytest.approx(1), 0), kind


def test_videos_of_a_rendered_folder(tmp_path):
    """Frames of a video in order with their times; nothing is an ignore region."""
    for video in range(2):
        for k in range(3):
            stem = f'town_{video:06}_{k:06}'
            truth = np.full((8, 12), 26003 if k else 0, np.uint16)
            for folder, name, pixels in (
                    ('leftImg8bit', 'leftImg8bit', np.full((8, 12, 3), 10 * video + k, np.uint8)),
                    ('gtFine', 'gtFine_instanceIds', truth),
                    ('gtFine', 'gtFine_labelIds', (truth // 1000).astype(np.uint8))):
                path = tmp_path / folder / 'val' / 'town' / f'{stem}_{name}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), pixels)
    first, second = rendered_drives(tmp_path, 'val', rate=5.0)
    assert len(first) == len(second) == 3
    assert [f.seconds for f in second] == pytest.approx([0, 0.2, 0.4])
    assert [int(f.image[0, 0, 0]) for f in second] == [10, 11, 12]
    assert [int(f.truth[0, 0]) for f in first] == [1, 26003, 26003]


def test_a_network_of_other_labels_is_refused():
    """Its ids would mean something else."""
    segmenter = SimpleNamespace(label_set=LabelSet.named('camvid'))
    with pytest.raises(UserError, match='camvid'):
        evaluate_tracking(segmenter, [])


def test_own_classes_are_scored_on_kitti_mots(tmp_path, monkeypatch):
    """Truth and result have the ids of the network's label set."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    kitti_mots_text(tmp_path / 'data')
    own = LabelSet('yard', (Label(9, 'car', (0, 0, 1), True),))
    drive, = kitti_drives(tmp_path / 'data', 'val', own)
    only, = drive
    assert set(np.unique(only.truth[only.truth >= 1000])) == {9005, 9007}
    found = InstanceMap.from_masks(own, np.zeros(only.truth.shape, np.uint8), np.where(
        only.truth >= 1000, only.truth, 0).astype(np.uint16))
    perfect = type('Perfect', (), {'label_set': own, '__call__': lambda self, image: found})()
    rows = evaluate_tracking(perfect, [drive], truth=own)
    assert rows['with'] == rows['without'] and rows['with']['car']['HOTA'] == pytest.approx(1)
