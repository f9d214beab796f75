# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The node with the real segmenter."""

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('rclpy')

from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from vision_msgs.msg import Detection2DArray, LabelInfo  # noqa: E402

from instance_seg_ros.core.instances import SCORE_THRESHOLD  # noqa: E402
from instance_seg_ros.core.labels import Label, LabelSet  # noqa: E402
from instance_seg_ros.inference.checkpoint import Checkpoint, default_checkpoint  # noqa: E402
from instance_seg_ros.inference.segmenter import InstanceSegmenter  # noqa: E402
from instance_seg_ros.networks import build_network  # noqa: E402

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def untrained(path, seed=8):
    """Save a small network that has learnt nothing; this seed's takes noise for cars."""
    torch.manual_seed(seed)
    labels = LabelSet.named('camvid')
    state = build_network('enet_branched', len(labels), 8).state_dict()
    Checkpoint('enet_branched', labels, state, input_size=(128, 64)).save(path)
    return path


@pytest.fixture
def checkpoint(tmp_path):
    return untrained(tmp_path / 'untrained.safetensors')


def to_message(car, image):
    message = car.image(size=image.shape[1::-1])
    del message.data[:]
    message.data.frombytes(image.tobytes())
    return message


def agree(car, masks, detections, image, segmenter):
    """Compare one frame's outputs with what the segmenter says in this process."""
    car.send(to_message(car, image))
    car.wait_for(lambda: masks and detections)
    expected = segmenter(image)
    mask = np.frombuffer(masks[0].data, np.uint16).reshape(image.shape[:2])
    assert np.array_equal(mask, expected.instance_mask)
    assert [d.id for d in detections[0].detections] == [str(i.id) for i in expected.instances]
    return expected


def test_the_node_publishes_what_the_segmenter_finds(start_node, car, checkpoint):
    start_node({'autostart': True, 'checkpoint': str(checkpoint), 'device': 'cpu', 'threads': 1,
                'min_area': 8, 'score_threshold': 0.0}, real=True)
    masks, detections = car.hear('instance_mask', Image), car.hear('detections', Detection2DArray)
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    found = agree(car, masks, detections, image,
                  InstanceSegmenter.from_checkpoint(checkpoint, device='cpu', min_area=8))
    car.wait_for(lambda: car.counts()[1] == 1)
    assert {f'{stage}_ms p50' for stage in ('preprocess', 'network', 'clustering', 'masks')} \
        <= set(car.values())
    reason = car.set(bandwidth=0.5, classes=['road'])
    assert 'road' in reason
    assert len(found.instances) == 1
    for tuned, ros in (
            ({'bandwidth': 0.01}, {'bandwidth': 0.01}),
            ({'bandwidth': 0.01, 'min_area': {'car': 200}}, {'class_min_areas': ['car=200']}),
            ({'bandwidth': 0.01, 'score_threshold': {'car': 0.9}},
             {'class_score_thresholds': ['car=0.9'], 'class_min_areas': ['']}),
            ({'classes': ['bicyclist']}, {'class_score_thresholds': [''],
                                          'classes': ['bicyclist']})):
        before = len(found.instances)
        assert not car.set(**ros)
        masks.clear(), detections.clear()
        found = agree(car, masks, detections, image, InstanceSegmenter.from_checkpoint(
            checkpoint, device='cpu', **{'min_area': 8, **tuned}))
        assert len(found.instances) != before or not before
    car.wait_for(lambda: car.values('node').get('model') == 'enet_branched')
    assert car.change('deactivate', 'cleanup')
    car.wait_for(lambda: 'model' not in car.values('node'))


def test_the_classes_come_from_the_semantic_checkpoint(start_node, car, checkpoint, tmp_path):
    other = untrained(tmp_path / 'other.safetensors', seed=1)
    node = start_node({'checkpoint': str(checkpoint), 'semantic_checkpoint': '/no/such',
                       'device': 'cpu', 'threads': 1, 'score_threshold': 0.0}, real=True)
    assert not car.change('configure')
    node.wait_for_log('There is no checkpoint /no/such')
    assert not car.set(semantic_checkpoint=str(other))
    assert car.change('configure', 'activate')
    assert 'clean up' in car.set(semantic_checkpoint='')
    masks, detections = car.hear('instance_mask', Image), car.hear('detections', Detection2DArray)
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    both = InstanceSegmenter.from_checkpoint(checkpoint, device='cpu', semantic_checkpoint=other)
    found = agree(car, masks, detections, image, both)
    alone = InstanceSegmenter.from_checkpoint(checkpoint, device='cpu')(image)
    assert not np.array_equal(found.class_mask, alone.class_mask)


def test_a_label_set_of_your_own(start_node, car, tmp_path):
    """Names and ids of a label file reach masks, detections, label_info and class_overlay."""
    labels = LabelSet('yard', (Label(11, 'forklift', (230, 159, 0), True),
                               Label(12, 'pallet', (1, 2, 3), True)), {'truck': 'forklift'})
    torch.manual_seed(8)
    Checkpoint('enet_branched', labels, build_network('enet_branched', 2, 8).state_dict(),
               input_size=(128, 64)).save(tmp_path / 'yard.safetensors')
    start_node({'autostart': True, 'checkpoint': str(tmp_path / 'yard.safetensors'),
                'device': 'cpu', 'threads': 1, 'score_threshold': 0.0, 'min_area': 8}, real=True)
    heard = {topic: car.hear(topic, Image)
             for topic in ('class_mask', 'instance_mask', 'class_overlay', 'overlay')}
    detections = car.hear('detections', Detection2DArray)
    info = car.hear('label_info', LabelInfo, LATCHED)
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    car.send(to_message(car, image))
    car.wait_for(lambda: info and detections and all(heard.values()))
    assert {c.class_id: c.class_name for c in info[0].class_map}.items() >= {
        11: 'forklift', 12: 'pallet'}.items()
    classes = np.frombuffer(heard['class_mask'][0].data, np.uint8)
    shown = set(np.unique(classes).tolist())
    assert shown and shown <= {11, 12}
    names = {d.results[0].hypothesis.class_id for d in detections[0].detections}
    assert names and names <= {labels.by_id(label).name for label in shown}
    ids = np.unique(np.frombuffer(heard['instance_mask'][0].data, np.uint16))
    assert {labels.by_id(i).name for i in set((ids[ids > 0] // 1000).tolist())} == names
    colors = np.frombuffer(heard['class_overlay'][0].data, np.uint8).reshape(-1, 3)
    assert all((colors[classes == i] == labels.by_id(i).color).all() for i in shown)


def test_a_checkpoint_that_does_not_fit_fails_with_a_sentence(start_node, tmp_path):
    path = tmp_path / 'broken.safetensors'
    path.write_bytes(b'not a checkpoint')
    for name in (path, tmp_path / 'none.safetensors'):
        node = start_node({'autostart': True, 'checkpoint': str(name)}, real=True)
        assert node.wait() == 1
        assert name.name in node.log and 'Traceback' not in node.log


def test_the_shipped_weights_find_cars_on_a_real_road(start_node, car, shared_data):
    if not default_checkpoint().is_file():
        pytest.skip('needs the shipped weights')
    file = min((shared_data / 'kitti_mots_0005').rglob('*.jpg'))
    image = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
    start_node({'autostart': True, 'device': 'cpu'}, real=True)
    masks, detections = car.hear('instance_mask', Image), car.hear('detections', Detection2DArray)
    found = agree(car, masks, detections, image, InstanceSegmenter.from_checkpoint(
        device='cpu', score_threshold=SCORE_THRESHOLD))
    assert any(i.label == 'car' for i in found.instances)
