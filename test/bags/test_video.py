# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Videos as sources of images."""

import struct

import av
import numpy as np
import pytest
from bag_content import FRAMES

from instance_seg_ros.bags import choose_image_topic, images, open_source
from instance_seg_ros.bags.video import FIRST_STAMP, TOPIC
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.exif import upright


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
    """Return at what time, in frames of 0.05 s, which image is shown."""
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
        empty = av.Packet(b'\0\0\1\xb6\x52\xcf')     # the header of an image that is not coded
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


def test_a_film_whose_texts_are_no_utf8(make_video):
    """Every film of ffmpeg names its encoder."""
    path = make_video()
    whole = path.read_bytes()
    assert b'Lavf' in whole
    path.write_bytes(whole.replace(b'Lavf', b'\xff\xfevf'))
    with open_source(path) as video:
        assert len(list(video.messages())) == FRAMES


def test_a_film_of_an_unknown_codec(make_video):
    """PyAV has no decoder for it, and ends the process when it is asked to decode."""
    path = make_video('film.mp4')
    content = path.read_bytes()
    assert content.count(b'stsd') == 1
    path.write_bytes(content.replace(b'stsd', b'stsx'))     # what the box of the codec is called
    with pytest.raises(UserError, match='film.mp4 has a video stream of an unknown codec'):
        open_source(path)


MATRICES = {1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1),
            5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0)}
"""Display matrices a, b, c, d with the effect of each EXIF orientation."""


def filmed(path, image, frames=2, **options):
    """Write a film of one image, stored as it is."""
    with av.open(str(path), 'w', **options) as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.qscale = 2
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
        container.mux(stream.encode(None))
    return path


def quarters():
    """Return an image whose corners differ: 32 x 48."""
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16, :24], image[:16, 24:], image[16:, :24] = 240, 160, 80
    return image


@pytest.mark.parametrize('orientation', MATRICES)
def test_frames_are_turned_as_players_turn_them(tmp_path, orientation):
    """Telephones store films sideways, with a display matrix."""
    stored = quarters()
    path = filmed(tmp_path / 'film.mp4', stored)
    data = bytearray(path.read_bytes())
    place = data.find(b'tkhd') + 44
    a, b, c, d = (65536 * value for value in MATRICES[orientation])
    data[place:place + 36] = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    with open_source(path) as video:
        frames = [frame for _, frame in video.frames()]
        image = images.deserialize(next(video.messages()).data, 'sensor_msgs/msg/Image')
    expected = upright(stored, orientation)
    assert len(frames) == 2 and frames[0].shape == expected.shape
    assert np.abs(frames[0] - expected.astype(int)).mean() < 8
    assert (image.height, image.width) == expected.shape[:2]
    if orientation in (3, 6, 8):    # OpenCV turns as well, but does not mirror
        import cv2
        other = cv2.VideoCapture(str(path)).read()[1]
        assert np.abs(other[..., ::-1] - expected.astype(int)).mean() < 8


@pytest.mark.parametrize('name', ('a.3gp', 'a.flv', 'a.m2ts', 'a.ts', 'a.TS', 'a.gif', 'a.mjpeg',
                                  'a.h264', 'a.MTS', 'a.ogv'))
def test_other_containers(tmp_path, name):
    suffix = name.lower().rpartition('.')[2]
    codec = {'3gp': 'h263', 'flv': 'flv', 'gif': 'gif', 'mjpeg': 'mjpeg', 'h264': 'libx264',
             'ogv': 'libtheora'}.get(suffix, 'mpeg2video')
    if codec not in av.codecs_available:
        pytest.skip(f'this PyAV has no encoder {codec}')
    form = {'ts': 'mpegts', 'm2ts': 'mpegts', 'mts': 'mpegts', 'ogv': 'ogg'}.get(suffix, suffix)
    path, image = tmp_path / name, np.full((96, 128, 3), 200, np.uint8)
    with av.open(str(path), 'w', format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = {'gif': 'rgb8', 'mjpeg': 'yuvj420p'}.get(suffix, 'yuv420p')
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
        container.mux(stream.encode(None))
    with open_source(path) as video:
        frames = [frame for _, frame in video.frames()]
        assert len(frames) == video.count == 5 and not video.break_reason
    assert frames[0].shape == image.shape and abs(frames[0].mean() - 200) < 20


def test_a_cover_image_is_not_the_video(tmp_path):
    """Some recorders put an image of the drive before the film."""
    path = tmp_path / 'film.mkv'
    with av.open(str(path), 'w') as container:
        cover = container.add_stream('mjpeg', rate=1)
        cover.height, cover.width, cover.pix_fmt = 16, 16, 'yuvj420p'
        cover.disposition = av.stream.Disposition.attached_pic
        film = container.add_stream('mpeg4', rate=10)
        film.height, film.width, film.pix_fmt = 32, 48, 'yuv420p'
        for stream, count in ((cover, 1), (film, 4)):
            image = np.zeros((stream.height, stream.width, 3), np.uint8)
            for _ in range(count):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
            container.mux(stream.encode(None))
    with open_source(path) as video:
        assert [frame.shape for _, frame in video.frames()] == [(32, 48, 3)] * 4
