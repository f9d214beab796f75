# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg process-bag` as a process, with a real network of random weights."""

import json
import signal
import time

import pytest
import torch
import yaml
from bag_content import COMPRESSED, FRAMES, INFO, RAW
from mean_segmenter import normalized

from instance_seg_ros.bags import images, open_source
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import Checkpoint
from instance_seg_ros.networks import build_network
from instance_seg_ros.offline.sole_writer import sole_writer

VERB = ('-m', 'instance_seg_ros.cli', 'process-bag')
SAVING_OFTEN = """
from instance_seg_ros import cli
from instance_seg_ros.bags import writer
from instance_seg_ros.offline import progress
progress.SAVE_EVERY_S = 0.05
writer.CHUNK_BYTES = 4096
cli.main()
"""
LIMITED = """
import os, resource, shutil, sys
from pathlib import Path
from instance_seg_ros import cli

def used(kind):
    if kind == 'NOFILE':
        return len(os.listdir('/proc/self/fd'))
    return int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()

def run(folder):
    return cli.main(['process-bag', sys.argv[1], f'{folder}/out', *sys.argv[4:]])

free, limited = sys.argv[2:4]
assert run(free) == 0
for kind, more in ('NOFILE', 0), ('NOFILE', 1), ('AS', 0), ('AS', 8 << 20):
    number = getattr(resource, f'RLIMIT_{kind}')
    usual = resource.getrlimit(number)
    resource.setrlimit(number, (used(kind) + more, usual[1]))
    try:
        status = run(limited)
    finally:
        resource.setrlimit(number, usual)
    print(kind, more, 'ended with', status)
    assert Path(limited, 'out').exists() == (status == 0)
    shutil.rmtree(f'{limited}/out', ignore_errors=True)
assert run(limited) == 0
"""
OUTPUTS = {'instance_mask', 'class_mask', 'detections', 'label_info'}
TYPES = {'instance_mask': 'sensor_msgs/msg/Image', 'class_mask': 'sensor_msgs/msg/Image',
         'overlay': 'sensor_msgs/msg/Image', 'detections': 'vision_msgs/msg/Detection2DArray'}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    torch.manual_seed(1)
    labels = LabelSet.named('cityscapes')
    network = build_network('enet_branched', len(labels), 8)
    path = tmp_path_factory.mktemp('weights') / 'random.safetensors'
    Checkpoint('enet_branched', labels, network.state_dict(), input_size=(96, 64)).save(path)
    return path


def run(start_python, *arguments, status=0):
    child = start_python(*VERB, *arguments)
    text, _ = child.communicate(timeout=120)
    assert child.returncode == status, text
    assert 'Traceback' not in text
    return text


def by_topic(path):
    with open_source(path) as bag:
        found = {}
        for message in bag.messages():
            found.setdefault(message.topic.name, []).append(message.data)
    return found


def test_the_command(make_bag, tmp_path, start_python, checkpoint):
    source = make_bag(topics=(RAW, COMPRESSED, INFO))
    text = run(start_python, source, tmp_path / 'out', '--image-topic', RAW, '--checkpoint',
               checkpoint, '--json', tmp_path / 'summary.json', '--threads', 1)
    assert f'{FRAMES} frames, 0 failed' in text and 'busy' in text
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['frames'] == FRAMES and 0 < summary['segmenter_busy'] <= 1
    found = by_topic(tmp_path / 'out')
    assert set(found) == {RAW, COMPRESSED, INFO, *(f'/instance_seg/{n}' for n in OUTPUTS)}
    assert found[RAW] == by_topic(source)[RAW]


def test_killed_and_continued(make_bag, tmp_path, start_python, checkpoint):
    source = make_bag(frames=300)
    arguments = (source, tmp_path / 'out', '--checkpoint', checkpoint, '--threads', 1)
    child = start_python('-c', SAVING_OFTEN, 'process-bag', *arguments)
    progress = tmp_path / 'out.part' / 'progress.json'
    deadline = time.monotonic() + 100
    while not (progress.exists() and json.loads(progress.read_text())['frames']):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert not (tmp_path / 'out').exists()
    text = run(start_python, *arguments)
    assert '300 frames' in text and 'done before' in text
    found = by_topic(tmp_path / 'out')
    assert [images.header_stamp(d) for d in found['/instance_seg/instance_mask']] == [
        images.header_stamp(d) for d in found[RAW]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag', 'out']


def test_a_truncated_bag_ends_with_status_3(make_bag, tmp_path, start_python, checkpoint):
    source = make_bag(frames=900)
    file = next(source.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:-1000])
    text = run(start_python, source, tmp_path / 'out', '--checkpoint', checkpoint,
               '--duration', 1, '--threads', 1, status=3)
    assert 'processed up to there' in text
    assert len(by_topic(tmp_path / 'out')['/instance_seg/instance_mask']) > 0


def test_not_one_image_segmented_is_status_1(make_bag, tmp_path, start_python, checkpoint):
    """The bag is written anyway; each failure is reported with its reason."""
    file = parameters_file(tmp_path, {'checkpoint': str(checkpoint), 'roi': [500, 500, 32, 32]})
    text = run(start_python, make_bag(), tmp_path / 'out', '--params-file', file, status=1)
    assert f'{FRAMES} frames, {FRAMES} failed' in text and 'No image could be segmented' in text


@pytest.mark.parametrize('arguments, said', [
    (['nowhere', 'OUT'], 'There is no bag'),
    (['BAG', 'BAG'], 'exists already'),
    (['BAG', 'OUT', '--image-topic', '/nope'], 'no image topic'),
    (['BAG', 'OUT', '--checkpoint', '/nope'], '/nope'),
    (['BAG', 'OUT', '--duration', '-1'], 'duration must be'),
    (['BAG', 'OUT', '--jobs', '2'], 'expects a folder of bags'),
])
def test_bad_input_is_one_sentence(make_bag, tmp_path, start_python, arguments, said):
    names = {'BAG': make_bag(), 'OUT': tmp_path / 'out'}
    text = run(start_python, *(names.get(a, a) for a in arguments), status=2)
    assert said in text and len(text.strip().splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag']


VIEW = {'roi': [2, 3, 28, 20], 'rotation': 90, 'ego_mask': '0,23 31,23 16,14', 'min_area': 4,
        'class_score_thresholds': ['car=0.1'], 'overlay_palette': 'color_blind',
        'overlay_items': ['boxes', 'legend']}


@pytest.mark.ros
@pytest.mark.parametrize('settings', [{}, VIEW], ids=['as it is', 'with a view'])
def test_to_the_bit_what_the_node_publishes(make_bag, tmp_path, start_python, checkpoint,
                                            settings):
    pytest.importorskip('rclpy')
    source = make_bag(topics=(COMPRESSED,))
    settings = {'checkpoint': str(checkpoint), 'threads': 1, **settings}
    parameters = [f'--param={k}:={json.dumps(v)}' for k, v in settings.items()]
    child = start_python('-m', 'instance_seg_ros.cli', 'demo', source, '--output',
                         tmp_path / 'demo', *parameters, '--rate', 0.5)
    text, _ = child.communicate(timeout=200)
    assert child.returncode == 0, text
    file = parameters_file(tmp_path, settings)
    run(start_python, source, tmp_path / 'out', '--params-file', file, '--overlay')
    live, offline = by_topic(tmp_path / 'demo' / 'recording'), by_topic(tmp_path / 'out')
    for name in TYPES:
        ours = {images.header_stamp(d): d for d in offline[f'/instance_seg/{name}']}
        theirs = {images.header_stamp(d): d for d in live[f'/instance_seg/{name}']}
        assert len(ours) == FRAMES and len(theirs) > FRAMES // 2
        for stamp, data in theirs.items():
            assert ours[stamp] == normalized(data, TYPES[name]), name


def parameters_file(folder, settings):
    file = folder / 'parameters.yaml'
    file.write_text(yaml.safe_dump({'/**': {'ros__parameters': settings}}))
    return file


def test_cameras_of_a_parameters_file(make_bag, tmp_path, start_python, checkpoint):
    """Each with its view, one of them tracked, without ROS."""
    source = make_bag(topics=(RAW, COMPRESSED, INFO))
    file = parameters_file(tmp_path, {
        'cameras': ['front', 'rear', 'side'], 'checkpoint': str(checkpoint),
        'score_threshold': 0.0, 'min_area': 0,
        'front': {'topic': 'camera/image_raw', 'roi': [0, 0, 16, 0], 'tracking': True},
        'rear': {'topic': '/rear/image_raw', 'transport': 'compressed', 'rotation': 180},
        'side': {'topic': '/side/image_raw'}})
    text = run(start_python, source, tmp_path / 'out', '--params-file', file, '--threads', 1)
    assert 'has no images of the cameras side' in text and f'{2 * FRAMES} frames, 0 failed' in text
    found = by_topic(tmp_path / 'out')
    assert {f'/instance_seg/{c}/{n}' for c in ('front', 'rear') for n in OUTPUTS} <= set(found)
    for data in found['/instance_seg/front/class_mask']:
        mask = images.deserialize(data, TYPES['class_mask'])
        assert not mask.data.reshape(mask.height, mask.width)[:, 16:].any()
    for options, said in [(('--image-topic', RAW), 'leave out --image-topic'),
                          (('--min-area', 5, '--boxes'), 'leave out --min-area, --boxes')]:
        text = run(start_python, source, tmp_path / 'no', '--params-file', file, *options,
                   status=2)
        assert said in text


def test_the_second_process_on_a_result_is_refused(make_bag, tmp_path, start_python, checkpoint):
    with sole_writer(tmp_path / 'out'):
        text = run(start_python, make_bag(), tmp_path / 'out', '--checkpoint', checkpoint,
                   status=2)
    assert 'is being written by another process' in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bag']


def test_few_files_and_little_memory_are_a_sentence(make_bag, tmp_path, start_python, checkpoint):
    """Nothing incomplete gets the final name, and the same command finishes without the limit."""
    source = make_bag(frames=3)
    folders = [tmp_path / 'free', tmp_path / 'limited']
    child = start_python('-c', LIMITED, source, *folders, '--checkpoint', checkpoint,
                         '--threads', 1)
    text, _ = child.communicate(timeout=120)
    assert child.returncode == 0 and 'Traceback' not in text, text
    assert 'Too many open files' in text and 'NOFILE 0 ended with 2' in text, text
    assert 'AS 0 ended with 2' in text and 'emory' in text, text
    free, limited = ((folder / 'out' / 'out_0.mcap').read_bytes() for folder in folders)
    assert free == limited
