# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which files arguments stand for, and what reading them gives."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.io.inputs import Input, ahead, find_inputs, read_image


def make(folder, *names):
    """Write small images (a red pixel at the left)."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((4, 6, 3), np.uint8)
        pixels[0, 0] = 0, 0, 255
        path.write_bytes(cv2.imencode('.png', pixels)[1].tobytes())


def names(*arguments, **options):
    return [found.name for found in find_inputs([str(a) for a in arguments], **options)]


def test_folders_are_searched_and_results_are_left_out(tmp_path):
    """Natural order; hidden files, other files and what an earlier run wrote are no input."""
    make(tmp_path, 'f10.png', 'f9.png', 'sub/f1.png', 'f9_overlay.png', 'f9_labelIds.png',
         'f9_instanceIds.png', '.hidden/f.png', 'out/f9.png')
    (tmp_path / 'notes.txt').write_text('')
    assert names(tmp_path, output=tmp_path / 'out') == ['f9', 'f10', 'sub/f1']
    assert names(tmp_path, output=tmp_path) == ['f9', 'f10', 'out/f9', 'sub/f1']


def test_names_of_results_never_collide(tmp_path):
    """Of several folders the folder stays in the name, and of equal stems the suffix."""
    make(tmp_path, 'a/1.png', 'b/1.png', 'b/1.jpg', 'b/x_leftImg8bit.png')
    assert names(tmp_path / 'a', tmp_path / 'b') == ['a/1', 'b/1.jpg', 'b/1.png', 'b/x']
    assert names(tmp_path / 'a/1.png', tmp_path / 'a/1.png') == ['1']
    assert names(tmp_path / 'b/*.png') == ['1', 'x']


@pytest.mark.parametrize('files, expected', [
    (['a.png', 'a_leftImg8bit.png'], ['a.png', 'a_leftImg8bit.png']),
    (['a.jpg', 'a.png', 'a.png.png'], ['a.jpg', 'a.png', 'a.png.png']),
    (['drive.mp4', 'drive/000000.png'], ['drive.mp4', 'drive/000000']),
    (['drive.mp4', 'drive/left/000000.png'], ['drive.mp4', 'drive/left/000000']),
    (['drive.mp4', 'drives/000000.png'], ['drive', 'drives/000000']),
])
def test_names_that_would_collide_are_the_files_own(tmp_path, files, expected):
    """Without the camera's ending, with the suffix, and where a video's frames get a folder."""
    make(tmp_path, *files)
    assert names(tmp_path) == names(*(tmp_path / file for file in files)) == expected


def test_what_stands_for_nothing_is_refused(tmp_path):
    """Each message names the argument."""
    make(tmp_path, 'bag/metadata.yaml')
    (tmp_path / 'empty').mkdir()
    for name, message in (('none.png', 'no file'), ('*.png', 'no file'), ('empty', 'no images'),
                          ('bag', 'process-bag'), ('x.mcap', 'process-bag')):
        with pytest.raises(UserError, match=message):
            names(tmp_path / name)


def test_images_are_rgb_and_broken_ones_say_so(tmp_path):
    """A cut off file, an empty one and one that is gone."""
    make(tmp_path, 'good.png')
    data = (tmp_path / 'good.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(data[:40])
    (tmp_path / 'empty.png').write_bytes(b'')
    assert read_image(Input(tmp_path / 'good.png', 'g')).image[0, 0].tolist() == [255, 0, 0]
    for name in ('cut.png', 'empty.png', 'gone.png'):
        frame = read_image(Input(tmp_path / name, 'x'))
        assert frame.image is None and frame.problem


def test_working_ahead_keeps_the_order_and_its_bounds():
    """Never more than depth + 1 items are taken before one is given."""
    taken = []

    def items():
        for k in range(20):
            taken.append(k)
            yield k

    with ThreadPoolExecutor(3) as pool:
        for k, result in enumerate(ahead(lambda x: 2 * x, items(), pool, 4)):
            assert result == 2 * k and len(taken) <= k + 5
    assert taken == list(range(20))


def test_suffixes_of_any_case_and_formats_that_are_unsupported(tmp_path):
    """An image that cannot be read is reported with the reason, not left out."""
    make(tmp_path, 'a.JPG', 'b.Jpeg', 'c.PNG', 'e.TIFF')
    (tmp_path / 'd.HEIC').write_bytes(b'\0\0\0\x18ftypheic' + bytes(40))
    (tmp_path / 'huge.pgm').write_bytes(b'P5 60000 60000 255\n')
    found = find_inputs([str(tmp_path)])
    assert [source.name for source in found] == ['a', 'b', 'c', 'd', 'e', 'huge']
    frames = {source.name: read_image(source) for source in found}
    assert 'HEIC is unsupported' in frames['d'].problem
    assert '60000x60000 pixels are over the limit' in frames['huge'].problem
    assert all(frames[name].image is not None for name in 'abce')
