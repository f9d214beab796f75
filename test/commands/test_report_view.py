# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg report` and `instance_seg view`, from a bag to a file."""

import json
import re
import socket
import urllib.request

import cv2
import pytest
from review.recordings import record

from instance_seg_ros import cli


def test_the_page_needs_nothing_beside_it(tmp_path, capsys):
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


@pytest.mark.parametrize('options', [{}, {'pictures': False, 'stages': False, 'frames': 3},
                                     {'frames': 1, 'dropped': 0}])
def test_one_picture_whatever_the_bag_holds(tmp_path, options):
    """With and without images, stages and more than one frame."""
    pytest.importorskip('matplotlib')
    out = tmp_path / 'r.png'
    assert cli.main(['report', str(record(tmp_path / 'bag', **options)), '--output',
                     str(out)]) == 0
    assert cv2.imread(str(out)).shape[1] == 1650


def test_the_viewer_file_holds_all_frames(tmp_path):
    """Rerun itself reads what was written."""
    rerun = pytest.importorskip('rerun')
    out = tmp_path / 'v.rrd'
    assert cli.main(['view', str(record(tmp_path / 'bag')), '--output', str(out)]) == 0
    assert rerun and out.read_bytes()[:3] == b'RRF' and out.stat().st_size > 2000


def test_the_page_is_served_and_ends_with_everything_it_started(tmp_path, start_python):
    """An HTML page from this machine; after SIGTERM the port is free again."""
    pytest.importorskip('rerun')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    child = start_python('-m', 'instance_seg_ros.cli', 'view', record(tmp_path / 'bag'),
                         '--no-browser', '--port', port)
    for line in child.stdout:
        if 'Hosting a web-viewer' in line:
            break
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=30) as answer:
        assert b'<html' in answer.read()
    child.terminate()
    child.communicate(timeout=30)
    assert child.returncode == 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(('127.0.0.1', port))


@pytest.mark.parametrize('verb, ending', [('report', '.pdf'), ('view', '.html')])
def test_other_endings_are_refused(tmp_path, verb, ending, capsys):
    """One sentence, exit status 2."""
    assert cli.main([verb, 'bag', '--output', str(tmp_path / f'x{ending}')]) == 2
    assert 'must end in' in capsys.readouterr().err
