# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg report` and `instance_seg view`, from a bag to a file."""

import json
import re
import socket
import time
import urllib.request
from types import SimpleNamespace
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from browser import Browser, find_browser
from review.recordings import BEGIN, LABELS, PERIOD, record

from instance_seg_ros import cli
from instance_seg_ros.bags import BagWriter, Topic, images, open_source
from instance_seg_ros.io.video_writer import write_film
from instance_seg_ros.perception.overlay import instance_id_color
from instance_seg_ros.review.moments import moments
from instance_seg_ros.review.recording import read_cameras


def test_the_page_is_self_contained(tmp_path, capsys):
    """Charts, tables and samples are in it; no address is fetched."""
    pytest.importorskip('matplotlib')
    page, data = tmp_path / 'r.html', tmp_path / 'r.json'
    bag = record(tmp_path / 'bag', cameras=('left', 'right'))
    assert cli.main(['report', str(bag), '--output', str(page), '--samples', '3',
                     '--json', str(data)]) == 0
    text = page.read_text()
    assert text.count('<svg') == 2 and text.count('<img') == 6
    assert 'instance_seg left' in text and '2 without a mask' in text
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert len(json.loads(data.read_text())['cameras']) == 2
    assert 'camera to mask' in capsys.readouterr().out


@pytest.mark.parametrize('options', [{}, {'with_images': False, 'stages': False, 'frames': 3},
                                     {'frames': 1, 'dropped': 0}, {'stamp_of': lambda k: 0},
                                     {'stamp_of': lambda k: k and BEGIN + k * PERIOD}])
def test_one_image_whatever_the_bag_holds(tmp_path, options):
    """With and without images, stages, more than one frame and stamps that are of use."""
    pytest.importorskip('matplotlib')
    out = tmp_path / 'r.png'
    assert cli.main(['report', str(record(tmp_path / 'bag', **options)), '--output',
                     str(out)]) == 0
    assert cv2.imread(str(out)).shape[1] == 1650


def test_a_bag_whose_outputs_are_damaged_is_refused(tmp_path, capsys):
    """Its index still counts them; one sentence says why they cannot be read."""
    pytest.importorskip('matplotlib')
    file, = record(tmp_path / 'bag', 40).glob('*.mcap')
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes(1000) + content[middle + 1000:])
    out = tmp_path / 'r.html'
    assert cli.main(['report', str(tmp_path / 'bag'), '--output', str(out)]) == 2
    assert 'none can be read' in capsys.readouterr().err and not out.exists()


def test_the_viewer_file_holds_all_frames(tmp_path):
    """Rerun itself reads what was written."""
    rerun = pytest.importorskip('rerun')
    out = tmp_path / 'v.rrd'
    assert cli.main(['view', str(record(tmp_path / 'bag')), '--output', str(out)]) == 0
    assert rerun and out.read_bytes()[:3] == b'RRF' and out.stat().st_size > 2000


def foreign(path, encoding='16UC1', size=(48, 64)):
    """Write a bag with another program's masks: ids 1, 2, ... and detections without numbers."""
    dtype = {'16UC1': np.uint16, 'mono8': np.uint8}[encoding]
    mask = np.zeros(size, dtype)
    mask[4:10, 4:20], mask[14:20] = 1, 7
    with BagWriter(path) as writer:
        for k in range(3):
            stamp = BEGIN + k * PERIOD
            header = images.header(stamp, 'camera')
            image = np.full((48, 64, 3), 90, np.uint8)
            for name, encoding_of, pixels in (('/camera/image_raw', 'rgb8', image),
                                              ('/other/instance_mask', encoding, mask)):
                writer.write(Topic.of(name, 'sensor_msgs/msg/Image'), stamp,
                             images.serialize_image(header, encoding_of, pixels))
    return path


@pytest.mark.parametrize('options', ({}, {'encoding': 'mono8'}, {'size': (24, 32)}))
def test_masks_of_another_program_are_shown(tmp_path, options):
    """Their ids name no class; each gets a colour."""
    pytest.importorskip('matplotlib')
    bag, page = foreign(tmp_path / 'bag', **options), tmp_path / 'r.html'
    assert cli.main(['report', str(bag), '--output', str(page)]) == 0
    assert page.read_text().count('<img') == 3
    with open_source(bag) as source:
        moment = next(moments(source, read_cameras(source)))
    drawn = moment.display_image
    colors = {tuple(color) for color in drawn.reshape(-1, 3)}
    assert drawn.shape == (48, 64, 3) and len(colors) == 3 and (90, 90, 90) in colors


def test_the_viewer_shows_masks_of_another_program(tmp_path):
    pytest.importorskip('rerun')
    out = tmp_path / 'v.rrd'
    assert cli.main(['view', str(foreign(tmp_path / 'bag')), '--output', str(out)]) == 0
    assert out.read_bytes()[:3] == b'RRF'


def test_no_viewer_file_on_a_full_disk(tmp_path, monkeypatch, capsys):
    """Rerun continues after a write error; an incomplete file must not remain."""
    pytest.importorskip('rerun')
    monkeypatch.setattr('shutil.disk_usage', lambda path: SimpleNamespace(free=0))
    out = tmp_path / 'v.rrd'
    assert cli.main(['view', str(record(tmp_path / 'bag')), '--output', str(out)]) == 2
    assert f'{out} could not be written' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['bag']


@pytest.mark.parametrize('verb', ['report', 'view'])
def test_footage_alone_is_refused_with_the_remedy(tmp_path, verb, capsys):
    """A video is no recording of the outputs, and a broken one says what is wrong with it."""
    ending = {'report': '.html', 'view': '.rrd'}[verb]
    film, broken, out = tmp_path / 'a.mp4', tmp_path / 'b.mp4', tmp_path / f'out{ending}'
    write_film(film, ((k / 10, np.zeros((48, 64, 3), np.uint8)) for k in range(3)))
    broken.write_bytes(b'nothing')
    for path, said in ((film, 'instance_seg process-bag'), (broken, 'cannot be read as a video')):
        assert cli.main([verb, str(path), '--output', str(out)]) == 2
        error = capsys.readouterr().err
        assert error.count(str(path)) == 1 and said in error and 'Errno' not in error
    assert not out.exists()


@pytest.fixture
def serve(start_python):
    """Return ``serve(bag) -> (process, port)`` of `instance_seg view`."""
    pytest.importorskip('rerun')

    def start(bag):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        child = start_python('-m', 'instance_seg_ros.cli', 'view', bag, '--no-browser', '--port',
                             port)
        said = []
        for line in child.stdout:
            said.append(line)
            if 'Hosting a web-viewer' in line:
                return child, port, re.search(r'http://\S+', said[0])[0]
        raise AssertionError(''.join(said))

    return start


def test_the_page_is_served_and_ends_with_everything_it_started(tmp_path, serve):
    """An HTML page from this machine; after SIGTERM the port is free again."""
    child, port, _ = serve(record(tmp_path / 'bag'))
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=30) as answer:
        assert b'<html' in answer.read()
    child.terminate()
    child.communicate(timeout=30)
    assert child.returncode == 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('127.0.0.1', port))


def share_of(color, screenshot):
    """Return the share of a screenshot, BGR, that has an RGB colour."""
    return float((np.abs(screenshot.astype(int) - color[::-1]).max(axis=2) < 12).mean())


def test_colours_are_sent_before_the_masks(tmp_path):
    """The viewer keeps what it chose itself for a mask that comes first."""
    pytest.importorskip('rerun')
    from instance_seg_ros.review.rerun_view import log_bag
    sent = []
    stream = Mock(**{'log.side_effect': lambda path, what, **_: sent.append(type(what).__name__),
                     'flush.side_effect': lambda: sent.append('flush')})
    with open_source(record(tmp_path / 'bag')) as bag:
        log_bag(stream, bag, read_cameras(bag))
    flushed, first = sent.index('flush'), sent.index('SegmentationImage')
    assert sent[:flushed] == ['AnnotationContext'] * 2 and flushed < first
    assert 'AnnotationContext' not in sent[flushed:]


@pytest.mark.parametrize('delay', [0, 30_000_000])
def test_boxes_are_in_the_viewer_once_where_stamps_are_zero(tmp_path, delay):
    """Of each frame, at the time its detections were recorded, and never wiped."""
    pytest.importorskip('rerun')
    from instance_seg_ros.review.rerun_view import log_bag
    stream = Mock()
    with open_source(record(tmp_path / 'bag', stamp_of=lambda k: 0, delay=delay)) as bag:
        log_bag(stream, bag, read_cameras(bag))
    logged = [call.args[1] for call in stream.log.call_args_list]
    boxes = [what for what in logged if type(what).__name__ == 'Boxes2D']
    assert [len(b.class_ids) for b in boxes] == [1, 2] * 5
    assert sum(type(what).__name__ == 'SegmentationImage' for what in logged) == 10


@pytest.mark.slow
@pytest.mark.skipif(not find_browser(), reason='needs Chromium')
def test_what_a_person_sees_in_the_viewer(tmp_path, serve):
    """The masks of the last frame, in the colours of their classes and instances."""
    _, _, address = serve(record(tmp_path / 'bag'))
    colors = [LABELS.by_name('car').color, LABELS.by_name('person').color,
              instance_id_color(26004), instance_id_color(24001)]
    deadline = time.monotonic() + 240       # WebAssembly and WebGL, without a graphics card
    with Browser(address) as browser:
        while True:
            screenshot = browser.screenshot()
            shares = [share_of(color, screenshot) for color in colors]
            if min(shares) > 0.001 and shares[0] > 0.01 and shares[2] > 0.01:
                return
            assert time.monotonic() < deadline, shares


@pytest.mark.slow
@pytest.mark.skipif(not find_browser(), reason='needs Chromium')
def test_what_a_person_sees_in_the_report(tmp_path):
    """Heading, table, charts and samples: nothing is cut off or empty."""
    pytest.importorskip('matplotlib')
    page = tmp_path / 'r.html'
    assert cli.main(['report', str(record(tmp_path / 'bag')), '--output', str(page)]) == 0
    shown = 'document.readyState == "complete" && [...document.images].every(i => i.naturalWidth)'
    with Browser(page.as_uri()) as browser:
        for _ in range(100):
            if browser.call('Runtime.evaluate', expression=shown)['result']['value']:
                break
        width = browser.call('Runtime.evaluate', expression='document.documentElement.scrollWidth')
        assert width['result']['value'] <= 960
        assert browser.call('Runtime.evaluate', expression='document.images.length')[
            'result']['value'] == 6
        screenshot = browser.screenshot()
    assert share_of((255, 255, 255), screenshot) < 0.97 and screenshot.std() > 10


@pytest.mark.parametrize('verb, ending', [('report', '.pdf'), ('view', '.html')])
def test_other_endings_are_refused(tmp_path, verb, ending, capsys):
    """One sentence, exit status 2."""
    assert cli.main([verb, 'bag', '--output', str(tmp_path / f'x{ending}')]) == 2
    assert 'must end in' in capsys.readouterr().err
