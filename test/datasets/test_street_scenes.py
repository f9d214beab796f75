# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes rendered for real, tiny and of the package's own shapes only."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from checkout import child_environment

from instance_seg_ros.core.labels import LabelSet

pytest.importorskip('panda3d')
pytestmark = pytest.mark.slow

SIZE = (160, 80)
VOID = {0, 1, 4, 5, 6, 9}  # unlabelled, our bonnet, static, dynamic, ground, parking


def render(*args):
    """Run the verb; skip the test where there is no off-screen OpenGL."""
    command = [sys.executable, '-m', 'instance_seg_ros.cli', 'render-scenes', *map(str, args),
               '--size', f'{SIZE[0]}x{SIZE[1]}']
    done = subprocess.run(command, env=child_environment(LP_NUM_THREADS='1'), text=True,
                          capture_output=True, timeout=600)
    if 'OpenGL' in done.stderr and done.returncode == 2:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    """Render three scenes in train and one in val, by two processes."""
    root = tmp_path_factory.mktemp('scenes')
    done = render(root, '--count', 3, '--val-count', 1, '--seed', 11, '--jobs', 2)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """Render four frames of a video, as a folder and as a bag."""
    root = tmp_path_factory.mktemp('video')
    done = render(root / 'frames', '--sequence', '--seconds', 1, '--rate', 4, '--seed', 2,
                  '--street', 'town', '--weather', 'cloudy', '--bag', root / 'street.mcap')
    assert done.returncode == 0, done.stderr
    return root


def files_of(root, kind):
    """Return the sorted files whose name ends so."""
    return sorted(root.rglob(f'*{kind}'))


def read(path):
    """Read an image as it is stored."""
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_layout_is_that_of_cityscapes(scenes):
    names = {p.relative_to(scenes).as_posix() for p in scenes.rglob('*') if p.is_file()}
    stem = 'rendered11/rendered11_000002_000000'
    assert names >= {f'leftImg8bit/train/{stem}_leftImg8bit.png',
                     f'gtFine/train/{stem}_gtFine_instanceIds.png',
                     f'gtFine/train/{stem}_gtFine_labelIds.png',
                     f'disparity/train/{stem}_disparity.png',
                     f'camera/train/{stem}_camera.json'}
    assert len(names) == 4 * 5 and sum(name.count('/val/') for name in names) == 5


def test_types_and_sizes(scenes):
    for kind, dtype, shape in (('leftImg8bit.png', np.uint8, (80, 160, 3)),
                               ('instanceIds.png', np.uint16, (80, 160)),
                               ('labelIds.png', np.uint8, (80, 160)),
                               ('disparity.png', np.uint16, (80, 160))):
        for path in files_of(scenes, kind):
            image = read(path)
            assert image.dtype == dtype and image.shape == shape


def test_labels_are_known_and_agree_with_instances(scenes):
    label_set = LabelSet.named('cityscapes')
    known = {label.id for label in label_set.labels} | VOID
    things = {label.id for label in label_set.labels if label.has_instances}
    for path in files_of(scenes, 'instanceIds.png'):
        ids = read(path).astype(int)
        labels = read(path.with_name(path.name.replace('instanceIds', 'labelIds'))).astype(int)
        assert set(np.unique(labels)) <= known
        assert np.array_equal(np.where(ids >= 1000, ids // 1000, ids), labels)
        assert set(np.unique(labels[ids >= 1000])) <= things


def test_scenes_hold_street_cars_and_sky(scenes):
    seen = set(np.unique(np.concatenate([read(p).ravel()
                                         for p in files_of(scenes, 'labelIds.png')])))
    assert seen >= {7, 23, 26} and seen & {8, 11, 21}


def test_disparity_is_nothing_on_sky_and_falls_along_the_road(scenes):
    for path in files_of(scenes, 'labelIds.png'):
        labels = read(path)
        name = path.name.replace('gtFine_labelIds', 'disparity')
        disparity = read(scenes / 'disparity' / path.relative_to(scenes / 'gtFine')
                         .with_name(name)).astype(float)
        assert (disparity[labels == 23] == 0).all() and (disparity[labels != 23] > 0).all()
        rows = [disparity[y][labels[y] == 7].mean() for y in range(80)
                if (labels[y] == 7).sum() > 30]
        assert len(rows) < 3 or np.corrcoef(np.arange(len(rows)), rows)[0, 1] > 0.8


def test_same_seed_same_bytes_whatever_the_processes(scenes, tmp_path):
    assert render(tmp_path, '--count', 2, '--val-count', 0, '--seed', 11).returncode == 0
    for path in (p for p in tmp_path.rglob('*') if p.is_file()):
        assert path.read_bytes() == (scenes / path.relative_to(tmp_path)).read_bytes(), path.name


def test_resumes_with_what_is_missing(scenes):
    images = files_of(scenes, 'leftImg8bit.png')
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in images}
    images[1].unlink()
    (scenes / 'left over').mkdir()
    assert render(scenes, '--count', 3, '--val-count', 1, '--seed', 11).returncode == 0
    for path in images:
        assert path.read_bytes() == before[path][1]
        assert (path.stat().st_mtime_ns == before[path][0]) == (path != images[1])


def test_videos_keep_numbers_and_move(video):
    ids = [read(p).astype(int) for p in files_of(video, 'instanceIds.png')]
    assert len(ids) == 4
    common = set(np.unique(ids[0][ids[0] >= 1000])) & set(np.unique(ids[1][ids[1] >= 1000]))
    assert len(common) >= 2

    def center(image, number):
        return np.argwhere(image == number).mean(0)
    steps = [np.linalg.norm(center(ids[0], n) - center(ids[1], n)) for n in common]
    assert 0.0 < np.median(steps) < 40.0
    images = [read(p) for p in files_of(video, 'leftImg8bit.png')]
    assert np.abs(images[0].astype(int) - images[3]).mean() > 2


def test_bag_holds_images_and_camera(video):
    from rosbags.highlevel import AnyReader
    camera = json.loads(files_of(video, 'camera.json')[0].read_text())['intrinsic']
    with AnyReader([video / 'street']) as reader:
        assert sorted(reader.topics) == ['/camera/front/camera_info',
                                         '/camera/front/image_raw/compressed']
        messages = {}
        for connection, stamp, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            messages.setdefault(connection.topic, []).append((stamp, message))
    infos = messages['/camera/front/camera_info']
    images = messages['/camera/front/image_raw/compressed']
    assert [stamp for stamp, _ in infos] == [stamp for stamp, _ in images]
    assert np.allclose(np.diff([stamp for stamp, _ in images]), 250e6)
    info, image = infos[0][1], images[0][1]
    assert info.header.frame_id == image.header.frame_id == 'camera_front_optical'
    assert (info.width, info.height) == SIZE and image.format == 'jpeg'
    assert np.allclose(info.k, [camera['fx'], 0, 80, 0, camera['fy'], 40, 0, 0, 1])
    assert cv2.imdecode(image.data, cv2.IMREAD_COLOR).shape == (80, 160, 3)


@pytest.mark.parametrize(('args', 'words'), [
    (('--count', '-1'), 'negative'),
    (('--models', 'no/such/folder'), 'no/such/folder'),
    (('--bag', 'x.mcap'), '--sequence'),
    (('--sequence', '--rate', '0'), 'one frame'),
    (('--sequence', '--bag', 'x', '--count', '2'), 'one video'),
])
def test_wrong_orders_are_refused(args, words, tmp_path):
    done = render(tmp_path, *args)
    assert done.returncode == 2 and words in done.stderr


def test_nowhere_to_write_to_is_refused():
    done = render('--sequence')
    assert done.returncode == 2 and 'OUT' in done.stderr


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / 'gtFine').write_text('a file')
    done = render(tmp_path, '--count', 1, '--val-count', 0)
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert f'Cannot write scene 0 of train below {tmp_path}' in done.stderr
