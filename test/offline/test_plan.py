# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag are a node's cameras."""

import pytest
import yaml
from bag_content import COMPRESSED, INFO, RAW

from instance_seg_ros.bags import open_source
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.offline.plan import find_cameras

NODE = '/car/instance_seg'


@pytest.fixture
def find(make_bag, tmp_path):
    """Return ``find(topics in the bag, names, topics, parameters) -> topics by camera``."""
    def find(there, names=(), topics=(), parameters=None):
        file = None
        if parameters is not None:
            file = tmp_path / 'parameters.yaml'
            file.write_text(yaml.safe_dump({'/**': {'ros__parameters': parameters}}))
        with open_source(make_bag(topics=(*there, INFO))) as source:
            found = find_cameras(source, list(names), list(topics), file, NODE)
        return {name: topic.name for name, topic in found.items()}

    return find


@pytest.mark.parametrize('parameters', [None, {}, {'topic': '/other'}])
def test_one_camera(find, parameters):
    assert find((RAW,), parameters=parameters) == {'': RAW}


@pytest.mark.parametrize('names, topics, parameters', [
    (['camera', 'rear'], [], None),
    ([], [RAW, COMPRESSED], None),
    (['camera', 'rear'], [RAW, COMPRESSED], {'cameras': ['left']}),
    ([], [], {'cameras': ['camera', 'rear'], 'rear': {'topic': '/rear/image_raw'}}),
])
def test_several_cameras(find, names, topics, parameters):
    assert find((RAW, COMPRESSED), names, topics, parameters) == {
        'camera': RAW, 'rear': COMPRESSED}


@pytest.mark.parametrize('names, topics', [(['a', 'b'], [COMPRESSED, RAW]), (['a'], [RAW])])
def test_names_of_their_own(find, names, topics):
    assert find((RAW, COMPRESSED), names, topics) == dict(zip(names, topics, strict=True))


def test_a_camera_that_is_not_in_the_bag_is_left_out(find, caplog):
    assert find((RAW,), ['camera', 'rear']) == {'camera': RAW}
    assert 'has no images of the cameras rear' in caplog.text


@pytest.mark.parametrize('names, topics, said', [
    ([], [], 'has several image topics'),
    (['a'], [RAW, COMPRESSED], '2 image topics for the cameras a'),
    ([], ['/none'], 'has no image topic /none'),
    (['a', 'b'], [], 'has no images of the cameras in'),
])
def test_what_does_not_fit(find, names, topics, said):
    with pytest.raises(UserError, match=said):
        find((RAW, COMPRESSED), names, topics)
