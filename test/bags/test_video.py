# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Videos as sources of images."""

import av
import numpy as np
import pytest
from bag_content import FRAMES

from instance_seg_ros.bags import choose_image_topic, images, open_source
from instance_seg_ros.bags.video import FIRST_STAMP, TOPIC
from instance_seg_ros.core.errors import UserError


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


def remux(source, target, change):
    """Copy a film, packet by packet, without encoding it again."""
    with av.open(str(source)) as film, av.open(str(target), 'w') as copy:
        stream = copy.add_stream_from_template(film.streams.video[0])
        for number, packet in enumerate(film.demux(video=0)):
            if packet.size:
                packet = change(number, packet)
                packet.stream = stream
                copy.mux(packet)
    return target


def shown(video):
    """Return at what time, in frames of 0.05 s, which picture is shown."""
    return [(round((stamp - FIRST_STAMP) / 50_000_000), round(frame.mean() / 17))
            for stamp, frame in video.frames()]


def test_a_film_that_was_trimmed_is_whole(make_video, tmp_path, caplog):
    """`ffmpeg -ss ... -c copy` keeps what comes before, for decoding, and says to hide it."""
    def earlier(number, packet):
        packet.is_keyframe = number == 0
        packet.pts, packet.dts = packet.pts - 5 * 512, packet.dts - 5 * 512
        return packet

    with open_source(remux(make_video(fps=20), tmp_path / 'cut.mp4', earlier)) as video:
        assert video.count == FRAMES - 5
        assert [time for time, _ in shown(video)] == list(range(FRAMES - 5))
        assert video.break_reason == caplog.text == ''


def test_frames_after_a_lost_one_keep_their_times(make_video, tmp_path):
    def emptied(number, packet):
        if number != 4:
            return packet
        empty = av.Packet(b'\0\0\1\xb6\x52\xcf')     # the header of a picture that is not coded
        empty.pts, empty.dts, empty.time_base = packet.pts, packet.dts, packet.time_base
        return empty

    source = make_video(fps=20)
    with open_source(source) as video:
        whole = shown(video)
    with open_source(remux(source, tmp_path / 'gap.mp4', emptied)) as video:
        assert shown(video) == whole[:4] + whole[5:]
        assert video.break_reason == 'only 11 of its 12 frames can be decoded'


@pytest.mark.parametrize('content', [b'', b'noise' * 1000])
def test_what_is_no_video(tmp_path, content):
    path = tmp_path / 'film.mp4'
    path.write_bytes(content)
    with pytest.raises(UserError, match='film.mp4'):
        open_source(path)
