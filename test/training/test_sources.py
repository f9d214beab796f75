# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several folders in one run: shares, trust, class sets, what is pasted where."""
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from datasets import written
from training.streets import CITY, write_city

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.datasets import recognise
from instance_seg_ros.datasets.augmentation import Augmentation
from instance_seg_ros.datasets.camvid import CamVid
from instance_seg_ros.datasets.class_sets import CLASS_SETS, FIRST_CODE, code_of, set_members
from instance_seg_ros.datasets.idd_lite import IddLite
from instance_seg_ros.datasets.stream import Share, Stream
from instance_seg_ros.training.calibration import _may_be
from instance_seg_ros.training.losses import ClassLoss, OverlapLoss
from instance_seg_ros.training.recipe import Recipe
from instance_seg_ros.training.sources import SourceSettings, shares

CAR, ROAD, SKY = (CITY.names.index(name) for name in ('car', 'road', 'sky'))


def write_camvid(root: Path) -> Path:
    """Write a frame of each split in CamVid's layout: a wall of class 1, a car of class 8."""
    classes, ids = np.ones((40, 64), np.uint8), np.full((40, 64), 11, np.uint16)
    classes[10:30, 20:44] = 8
    ids[10:30, 20:44] = 26007
    for split in ('train', 'val'):
        folders = {split: np.full((40, 64, 3), 80, np.uint8), f'{split}annot': classes,
                   f'{split}_cityscapes': np.where(classes == 8, 13, 2).astype(np.uint8)}
        for name, array in folders.items():
            (root / name).mkdir(parents=True)
            cv2.imwrite(str(root / name / 'a.png'), array)
    (root / 'train_instances').mkdir()
    cv2.imwrite(str(root / 'train_instances/a.png'), ids)
    return root


def test_set_codes_and_members_agree():
    members = set_members(CITY)
    assert {code_of(name) for name in CLASS_SETS} == set(range(200, 200 + len(members)))
    living = members[code_of('living') - FIRST_CODE]
    assert {CITY.names[k] for k in np.flatnonzero(living)} == {'person', 'rider'}
    assert FIRST_CODE > len(CITY) and max(map(code_of, CLASS_SETS)) < 255
    with pytest.raises(UserError, match='living'):
        code_of('animals')


def test_idd_lite_gives_classes_sets_and_instances(tmp_path):
    data = IddLite(written.idd_lite(tmp_path), 'train')
    sample = data[0]
    assert sample.classes[:, 0].tolist() == np.repeat(
        [SKY, code_of('vehicle'), 255, ROAD], 8).tolist()
    assert (sample.classes[8:16, 10:30] == CAR).all()
    assert set(np.unique(sample.instances)) == {0, 26003}
    assert np.array_equal(data.class_map(0), sample.classes)
    assert recognise(tmp_path) == 'idd-lite'
    ids = data.with_truth(0)[1]
    assert ids[0, 0] == 23 and ids[8, 0] == 0 and ids[8, 10] == 26003 and ids[-1, 0] == 7
    with pytest.raises(UserError, match='IDD-Lite'):
        IddLite(tmp_path / 'none', 'train')


def test_idd_lite_holds_one_frame_in_twenty_out(tmp_path):
    written.idd_lite(tmp_path, 41)
    splits = [{p.name for p in IddLite(tmp_path, s).paths} for s in ('train', 'val')]
    assert len(splits[0]) == 39 and splits[1] == {'0010.jpg', '0030.jpg'}


def test_camvid_has_instances_and_sets_where_they_are_wanted(tmp_path):
    write_camvid(tmp_path)
    plain, sets = (CamVid(tmp_path, 'train', 'cityscapes', s)[0] for s in (False, True))
    assert set(np.unique(plain.classes)) == {2, CAR}
    assert set(np.unique(sets.classes)) == {code_of('masonry'), code_of('motor vehicle')}
    for sample in (plain, sets):
        assert (sample.instances == np.where(plain.classes == CAR, 26007, 0)).all()
    assert not CamVid(tmp_path, 'val', 'cityscapes')[0].instances.any()
    assert not CamVid(tmp_path, 'train', 'camvid')[0].instances.any()


def test_a_set_is_learned_by_its_summed_probability():
    torch.manual_seed(0)
    logits = torch.randn(2, 19, 4, 5, dtype=torch.float64)
    weights, members = torch.rand(19) + .5, torch.from_numpy(set_members(CITY))
    classes = torch.randint(0, 19, (2, 4, 5))
    classes[0, :2], classes[1, 0], classes[1, 1] = code_of('living'), code_of('vehicle'), 255
    share, soft = torch.tensor([1., .5]), logits.softmax(1)
    total = weight = 0.
    for n, y, x in np.ndindex(2, 4, 5):
        value = int(classes[n, y, x])
        if value == 255:
            continue
        own = [value] if value < 19 else np.flatnonzero(set_members(CITY)[value - FIRST_CODE])
        w = float(weights[own].mean() * share[n])
        total -= w * float(soft[n, own, y, x].sum().log())
        weight += w
    found = ClassLoss(weights, members)(logits, classes, share)
    assert float(found) == pytest.approx(total / weight, rel=1e-5)
    known = torch.where(classes < 19, classes, 255)
    torch.testing.assert_close(OverlapLoss()(logits, classes, share),
                               OverlapLoss()(logits, known, share))


def test_what_a_cluster_may_be_is_no_evidence():
    classes = np.array([[255, code_of('vehicle'), code_of('living'), CAR, ROAD]], np.uint8)
    assert _may_be(classes, CAR, CITY).tolist() == [[True, True, False, False, False]]


def test_settings_go_by_folder_then_by_layout(tmp_path):
    city, camvid = write_city(tmp_path / 'town'), write_camvid(tmp_path / 'camvid')
    recipe = Recipe(sources={'cityscapes': {'often': 3, 'semantics': .5}, 'town': {'often': 2}})
    assert SourceSettings.of(recipe, city) == SourceSettings(often=2, semantics=.5)
    assert SourceSettings.of(recipe, camvid).pasted == 10
    with pytest.raises(UserError, match='Unknown setting oftne of the source town'):
        SourceSettings.of(Recipe(sources={'town': {'oftne': 2}}), city)


def test_sources_are_drawn_by_share_and_trust(tmp_path):
    folders = (write_city(tmp_path / 'town'), written.idd_lite(tmp_path / 'idd'))
    recipe = Recipe(sources={'town': {'often': 1, 'instances': 0.}, 'idd': {
        'often': 3, 'semantics': .25}})
    stream = Stream(shares(recipe, folders), Augmentation((64, 32), (1., 1.), disturb=False), 0)
    drawn = [stream[k] for k in range(200)]
    count = Counter(float(sample['semantics']) for sample in drawn)
    assert count[.25] + count[1.] == 200 and 125 < count[.25] < 175
    for sample in drawn:
        assert sample['instances'].any() == (sample['semantics'] == .25)


def test_rare_classes_are_drawn_more_often_across_sources(tmp_path):
    """Sky is in IDD's frame alone, which is drawn 1 time in 5 before, 2 in 6 after."""
    folders = (write_city(tmp_path / 'town'), written.idd_lite(tmp_path / 'idd'))
    sources = {'town': {'often': 4}, 'idd': {'often': 1}}
    often = [s.often for s in shares(Recipe(sources=sources, rare_below=.8), folders)]
    assert often == [4., 2.]


def test_cutouts_of_one_source_are_pasted_into_another(tmp_path):
    """A bright car of the town shows up on IDD's grey frames."""
    folders = (write_city(tmp_path / 'town'), written.idd_lite(tmp_path / 'idd'))
    recipe = Recipe(sources={'town': {'cutouts': 4}, 'idd': {'pasted': 5}})
    source: Share = shares(recipe, folders)[1]
    assert source.source._cutouts
    images = [source.source.draw(np.random.default_rng(seed)).image for seed in range(30)]
    assert any(len(np.unique(image)) > 20 for image in images)


def test_the_held_out_part_can_be_opened(tmp_path):
    city, camvid = write_city(tmp_path / 'city', 'val', 2), write_camvid(tmp_path / 'camvid')
    cv2.imwrite(str(camvid / 'val/a.png'), np.full((40, 64, 3), 200, np.uint8))
    opened = shares(Recipe(), (city, camvid), split='val')
    samples = [share.source.draw(np.random.default_rng(0)) for share in opened]
    assert samples[0].image.shape == (64, 128, 3)
    assert samples[1].image[0, 0].tolist() == [200, 200, 200]
    with pytest.raises(UserError, match='train'):
        shares(Recipe(), (city,))
