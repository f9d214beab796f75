# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The segmenter from images to instance maps, with a network that is not trained."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from instance_seg_ros.core.errors import DeviceError, UserError
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.core.stages import SEGMENTER_STAGES
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.devices import half_is_fast, resolve_device
from instance_seg_ros.inference.segmenter import InstanceSegmenter


class Painted(nn.Module):
    """Reads class and embedding off the image's colours: red = car, blue separates instances."""

    def forward(self, images):
        """Return logits and embeddings with exact, separable values."""
        rgb = images * torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1) + torch.tensor(
            [0.485, 0.456, 0.406]).view(3, 1, 1)
        logits = torch.zeros(len(images), 19, *images.shape[2:])
        logits[:, 13] = torch.where(rgb[:, 0] > 0.5, 8.0, -8.0)
        embeddings = torch.zeros(len(images), 8, *images.shape[2:])
        embeddings[:, 0] = rgb[:, 2] * 20
        return logits, embeddings


@pytest.fixture
def painted():
    """Return a segmenter whose network is exact."""
    segmenter = InstanceSegmenter(random_checkpoint(), input_size=(128, 64), device='cpu')
    segmenter._engine.network = Painted()
    return segmenter


def street(width=256, height=128):
    """Return an image with two touching cars and a small one."""
    image = np.zeros((height, width, 3), np.uint8)
    image[40:80, 20:80, 0], image[40:80, 80:120, 0], image[20:26, 200:208, 0] = 255, 255, 255
    image[40:80, 80:120, 2], image[20:26, 200:208, 2] = 255, 128
    return image


def test_masks_and_records_of_known_embeddings(painted):
    """Touching cars are separated; every number agrees with the pixels."""
    result = painted(street())
    result.check_pixels()
    assert [(x.id, x.box, x.area) for x in result.instances] == [
        (26000, (20, 40, 80, 80), 2400), (26001, (80, 40, 120, 80), 1600),
        (26002, (200, 20, 208, 26), 48)]
    assert result.class_mask[60, 50] == 26 and result.class_mask[0, 0] == 7
    assert set(result.timings_ms) == set(SEGMENTER_STAGES)


def test_a_batch_of_different_sizes_equals_single_images(painted):
    """Each result has its image's size."""
    images = [street(), street(300, 190), street(64, 48)]
    for image, together in zip(images, painted(images), strict=True):
        alone = painted(image)
        assert together.class_mask.shape == image.shape[:2]
        assert (together.instance_mask == alone.instance_mask).all()
        together.check_pixels()
    assert painted([]) == []


def test_thresholds_by_class(painted):
    """What is below a threshold is no instance but keeps its class."""
    painted.configure(min_area={'car': 100})
    result = painted(street())
    assert len(result.instances) == 2 and result.class_mask[22, 202] == 26
    assert result.instance_mask[22, 202] == 0
    painted.configure(score_threshold={'car': 1.0})
    assert painted(street()).instances == ()
    painted.configure(score_threshold=0.0, min_area=0, classes=['person'])
    assert painted(street()).instances == ()


def test_bandwidth_by_class(painted):
    """Those not named keep theirs; so do those that a checkpoint does not name."""
    car, person = (painted.label_set.names.index(name) for name in ('car', 'person'))
    painted.configure(bandwidth=1.25)
    painted.configure(bandwidth={'car': 30.})
    assert (painted.settings.bandwidth[car], painted.settings.bandwidth[person]) == (30., 1.25)
    assert len(painted(street()).instances) == 1
    painted.configure(classes=['person', 'car'])
    assert painted.settings.thing_bandwidths == (1.25, 30.)
    segmenter = InstanceSegmenter(random_checkpoint(bandwidth={'car': 2.}), 'cpu')
    assert segmenter.settings.bandwidth[car] == 2. and segmenter.settings.bandwidth[person] == 1.5


@pytest.mark.parametrize('wrong, message', [
    ({'bandwidth': 0}, 'bandwidth'), ({'bandwidth': {'tram': 1}}, 'tram'),
    ({'bandwidth': {'road': 1}}, 'road'), ({'bandwidth': {'car': -1}}, 'bandwidth'),
    ({'bandwidth': 1e-46}, 'bandwidth'),
    ({'score_threshold': 1.5}, 'score_threshold'),
    ({'min_area': {'car': -1}}, 'min_area'), ({'min_area': {'tram': 1}}, 'tram'),
    ({'classes': ['road']}, 'road'), ({'classes': ['tram']}, 'tram')])
def test_wrong_settings_change_nothing(painted, wrong, message):
    """All or none."""
    before = painted.settings
    with pytest.raises(UserError, match=message):
        painted.configure(**{'bandwidth': 1.0, **wrong})
    assert painted.settings == before


@pytest.mark.parametrize('image', [
    None, np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8),
    np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_rgb_image_is_refused(painted, image):
    """The message says what was expected."""
    with pytest.raises(UserError, match='RGB'):
        painted([image])


@pytest.mark.parametrize('options, message', [
    ({'device': 'tpu'}, 'cpu'), ({'device': 'cuda:7'}, 'cuda:7'), ({'input_size': (10, 10)}, '64'),
    ({'input_size': 5}, '64'), ({'input_size': 'wide'}, 'two numbers'),
    ({'threads': -1}, 'threads'), ({'cuda_graphs': 'on'}, 'auto, off')])
def test_wrong_options_are_refused(options, message):
    """A device that is not there, a size that makes no sense."""
    with pytest.raises(UserError, match=message):
        InstanceSegmenter(random_checkpoint(), **options)


def test_untrained_network_runs_and_repeats_itself():
    """The real network end to end, twice, bit for bit."""
    segmenter = InstanceSegmenter(random_checkpoint(), input_size=(128, 64), device='cpu')
    segmenter.warm_up()
    image = np.random.default_rng(0).integers(0, 255, (90, 200, 3), np.uint8)
    first, second = segmenter(image), segmenter(image)
    first.check_pixels()
    assert (first.instance_mask == second.instance_mask).all()
    assert first.instances == second.instances
    segmenter.close()


def test_class_logits_of_a_second_checkpoint(tmp_path):
    """The paper's set-up: semantics of one network, embeddings of another; given as a file."""
    embedding = random_checkpoint(1, 'enet', task='embedding')
    semantic = random_checkpoint(2, 'enet', task='semantic')
    semantic.save(tmp_path / 'semantic.safetensors')
    segmenter = InstanceSegmenter(embedding, input_size=(128, 64), device='cpu',
                                  semantic_checkpoint=tmp_path / 'semantic.safetensors')
    logits, embeddings = segmenter.infer([street(128, 64)])
    assert logits.shape == (1, 19, 64, 128) and embeddings.shape == (1, 8, 64, 128)
    segmenter(street()).check_pixels()


@pytest.mark.parametrize('first, second, message', [
    ('embedding', None, 'no semantic output'), ('semantic', None, 'no embedding output'),
    ('semantic', 'embedding', 'exchange'), ('both', 'embedding', 'no semantic output'),
    ('both', 'other', 'label_set')])
def test_checkpoints_that_do_not_make_a_pair(first, second, message):
    """The sentence says what to do."""
    if second == 'other':
        second = random_checkpoint(network='enet', label_set=LabelSet.named('camvid'))
    elif second:
        second = random_checkpoint(network='enet', task=second)
    with pytest.raises(UserError, match=message):
        InstanceSegmenter(random_checkpoint(network='enet', task=first),
                          semantic_checkpoint=second)


def test_a_closed_segmenter_says_so(painted):
    """Every call does; closing again is harmless."""
    painted.close()
    painted.close()
    for call in (lambda: painted(street()), lambda: painted.infer([street()]), painted.warm_up,
                 lambda: painted.find([street()])):
        with pytest.raises(RuntimeError, match='segmenter is closed'):
            call()


def test_closing_waits_for_the_call_in_progress(painted):
    """The call ends well, the next one is refused."""
    entered, go_on = threading.Event(), threading.Event()

    class Slow(Painted):
        def forward(self, images):
            entered.set()
            go_on.wait()
            return super().forward(images)

    painted._engine.network = Slow()
    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(painted, street())
        entered.wait()
        closing = pool.submit(painted.close)
        painted.configure(bandwidth=2.)           # does not wait
        assert not closing.done()
        go_on.set()
        assert len(call.result().instances) == 3 and closing.result() is None
    with pytest.raises(RuntimeError, match='closed'):
        painted(street())


def test_a_signal_handler_closes_it_in_the_middle_of_a_call(painted):
    """It runs in the thread of the call, which would wait for itself."""
    class Interrupted(Painted):
        def forward(self, images):
            painted.close()
            return super().forward(images)

    painted._engine.network = Interrupted()
    assert len(painted(street()).instances) == 3
    with pytest.raises(RuntimeError, match='closed'):
        painted(street())


def test_settings_changed_at_once_are_all_kept(painted):
    """Two threads change different settings; neither undoes the other's change."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            for k in range(300):
                pool.submit(painted.configure, min_area=k)
                pool.submit(painted.configure, score_threshold=k / 300).result()
                painted.configure()
    finally:
        sys.setswitchinterval(interval)
    assert set(painted.settings.min_area.values()) == {299}
    assert set(painted.settings.score_threshold.values()) == {299 / 300}


@pytest.mark.parametrize('capability, fast', [
    ((5, 3), False), ((6, 1), False), ((7, 0), True), ((8, 7), True), ((12, 0), True)])
def test_half_precision_by_default_where_it_is_fast(monkeypatch, capability, fast):
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: capability)
    assert half_is_fast(torch.device('cuda:0')) == fast


def test_a_cuda_device_has_an_index(monkeypatch):
    """Without one each thread would use its own current device."""
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'current_device', lambda: 1)
    assert resolve_device('auto') == resolve_device('cuda') == torch.device('cuda:1')
    assert resolve_device('cuda:0') == torch.device('cuda:0')
    with pytest.raises(UserError, match="Unknown device 'cuda:2'; available: cpu, cuda:0, cuda:1"):
        resolve_device('cuda:2')


def test_a_device_that_does_not_take_the_network(monkeypatch):
    """Is a device error, after which the node probes the device."""
    def move(self, *args, **kwargs):
        raise RuntimeError('CUDA error: out of memory')
    monkeypatch.setattr(nn.Module, 'to', move)
    with pytest.raises(DeviceError, match='cannot be placed on cpu: CUDA error'):
        InstanceSegmenter(random_checkpoint(), device='cpu')
