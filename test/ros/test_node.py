# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""One camera, from its images to the outputs: the node runs in another process."""

import signal
import time

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from std_msgs.msg import Float32  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402
from vision_msgs.msg import Detection2DArray, LabelInfo  # noqa: E402

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BROKEN = (('wrong_step', {'step': 5}), ('short_data', {'height': 480}),
          ('unknown_encoding', {'encoding': '32FC1'}), ('zero_size', {'height': 0}))


def pixels(message):
    dtype = np.uint16 if message.encoding == '16UC1' else np.uint8
    return np.frombuffer(message.data, dtype).reshape(message.height, message.width, -1)


def hear_outputs(car):
    for topic in ('instance_mask', 'class_mask', 'overlay'):
        car.hear(topic, Image)
    car.hear('detections', Detection2DArray)
    car.hear('debug/network_ms', Float32)


def test_an_image_becomes_outputs_with_its_header(start_node, car):
    node = start_node()
    assert car.change('configure', 'activate') and car.state == 'active'
    hear_outputs(car)
    sent = car.image(size=(64, 48), frame_id='front')
    car.send(sent)
    heard = car.heard
    car.wait_for(lambda: all(heard.values()))
    mask, classes, overlay = (heard[t][0] for t in ('instance_mask', 'class_mask', 'overlay'))
    assert (mask.encoding, classes.encoding, overlay.encoding) == ('16UC1', 'mono8', 'rgb8')
    detections = heard['detections'][0]
    for message in (mask, classes, overlay, detections, *detections.detections):
        assert message.header == sent.header
    values, areas = np.unique(pixels(mask), return_counts=True)
    assert [d.id for d in detections.detections] == [str(v) for v in values if v]
    assert np.array_equal(np.unique(pixels(classes)), [7, 24, 26])
    assert pixels(overlay).shape == (48, 64, 3) and heard['debug/network_ms'][0].data > 0
    assert [d.results[0].hypothesis.class_id for d in detections.detections] == ['person', 'car']
    assert detections.detections[1].results[0].hypothesis.score == 0.75
    # a late listener hears the names of the ids
    labels = car.hear('label_info', LabelInfo, LATCHED)
    car.wait_for(lambda: labels)
    assert {c.class_id: c.class_name for c in labels[0].class_map}[26] == 'car'
    car.wait_for(lambda: car.counts()[1] == 1)
    assert car.status()[0] == 0 and car.values()['frame_id'] == 'front'
    assert {'wait_ms p50', 'network_ms p95', 'total_ms p99'} <= set(car.values())
    assert car.values('node')['checksum'] == '0123456789ab'
    assert node.end() == (0, pytest.approx(0, abs=2))


def test_images_that_cannot_be_decoded_are_told_once_and_counted(start_node, car):
    node = start_node({'autostart': True})
    masks = car.hear('instance_mask', Image)
    for _ in range(2):
        for _, fields in BROKEN:
            message = car.image()
            for name, value in fields.items():
                setattr(message, name, value)
            car.send_and_wait(message)
    car.send(car.image())
    car.wait_for(lambda: masks and car.counts()[1] == 1)
    received, published, held, dropped, failed = car.counts()
    assert failed == {kind: 2 for kind, _ in BROKEN} and received == 9 and len(masks) == 1
    level, text, _ = car.status()
    assert level == 2 and 'image processing fails' in text
    for kind, _ in BROKEN:
        assert node.log.count(f'failed/{kind}') == 1


def test_the_latest_frame_wins_and_every_frame_is_accounted_for(start_node, car):
    start_node({'autostart': True,      # all reach the node, however busy the machine is
                'qos_overrides': {'/image_raw': {'subscription': {'depth': 20}}}})
    masks = car.hear('instance_mask', Image)
    car.publisher(qos=QoSProfile(depth=20))
    for _ in range(20):         # a camera at 100 Hz, and every frame takes 0.5 s
        time.sleep(0.01)
        last = car.image(201)
        car.send(last)
    car.wait_for(lambda: masks and masks[-1].header == last.header)
    car.wait_for(lambda: car.counts()[1] == len(masks) and not car.counts()[2])
    received, published, held, dropped, failed = car.counts()
    assert received == 20 and dropped['superseded'] == received - published > 5 and not failed


@pytest.mark.parametrize('extension', ('.jpg', '.png'))
def test_compressed_images(start_node, car, extension):
    start_node({'autostart': True, 'transport': 'compressed'},
               '-r', 'image_raw:=/front/image')
    masks = car.hear('instance_mask', Image)
    good = CompressedImage(format='rgb8; jpeg compressed bgr8')
    good.data.frombytes(cv2.imencode(extension, np.zeros((30, 40, 3), np.uint8))[1].tobytes())
    good.header.frame_id = 'x'
    cut = CompressedImage(format='jpeg')
    cut.data = good.data[:-30]
    topic = '/front/image/compressed'
    car.send_and_wait(cut, topic=topic)
    car.send(good, topic=topic)
    car.wait_for(lambda: masks)
    assert (masks[0].height, masks[0].width, masks[0].header) == (30, 40, good.header)
    car.wait_for(lambda: car.counts()[1] == 1)
    assert car.counts()[4] == {'broken_compressed': 1} and car.values()['topic'] == topic


def test_the_switch(start_node, car):
    start_node({'autostart': True, 'cameras': [], 'classes': []})
    masks = car.hear('instance_mask', Image)
    assert car.call(SetBool, 'enable', SetBool.Request(data=False)).success
    car.send_and_wait(car.image())
    assert car.counts()[3]['disabled'] == 1 and not masks
    assert car.call(SetBool, 'enable', SetBool.Request(data=True)).success
    car.send(car.image())
    car.wait_for(lambda: masks)


def test_old_frames_are_dropped(start_node, car):
    start_node({'autostart': True, 'max_age_ms': 5000.0})
    old = car.image()
    old.header.stamp.sec -= 10
    car.send_and_wait(old)
    car.send_and_wait(car.image())
    assert car.counts()[3]['too_old'] == 1 and car.counts()[1] == 1


def test_the_rate_limit(start_node, car):
    start_node({'autostart': True, 'max_rate_hz': 0.1})
    for _ in range(5):
        car.send_and_wait(car.image())
    dropped, published = car.counts()[3]['rate_limited'], car.counts()[1]
    assert (dropped, published) in ((4, 1), (3, 2))


def test_region_rotation_and_ego_mask(start_node, car):
    start_node({'autostart': True, 'roi': [16, 8, 32, 32], 'rotation': 180,
                'ego_mask': '0,36 63,36 63,47 0,47'})
    car.hear('detections', Detection2DArray)
    masks = car.hear('instance_mask', Image)
    car.send(car.image(size=(64, 48)))
    car.wait_for(lambda: masks and car.heard['detections'])
    mask = pixels(masks[0])[..., 0]
    expected = np.zeros((48, 64), np.uint16)
    expected[8:36, 32:48] = 26000       # the left half of the turned part is the right one here
    expected[8:24, 16:32] = 24000
    assert np.array_equal(mask, expected)
    car_box = car.heard['detections'][0].detections[1].bbox
    assert (car_box.center.position.x, car_box.center.position.y) == (40.0, 22.0)
    assert (car_box.size_x, car_box.size_y) == (16.0, 28.0)


@pytest.mark.parametrize('qos', ('best_effort', 'reliable'))
def test_images_arrive_from_either_kind_of_publisher(start_node, car, qos):
    start_node({'autostart': True, 'qos': qos})
    masks = car.hear('instance_mask', Image)
    car.publisher(qos=QoSProfile(depth=1, reliability=ReliabilityPolicy[qos.upper()]))
    car.wait_for(lambda: car.values().get('publishers') == '1')
    car.send_and_wait(car.image(size=(320, 240)))
    car.wait_for(lambda: masks)
    assert masks[0].width == 320


def test_tracking_keeps_numbers_until_time_jumps_back(start_node, car):
    start_node({'autostart': True, 'tracking': True, 'tracking_max_age_s': 10.0})
    car.hear('detections', Detection2DArray)
    masks = car.hear('instance_mask', Image)

    def ids_in(second, order=0):
        image = car.image(order)
        image.header.stamp.sec, image.header.stamp.nanosec = second, 0
        count = len(masks) + 1
        car.send(image)
        car.wait_for(lambda: len(masks) == len(car.heard['detections']) == count)
        ids = [d.id for d in car.heard['detections'][-1].detections]
        assert ids == [str(v) for v in np.unique(pixels(masks[-1])) if v]
        return ids

    # Order 205 makes the fake call what it finds by other numbers.
    assert [ids_in(100), ids_in(101, 205), ids_in(102)] == [['24000', '26000']] * 3
    assert not car.set(tracking_max_age_s=5.0)
    assert ids_in(103) == ['24000', '26000'] and ids_in(50, 205) == ['24000', '26000']
    car.wait_for(lambda: 'tracking_ms p50' in car.values())
    assert not car.set(tracking=False)
    assert ids_in(104, 205) == ['24003', '26003']


def test_tracking_begins_anew_with_another_camera(start_node, car):
    start_node({'autostart': True, 'tracking': True, 'tracking_max_age_s': 0.1})
    masks = car.hear('instance_mask', Image)

    def ids_in(second, frame_id='front', size=(64, 48)):
        image, count = car.image(size=size, frame_id=frame_id), len(masks) + 1
        image.header.stamp.sec, image.header.stamp.nanosec = second, 0
        car.send(image)
        car.wait_for(lambda: len(masks) == count)
        return [v for v in np.unique(pixels(masks[-1])).tolist() if v]

    def lose_all(second):
        assert not car.set(ego_mask='0,0 99,0 99,99 0,99')
        assert ids_in(second) == [] and not car.set(ego_mask='')

    assert ids_in(100) == [24000, 26000]
    lose_all(101)
    assert ids_in(102) == [24001, 26001]
    assert ids_in(103, 'rear') == [24000, 26000]
    lose_all(104)
    assert ids_in(105) == [24000, 26000]
    lose_all(106)
    assert ids_in(107, size=(80, 48)) == [24000, 26000]


def test_two_nodes_with_namespaces_do_not_collide(start_node, make_car):
    for side in ('left', 'right'):
        start_node({'autostart': True}, '-r', f'__ns:=/{side}')
    left, right = (make_car(f'/{side}/instance_seg') for side in ('left', 'right'))
    left_masks, right_masks = (car.hear('instance_mask', Image) for car in (left, right))
    left.send(left.image(frame_id='left'), topic='/left/image_raw')
    left.wait_for(lambda: left_masks and left.counts()[1] == 1)
    right.wait_for(lambda: right.status('node')[2])
    assert left_masks[0].header.frame_id == 'left' and not right_masks
    assert right.counts()[0] == 0


def test_qos_overrides_are_honoured(start_node, car):
    start_node({'autostart': True,
                'qos_overrides': {'/image_raw': {'subscription': {'reliability': 'reliable'}}}})
    car.until(lambda: car.node.get_subscriptions_info_by_topic('/image_raw'))
    info = car.node.get_subscriptions_info_by_topic('/image_raw')[0]
    assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize('number', (signal.SIGINT, signal.SIGTERM))
def test_a_signal_ends_it_quickly_with_status_0(start_node, car, number):
    node = start_node({'autostart': True})
    masks = car.hear('instance_mask', Image)
    car.send(car.image())
    car.wait_for(lambda: masks)
    car.send(car.image(201), car.image(201))
    status, seconds = node.end(number)
    assert status == 0 and seconds < 2 and 'Traceback' not in node.log


def test_a_device_that_hangs_does_not_keep_the_process(start_node, car):
    node = start_node({'autostart': True})
    car.send(car.image(204))
    car.wait_for(lambda: car.counts()[2] == 1)
    status, seconds = node.end(signal.SIGTERM)
    assert status == 0 and seconds < 2


def test_autostart_that_fails_ends_with_status_1_and_a_sentence(start_node):
    node = start_node({'autostart': True, 'checkpoint': '/no/such.safetensors'})
    assert node.wait() == 1
    assert 'There is no checkpoint /no/such.safetensors.' in node.log
    assert 'Traceback' not in node.log


@pytest.mark.parametrize('wrong, words', (
    ({'transport': 'zip'}, 'transport'), ({'bandwidth': 1}, 'bandwidth'),
    ({'score_threshold': 7.0}, 'score_threshold'), ({'roi': [1, 2]}, 'roi'),
    ({'topic': 'a b'}, "topic: 'a b' is not a valid"), ({'cameras': ['a', 'a']}, "name 'a'"),
    ({'qos_overrides': {'/image_raw': {'subscription': {'reliability': 'bad'}}}},
     "reliability: invalid value 'bad'; available: reliable")))
def test_wrong_parameters_at_start_end_with_status_2_and_a_sentence(start_node, wrong, words):
    node = start_node(wrong)
    assert node.wait() == 2
    assert words in node.log and 'Traceback' not in node.log


@pytest.mark.parametrize('text', (None, 'a: ['))
def test_a_parameters_file_that_cannot_be_read_ends_with_status_2(start_node, tmp_path, text):
    file = tmp_path / 'mine.yaml'
    if text:
        file.write_text(text)
    node = start_node({}, '--params-file', file)
    assert node.wait() == 2
    assert 'mine.yaml' in node.log and 'Traceback' not in node.log and '.c:' not in node.log


def test_a_mistyped_parameter_is_told(start_node):
    node = start_node({'scor_threshold': 0.5, 'use_sim_time': False})
    node.wait_for_log("unknown parameter 'scor_threshold' ignored")
    assert 'use_sim_time' not in node.log
