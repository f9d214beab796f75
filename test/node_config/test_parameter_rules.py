# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Declarations of all parameters, and the constraints on their values."""

import pytest

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.node_config import parameter_table, parameters
from instance_seg_ros.node_config.parameter_rules import check_together, check_value


def settings(**changes):
    node = parameters.NodeSettings(**changes)
    camera = parameters.CameraSettings(**{
        name: getattr(node, name) for name in parameters.CAMERA_FIELDS})
    return parameters.AllSettings(node, {name: camera for name in node.cameras or ('',)})


@pytest.mark.parametrize('wrong', (
    {'device': 'tpu'}, {'device': 'cuda:'}, {'input_size': (512,)}, {'input_size': (64, 0)},
    {'input_size': (-1, 64)}, {'input_size': (10000, 512)}, {'bandwidth': 1e-46},
    {'class_bandwidths': ('person=1e-320',)}, {'class_score_thresholds': ('car',)},
    {'class_score_thresholds': ('car=1.5',)}, {'class_score_thresholds': ('=0.5',)},
    {'class_min_areas': ('car=-1',)}, {'class_min_areas': ('car=nan',)},
    {'class_bandwidths': ('car=0',)}, {'class_bandwidths': ('car=11',)},
    {'cameras': ('front', 'front')}, {'cameras': ('front left',)}, {'cameras': ('device',)},
    {'cameras': ('1st',)}, {'roi': (0, 0, 10)}, {'roi': (-1, 0, 10, 10)},
    {'ego_mask': '1,2 3,4'}, {'ego_mask': '1,2 3,4 five,6'}, {'ego_mask': '1,2 3,4 5,6;'},
    {'ego_mask': 'inf,0 0,inf 1,1'}, {'ego_mask': 'nan,0 1,1 2,2'}, {'bandwidth': 9e-4},
    {'ego_mask': '0,0 70000,1 2,2'}, {'overlay_items': ('sparkles',)}, {'markers': True}))
def test_a_wrong_value_is_refused_by_name(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        check_together(settings(**wrong))


def test_the_defaults_and_good_values_are_accepted():
    check_together(settings())
    for name, declared in parameters.NODE_FIELDS.items():
        check_value(name, declared.default)
    check_together(settings(
        cameras=('front', 'rear'), device='cuda:1', input_size=(1024, 512), roi=(0, 100, 0, 0),
        class_score_thresholds=('car=0.5', 'person=1'), ego_mask='0,700 1280,700 640,600; 1,1 2,2 '
        '3,1', class_min_areas=('traffic light=12',), class_bandwidths=('person=0.001',),
        bandwidth=0.001))


@pytest.mark.parametrize('name, value', (
    ('rotation', 45), ('front.rotation', 45), ('transport', 'zip'), ('score_threshold', 1.01),
    ('score_threshold', float('nan')), ('max_rate_hz', -1.0), ('on_device_error', 'pray'),
    ('cuda_graphs', 'on')))
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(UserError, match=name):
        check_value(name, value)


def test_every_parameter_is_described():
    for declared in parameters.NODE_FIELDS.values():
        assert declared.metadata['description'].endswith('.')
        assert parameters.type_name(declared)
    table = parameter_table.markdown_table()
    assert all(f'| `{name}`' in table for name in parameters.NODE_FIELDS)
