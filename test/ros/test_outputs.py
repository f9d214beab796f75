# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The publishers of a camera: all or none, and each with a QoS of its own."""

import pytest

pytest.importorskip('rclpy')

from instance_seg_ros.node_config.parameters import CameraSettings  # noqa: E402
from instance_seg_ros.ros.outputs import CameraPublishers  # noqa: E402

pytestmark = pytest.mark.ros


def topics(node):
    return [publisher.topic_name for publisher in node.publishers]


def test_all_are_made_or_none(make_node, monkeypatch):
    node = make_node()
    before, create = topics(node), node.create_lifecycle_publisher
    outputs = CameraPublishers(node, '~/front/', CameraSettings(), ['network'])
    assert '/instance_seg/front/debug/network_ms' in topics(node)
    outputs.destroy()
    assert topics(node) == before

    def refuse_the_last(kind, topic, *arguments, **options):
        if 'debug' in topic:
            raise RuntimeError('no more')
        return create(kind, topic, *arguments, **options)

    monkeypatch.setattr(node, 'create_lifecycle_publisher', refuse_the_last)
    with pytest.raises(RuntimeError, match='no more'):
        CameraPublishers(node, '~/front/', CameraSettings(), ['network'])
    assert topics(node) == before


def test_an_override_is_for_one_topic(make_node):
    override = 'qos_overrides./instance_seg/instance_mask.publisher.reliability:=best_effort'
    node = make_node('-p', override)
    outputs = CameraPublishers(node, '~/', CameraSettings(), [])
    qos = {publisher.topic_name: publisher.qos_profile.reliability.name
           for publisher in node.publishers}
    outputs.destroy()
    assert qos['/instance_seg/instance_mask'] == 'BEST_EFFORT'
    assert {qos[f'/instance_seg/{name}'] for name in ('class_mask', 'detections', 'overlay')} == {
        'RELIABLE'}
