# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.datasets.json_stream import JsonFile
from instance_seg_ros.datasets.polygons import fill_polygons, polygon_area
from instance_seg_ros.datasets.rle import decode_rle, encode_rle, rle_area
from instance_seg_ros.datasets.scalabel import outline
from instance_seg_ros.datasets.writers import outlines

MASKS = st.builds(lambda seed, h, w, share: np.random.default_rng(seed).random((h, w)) < share / 9,
                  st.integers(0, 99), st.integers(1, 20), st.integers(1, 20), st.integers(0, 9))
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(MASKS)
def test_rle_is_that_of_pycocotools(mask):
    coco = pytest.importorskip('pycocotools.mask')
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    ours = encode_rle(mask)
    assert ours == {'size': theirs['size'], 'counts': theirs['counts'].decode()}
    assert np.array_equal(decode_rle(ours), mask)
    assert rle_area(ours) == mask.sum()


def test_rectangles_fill_their_pixels_alone():
    mask = fill_polygons([np.array([[5, 2], [9, 2], [9, 6], [5, 6]])], (8, 12))
    assert mask.sum() == 16 and mask[2:6, 5:9].all()
    assert polygon_area(np.array([[5, 2], [9, 2], [9, 6], [5, 6]])) == 16


def test_polygons_beyond_the_border_are_cut():
    mask = fill_polygons([np.array([[-5., -5], [4, -5], [4, 20], [-5, 20]])], (8, 12))
    assert mask[:, :4].all() and mask.sum() == 32
    assert not fill_polygons([np.array([[20., 1], [30, 1], [30, 5]])], (8, 12)).any()


@SLOW
@given(MASKS)
def test_outlines_fill_the_mask_again_but_for_its_holes(mask):
    polygons = [np.reshape(p, (-1, 2)) for p in outlines(mask)]
    filled = fill_polygons(polygons, mask.shape)
    assert (filled >= mask).all()


def test_bezier_sides_bulge():
    straight = {'vertices': [[0, 0], [10, 0], [10, 10], [0, 10]], 'types': 'LLLL'}
    assert outline(straight).tolist() == straight['vertices']
    curved = {'vertices': [[0, 0], [0, 10], [10, 10], [10, 0]], 'types': 'LCCL'}
    points = outline(curved)
    assert points[0].tolist() == [0, 0] and points[-1].tolist() == [10, 0]
    assert points[:, 1].max() == pytest.approx(7.5, abs=.2) and len(points) > 6


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(
    inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=6)


@SLOW
@given(st.dictionaries(st.text(), JSON, max_size=5) | st.lists(JSON, max_size=5),
       st.sampled_from([None, 1]))
def test_streamed_json_is_that_of_the_library(tmp_path_factory, data, indent):
    path = tmp_path_factory.mktemp('json') / 'a.json'
    path.write_text(json.dumps(data, indent=indent))
    wanted = ([(None, x) for x in data] if isinstance(data, list) else
              [(k, x) for k, v in data.items() for x in (v if isinstance(v, list) else [v])])
    assert list(JsonFile(path).walk()) == wanted


@pytest.mark.parametrize('text', ['', '{', '{"a": [1, 2', '{"a": [1 2]}', '[1,, 2]', '{"a" 1}',
                                  '"a"', '{"a": [}'])
def test_broken_json_ends_with_a_sentence(text, tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(UserError, match='a.json: broken JSON at line 1'):
        list(JsonFile(path).walk())
