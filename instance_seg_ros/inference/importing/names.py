# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""What tensors are called elsewhere, in our networks' names."""

import re

_MXNET_BATCH_NORM = {'gamma': 'weight', 'beta': 'bias', 'moving_mean': 'running_mean',
                     'moving_var': 'running_var'}
_MXNET_PLACES = {'branch2a': 0, 'branch2b1': 1, 'branch2b2': 2}
_RES = re.compile(r'res(\d(?:a|b\d+))_(branch\w+)_weight')
_BN = re.compile(r'bn(\d(?:a|b\d+))_(branch\w+?)_(gamma|beta|moving_mean|moving_var)')
_BN7 = re.compile(r'bn7_(gamma|beta|moving_mean|moving_var)')
_WRAPPERS = re.compile(r'^(?:(?:module|model|network|net|_orig_mod)\.)+')


def from_mxnet(name: str) -> str:
    """Name a tensor of the ResNet-38 authors' files; unknown names stay, without prefix."""
    name = re.sub('^(arg|aux):', '', name)
    if name == 'conv1a_weight':
        return 'conv1a.weight'
    if match := _RES.fullmatch(name):
        block, branch = match.groups()
        if branch == 'branch1':
            return f'blocks.{block}.projection.weight'
        if branch in _MXNET_PLACES:
            return f'blocks.{block}.convs.{_MXNET_PLACES[branch]}.weight'
    if match := _BN.fullmatch(name):
        block, branch, what = match.groups()
        if branch in _MXNET_PLACES:
            return f'blocks.{block}.norms.{_MXNET_PLACES[branch]}.{_MXNET_BATCH_NORM[what]}'
    if match := _BN7.fullmatch(name):
        return f'bn7.{_MXNET_BATCH_NORM[match[1]]}'
    return name


def from_enet_port(name: str) -> str:
    """Name a tensor of the PyTorch ENet port: its older versions say out_prelu."""
    return without_wrappers(name).replace('.out_prelu.', '.out_activation.')


def without_wrappers(name: str) -> str:
    """Drop what data parallelism, compilation and training modules put before names."""
    return _WRAPPERS.sub('', name)


TRANSLATIONS = {'resnet38': lambda name: without_wrappers(from_mxnet(name)),
                'enet_port': from_enet_port}
"""By network; the others take plain state dicts of this package."""
