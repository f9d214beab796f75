# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Each benchmark once, tiny: right answers, whole tables. Not their speed."""

import argparse

import cv2
import numpy as np
import pytest
import torch

from instance_seg_ros.benchmark import (
    clustering,
    frames,
    gpu,
    load_benchmark,
    loss,
    networks,
    peers,
)
from instance_seg_ros.benchmark.roofline import Ceilings, Work, measure_ceilings, network_work
from instance_seg_ros.core.errors import UserError
from instance_seg_ros.networks import build_network
from instance_seg_ros.training.discriminative_loss import DiscriminativeLoss

CPU = torch.device('cpu')


def options(name, *words):
    """Parse a benchmark's arguments."""
    parser = argparse.ArgumentParser()
    load_benchmark(name).add_arguments(parser)
    return parser.parse_args([*words, '--device', 'cpu', '--repeats', '1'])


def run(name, *words):
    """Run a benchmark on the CPU, once."""
    return load_benchmark(name).run(options(name, *words))


def test_loss_baseline_is_the_same_formula():
    """Value and gradient; otherwise the comparison would say nothing."""
    embeddings, ids = loss.scene(2, (40, 16), 5, 4)
    embeddings.requires_grad_()
    slow = loss.one_hot_loss(embeddings, ids, 5)
    ours = DiscriminativeLoss()(embeddings, ids).total
    torch.testing.assert_close(slow, ours)
    gradients = [torch.autograd.grad(x, embeddings)[0] for x in (slow, ours)]
    torch.testing.assert_close(*gradients)


def test_loss():
    """Two rows."""
    report = run('loss', '--images', '1', '--size', '40x16', '--instances', '3')
    assert [r['formulation'] for r in report.rows] == ['one-hot expansion', 'ours']
    assert all(r['median_ms'] > 0 for r in report.rows)


@pytest.mark.parametrize('name, gmac', [
    ('segnet', (81, 181, 322)), ('dilation10', (296, 666, 1183)), ('resnet38', (299, 674, 1197))])
def test_operations_of_the_networks(name, gmac):
    """Multiply-adds at the three sizes of Table 2, in 1e9."""
    assert tuple(round(networks.gigamacs(name, size)) for size in networks.SIZES) == gmac


def test_networks():
    """The paper's row appears next to ours at the paper's size."""
    report = run('networks', '--networks', 'enet', '--sizes', '64x32', '512x256')
    small, papers = report.rows
    assert small['titan_x_fps'] is None and papers['titan_x_fps'] == 145
    assert papers['mparams'] == pytest.approx(0.364, abs=1e-3) and papers['fps'] > 0
    assert papers['paper_mparams'] == 0.36 and papers['titan_x_gb'] == 1 and papers['peak_gb'] > 0


def test_clustering():
    """Every method finds nearly the truth; what would take too long has no numbers."""
    report = run('clustering', '--pixels', '2000', '--instances', '5', '--spread', '0.1')
    assert [r['method'] for r in report.rows] == list(clustering.METHODS)
    assert all(r['ari'] > 0.9 for r in report.rows)
    assert report.rows[0]['ari'] == 1.0 and report.rows[0]['clusters'] == 5
    report = run('clustering', '--pixels', '300', '600', '--instances', '3', '--limit', '0.00001')
    assert 'median_ms' in report.rows[0] and 'median_ms' not in report.rows[-1]


@pytest.mark.parametrize('pixels', [500, 5_000])
def test_pixels_of_the_clustering_benchmark(pixels):
    """About as many as asked for, in that many instances, at least 3 apart."""
    data = clustering.SyntheticEmbeddings(pixels, 7, 0.0)
    assert len(data.points) == pytest.approx(pixels, rel=0.1)
    assert set(data.truth) == set(range(7))
    assert (data.class_index == clustering.CAR).sum() == len(data.points)
    means = np.unique(data.points, axis=0)
    apart = np.linalg.norm(means[:, None] - means, axis=2)[~np.eye(7, dtype=bool)]
    assert apart.min() >= 3


def test_pipeline_of_given_images(tmp_path):
    """Every stage, the whole and the bare network, at each size."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((40, 60, 3), np.uint8))
    report = run('pipeline', '--images', str(tmp_path), '--image-size', '96x64', '--size',
                 '64x64', '128x64', '--batch', '2')
    stages = [r['stage'] for r in report.rows if r['size'] == '128x64']
    assert stages[0] == 'decode' and stages[-2:] == ['image to masks', 'bare network']
    assert {'preprocess', 'network', 'clustering', 'masks', 'overlay'} < set(stages)
    assert report.rows[-1]['over_network'] == 1.0
    assert '1 given images of 96x64' in report.notes[0]
    with pytest.raises(UserError):
        run('pipeline', '--images', str(tmp_path / 'nothing.png'))


def test_peers():
    """Both rows of an engine; the peer is named where it is not installed."""
    report = run('peers', '--size', '64x64', '--image-size', '96x64', '--engine', 'torch')
    assert [(r['what'], r['engine']) for r in report.rows][0] == ('bare network', 'torch')
    assert report.rows[0]['over_torch'] == report.rows[-1]['over_torch'] == 1
    measured = any(r['engine'] == peers.PEER for r in report.rows)
    assert measured or f'{peers.PEER}: not measured' in report.text()


def test_drawn_streets_differ_and_repeat():
    """The same seed, the same image."""
    first, again, other = (frames.draw_street((64, 32), seed) for seed in (0, 0, 1))
    assert first.shape == (32, 64, 3) and (first == again).all() and (first != other).any()


def test_memory():
    """Relative to the first look."""
    report = run('memory', '--after', '1', '2', '--image-size', '64x64')
    assert [r['frames'] for r in report.rows] == [1, 2] and report.rows[0]['over_first'] == 1


def test_gpu_without_one_says_what_to_do():
    """No traceback, no empty table."""
    with pytest.raises(UserError, match='no CUDA device'):
        run('gpu')


def test_gpu_parts_on_the_cpu():
    """The same code with small numbers: each stage has a least time below the measured one."""
    args = options('gpu', '--image-size', '64x64')
    report = gpu.everything(args, CPU, Ceilings(1e15, 1e15, 1e15), ((64, 64),), 'enet',
                            (2_000,))
    cases = {r['case'] for r in report.rows}
    assert {'64x64', 'batch of 8, 64x64', 'enet 64x64', '8 x 64x64', '2000 pixels'} <= cases
    assert all(r['least_ms'] < r['p50_ms'] for r in report.rows if r['least_ms'])


def test_roofline_takes_the_scarcest():
    """By hand."""
    assert Ceilings(1e3, 1e3, 10).least_ms(Work(2000, 500, 1)) == 2000
    assert Ceilings(1e3, 1e3, 10).least_ms(Work(2000, 500, 50)) == 5000
    measured = measure_ceilings(CPU, torch.float32, 64, 1, 2)
    assert min(measured.flops, measured.memory, measured.host) > 0


def test_work_of_a_network_is_counted():
    """ENet's: as many operations as the table says, and more bytes than its weights."""
    with torch.device('meta'):
        network = build_network('enet', 8, task='semantic').eval()
        image = torch.empty(1, 3, 64, 64)
    work = network_work(network, image, 2)
    assert work.flops == 2e9 * networks.gigamacs('enet', (64, 64))
    assert work.memory > 2 * 363_000


def test_scoring_next_to_the_official_code():
    """Both score the same frames alike, and the remark says so."""
    pytest.importorskip('cityscapesscripts')
    few = '2' if hasattr(np, 'in1d') else '0'   # the official reader needs numpy before 2.4
    report = run('scoring', '--size', '128x64', '--frames', '3', '--official', few)
    assert [r['code'] for r in report.rows[:3]] == ['ours'] * 3
    assert few == '0' or 'identical scores' in report.notes[-1]


def test_bag(tmp_path):
    """Of a drawn street and of a bag of one's own, from its first frames."""
    from instance_seg_ros.benchmark.bag import _drawn_bag

    own = _drawn_bag(tmp_path / 'own', (96, 64), 5)
    for arguments, frames_ in ((('--image-size', '96x64', '--frames', '2'), 2),
                               (('--bag', str(own), '--frames', '3', '--batch', '2'), 3)):
        report = run('bag', *arguments, '--repeats', '1', '--threads', '1')
        alone, bag, *parts = report.rows
        assert (alone['of_alone'], bag['work']) == (1, 'process-bag')
        assert 0 < bag['of_alone'] < 2 and alone['cpu_ms_a_frame'] > 0 < bag['cpu_ms_a_frame']
        assert [part['work'] for part in parts] == [
            'read and decode', 'make messages', 'compress and write']
        assert all(part['cpu_ms_a_frame'] > 0 for part in parts)
        assert 'at best' in report.notes[-1]
        assert f'{frames_} frames of ' in report.notes[0]
