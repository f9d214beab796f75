# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest

from instance_seg_ros.checkpoint import random_checkpoint
from instance_seg_ros.cli import main
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.errors import UserError
from instance_seg_ros.evaluation.folder import read_predictions, write_predictions
from instance_seg_ros.evaluation.frames import Frame, Frames, ids_of
from instance_seg_ros.evaluation.official import Prediction
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.evaluation.report import table
from instance_seg_ros.evaluation.run import evaluate, to_dict
from instance_seg_ros.labels import LabelSet
from instance_seg_ros.segmenter import InstanceSegmenter

CITY = LabelSet.named('cityscapes')


def street() -> Sample:
    rng = np.random.default_rng(0)
    classes, instances = np.zeros((64, 128), np.uint8), np.zeros((64, 128), np.uint16)
    for number, x in enumerate((10, 40, 90)):
        classes[20:50, x:x + 30] = CITY.names.index('car')
        instances[20:50, x:x + 30] = 26000 + number
    return Sample('town_000000_000001', rng.integers(0, 255, (64, 128, 3)).astype(np.uint8),
                  classes, instances)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one picture in the layout of Cityscapes."""
    sample = street()
    ids = CITY.ids[sample.classes]
    for name, array in ((f'leftImg8bit/val/town/{sample.name}_leftImg8bit.png', sample.image),
                        (f'gtFine/val/town/{sample.name}_gtFine_labelIds.png', ids),
                        (f'gtFine/val/town/{sample.name}_gtFine_instanceIds.png', np.where(
                            sample.instances > 0, sample.instances, ids).astype(np.uint16))):
        path = tmp_path / 'data' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), array)
    return tmp_path / 'data'


def test_true_classes_bring_the_baselines_where_they_belong():
    sample = street()
    frames = Frames('streets', CITY, True, True, [Frame(sample, ids_of(sample, CITY))], 1)
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(128, 64)), device='cpu')
    result = evaluate(Predictor(segmenter), frames)
    components = result.scores['components, true classes']
    assert components.true_positives['car'] == 1     # the two that touch are one component
    assert components.truths['car'] == 3
    found = result.found['components, true classes']
    assert (found.touching[26], found.touching_found[26]) == (2, 0)
    assert (found.isolated[26], found.isolated_found[26]) == (1, 1)
    assert 'components, true classes' in table(result)
    assert json.dumps(to_dict(result))


def test_the_centres_of_separate_embeddings_find_every_object():
    sample = street()
    frame = Frame(sample, ids_of(sample, CITY))
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(128, 64)), device='cpu')
    predictor = Predictor(segmenter)
    import torch
    embeddings = torch.zeros(8, 64, 128)
    for number in range(3):
        embeddings[number][torch.from_numpy(sample.instances == 26000 + number)] = 5.
    centres = predictor._centres(embeddings, predictor._at_network_size(frame), (64, 128))
    assert [int(p.mask.sum()) for p in centres] == [900, 900, 900]
    clusters = predictor._clusters(embeddings[None], predictor._at_network_size(frame),
                                   (64, 128))
    assert sorted(int(p.mask.sum()) for p in clusters) == [900, 900, 900]


def test_predictions_survive_their_files(tmp_path):
    mask = np.zeros((8, 9), bool)
    mask[2:4, 3:5] = True
    write_predictions(tmp_path, 'a_b_c', [Prediction(26, .25, mask), Prediction(24, 1., ~mask)])
    first, second = read_predictions(tmp_path, 'a_b_c')
    assert (first.label_id, first.confidence) == (26, .25)
    assert np.array_equal(first.mask, mask) and np.array_equal(second.mask, ~mask)
    with pytest.raises(UserError, match='other'):
        read_predictions(tmp_path, 'other')
    (tmp_path / 'bad.txt').write_text('mask.png 26\n')
    with pytest.raises(UserError, match='LABEL_ID'):
        read_predictions(tmp_path, 'bad')


def test_the_verb_scores_perfect_files_with_one(folder, tmp_path, capsys):
    sample = street()
    write_predictions(tmp_path / 'files', sample.name, [
        Prediction(26, .5, sample.instances == 26000 + k) for k in range(3)])
    assert main(['evaluate', '--dataset', 'cityscapes', '--data', str(folder), '--predictions',
                 str(tmp_path / 'files'), '--json', str(tmp_path / 'scores.json')]) == 0
    assert 'car' in capsys.readouterr().out
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert scores['instances']['files']['classes']['car']['ap'] == 1.
    assert scores['instances']['files']['true_positives']['car'] == 3


def test_the_verb_runs_a_checkpoint_and_draws(folder, tmp_path, capsys):
    random_checkpoint(input_size=(128, 64)).save(tmp_path / 'random.safetensors')
    assert main(['evaluate', '--dataset', 'cityscapes', '--data', str(folder), '--checkpoint',
                 str(tmp_path / 'random.safetensors'), '--device', 'cpu', '--output',
                 str(tmp_path / 'out'), '--write-predictions', str(tmp_path / 'files')]) == 0
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert {'confusion.png', 'precision_recall.png', 'recall_by_size.png'} <= names
    assert any(name.startswith('worst_01') for name in names)
    assert (tmp_path / 'files' / f'{street().name}.txt').is_file()
    assert 'IoU of classes' in capsys.readouterr().out


def test_classes_come_from_the_semantic_checkpoint(folder, tmp_path, capsys):
    """End to end with two files; alone, the network of embeddings has no classes to cluster."""
    for task, seed in (('semantic', 1), ('embedding', 2)):
        random_checkpoint(seed, 'enet', task=task, input_size=(128, 64)).save(
            tmp_path / f'{task}.safetensors')
    random_checkpoint(3, 'enet', task='semantic', input_size=(128, 64)).save(
        tmp_path / 'other.safetensors')
    command = ['evaluate', '--dataset', 'cityscapes', '--data', str(folder), '--device', 'cpu',
               '--checkpoint', str(tmp_path / 'embedding.safetensors')]
    assert main(command) == 2
    assert 'semantic checkpoint' in capsys.readouterr().err
    iou = {}
    for name in ('semantic', 'other'):
        assert main([*command, '--semantic-checkpoint', str(tmp_path / f'{name}.safetensors'),
                     '--json', str(tmp_path / 'scores.json')]) == 0
        scores = json.loads((tmp_path / 'scores.json').read_text())
        iou[name] = scores['iou']
        assert 'embeddings, true classes' in scores['instances']
    assert iou['semantic'] != iou['other']


def test_bad_input_ends_with_status_2(tmp_path, capsys):
    assert main(['evaluate', '--dataset', 'cityscapes', '--data', str(tmp_path)]) == 2
    assert 'leftImg8bit' in capsys.readouterr().err
    assert main(['evaluate', '--dataset', 'kitti-mots', '--data', str(tmp_path)]) == 2
    assert 'instances.json' in capsys.readouterr().err
