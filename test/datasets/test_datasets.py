# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.augmentation import Augmentation
from instance_seg_ros.datasets.camvid import CamVid
from instance_seg_ros.datasets.check import census, check_labelled
from instance_seg_ros.datasets.cityscapes import Cityscapes
from instance_seg_ros.datasets.cutouts import collect, roof_dip, unhidden, whole_objects
from instance_seg_ros.datasets.kitti_mots import KittiMots
from instance_seg_ros.datasets.painter import BACKGROUND_ID
from instance_seg_ros.datasets.pasting import drop_small, paste
from instance_seg_ros.datasets.rare_classes import classes_shown, repeat_factors
from instance_seg_ros.datasets.rle import decode_rle
from instance_seg_ros.datasets.sample import IGNORE, Sample, read_map, read_rgb
from instance_seg_ros.datasets.stream import Drawn, Share, Stream

CITY = LabelSet.named('cityscapes')
CAR, ROAD = CITY.names.index('car'), CITY.names.index('road')


def street(cars=((60, 100, 40),), shape=(180, 240)) -> Sample:
    """Return a grey road with square cars at (x, y, size)."""
    rng = np.random.default_rng(0)
    image = rng.integers(90, 110, (*shape, 3)).astype(np.uint8)
    classes = np.full(shape, ROAD, np.uint8)
    instances = np.zeros(shape, np.uint16)
    for number, (x, y, size) in enumerate(cars):
        image[y:y + size, x:x + size] = 200 - 30 * number
        classes[y:y + size, x:x + size] = CAR
        instances[y:y + size, x:x + size] = 26000 + number
    return Sample('street', image, classes, instances)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def write_cityscapes(root, sample, name='town_000000_000001', split='val'):
    ids = np.append(CITY.ids, np.zeros(237, np.uint8))[sample.classes]
    write(root / f'leftImg8bit/{split}/town/{name}_leftImg8bit.png', sample.image[..., ::-1])
    write(root / f'gtFine/{split}/town/{name}_gtFine_labelIds.png', ids)
    write(root / f'gtFine/{split}/town/{name}_gtFine_instanceIds.png',
          np.where(sample.instances > 0, sample.instances, ids).astype(np.uint16))


def test_sample_refuses_maps_of_different_sizes():
    with pytest.raises(UserError, match='differ in size'):
        Sample('x', np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8),
               np.zeros((4, 4), np.uint16))


def test_missing_and_broken_files_name_themselves(tmp_path):
    with pytest.raises(UserError, match='nothing.png'):
        read_rgb(tmp_path / 'nothing.png')
    (tmp_path / 'broken.png').write_bytes(b'\x89PNG broken')
    with pytest.raises(UserError, match='broken.png'):
        read_map(tmp_path / 'broken.png')
    (tmp_path / 'empty.png').write_bytes(b'')
    with pytest.raises(UserError, match='empty.png'):
        read_map(tmp_path / 'empty.png')


def test_camvid_reads_void_as_ignore(tmp_path):
    write(tmp_path / 'val/a.jpg', np.zeros((4, 6, 3), np.uint8))
    write(tmp_path / 'valannot/a.png', np.full((4, 6), 11, np.uint8))
    write(tmp_path / 'val_cityscapes/a.png', np.full((4, 6), 13, np.uint8))
    assert (CamVid(tmp_path, 'val', 'camvid')[0].classes == IGNORE).all()
    assert (CamVid(tmp_path, 'val', 'cityscapes')[0].classes == CAR).all()
    write(tmp_path / 'valannot/a.png', np.full((4, 6), 12, np.uint8))
    with pytest.raises(UserError, match='class 12'):
        CamVid(tmp_path, 'val', 'camvid')[0]


def test_camvid_says_what_is_missing(tmp_path):
    with pytest.raises(UserError, match='no CamVid frames'):
        CamVid(tmp_path, 'train')
    write(tmp_path / 'test/a.jpg', np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(UserError, match='no cityscapes labels'):
        CamVid(tmp_path, 'test', 'cityscapes')
    with pytest.raises(UserError, match='splits'):
        CamVid(tmp_path, 'dev')


def test_cityscapes_groups_are_never_instances(tmp_path):
    sample = street()
    write_cityscapes(tmp_path, sample)
    path = tmp_path / 'gtFine/val/town/town_000000_000001_gtFine_instanceIds.png'
    ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    ids[:10] = 26  # a group of cars
    write(path, ids)
    data = Cityscapes(tmp_path, 'val')
    read = data[0]
    assert set(np.unique(read.instances)) == {0, 26000}
    assert np.array_equal(read.image, sample.image)
    assert np.array_equal(read.classes, sample.classes)
    path.unlink()
    with pytest.raises(UserError, match='instanceIds.png'):
        data[0]


def test_cityscapes_instances_of_void_classes_are_none(tmp_path):
    write_cityscapes(tmp_path, street())
    for kind, value in (('labelIds', 29), ('instanceIds', 29000)):
        path = tmp_path / f'gtFine/val/town/town_000000_000001_gtFine_{kind}.png'
        ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        ids[:10] = value    # a caravan
        write(path, ids)
    read = Cityscapes(tmp_path, 'val')[0]
    assert set(np.unique(read.instances)) == {0, 26000}
    assert (read.classes[:10] == IGNORE).all()


def labelled(folder, labels, instances=None):
    """Write one frame with these label maps; return the data set."""
    write(folder / 'leftImg8bit/train/town/a_leftImg8bit.png',
          np.zeros((*labels.shape, 3), np.uint8))
    write(folder / 'gtFine/train/town/a_gtFine_labelIds.png', labels)
    write(folder / 'gtFine/train/town/a_gtFine_instanceIds.png',
          labels if instances is None else instances)
    return Cityscapes(folder, 'train')


@pytest.mark.parametrize('label_id', (34, 254, 256 + 26, 65535))
def test_label_ids_that_cityscapes_does_not_have_are_refused(tmp_path, label_id):
    """282 must not wrap around to 26, a car."""
    labels = np.full((4, 6), 7, np.uint16)
    labels[0, 0] = label_id
    data = labelled(tmp_path, labels)
    with pytest.raises(UserError, match=f'labelIds.png: unknown label ids {label_id};'):
        data[0]
    assert len(census(data, CITY).broken) == 1


def test_label_images_of_8_and_16_bit_are_the_same(tmp_path):
    labels = np.full((4, 6), 7, np.uint8)
    labels[0, 0] = 255
    for depth in (np.uint8, np.uint16):
        sample = labelled(tmp_path, labels.astype(depth), labels.astype(depth))[0]
        assert sample.instances.dtype == np.uint16 and not sample.instances.any()
        assert sample.classes[0, 0] == IGNORE and (sample.classes.ravel()[1:] == ROAD).all()


def test_training_ids_in_place_of_label_ids_are_refused(tmp_path):
    """With instanceIds a single image is refused; without, only a whole data set is."""
    labels = np.full((4, 6), ROAD, np.uint8)
    labels[:2] = CAR
    ids = np.where(labels == CAR, 26001, 7).astype(np.uint16)
    with pytest.raises(UserError, match='training ids'):
        labelled(tmp_path, labels, ids)[0]
    labels[:2] = 0, 1, 2, 8, 10, 13
    result = census(labelled(tmp_path, labels), CITY)
    assert not result.broken and 'suspicious: ' in str(result) and 'training ids' in str(result)


def test_a_set_without_any_known_class_is_not_trained_on(tmp_path, caplog):
    data = labelled(tmp_path, np.full((4, 6), 3, np.uint8))
    assert census(data, CITY).problems == ['no pixel has a known class: all is void']
    with pytest.raises(UserError, match='mine: no pixel has a known class'):
        check_labelled(data, CITY, 'mine')
    labels = np.full((4, 6), 7, np.uint8)
    check_labelled(labelled(tmp_path, labels), CITY, 'mine')
    assert 'mine: no class with a label id above 18' in caplog.text
    labels[0] = 21
    caplog.clear()
    check_labelled(labelled(tmp_path, labels), CITY, 'mine')
    assert not caplog.text


def test_whole_objects_takes_squares_and_leaves_doubtful_shapes():
    single, pair = street(), street(((60, 100, 40), (98, 100, 40)))
    assert set(np.unique(whole_objects(single.classes, CITY))) == {0, 26000}
    assert not whole_objects(pair.classes, CITY).any()
    assert not whole_objects(street(((0, 100, 40),)).classes, CITY).any()   # cut by the border
    assert not whole_objects(street(((60, 100, 9),)).classes, CITY).any()   # too small
    near = street(((60, 100, 40), (102, 100, 40)))
    assert not whole_objects(near.classes, CITY).any()                      # two pixels apart


def test_roof_dip_is_the_depth_of_the_valley():
    roof = np.ones((10, 9), bool)
    assert roof_dip(roof) == 0
    roof[:4, 4] = False
    assert roof_dip(roof) == pytest.approx(.4)


def test_unhidden_drops_touching_instances():
    sample = street(((20, 100, 40), (60, 100, 40), (150, 100, 40)))
    assert set(np.unique(unhidden(sample).instances)) == {0, 26002}


def test_pasting_gives_class_and_instance_to_the_same_pixels():
    sample = street(((60, 100, 40),))
    cutouts = collect([sample], CITY)
    assert [c.label for c in cutouts] == ['car']
    pasted = paste(sample, cutouts, CITY, np.random.default_rng(3), 6)
    assert len(np.unique(pasted.instances)) > 3
    assert (pasted.classes[pasted.instances > 0] == CAR).all()
    assert not np.array_equal(pasted.image, sample.image)
    assert set(np.unique(sample.instances)) == {0, 26000}, 'the original is left alone'


def test_nothing_to_paste_changes_nothing():
    sample = street()
    pasted = paste(sample, [], CITY, np.random.default_rng(3), 6)
    assert np.array_equal(pasted.image, sample.image)
    assert np.array_equal(pasted.instances, sample.instances)


def test_drop_small_keeps_what_is_large():
    instances = np.zeros((10, 10), np.uint16)
    instances[:5], instances[9, :3] = 26000, 24001
    assert set(np.unique(drop_small(instances, 10))) == {0, 26000}
    assert drop_small(instances, 3) is not instances


def test_frames_with_a_rare_class_are_drawn_more_often():
    common, rare = (Sample('', np.zeros((4, 4, 3), np.uint8), np.full((4, 4), k, np.uint8),
                           np.zeros((4, 4), np.uint16)) for k in (0, 3))
    rare.classes[0] = 255       # no class at all
    shown = classes_shown([frame.classes for frame in [common] * 24 + [rare]], 19)
    factors, = repeat_factors([shown], [1.], rare_below=.16)
    assert factors.tolist() == [1.] * 24 + [2.]
    assert repeat_factors([shown], [1.], rare_below=0.)[0].tolist() == [1.] * 25


def test_a_class_is_rare_over_all_sources_together():
    """Of 80 % and 20 % of the draws, half and all show class 1: .6 together."""
    first = np.array([[True, True], [True, False]])
    second = np.array([[False, True]])
    one, two = repeat_factors([first, second], [4., 1.], rare_below=.6 * 4)
    assert one.tolist() == pytest.approx([2., np.sqrt(2.4 / .8)])
    assert two.tolist() == pytest.approx([2.])


def stream(seed=0):
    sample = street(((60, 100, 40), (150, 90, 30)))
    pasted = Drawn([sample], CITY, collect([sample], CITY), 4)
    return Stream([Share(Drawn([sample]), 1., .5), Share(pasted, 1.)],
                  Augmentation((64, 32)), seed)


def test_a_sample_is_a_function_of_seed_and_index():
    one, two = stream(), stream()
    for index in (7, 3, 7):
        for key, value in one[index].items():
            assert np.array_equal(value, two[index][key]), key
    assert not np.array_equal(one[3]['image'], one[4]['image'])
    assert not np.array_equal(one[3]['image'], stream(1)[3]['image'])
    assert {float(one[i]['semantics']) for i in range(20)} == {.5, 1.}


def test_augmented_maps_have_the_size_asked_for():
    sample = stream()[0]
    assert sample['image'].shape == (3, 32, 64) and sample['image'].dtype == np.uint8
    assert sample['classes'].shape == sample['instances'].shape == (32, 64)
    assert (sample['classes'][sample['instances'] > 0] == CAR).all()


def test_images_can_be_left_as_they_are():
    sample = street()
    whole = Augmentation((240, 180), (1., 1.), (4 / 3, 4 / 3), disturb=False)(sample, 5)
    assert np.array_equal(whole.image, sample.image)
    assert np.array_equal(whole.classes, sample.classes)


def test_rle_of_both_forms():
    mask = np.zeros((3, 4), bool)
    mask[1:, 1] = mask[0, 2] = True
    counts = [4, 3, 5]
    assert np.array_equal(decode_rle({'size': [3, 4], 'counts': counts}), mask)
    text = ''.join(chr(c + 48) for c in counts)
    assert np.array_equal(decode_rle({'size': [3, 4], 'counts': text}), mask)


def test_long_runs_take_several_characters():
    # 300 = 0b1001_01100: low five bits first, 32 = more to come.
    text = ''.join(chr(c + 48) for c in (12 | 32, 9, 10))
    assert decode_rle({'size': [31, 10], 'counts': text}).sum() == 10


def test_kitti_mots_ignores_regions(tmp_path):
    counts = {'size': [4, 4], 'counts': [0, 8, 8]}
    rest = {'size': [4, 4], 'counts': [8, 4, 4]}
    (tmp_path / 'instances.json').write_text(json.dumps({
        'images': [{'id': 1, 'file_name': 'a.png', 'width': 4, 'height': 4},
                   {'id': 2, 'file_name': 'b.png', 'width': 4, 'height': 4}],
        'categories': [{'id': 1, 'name': 'person'}, {'id': 3, 'name': 'car'}],
        'annotations': [
            {'image_id': 1, 'category_id': 3, 'track_id': 5, 'segmentation': counts},
            {'image_id': 1, 'category_id': 3, 'iscrowd': 1, 'track_id': 0,
             'segmentation': rest}]}))
    for name in 'ab':
        write(tmp_path / f'images/{name}.png', np.zeros((4, 4, 3), np.uint8))
    data = KittiMots(tmp_path, 'val')
    assert len(data) == 2 and not (data.with_truth(1)[1] >= 1000).any()
    sample, ids = data.with_truth(0)
    assert set(np.unique(ids)) == {0, BACKGROUND_ID, 26005}
    assert (ids == 0).sum() == 4 and (sample.instances == 26005).sum() == 8


def test_kitti_mots_names_its_file(tmp_path):
    with pytest.raises(UserError, match='instances.json'):
        KittiMots(tmp_path, 'val')


def test_the_real_sets_read(shared_data):
    sample = CamVid(shared_data / 'camvid', 'val')[0]
    assert sample.image.shape == (360, 480, 3) and sample.classes.max() <= IGNORE
    drive = KittiMots(shared_data / 'kitti_mots_0005', 'val')
    ids = [drive.with_truth(i)[1] for i in range(len(drive))]
    cars = sum(len(np.unique(i[i // 1000 == 26])) for i in ids)
    people = sum(len(np.unique(i[i // 1000 == 24])) for i in ids)
    assert (cars, people) == (243, 21)


def test_census_counts_and_names_broken_files(tmp_path):
    write_cityscapes(tmp_path, street(), split='train')
    write_cityscapes(tmp_path, street(), 'town_000000_000002', split='train')
    data = Cityscapes(tmp_path, 'train')
    data.ground_truth(1, 'labelIds').write_bytes(b'')
    result = census(data, CITY)
    assert result.sizes == {'240x180': 1} and result.instances == {26: 1}
    assert result.pixels[CAR] == 1600
    assert len(result.broken) == 1 and 'town_000000_000002' in result.broken[0]
    assert 'broken: ' in str(result) and 'car' in str(result)


def test_crops_can_be_chosen_for_their_classes_or_instances():
    classes = np.full((180, 240), ROAD, np.uint8)
    classes[:60, :80] = np.arange(80) // 8   # ten classes in one corner
    instances = np.zeros(classes.shape, np.uint16)
    instances[120:, 160:] = 26000
    sample = Sample('corners', np.zeros((180, 240, 3), np.uint8), classes, instances)

    def seen(**choice):
        crop = Augmentation((64, 32), (.1, .1), (1.9, 2.1), **choice)
        return [crop(sample, seed) for seed in range(40)]

    plain, diverse, rich = (seen(rich=r, diverse=d) for r, d in ((0, 0), (0, 1), (1, 0)))
    count = [sum(len(np.unique(s.classes)) for s in crops) for crops in (plain, diverse, rich)]
    assert count[1] > 1.5 * count[0]
    shown = [sum(np.count_nonzero(s.instances) for s in crops) for crops in (plain, diverse, rich)]
    assert shown[2] > 1.5 * shown[0]
