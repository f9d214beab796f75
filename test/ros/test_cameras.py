# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras in one node."""

import time

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')

from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402
from vision_msgs.msg import LabelInfo  # noqa: E402

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
SIZES = {'front': (64, 48), 'left': (80, 60)}


def test_cameras_of_all_kinds_share_a_batch(start_node, car):
    node = start_node({
        'autostart': True, 'cameras': ['front', 'left', 'rear'], 'batch_timeout_ms': 5000.0,
        'rear': {'topic': '/rear/cam', 'transport': 'compressed', 'rotation': 180}})
    masks = {name: car.hear(f'{name}/instance_mask', Image) for name in (*SIZES, 'rear')}
    labels = car.hear('left/label_info', LabelInfo, LATCHED)
    rear = CompressedImage(format='jpeg')
    rear.data.frombytes(cv2.imencode('.jpg', np.zeros((32, 40, 3), np.uint8))[1].tobytes())
    rear.header.frame_id = 'rear'
    car.publisher('/rear/cam/compressed', CompressedImage)
    for name in SIZES:
        car.publisher(f'/{name}/image_raw')
    begin = time.monotonic()
    for n in range(3):
        for name, size in SIZES.items():
            image = car.image(size=size, frame_id=name)
            if name == 'left' and n:        # from rgb8 to mono8 in the middle of a drive
                image.encoding, image.step, image.data = 'mono8', 80, image.data[:80 * 60]
            car.send(image, topic=f'/{name}/image_raw')
        car.send(rear, topic='/rear/cam/compressed')
        car.wait_for(lambda n=n: all(len(m) == n + 1 for m in masks.values()))
    assert time.monotonic() - begin < 5 + 3     # only the first batch can have to wait
    for name, messages in masks.items():
        assert all(m.header.frame_id == name for m in messages)
    assert [(m.width, m.height) for m in masks['left']] == [(80, 60)] * 3
    rear_mask = np.frombuffer(masks['rear'][0].data, np.uint16).reshape(32, 40)
    assert rear_mask[20, 30] == 26000 and rear_mask[20, 10] == 0
    for name in masks:
        car.wait_for(lambda name=name: float(
            car.values(f'camera {name}').get('rate_out_hz', 0)) > 0)
        assert 0 <= float(car.values(f'camera {name}')['age_s']) < 60
    car.wait_for(lambda: labels and all(
        car.counts(f'camera {name}')[1] == 3 for name in masks))
    assert 'Traceback' not in node.log
    assert car.set(max_rate_hz=5.0).startswith('max_rate_hz only sets the default')
    assert not car.set(front__max_rate_hz=5.0, rear__rotation=0)


def test_a_silent_camera_does_not_delay_others_and_is_reported(start_node, car):
    start_node({'autostart': True, 'cameras': ['front', 'left'], 'batch_timeout_ms': 300.0,
                'stale_after_s': 0.5})
    masks = car.hear('front/instance_mask', Image)
    car.publisher('/left/image_raw')
    for n in range(20):
        if n == 0:
            car.send(car.image(), topic='/left/image_raw')
        car.send(car.image(), topic='/front/image_raw')
        car.wait_for(lambda n=n: len(masks) == n + 1)
        if n == 2:
            begin = time.monotonic()
    assert time.monotonic() - begin < 17 * 0.3 * 0.7
    send = car.publisher('/front/image_raw').publish
    while car.status('camera left')[0] != 3:
        send(car.image())
        time.sleep(0.05)
    assert 'no image on /left/image_raw' in car.status('camera left')[1]
    assert car.status('camera front')[0] == 0


def test_cameras_are_switched_one_by_one_and_together(start_node, car):
    start_node({'autostart': True, 'cameras': ['front', 'left']})
    car.wait_for(lambda: car.values('node').get('state') == 'active')
    assert not car.set(left__enabled=False)
    car.send_and_wait(car.image(), 'camera left', '/left/image_raw')
    car.send_and_wait(car.image(), 'camera front', '/front/image_raw')
    assert car.counts('camera left')[3]['disabled'] == 1 and car.counts('camera front')[1] == 1
    car.wait_for(lambda: car.status('camera left')[0] == 1)
    assert 'disabled: images are not processed' in car.status('camera left')[1]
    assert 'disabled' not in car.status('camera front')[1]
    assert car.call(SetBool, 'enable', SetBool.Request(data=False)).success
    car.send_and_wait(car.image(), 'camera front', '/front/image_raw')
    assert car.counts('camera front')[3]['disabled'] == 1


def test_one_camera_that_sends_rubbish_does_not_harm_the_other(start_node, car):
    start_node({'autostart': True, 'cameras': ['front', 'left'], 'batch_timeout_ms': 1000.0})
    masks = car.hear('front/instance_mask', Image)
    car.send(car.image(step=1), topic='/left/image_raw')
    car.send(car.image(), topic='/front/image_raw')
    car.wait_for(lambda: masks)
    car.wait_for(lambda: car.counts('camera left')[4] == {'wrong_step': 1})
    assert car.status('camera left')[0] == 2
    assert car.status('camera front')[0] == 0
