# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA device computes what the CPU computes; what only a device can show."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from checkout import ROOT

from instance_seg_ros.benchmark.clustering import CAR, SyntheticEmbeddings
from instance_seg_ros.benchmark.frames import draw_street
from instance_seg_ros.benchmark.loss import scene
from instance_seg_ros.core.errors import DeviceError
from instance_seg_ros.inference.checkpoint import default_checkpoint, random_checkpoint
from instance_seg_ros.inference.cuda_graph_capture import CapturedStep, DirectStep
from instance_seg_ros.inference.device_flags import exact_arithmetic
from instance_seg_ros.inference.device_probe import device_answers
from instance_seg_ros.inference.eager_engine import EagerEngine
from instance_seg_ros.inference.mean_shift import MeanShift
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.networks import NETWORKS, build_network
from instance_seg_ros.training.discriminative_loss import DiscriminativeLoss

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(
    not torch.cuda.is_available(), reason='needs a CUDA device')]
SIZE = (256, 128)
STREETS = [draw_street((512, 256), k) for k in range(4)]


def agreement(a, b):
    """Return the adjusted Rand index of two label images."""
    from sklearn.metrics import adjusted_rand_score
    return adjusted_rand_score(a.ravel(), b.ravel())


def segmenter(size=SIZE, device='cuda', **options):
    """Return a segmenter with random weights."""
    return InstanceSegmenter(random_checkpoint(), device, size, **options)


def same(one, other):
    """Whether two results are the same bits."""
    return np.array_equal(one.instance_mask, other.instance_mask) and np.array_equal(
        one.class_mask, other.class_mask) and one.instances == other.instances


# The same as on the CPU

def test_loss_and_its_gradient():
    """The same terms and gradient, also without any instance and in half precision."""
    embeddings, ids = scene(2, (96, 48), 7, 8)
    results = []
    with exact_arithmetic():
        for device in ('cpu', 'cuda'):
            x = embeddings.to(device).requires_grad_()
            terms = DiscriminativeLoss()(x, ids.to(device))
            terms.total.backward()
            results.append([*(t.detach().cpu() for t in terms), x.grad.cpu()])
            assert DiscriminativeLoss()(x, torch.zeros_like(ids, device=device)).total == 0
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-8)
    half = DiscriminativeLoss()(embeddings.half().cuda(), ids.cuda()).total.cpu()
    torch.testing.assert_close(half, results[0][0], rtol=5e-3, atol=0)


@pytest.mark.parametrize('spread', [0.1, 0.25])
def test_clusters(spread):
    """The same instances and pixels; bit for bit when repeated."""
    numbers = []
    with exact_arithmetic():
        for device in ('cpu', 'cuda', 'cuda'):
            data = SyntheticEmbeddings(20_000, 15, spread, device)
            found, = MeanShift()(data.embeddings, data.class_index, (CAR,))
            numbers.append(found.label_image.cpu().numpy())
            assert len(found.area) == 15
    assert agreement(numbers[0], numbers[1]) > 0.999
    assert (numbers[1] == numbers[2]).all()


def test_a_run_trains_and_validates(tmp_path):
    """Steps, scores and images of a small run."""
    from training.streets import start, write_city
    folder = write_city(tmp_path / 'data')
    write_city(folder, 'val', 2)
    checkpoint = start(folder, tmp_path / 'run', steps=3)
    assert checkpoint.provenance['steps'] == 3
    assert 'training_validation/f1_embeddings' in checkpoint.scores
    assert (tmp_path / 'run/images/000003.jpg').is_file()


@pytest.mark.parametrize('name', NETWORKS)
def test_networks(name):
    """The outputs of each network, whatever memory format."""
    torch.manual_seed(0)
    network, image = build_network(name, 5, 8).eval(), torch.randn(1, 3, 64, 96)
    with torch.inference_mode(), exact_arithmetic():
        wanted = network(image)
        got = network.cuda().to(memory_format=torch.channels_last)(image.cuda())
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(b.cpu(), a, rtol=1e-3, atol=1e-3 * float(a.abs().max()))


def test_segmenter_in_float32_and_half():
    """Classes agree in nearly every pixel; the records are of their own masks."""
    wanted = segmenter(device='cpu')(STREETS[0])
    for half, share in ((False, 0.999), (True, 0.97)):
        on_device = segmenter(half=half)
        on_device.warm_up()
        got = on_device(STREETS[0])
        got.check_pixels()
        assert (got.class_mask == wanted.class_mask).mean() > share
        assert same(on_device(STREETS[0]), got)
        on_device.close()


def test_batch_equals_single_images():
    """Images of different sizes in one batch; half precision may flip single pixels."""
    on_device = segmenter(half=False)
    images = [STREETS[0], draw_street((300, 200), 1)]
    for image, together in zip(images, on_device(images), strict=True):
        together.check_pixels()
        equal = together.class_mask == on_device(image).class_mask
        assert together.class_mask.shape == image.shape[:2] and np.mean(equal) > 0.999


@pytest.mark.skipif(not default_checkpoint().is_file(), reason='needs the shipped weights')
@pytest.mark.parametrize('cuda_graphs', ['auto', 'off'])
def test_fixed_shapes_give_what_dynamic_shapes_give(cuda_graphs):
    """The same classes, and instances that differ by single pixels."""
    on_device = InstanceSegmenter.from_checkpoint(None, device='cuda', half=False,
                                                  cuda_graphs=cuda_graphs)
    images, engine = on_device._scaled(STREETS[:3]), on_device._engine
    settings, sizes = on_device.settings, [(512, 256)] * 3
    arguments = images, sizes, settings.thing_bandwidths, settings.things, {}
    with torch.inference_mode():
        fixed, dynamic = engine(*arguments), EagerEngine.__call__(engine, *arguments)
    for a, b in zip(fixed, dynamic, strict=True):
        assert (a.class_mask == b.class_mask).mean() > 0.999
        assert agreement(a.label_image, b.label_image) > 0.9


@pytest.mark.parametrize('provider', ['cuda', 'tensorrt'])
def test_onnx_runtime_writes_into_tensors_of_the_device(monkeypatch, tmp_path, provider):
    """What PyTorch computes, up to the 16 bits of TensorRT; outputs and their layout alike."""
    full = {'cuda': 'CUDAExecutionProvider', 'tensorrt': 'TensorrtExecutionProvider'}[provider]
    if full not in pytest.importorskip('onnxruntime').get_available_providers():
        pytest.skip(f'needs an ONNX Runtime with {full}')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    with exact_arithmetic():
        wanted = segmenter(half=False).infer(STREETS)
    found = segmenter(engine='onnxruntime', engine_provider=provider).infer(STREETS)
    for a, b in zip(wanted, found, strict=True):
        assert b.is_cuda and a.shape == b.shape
        torch.testing.assert_close(b, a, rtol=0, atol=2e-2 * float(a.abs().max()))


# Captured work

def test_work_is_captured_and_the_host_waits_once():
    """For one image and for the largest batch; nothing but the results is waited for."""
    on_device = segmenter()
    on_device.warm_up(2)
    batches = on_device._engine._batches
    assert set(batches) == {1, 2}
    assert all(isinstance(s, CapturedStep) for b in batches.values() for s in b.steps)
    images = STREETS[:2]
    on_device(images)   # writes the images' size to the device, once
    torch.cuda.set_sync_debug_mode('error')
    try:
        found = on_device(images)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    assert len(found) == 2


def test_without_graphs_the_results_are_the_same():
    """`cuda_graphs: off` launches the same work step by step."""
    captured, direct = segmenter(half=False), segmenter(half=False, cuda_graphs='off')
    for one in (captured, direct):
        one.warm_up(2)
    steps = direct._engine._batches[1].steps
    assert all(isinstance(step, DirectStep) for step in steps)
    a, b = captured(STREETS[0]), direct(STREETS[0])
    assert (a.class_mask == b.class_mask).mean() > 0.999


def test_partial_batches_are_padded():
    """Three images, then two, then one: the memory of four serves all, the results are equal."""
    on_device = segmenter(half=False)
    on_device.warm_up(4)
    alone = [on_device(image) for image in STREETS]
    reserved = torch.cuda.memory_reserved()
    for count in (3, 2, 1, 4):
        for one, wanted in zip(on_device(STREETS[:count]), alone, strict=False):
            one.check_pixels()
            assert (one.class_mask == wanted.class_mask).mean() > 0.999
    assert on_device._engine.batch_sizes == (1, 4) and torch.cuda.memory_reserved() <= reserved


def test_segmenters_in_two_threads():
    """Captures take turns; both give what one alone gives, while the other works."""
    wanted = segmenter()(STREETS[0])

    def work():
        own = segmenter()
        own.warm_up(2)
        return [own(STREETS[0]) for _ in range(20)]

    with ThreadPoolExecutor(2) as pool:
        for results in [pool.submit(work) for _ in range(2)]:
            assert all(same(result, wanted) for result in results.result())


def test_replay_while_another_thread_allocates():
    """Allocations and frees of other work do not touch the pool of the graphs."""
    on_device, stop = segmenter(), threading.Event()
    wanted = on_device(STREETS[0])

    def allocate():
        while not stop.is_set():
            for size in range(1, 40):
                torch.full((size << 16,), 7., device='cuda').sum().item()

    thread = threading.Thread(target=allocate)
    thread.start()
    try:
        assert all(same(on_device(STREETS[0]), wanted) for _ in range(50))
    finally:
        stop.set()
        thread.join()


FAILING_CAPTURE = """
import torch
from instance_seg_ros.core.errors import DeviceError
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
s = InstanceSegmenter(random_checkpoint(), 'cuda', (256, 128))
network = s._engine.network
class Asking(torch.nn.Module):
    def forward(self, x):
        float(x.sum())                      # a host synchronisation: no capture allows it
        return network(x)
s._engine.network = Asking()
try:
    s.warm_up(2)
except DeviceError as error:
    assert error.process_lost and 'cuda_graphs: off' in str(error), error
    print('refused:', error, flush=True)
    import os; os._exit(0)
raise SystemExit('captured')
"""


def test_a_failed_capture_says_what_to_set():
    """In a process of its own: PyTorch may not capture again in one where a capture failed."""
    done = subprocess.run([sys.executable, '-c', FAILING_CAPTURE], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert 'refused: CUDA graph capture failed' in done.stdout


STICKY_ERROR = """
import torch
from instance_seg_ros.inference.device_probe import device_answers
assert device_answers('cuda')
try:
    torch.zeros(4, device='cuda')[torch.full((1,), 9, device='cuda')].cpu()
except RuntimeError as error:
    print('error:', str(error).splitlines()[0], flush=True)
    print('answers:', device_answers('cuda'), flush=True)
import os; os._exit(0)
"""


def test_the_probe_after_an_error_that_stays():
    """A device-side assert: the process cannot use the device again."""
    done = subprocess.run([sys.executable, '-c', STICKY_ERROR], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert 'answers: False' in done.stdout, done.stdout + done.stderr
    assert device_answers('cuda')


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_one_logit_that_is_not_finite(value):
    """One invalid pixel, and scores from 0 to 1."""
    on_device = segmenter()
    network = on_device._engine.network

    class Damaged(torch.nn.Module):
        def forward(self, x):
            logits, embeddings = network(x)
            logits[:, 3, 20, 20] = value
            return logits, embeddings

    on_device._engine.network = Damaged()
    found = on_device(STREETS[0])
    assert found.invalid_pixels >= 1
    assert all(0 <= x.score <= 1 for x in found.instances)
    assert on_device(STREETS[1]).invalid_pixels >= 1


@pytest.mark.parametrize('graphs', ['auto', 'off'])
def test_tf32_of_the_process_changes_nothing(graphs):
    """As in containers that set TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1; the flag is restored."""
    matmul = torch.backends.cuda.matmul
    before, results = matmul.allow_tf32, []
    try:
        for allowed in (False, True):
            matmul.allow_tf32 = allowed
            on_device = segmenter(half=False, cuda_graphs=graphs)
            on_device.warm_up()
            results.append(on_device(STREETS[0]))
            assert matmul.allow_tf32 is allowed
    finally:
        matmul.allow_tf32 = before
    assert (results[0].class_mask == results[1].class_mask).mean() > 0.9999
    assert agreement(results[0].instance_mask, results[1].instance_mask) > 0.999


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason='needs two CUDA devices')
def test_a_second_device():
    """Everything is on the device that was named, whatever the current one is."""
    wanted, on_second = segmenter(half=False)(STREETS[0]), segmenter(device='cuda:1', half=False)
    on_second.warm_up()
    assert {p.device.index for p in on_second._engine.network.parameters()} == {1}
    assert (on_second(STREETS[0]).class_mask == wanted.class_mask).mean() > 0.999


# Memory

def test_memory_does_not_grow():
    """After the first frames the allocator needs no more."""
    on_device = segmenter()
    for _ in range(20):
        on_device(STREETS[0])
    before = torch.cuda.memory_reserved()
    for _ in range(200):
        on_device(STREETS[0])
    assert torch.cuda.memory_reserved() <= 1.01 * before


def test_closing_frees_memory_and_configuring_again_takes_it_again():
    """Three times: weights, graphs and buffers are gone after each close."""
    segmenter().close()                 # what the first one leaves to the process
    before, taken = torch.cuda.memory_allocated(), []
    for _ in range(3):
        on_device = segmenter()
        on_device.warm_up(2)
        assert len(on_device(STREETS[:2])) == 2
        taken.append(torch.cuda.memory_reserved())
        on_device.close()
        assert torch.cuda.memory_allocated() < before + 1_000_000
    assert max(taken) <= 1.01 * taken[0]


def test_a_closed_segmenter_is_no_device_error():
    """The node must not probe the device for it."""
    on_device = segmenter()
    on_device.close()
    with pytest.raises(RuntimeError, match='closed') as raised:
        on_device(STREETS[0])
    assert not isinstance(raised.value, DeviceError)


def test_memory_of_six_cameras():
    """At 768x384 under 1.5 GB, graphs of both batch sizes included."""
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    on_device = segmenter((768, 384))
    on_device.warm_up(6)
    on_device(STREETS + STREETS[:2])
    assert torch.cuda.memory_reserved() - before < 1.5e9
