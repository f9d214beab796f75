# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters while the node runs: applied at once, or refused with a reason and no effect."""

import pytest
import yaml

pytest.importorskip('rclpy')

from checkout import ROOT  # noqa: E402
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from instance_seg_ros.node_config import parameters  # noqa: E402

pytestmark = pytest.mark.ros


def get(car, *names):
    values = car.call(GetParameters, 'get_parameters', GetParameters.Request(names=names)).values
    return [{1: v.bool_value, 2: v.integer_value, 3: v.double_value, 4: v.string_value,
             7: list(v.integer_array_value), 9: list(v.string_array_value)}[v.type]
            for v in values]


def test_parameters_change_atomically_or_not_at_all(start_node, car, tmp_path):
    start_node({'autostart': True})
    car.wait_for(lambda: car.values('node').get('state') == 'active')
    assert not car.set(score_threshold=0.5, class_score_thresholds=['car=0.25'], bandwidth=1.0,
                       classes=['car', 'person'], overlay_palette='color_blind')
    for wrong, words in (
            ({'score_threshold': 1.5}, 'score_threshold'),
            ({'bandwidth': 'wide'}, 'type'),
            ({'classes': ['unicorn']}, 'unicorn'),
            ({'class_min_areas': ['unicorn=5']}, 'unicorn'),
            ({'class_score_thresholds': ['car']}, 'car=0.5'),
            ({'class_bandwidths': ['unicorn=1.5']}, 'unicorn'),
            ({'overlay_items': ['sparkles']}, 'sparkles'),
            ({'roi': [0, 0, 1]}, 'roi'),
            ({'rotation': 45}, 'rotation'),
            ({'ego_mask': str(tmp_path / 'none.png')}, 'none.png'),
            ({'checkpoint': '/other'}, 'clean up'),
            ({'device': 'cpu'}, 'clean up'),
            ({'topic': '/other'}, 'clean up'),
            ({'autostart': False}, 'read'),
            ({'score_threshold': 0.75, 'classes': ['unicorn']}, 'unicorn')):
        reason = car.set(max_rate_hz=99.0, **wrong)
        assert words in reason, (wrong, reason)
        assert get(car, 'max_rate_hz', 'score_threshold', 'classes') == [
            0.0, 0.5, ['car', 'person']], wrong
    assert car.change('deactivate', 'cleanup')
    assert not car.set(checkpoint='', device='cpu', topic='other', roi=[8, 0, 0, 0])
    assert car.change('configure', 'activate')
    masks = car.hear('instance_mask', Image)
    car.send(car.image(), topic='/other')
    car.wait_for(lambda: masks)
    car.wait_for(lambda: car.values('node').get('device') == 'cpu')
    assert not any(masks[0].data[:8])
    assert not car.set(classes=[''], roi=[0, 0, 0, 0])
    car.send(car.image(), topic='/other')
    car.wait_for(lambda: len(masks) == 2)
    assert any(masks[1].data[:8])


def test_what_is_tuned_shows_in_the_next_frame(start_node, car):
    start_node({'autostart': True})
    overlays = car.hear('overlay', Image)
    for n, style in enumerate(({}, {'overlay_items': [''], 'overlay_opacity': 0.0},
                               {'overlay_items': ['boxes']}, {'overlay_background': 1.0}), 1):
        assert not style or not car.set(**style)
        car.send(car.image())
        car.wait_for(lambda n=n: len(overlays) == n)
    plain, bare, boxes, classes = (bytes(overlay.data) for overlay in overlays)
    assert not any(bare) and len({plain, bare, boxes, classes}) == 4    # the image is black
    assert not car.set(max_rate_hz=0.01)
    for _ in range(3):
        car.send_and_wait(car.image())
    assert car.counts()[3]['rate_limited'] in (1, 2)
    assert not car.set(max_rate_hz=0.0, max_age_ms=1000.0)
    old = car.image()
    old.header.stamp.sec -= 10
    car.send_and_wait(old)
    assert car.counts()[3]['too_old'] == 1


def test_every_parameter_is_described_and_listed(start_node, car):
    start_node()
    names = list(parameters.NODE_FIELDS)
    described = car.call(DescribeParameters, 'describe_parameters',
                         DescribeParameters.Request(names=names)).descriptors
    for name, descriptor in zip(names, described, strict=True):
        metadata = parameters.NODE_FIELDS[name].metadata
        assert descriptor.description == metadata['description']
        assert descriptor.read_only == (metadata['when'] == parameters.START)
        assert bool(descriptor.integer_range or descriptor.floating_point_range) == (
            metadata['minimum'] is not None)
    listed = car.call(ListParameters, 'list_parameters', ListParameters.Request()).result.names
    assert set(names) <= set(listed)


@pytest.mark.parametrize('name', ('instance_seg.yaml', 'multi_camera.yaml'))
def test_the_example_configurations_load_without_warnings(start_node, car, name):
    path = ROOT / 'config' / name
    assert list(yaml.safe_load(path.read_text())) == ['/**']
    node = start_node({}, '--params-file', str(path))
    assert car.change('configure', 'activate')
    warnings = [line for line in node.log.splitlines() if 'WARN' in line or 'rror' in line]
    assert all('no publisher on' in line for line in warnings)
    given = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    declared = set(car.call(ListParameters, 'list_parameters',
                            ListParameters.Request()).result.names)
    assert flat(given) <= declared


def test_the_aggregator_takes_every_status_once(start_node, car):
    path = ROOT / 'config' / 'diagnostic_aggregator.yaml'
    analyzers = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    start_node({'cameras': ['front', 'left']}, '-r', '__ns:=/truck')
    car.wait_for(lambda: len(car.statuses) == 3)
    for name in car.statuses:
        takers = [a for a in analyzers.values() if isinstance(a, dict)
                  and any(text in name for text in a['contains'])]
        assert len(takers) == 1, name


def flat(tree, prefix=''):
    names = set()
    for key, value in tree.items():
        names |= flat(value, f'{prefix}{key}.') if isinstance(value, dict) else {prefix + key}
    return names
