# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO and ONNX Runtime compute what PyTorch computes.

Tolerance: 1e-4 of the largest value, the rounding of float32 in another order of summation.
Agreement on real frames is tested in test/benchmark/test_engines.py.
"""

import numpy as np
import pytest
import torch

from instance_seg_ros.core.errors import DeviceError, UserError
from instance_seg_ros.inference import exported_network
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.engine_choice import missing_packages
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.node_config.parameters import NodeSettings
from instance_seg_ros.node_config.segmenter_factory import describe, load_segmenter

TOLERANCE = 1e-4
SIZE = (72, 64)
ENGINES = [pytest.param(name, marks=pytest.mark.skipif(
    bool(missing_packages(name)), reason=f'needs {", ".join(missing_packages(name))}'))
    for name in ('openvino', 'onnxruntime')]
NETWORKS = {
    'branched, mean shift': (random_checkpoint(1, options={'pixels_per_unit': 20}), None),
    'branched, learned seeds': (random_checkpoint(2, method='learned_seeds'), None),
    'two networks': (random_checkpoint(3, network='enet', task='embedding'),
                     random_checkpoint(4, network='enet_port', task='semantic'))}


@pytest.fixture(scope='module', autouse=True)
def cache(tmp_path_factory):
    """Yield a cache of this module's own: one export of each network serves both engines."""
    folder = tmp_path_factory.mktemp('cache')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(folder))
        yield folder / 'instance_seg_ros'


def segmenter(name, engine, **options):
    checkpoint, semantic = NETWORKS[name]
    return InstanceSegmenter(checkpoint, 'cpu', SIZE, semantic_checkpoint=semantic,
                             engine=engine, **options)


def images(count=3):
    return list(np.random.default_rng(0).integers(0, 256, (count, 64, 72, 3), np.uint8))


@pytest.mark.parametrize('engine', ENGINES)
@pytest.mark.parametrize('name', NETWORKS)
def test_outputs_agree_with_pytorch(name, engine):
    """A batch of three; the layout in memory is that of PyTorch, too."""
    wanted, got = (segmenter(name, which).infer(images()) for which in ('torch', engine))
    for a, b in zip(wanted, got, strict=True):
        assert a.shape == b.shape and a.stride() == b.stride()
        torch.testing.assert_close(b, a, rtol=0, atol=TOLERANCE * float(a.abs().max()))


@pytest.mark.parametrize('engine', ENGINES)
def test_outputs_of_a_call_are_its_own(engine):
    """The next call does not write over them."""
    one = segmenter('branched, mean shift', engine)
    first = one.infer(images(1))
    before = [output.clone() for output in first]
    one.infer([255 - image for image in images(1)])
    assert all(torch.equal(a, b) for a, b in zip(first, before, strict=True))


@pytest.mark.parametrize('engine', ENGINES)
def test_the_export_is_made_once_for_each_size(cache, monkeypatch, engine):
    """Another process, here another segmenter, finds it under the checksum of the weights."""
    name = 'branched, mean shift'
    segmenter(name, engine).warm_up()
    files = [path.name for path in cache.glob(f'{NETWORKS[name][0].checksum}-*-72x64.onnx')]
    assert len(files) == 1
    monkeypatch.setattr(exported_network, 'onnx_bytes', None)
    segmenter(name, engine).warm_up()


@pytest.mark.parametrize('engine', ENGINES)
def test_a_network_that_cannot_be_compiled_is_a_device_error(monkeypatch, engine):
    monkeypatch.setattr(exported_network, 'cached_bytes', lambda name, make: b'no network')
    with pytest.raises(DeviceError, match='cannot compile the network'):
        segmenter('branched, mean shift', engine).warm_up()


@pytest.mark.parametrize('engine, provider, message', [
    ('openvino', 'npu', 'finds no device NPU'),
    ('onnxruntime', 'tensorrt', "Unknown device 'cuda'")])
def test_a_missing_provider_is_named(engine, provider, message):
    if missing_packages(engine) or torch.cuda.is_available():
        pytest.skip('needs the package, and a machine without such a device')
    with pytest.raises(UserError, match=message):
        InstanceSegmenter(NETWORKS['branched, mean shift'][0], 'auto', SIZE, engine=engine,
                          engine_provider=provider)


def test_a_missing_provider_of_onnx_runtime_is_named():
    """On a GPU; none is needed to say it."""
    from instance_seg_ros.inference.onnx_runtime import OnnxRuntime

    installed = pytest.importorskip('onnxruntime').get_available_providers()
    if 'TensorrtExecutionProvider' in installed:
        pytest.skip('this ONNX Runtime has TensorRT')
    with pytest.raises(UserError, match='no provider tensorrt for device cuda:0; .*cpu'):
        OnnxRuntime(None, 'tensorrt', torch.device('cuda:0'))


@pytest.mark.parametrize('engine', ENGINES)
def test_the_node_switches_by_one_parameter(tmp_path, engine):
    NETWORKS['branched, mean shift'][0].save(tmp_path / 'a.safetensors')
    settings = NodeSettings(checkpoint=str(tmp_path / 'a.safetensors'), input_size=SIZE,
                            engine=engine)
    loaded = load_segmenter(settings, 'cpu')
    loaded.warm_up()
    assert describe(loaded)['engine'] == engine
    loaded.close()


def test_a_gpu_provider_is_dropped_where_the_cpu_replaces_the_gpu():
    """After `on_device_error: cpu`; only where the parameters did not ask for the CPU."""
    from instance_seg_ros.node_config.segmenter_factory import _provider

    on_gpu = NodeSettings(engine='onnxruntime', engine_provider='tensorrt')
    assert _provider(on_gpu, 'auto') == 'tensorrt' and _provider(on_gpu, 'cpu') == 'auto'
    intel = NodeSettings(engine='openvino', engine_provider='gpu')
    assert _provider(intel, 'cpu') == 'gpu'
