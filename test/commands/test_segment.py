# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg segment` from files to files, with a network that is not trained."""

import csv
import json

import av
import cv2
import numpy as np
import pytest

from instance_seg_ros import cli
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.io.video_writer import write_film


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Write an untrained checkpoint."""
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    random_checkpoint(input_size=(64, 64)).save(path)
    return path


def segment(checkpoint, *arguments):
    return cli.main(['segment', '--checkpoint', str(checkpoint), '--device', 'cpu',
                     '--min-area', '1', *map(str, arguments)])


def random_image(seed, height=48, width=80):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def test_images_and_a_video_and_broken_files(checkpoint, tmp_path, capsys):
    """What can be read is written; what cannot is named and counted; exit status 1."""
    data, out = tmp_path / 'in', tmp_path / 'out'
    data.mkdir()
    for k in range(3):
        cv2.imwrite(str(data / f'{k}.png'), random_image(k, 48 + k))
    (data / 'broken.jpg').write_bytes(b'nothing')
    (data / 'broken.mp4').write_bytes(b'nothing')
    write_film(data / 'film.mp4', ((k / 10, random_image(k)) for k in range(4)))
    assert segment(checkpoint, data, '--output', out, '--batch', 2, '--track',
                   '--json', tmp_path / 'summary.json') == 1
    printed = capsys.readouterr()
    assert 'broken.jpg' in printed.err and 'broken.mp4' in printed.err
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['images'] == 7 and len(summary['failed']) == 2
    assert {f.name for f in out.iterdir()} == {
        *(f'{k}_{what}' for k in range(3)
          for what in ('overlay.jpg', 'instanceIds.png', 'labelIds.png')),
        'film_overlay.mp4', 'film', 'instances.json', 'instances.csv'}
    assert len(list((out / 'film').iterdir())) == 8
    assert cv2.imread(str(out / '2_instanceIds.png'), cv2.IMREAD_UNCHANGED).shape == (50, 80)
    with av.open(str(out / 'film_overlay.mp4')) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-3)
    images = json.loads((out / 'instances.json').read_text())['images']
    rows = list(csv.DictReader((out / 'instances.csv').open()))
    assert len(rows) == sum(len(image['instances']) for image in images)
    assert sum(summary['instances'].values()) == len(rows)


def test_a_video_without_a_frame_that_decodes_stops_nothing(checkpoint, tmp_path, capsys):
    """It opens, since its index is whole; it is named and counted, and the next one is done."""
    data, out = tmp_path / 'in', tmp_path / 'out'
    data.mkdir()
    for name in ('a.mp4', 'b.mp4'):
        write_film(data / name, ((k / 10, random_image(k)) for k in range(2)))
    content = (data / 'a.mp4').read_bytes()
    begin = content.index(b'mdat')
    size = int.from_bytes(content[begin - 4:begin], 'big') - 8
    (data / 'a.mp4').write_bytes(content[:begin + 4] + bytes(size) + content[begin + 4 + size:])
    assert segment(checkpoint, data, '--output', out, '--json', tmp_path / 'summary.json') == 1
    broken, = json.loads((tmp_path / 'summary.json').read_text())['failed']
    assert broken['file'] == str(data / 'a.mp4') and broken['file'] not in broken['reason']
    assert f"{broken['file']}: {broken['reason']}" in capsys.readouterr().err
    assert {f.name for f in out.iterdir()} == {
        'b', 'b_overlay.mp4', 'instances.json', 'instances.csv'}
    assert len(json.loads((out / 'instances.json').read_text())['images']) == 2


@pytest.mark.parametrize('what', ['overlay', 'masks'])
def test_a_video_whose_frames_all_get_lost_is_named(checkpoint, tmp_path, what, capsys,
                                                    monkeypatch):
    """The decoder complains of nothing and gives nothing; no empty film is left."""
    cv2.imwrite(str(tmp_path / 'a.png'), random_image(0))
    write_film(tmp_path / 'film.mp4', ((k / 10, random_image(k)) for k in range(2)))
    monkeypatch.setattr('av.container.InputContainer.decode', lambda *_: iter(()))
    assert segment(checkpoint, tmp_path, '--output', tmp_path / 'o', '--write', what) == 1
    assert 'only 0 of its 2 frames' in capsys.readouterr().err
    assert not list((tmp_path / 'o').glob('film*'))


def test_only_what_is_asked_for_is_written(checkpoint, tmp_path):
    """Masks alone; exit status 0."""
    cv2.imwrite(str(tmp_path / 'a.png'), random_image(0))
    assert segment(checkpoint, tmp_path / 'a.png', '--output', tmp_path / 'o',
                   '--write', 'masks', '--min-area', 'car=5,person=2') == 0
    assert sorted(f.name for f in (tmp_path / 'o').iterdir()) == [
        'a_instanceIds.png', 'a_labelIds.png']


@pytest.mark.parametrize('wrong', [
    ['--batch', '0'], ['--classes', 'tram'], ['--score-threshold', '2'], ['--device', 'tpu'],
    ['--score-threshold', 'tram=0.5'], ['--min-area', 'car=-1'], ['--input-size', '5x5'],
    ['none.png']])
def test_wrong_arguments_are_one_sentence_and_status_2(checkpoint, tmp_path, wrong, capsys):
    """Nothing is written."""
    cv2.imwrite(str(tmp_path / 'a.png'), random_image(0))
    assert segment(checkpoint, tmp_path / 'a.png', *wrong, '--output', tmp_path / 'o') == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / 'o').exists()


@pytest.mark.parametrize('name', ['broken.jpg', 'broken.mp4'])
def test_nothing_readable_leaves_nothing(checkpoint, tmp_path, name, capsys):
    """Exit status 2, the file is named, and no empty tables lie about."""
    (tmp_path / name).write_bytes(b'nothing')
    assert segment(checkpoint, tmp_path / name, '--output', tmp_path / 'o') == 2
    first, last = capsys.readouterr().err.strip().splitlines()
    assert name in first and 'No file could be read' in last
    assert not (tmp_path / 'o').exists()


def test_a_folder_that_may_not_be_written_is_one_sentence(checkpoint, tmp_path, capsys):
    """A file is in the way of the results' folder."""
    cv2.imwrite(str(tmp_path / 'a.png'), random_image(0))
    (tmp_path / 'o').write_bytes(b'')
    with pytest.raises(SystemExit, match='2'):
        segment(checkpoint, tmp_path / 'a.png', '--output', tmp_path / 'o')
    assert str(tmp_path / 'o') in capsys.readouterr().err
