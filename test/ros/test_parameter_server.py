# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Parameters in the spellings that YAML and rclpy make difficult."""

import pytest

pytest.importorskip('rclpy')

from rclpy.parameter import Parameter  # noqa: E402

from instance_seg_ros.core.errors import UserError  # noqa: E402

pytestmark = pytest.mark.ros


def settings_of(make_node, *values):
    return make_node(*(part for value in values for part in ('-p', value)))._settings.node


@pytest.mark.parametrize('half', ('on', 'off', 'auto', '"on"'))
def test_on_and_off_need_no_quotes(make_node, half):
    settings = settings_of(make_node, f'half:={half}', 'detections_3d:=off')
    assert (settings.half, settings.detections_3d) == (half.strip('"'), 'off')


def test_on_and_off_are_set_as_text_or_boolean(make_node):
    node = make_node()
    for value, half in ((True, 'on'), ('off', 'off'), ('on', 'on'), (False, 'off')):
        assert node.set_parameters([Parameter('half', value=value)])[0].successful
        assert node._settings.node.half == half
    for value in (1, 'maybe', None):
        result = node.set_parameters([Parameter('half', value=value)])[0]
        assert not result.successful and 'half' in result.reason
    result = node.set_parameters([Parameter('detections_3d', value=True)])[0]
    assert "detections_3d: invalid value 'on'; available" in result.reason
    assert node._settings.node.half == 'off'


@pytest.mark.parametrize('nothing', ('[]', "['']"))
def test_lists_without_a_name(make_node, nothing):
    settings = settings_of(make_node, f'classes:={nothing}', f'overlay_items:={nothing}')
    assert settings.classes == settings.overlay_items == ()


@pytest.mark.parametrize('policy, value, said', (
    ('reliability', 'bad', "invalid value 'bad'; available: reliable, best_effort"),
    ('history', '5', 'invalid value 5; available: keep_last'),
    ('depth', '-1', 'expected an integer >= 0'),
    ('depth', 'many', 'expected an integer >= 0')))
def test_a_wrong_qos_override_is_named(make_node, policy, value, said):
    name = f'qos_overrides./image_raw.subscription.{policy}'
    with pytest.raises(UserError, match=f'{name}: .*{said}'):
        make_node('-p', f'{name}:={value}')
