# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json

import cv2
import numpy as np
import pytest
import torch

from instance_seg_ros.cli import main
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.sample import Sample
from instance_seg_ros.evaluation.folder import (
    FolderPredictor,
    read_predictions,
    write_predictions,
)
from instance_seg_ros.evaluation.frames import TruthFrame, TruthFrames, ids_of
from instance_seg_ros.evaluation.official import Prediction
from instance_seg_ros.evaluation.predictors import Predictor
from instance_seg_ros.evaluation.report import table
from instance_seg_ros.evaluation.run import evaluate, to_dict
from instance_seg_ros.evaluation.single_task import predictor_of
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter

CITY = LabelSet.named('cityscapes')


def street() -> Sample:
    rng = np.random.default_rng(0)
    classes, instances = np.zeros((64, 128), np.uint8), np.zeros((64, 128), np.uint16)
    for number, x in enumerate((10, 40, 90)):
        classes[20:50, x:x + 30] = CITY.names.index('car')
        instances[20:50, x:x + 30] = 26000 + number
    return Sample('town_000000_000001', rng.integers(0, 255, (64, 128, 3)).astype(np.uint8),
                  classes, instances)


def frames_of_one(sample: Sample) -> TruthFrames:
    frame = TruthFrame(sample, ids_of(sample, CITY))
    return TruthFrames('streets', CITY, True, True, [frame], 1)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one image in the layout of Cityscapes."""
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
    frames = frames_of_one(sample)
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
    frame = TruthFrame(sample, ids_of(sample, CITY))
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(128, 64)), device='cpu')
    predictor = Predictor(segmenter)
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


@pytest.mark.parametrize('line', (
    b'm.png inf 0.5', b'm.png 24 inf', b'm.png 24 nan', b'\xff.png 24 1', b'm\0.png 24 1',
    b'm.png 24', b'm.png x 1', b'../secret.png 24 1', b'/etc/passwd 24 1', b'sub/../../m.png 1 1',
    b'none.png 24 1', b'x' * 5000 + b'.png 24 1', b'm.png 1e999 1'))
def test_texts_of_predictions_that_are_wrong(tmp_path, line):
    """Each is refused; what they name outside the folder is not read."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    for path in (folder / 'm.png', tmp_path / 'm.png', tmp_path / 'secret.png'):
        cv2.imwrite(str(path), np.eye(8, dtype=np.uint8))
    (folder / 'a.txt').write_bytes(line)
    with pytest.raises(UserError) as error:
        read_predictions(folder, 'a')
    assert len(str(error.value)) < 1000


def scored(tmp_path, ids, *predictions):
    """Return the result of one frame with these predictions."""
    for prediction in predictions:
        assert prediction.shape == ids.shape
    write_predictions(tmp_path, 'a', predictions)
    sample = Sample('a', np.zeros((*ids.shape, 3), np.uint8), np.zeros(ids.shape, np.uint8),
                    np.zeros(ids.shape, np.uint16))
    frames = TruthFrames('test', LabelSet.named('cityscapes'), True, False,
                         [TruthFrame(sample, ids)], 1)
    return evaluate(FolderPredictor(tmp_path), frames)


def test_false_positives_of_a_class_without_truths_are_in_the_table(tmp_path):
    ids = np.full((60, 80), 7, np.int32)
    ids[5:30, 5:30] = 26000
    mask = np.zeros(ids.shape, bool)
    mask[35:55, 40:70] = True
    lines = table(scored(tmp_path, ids, Prediction(24, .5, mask))).splitlines()
    person = next(line for line in lines if 'person' in line)
    assert person.split()[3:7] == ['-', '0', '1', '0']


def test_touching_and_isolated_add_up_to_the_truths(tmp_path):
    """Also where an object is too small to count."""
    ids = np.full((60, 80), 7, np.int32)
    ids[5:25, 5:25], ids[5:25, 26:50], ids[40:55, 5:25], ids[58:60, 70:72] = (
        26000, 26001, 26002, 26003)
    result = scored(tmp_path, ids, Prediction(26, .5, ids == 26000))
    found, scores = result.found['files'], result.scores['files']
    assert (found.touching[26], found.isolated[26], scores.truths['car']) == (2, 1, 3)


@pytest.mark.filterwarnings('error')
def test_data_without_true_instances_say_so(tmp_path):
    text = table(scored(tmp_path, np.full((60, 80), 7, np.int32)))
    assert 'no true instances that count' in text


def test_predictions_keep_only_what_is_inside_their_box():
    mask = np.zeros((3456, 5184), bool)
    mask[100:110, 20:40] = True
    mask[105, 30] = False
    prediction = Prediction(26, .5, mask)
    assert prediction.part.nbytes == 200 and np.array_equal(prediction.mask, mask)
    assert prediction.with_confidence(1.).confidence == 1.
    index = np.zeros(mask.shape, np.uint8)
    index[:, 30:] = 2
    assert prediction.count(index, 4).tolist() == [100, 0, 99, 0]
    empty = Prediction(26, .5, np.zeros((4, 5), bool))
    assert not empty.mask.any() and empty.count(index[:4, :5], 3).tolist() == [0, 0, 0]


def test_files_of_names_that_begin_alike_are_told_apart(tmp_path):
    mask = np.eye(4, dtype=bool)
    for name, score in (('drive_1', .25), ('drive_10', .5)):
        write_predictions(tmp_path, name, [Prediction(26, score, mask)])
    assert [read_predictions(tmp_path, name)[0].confidence
            for name in ('drive_1', 'drive_10')] == [.25, .5]
    (tmp_path / 'drive_1.txt').rename(tmp_path / 'drive_1_pred.txt')
    assert read_predictions(tmp_path, 'drive_1_')[0].confidence == .25


def test_two_images_of_one_name_cannot_have_files(tmp_path):
    one = frames_of_one(street())
    frames = dataclasses.replace(one, frames=one.frames * 2, count=2)
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(128, 64)), device='cpu')
    assert evaluate(Predictor(segmenter), frames).scores
    with pytest.raises(UserError, match='town_000000_000001'):
        evaluate(Predictor(segmenter), frames, tmp_path)


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


def score(folder, tmp_path, *arguments, dataset='cityscapes'):
    """Run the verb; return its scores as data."""
    assert main(['evaluate', '--dataset', dataset, '--data', str(folder), '--device', 'cpu',
                 '--json', str(tmp_path / 'scores.json'), *map(str, arguments)]) == 0
    return json.loads((tmp_path / 'scores.json').read_text())


@pytest.fixture
def single(tmp_path):
    """Return files with networks of one task each, by task, and another of classes."""
    for seed, (name, task) in enumerate((('semantic', 'semantic'), ('embedding', 'embedding'),
                                         ('other', 'semantic'))):
        random_checkpoint(seed, 'enet', task=task, input_size=(128, 64)).save(
            tmp_path / f'{name}.safetensors')
    return {name: tmp_path / f'{name}.safetensors' for name in ('semantic', 'embedding', 'other')}


def test_classes_come_from_the_semantic_checkpoint(folder, single, tmp_path):
    iou = {}
    for name in ('semantic', 'other'):
        scores = score(folder, tmp_path, '--checkpoint', single['embedding'],
                       '--semantic-checkpoint', single[name])
        iou[name] = scores['iou']
        assert {'embeddings', 'embeddings, true classes'} <= set(scores['instances'])
        # Either network alone scores the same as in combination with the other one.
        assert score(folder, tmp_path, '--checkpoint', single[name])['iou'] == scores['iou']
        alone = score(folder, tmp_path, '--checkpoint', single['embedding'])['instances']
        assert alone == {variant: scores['instances'][variant] for variant in alone}
    assert iou['semantic'] != iou['other']


def test_classes_alone_are_scored_by_iou(folder, single, tmp_path, capsys):
    scores = score(folder, tmp_path, '--checkpoint', single['semantic'], '--output',
                   tmp_path / 'out')
    assert 'instances' not in scores and 0 <= scores['mean_iou'] <= 1
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'confusion.png'}
    assert 'AP in percent' not in capsys.readouterr().out


def test_embeddings_alone_are_scored_within_true_classes(folder, single, tmp_path, capsys):
    scores = score(folder, tmp_path, '--checkpoint', single['embedding'], '--output',
                   tmp_path / 'out', '--write-predictions', tmp_path / 'files')
    assert 'iou' not in scores and list(scores['instances']) == [
        'embeddings, true classes', 'centres, true classes', 'components, true classes',
        'boxes, smallest', 'boxes, all inside']
    assert scores['instances']['components, true classes']['true_positives']['car'] == 1
    assert (tmp_path / 'out/precision_recall.png').is_file()
    assert (tmp_path / 'files' / f'{street().name}.txt').is_file()
    assert 'IoU of classes' not in capsys.readouterr().out


def test_embeddings_that_know_better_do_not_need_classes(monkeypatch):
    """Exact embeddings behind an embedding network's file: every car is found."""
    sample, own = street(), random_checkpoint(1, 'enet', task='embedding', input_size=(128, 64))
    predictor = predictor_of(own, device='cpu')
    numbers = torch.from_numpy(sample.instances.astype(np.float32)) - 26000
    monkeypatch.setattr(predictor.segmenter, 'infer', lambda images: (
        None, 5 * numbers.expand(1, 8, 64, 128)))
    frames = frames_of_one(sample)
    result = evaluate(predictor, frames)
    assert result.scores['embeddings, true classes'].averages['allAp'] == 1.
    assert result.scores['components, true classes'].averages['allAp'] < 1.
    assert result.confusion is None


@pytest.mark.parametrize(('task', 'truth', 'missing'), [
    ('semantic', 'has_semantics', 'classes'), ('embedding', 'has_instances', 'instances')])
def test_a_network_needs_the_truth_of_its_task(task, truth, missing):
    frames = TruthFrames('streets', CITY, True, True, [], 0)
    predictor = predictor_of(random_checkpoint(1, 'enet', task=task, input_size=(128, 64)),
                             device='cpu')
    with pytest.raises(UserError, match=f'streets has no true {missing}'):
        evaluate(predictor, dataclasses.replace(frames, **{truth: False}))


@pytest.mark.parametrize('task', ['semantic', 'embedding'])
def test_images_and_videos_need_both_tasks(task, folder, single, tmp_path, capsys):
    command = ['evaluate', '--dataset', 'cityscapes', '--data', str(folder), '--device', 'cpu',
               '--checkpoint', str(single[task])]
    assert main([*command, '--comparison', str(tmp_path / 'x.png')]) == 2
    assert '--semantic-checkpoint' in capsys.readouterr().err
    assert main([*command, '--tracking']) == 2
    assert 'output' in capsys.readouterr().err
    assert task == 'embedding' or main([*command, '--write-predictions', str(tmp_path)]) == 2


def test_bad_input_ends_with_status_2(tmp_path, capsys):
    assert main(['evaluate', '--dataset', 'cityscapes', '--data', str(tmp_path)]) == 2
    assert 'leftImg8bit' in capsys.readouterr().err
    assert main(['evaluate', '--dataset', 'kitti-mots', '--data', str(tmp_path)]) == 2
    assert 'instances.json' in capsys.readouterr().err
