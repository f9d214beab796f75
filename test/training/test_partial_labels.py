# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A source that does not label a class does not teach its absence."""
import numpy as np
import pytest
import torch
from datasets import written

from instance_seg_ros.core.labels import Label, LabelSet
from instance_seg_ros.datasets.augmentation import Augmentation
from instance_seg_ros.datasets.stream import Stream
from instance_seg_ros.training.data import class_weights
from instance_seg_ros.training.instance_losses import LearnedSeedsLoss
from instance_seg_ros.training.losses import ClassLoss, OverlapLoss
from instance_seg_ros.training.partial_labels import without_unlabelled
from instance_seg_ros.training.recipe import Recipe
from instance_seg_ros.training.sources import shares

YARD = LabelSet('yard', (
    Label(1, 'car', (0, 0, 1), True), Label(2, 'person', (0, 1, 0), True),
    Label(3, 'ground', (0, 0, 0))), rest='ground')
CAR, PERSON, GROUND = range(3)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Write two COCO exports: one with cars and persons, one whose persons are not annotated."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    whole, cars = written.coco_data(), written.coco_data()
    cars['categories'] = cars['categories'][1:]
    cars['annotations'] = [a for a in cars['annotations'] if a['category_id'] == 3]
    for name, data in (('whole', whole), ('cars', cars)):
        written.write_json(tmp_path / name / 'annotations/instances_train2017.json', data)
        written.write(tmp_path / name / 'train2017/a.png', written.IMAGE)
    return tmp_path / 'whole', tmp_path / 'cars'


def stream_of(folders):
    return Stream(shares(Recipe(label_set=YARD.to_dict()), folders),
                  Augmentation((64, 32), (1., 1.), disturb=False), 0)


def test_samples_say_what_their_source_labels(folders):
    found = {tuple(s['labelled'].tolist()) for s in map(stream_of(folders).__getitem__, range(20))}
    assert found == {(True, True, True), (True, False, True)}
    for alone in folders:       # nothing else is known of persons: they are learned as absent
        assert 'labelled' not in stream_of((alone,))[0]


def losses(logits, classes, labelled):
    known, share = without_unlabelled(logits, classes, labelled), torch.ones(len(logits))
    return (ClassLoss(torch.ones(3))(known, classes, share) + OverlapLoss()(
        known, classes, share))


def test_an_unlabelled_class_has_no_gradient():
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    classes = torch.randint(0, 2, (2, 4, 5)) * GROUND
    classes[:, 0, 0] = 255
    labelled = torch.tensor([[True, False, True], [True, True, True]])
    losses(logits, classes, labelled).backward()
    gradient = logits.grad
    assert torch.isfinite(gradient).all()
    assert not gradient[0, PERSON].any() and gradient[0, CAR].any()
    assert gradient[1, PERSON, 1:].all()        # the other image says where no person is


def test_a_pasted_object_of_an_unlabelled_class_is_learned():
    logits = torch.zeros(1, 3, 2, 2, requires_grad=True)
    classes = torch.tensor([[[PERSON, CAR], [GROUND, 255]]])
    loss = losses(logits, classes, torch.tensor([[True, False, True]]))
    loss.backward()
    assert torch.isfinite(loss) and logits.grad[0, PERSON, 0, 0] < 0
    assert not logits.grad[0, PERSON, 0, 1] and not logits.grad[0, PERSON, 1].any()


def test_full_labels_change_nothing():
    logits, classes = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    same = without_unlabelled(logits, classes, torch.ones(2, 3, dtype=torch.bool))
    assert torch.equal(same, logits)


def test_unlabelled_things_may_stand_on_the_rest():
    """The seed map is not pushed down where the source would not show a person."""
    loss = LearnedSeedsLoss(YARD)
    outputs = torch.randn(2, 6, 4, 4, requires_grad=True)
    batch = {'classes': torch.full((2, 4, 4), GROUND), 'instances': torch.zeros(2, 4, 4).long(),
             'labelled': torch.tensor([[True, False, True], [True, True, True]])}
    loss(outputs, batch)[0].backward()
    assert not outputs.grad[0].any() and outputs.grad[1].any()


def test_weights_come_from_the_index(folders, monkeypatch):
    stream = stream_of(folders)
    monkeypatch.setattr(Stream, '__getitem__', lambda *_: pytest.fail('an image was read'))
    share = stream.class_shares()
    pixels, cars, person = written.HEIGHT * written.WIDTH, 2 * 15 * 10, 6 * 20
    both = np.array([[cars, person, pixels - cars - person], [cars, 0, pixels - cars]])
    assert share == pytest.approx((both / pixels).mean(0), rel=1e-6)
    weights = class_weights(stream, 3, 1.02)
    assert weights.tolist() == pytest.approx((1 / np.log(1.02 + share)).tolist(), rel=1e-5)


def test_rare_classes_are_found_in_the_index(folders, monkeypatch):
    recipe = Recipe(label_set=YARD.to_dict(), rare_below=.9)
    monkeypatch.setattr('instance_seg_ros.training.sources.classes_shown',
                        lambda *_: pytest.fail('images were read'))
    often = [share.often for share in shares(recipe, folders)]
    assert often[0] == pytest.approx((.9 / .5) ** .5) and often[1] == 1.
