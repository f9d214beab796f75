# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Videos as sources of images."""

import numpy as np
import pytest
from bag_content import FRAMES

from instance_seg_ros.bags import choose_image_topic, images, open_source
from instance_seg_ros.bags.video import FIRST_STAMP, TOPIC
from instance_seg_ros.errors import UserError


@pytest.mark.parametrize('name', ['film.mp4', 'film.avi', 'film.mkv', 'FILM.MP4'])
def test_frames_come_at_their_times(make_video, name):
    with open_source(make_video(name, fps=20)) as video:
        topic = choose_image_topic(video)
        assert (topic.name, topic.type, topic.count) == (TOPIC, 'sensor_msgs/msg/Image', FRAMES)
        messages = list(video.messages())
        assert video.end == messages[-1].stamp
    stamps = [FIRST_STAMP + i * 50_000_000 for i in range(FRAMES)]
    assert [m.stamp for m in messages] == pytest.approx(stamps, abs=1_000_000)
    for index, message in enumerate(messages):
        image = images.deserialize(message.data, topic.type)
        assert (image.height, image.width, image.step, image.encoding) == (48, 64, 192, 'rgb8')
        assert images.stamp_of(image) == images.header_stamp(message.data) == message.stamp
        assert np.abs(image.data.astype(int) - index * 17).max() <= 8


def test_interval_and_other_topics(make_video):
    with open_source(make_video(fps=10)) as video:
        assert len(list(video.messages([TOPIC], FIRST_STAMP + 300_000_000,
                                       FIRST_STAMP + 600_000_000))) == 3
        assert list(video.messages(['/other'])) == []


def test_a_film_that_breaks_off(make_video, caplog):
    path = make_video('film.mkv', frames=200)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with open_source(path) as video:
        messages = list(video.messages())
    assert 0 < len(messages) < 200


@pytest.mark.parametrize('content', [b'', b'noise' * 1000])
def test_what_is_no_video(tmp_path, content):
    path = tmp_path / 'film.mp4'
    path.write_bytes(content)
    with pytest.raises(UserError, match='film.mp4'):
        open_source(path)
