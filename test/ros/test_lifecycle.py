# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle to the letter, and what errors do to it."""

import pytest

pytest.importorskip('rclpy')

from sensor_msgs.msg import Image  # noqa: E402

pytestmark = pytest.mark.ros


def subscriptions(car):
    return len(car.node.get_subscriptions_info_by_topic('/image_raw'))


def test_round_after_round_leaves_nothing_behind(start_node, car):
    node = start_node()
    masks = car.hear_later('instance_mask', Image)
    held = []
    for n in range(20):
        assert car.state == 'unconfigured'
        assert car.change('configure') and car.state == 'inactive'
        car.until(lambda: car.node.count_publishers('/instance_seg/instance_mask') == 1)
        car.until(lambda: not subscriptions(car))
        assert car.change('activate') and car.state == 'active'
        car.until(lambda: subscriptions(car) == 1)
        car.send(car.image())
        car.wait_for(lambda n=n: len(masks) == n + 1)
        assert car.change('deactivate') and car.state == 'inactive'
        assert car.change('activate', 'deactivate', 'cleanup')
        car.until(lambda: not car.node.count_publishers('/instance_seg/instance_mask'))
        held.append((node.threads, len(node.files)))
    assert held[-1] == held[1], (held, node.files)      # the first round opens what stays
    assert not car.change('activate') and not car.change('deactivate')
    assert car.state == 'unconfigured' and node.end()[0] == 0


def test_deactivate_stops_at_once(start_node, car):
    start_node({'autostart': True})
    masks = car.hear('instance_mask', Image)
    car.send(car.image(201))
    car.wait_for(lambda: car.counts()[2] == 1)
    assert car.change('deactivate')
    car.wait_for(lambda: car.values('node').get('state') == 'inactive' and not car.counts()[2])
    assert car.counts()[3]['deactivated'] == 1 and not masks
    car.change('activate')
    car.send(car.image())
    car.wait_for(lambda: len(masks) == 1)


@pytest.mark.parametrize('steps, shutdown', (
    ((), 'unconfigured'), (('configure',), 'inactive'), (('configure', 'activate'), 'active')))
def test_shutdown_from_every_state(start_node, car, steps, shutdown):
    node = start_node()
    for step in steps:
        assert car.change(step)
    assert car.change(f'shutdown {shutdown}') and car.state == 'finalized'
    car.until(lambda: not subscriptions(car))
    assert not car.change('configure')
    assert node.end()[0] == 0


def test_configure_fails_with_a_sentence_and_can_be_repeated(start_node, car):
    node = start_node({'checkpoint': '/no/such.safetensors'})
    assert not car.change('configure') and car.state == 'unconfigured'
    car.wait_for(lambda: car.status('node')[0] == 2)
    assert 'There is no checkpoint /no/such.safetensors.' in car.status('node')[1]
    assert 'Traceback' not in node.log
    assert not car.set(checkpoint='')
    assert car.change('configure', 'activate') and car.state == 'active'
    car.wait_for(lambda: car.status('node')[0] == 0)


def test_an_unexpected_error_in_configure_is_an_error_and_the_node_stays(start_node, car):
    node = start_node(FAKE_LOAD='bug')
    assert not car.change('configure') and car.state == 'unconfigured'
    node.wait_for_log('a bug while loading')
    car.wait_for(lambda: car.status('node')[0] == 2)


def test_out_of_memory_goes_through_the_lifecycle_and_comes_back(start_node, car):
    node = start_node({'autostart': True, 'retry_backoff_s': 0.1})
    masks = car.hear_later('instance_mask', Image)
    for n in (1, 2):
        car.send(car.image(202))
        car.wait_for(lambda n=n: car.values('node').get('recoveries') == str(n))
        car.until(lambda: subscriptions(car) == 1)
        assert car.state == 'active' and car.values('node')['errors'] == str(n)
        car.send(car.image())
        car.wait_for(lambda n=n: len(masks) == n)
    car.wait_for(lambda: car.counts()[4] == {'OutOfMemoryError': 2} and car.counts()[1] == 2)
    assert node.log.count('fake out of memory') >= 2
    assert 'OutOfMemoryError' in car.values('node')['last_error']


def test_a_bug_in_the_segmenter_is_no_silent_node(start_node, car):
    start_node({'autostart': True, 'on_device_error': 'stop'})
    car.send(car.image(203))
    car.wait_for(lambda: car.status('node')[0] == 2)
    assert 'ZeroDivisionError' in car.status('node')[1] and car.state == 'unconfigured'
    assert car.counts()[4] == {'ZeroDivisionError': 1}
    assert car.change('configure', 'activate')
    masks = car.hear('instance_mask', Image)
    car.send(car.image())
    car.wait_for(lambda: masks and car.status('node')[0] == 0)


def test_the_cpu_takes_over(start_node, car):
    start_node({'autostart': True, 'on_device_error': 'cpu', 'retry_backoff_s': 0.1})
    car.send(car.image(202))
    car.wait_for(lambda: car.values('node').get('recoveries') == '1')
    car.wait_for(lambda: car.values('node').get('device') == 'cpu')
    level, text, _ = car.status('node')
    assert level == 1 and 'running on cpu after a device error' in text
    masks = car.hear('instance_mask', Image)
    car.until(lambda: subscriptions(car) == 1)
    car.send(car.image(202))        # which the fake does not mind on the CPU
    car.wait_for(lambda: masks)
    assert car.change('deactivate', 'cleanup', 'configure')
    car.wait_for(lambda: car.values('node').get('device') == 'fake:0')


def test_a_device_that_only_a_new_process_can_use_ends_the_process(start_node, car):
    """With a status that is not 0, so that respawn starts another one."""
    node = start_node({'autostart': True, 'retry_backoff_s': 0.1})
    car.send(car.image(206))
    assert node.wait() == 3
    assert 'is lost for this process: exiting with status 3' in node.log


def test_the_cpu_takes_over_from_a_lost_device(start_node, car):
    """In the same process: nothing on the device is touched again."""
    node = start_node({'autostart': True, 'on_device_error': 'cpu', 'retry_backoff_s': 0.1})
    car.send(car.image(206))
    car.wait_for(lambda: car.values('node').get('recoveries') == '1')
    car.wait_for(lambda: car.values('node').get('device') == 'cpu')
    assert 'is lost for this process' in node.log


def test_a_command_from_outside_ends_the_recovery(start_node, car):
    start_node({'autostart': True, 'retry_backoff_s': 60.0})
    car.send(car.image(202))
    car.wait_for(lambda: car.values('node').get('state') == 'unconfigured')
    assert car.change('configure') and car.state == 'inactive'


def test_a_device_that_is_lost_for_a_while_and_cannot_even_be_freed(start_node, car, tmp_path):
    lost = tmp_path / 'lost'
    node = start_node({'autostart': True, 'retry_backoff_s': 0.1}, FAKE_LOST=str(lost))
    masks = car.hear_later('instance_mask', Image)
    car.publisher()
    lost.touch()        # while the node is at work
    car.send(car.image(202))
    node.wait_for_log('cannot free the device: CUDA error: device lost')
    node.wait_for_log('configure: device error: CUDA error: device lost')
    node.wait_for_log('retrying configure in')
    car.wait_for(lambda: car.status('node')[0] == 2 and 'device lost' in car.status('node')[1])
    lost.unlink()
    car.wait_for(lambda: car.values('node').get('recoveries') == '1')
    car.until(lambda: subscriptions(car) == 1)
    car.send(car.image())
    car.wait_for(lambda: masks and car.status('node')[0] == 0)
    assert car.values('node')['errors'] == '1' and 'Traceback' in node.log


def test_every_name_is_known_once_it_is_configured(start_node, car):
    def names():
        node = ('instance_seg', '/')
        return {name for names in (
            car.node.get_publisher_names_and_types_by_node(*node),
            car.node.get_service_names_and_types_by_node(*node),
            car.node.get_client_names_and_types_by_node(*node)) for name, _ in names}

    start_node({'cameras': ['front', 'left']})
    assert car.change('configure')
    car.until(lambda: f'{car.name}/left/overlay' in names())
    before = names()
    stages = ('wait', 'decode', 'preprocess', 'network', 'clustering', 'masks', 'segment',
              'tracking', 'publish', 'total')
    assert {f'{car.name}/front/debug/{stage}_ms' for stage in stages} <= before
    assert car.change('activate')
    masks = car.hear('front/instance_mask', Image)
    car.hear('front/overlay', Image)
    assert not car.set(front__tracking=True, front__rotation=180, left__enabled=False,
                       overlay_items=['legend'], classes=['car'])
    car.send(car.image(), topic='/front/image_raw')
    car.send(car.image(step=1), topic='/left/image_raw')
    car.wait_for(lambda: masks and car.heard['front/overlay'])
    assert names() == before
    listens = dict(car.node.get_subscriber_names_and_types_by_node('instance_seg', '/'))
    assert set(listens) - {'/parameter_events'} == {'/front/image_raw', '/left/image_raw'}
