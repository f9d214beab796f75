# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The loss against a slow, obvious transcription of the paper's formula."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from instance_seg_ros.training.discriminative_loss import DiscriminativeLoss


def formula(embeddings, ids, delta_v=0.5, delta_d=1.5, gamma=0.001):
    """Loop over images, classes, instances and pairs in float64."""
    x = embeddings.double()
    terms = torch.zeros(3, dtype=torch.float64)
    for n in range(len(x)):
        classes = sorted({int(v) // 1000 for v in ids[n].unique() if v >= 1000})
        for c in classes:
            values = [v for v in ids[n].unique() if v // 1000 == c]
            clusters = [x[n][:, ids[n] == v].T for v in values]
            means = [cluster.mean(0) for cluster in clusters]
            var = sum(((p - m).norm(dim=1) - delta_v).clamp_min(0).square().mean()
                      for p, m in zip(clusters, means, strict=True)) / len(means)
            dist = sum((2 * delta_d - (a - b).norm()).clamp_min(0) ** 2
                       for a in means for b in means if a is not b)
            dist = dist / max(len(means) * (len(means) - 1), 1)
            reg = sum(m.norm() for m in means) / len(means)
            terms += torch.stack([torch.as_tensor(t, dtype=torch.float64)
                                  for t in (var, dist, reg)]) / len(classes) / len(x)
    return terms[0] + terms[1] + gamma * terms[2], *terms


def random_case(seed, images=2, dims=8, size=9, instances=4, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, instances + 3, (images, size, size + 2), generator=generator)
    choice = torch.tensor([0, 26, 255] + [24000 + 2007 * (k % 2) + k for k in range(instances)])
    x = torch.randn(images, dims, size, size + 2, generator=generator, dtype=dtype)
    return x * 1.3, choice[ids]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 9), st.integers(0, 9))
@example(108, 1, 1, 1)
def test_agrees_with_the_formula(seed, images, dims, instances):
    """Within 1e-6 relative on random batches, none or many instances.

    A hinge that is all but closed is a difference of larger numbers, rounded to 1e-7 of those.
    """
    x, ids = random_case(seed, images, dims, instances=instances)
    ours, reference = DiscriminativeLoss()(x, ids), formula(x, ids)
    for a, b in zip(ours, reference, strict=True):
        assert float(a) == pytest.approx(float(b), rel=1e-6, abs=1e-7)


def test_gradient_is_exact():
    """Numerical differentiation in float64 agrees, through the means too."""
    x, ids = random_case(3, dims=3, size=4, instances=3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda e: DiscriminativeLoss()(e, ids).total,
                                    x.requires_grad_())


@pytest.mark.parametrize('value', [0, 26, 255])
def test_without_instances_the_loss_and_its_gradient_are_zero(value):
    """Background, groups and void never enter the loss."""
    x = torch.randn(2, 8, 5, 6, requires_grad=True)
    terms = DiscriminativeLoss()(x, torch.full((2, 5, 6), value))
    terms.total.backward()
    assert terms.total.item() == 0 and not x.grad.any()


def test_one_instance_has_no_distance_term():
    """C(C-1) = 0 divides nothing."""
    x = torch.randn(1, 8, 5, 6)
    terms = DiscriminativeLoss()(x, torch.full((1, 5, 6), 26000))
    assert terms.distance.item() == 0 and terms.variance.item() > 0


def test_identical_embeddings_have_a_finite_gradient():
    """The norm of zero must not turn a training run into NaN."""
    x = torch.zeros(1, 8, 4, 4, requires_grad=True)
    ids = torch.full((1, 4, 4), 26000)
    ids[0, :2] = 26001
    terms = DiscriminativeLoss()(x, ids)
    terms.total.backward()
    assert terms.distance.item() == pytest.approx(9.0) and torch.isfinite(x.grad).all()


def test_classes_share_feature_space():
    """Two instances of different classes may lie on top of each other."""
    x = torch.zeros(1, 8, 4, 4)
    ids = torch.full((1, 4, 4), 26000)
    ids[0, :2] = 24000
    assert DiscriminativeLoss()(x, ids).distance.item() == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_accumulates_in_float32(dtype):
    """Sums over 200,000 pixels would stall at 2048 in half precision."""
    x = torch.full((1, 2, 400, 500), 1.5, dtype=dtype)
    ids = torch.full((1, 400, 500), 26000)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        terms = DiscriminativeLoss()(x, ids)
    assert terms.regularization.dtype == torch.float32
    assert terms.regularization.item() == pytest.approx(1.5 * 2 ** 0.5, rel=1e-5)
    assert terms.variance.item() == pytest.approx(0, abs=1e-6)


def test_converged_state_costs_only_the_regularization():
    """All pixels within delta_v of means at least 2 delta_d apart."""
    ids = torch.tensor([[[26000, 26000, 26001, 26001]]])
    x = torch.tensor([[[[0.0, 0.8, 4.0, 4.8]], [[0.0] * 4]]])
    terms = DiscriminativeLoss()(x, ids)
    assert terms.variance.item() == 0 and terms.distance.item() == 0


def test_wrong_shape_is_refused():
    """Embeddings and ids of different images are a mistake, not a broadcast."""
    with pytest.raises(ValueError, match='not of the same images'):
        DiscriminativeLoss()(torch.zeros(1, 8, 4, 4), torch.zeros(1, 4, 5, dtype=torch.long))


def test_instances_begin_at_one_thousand():
    """999 is a label id without an instance, 1000 instance 0 of label 1."""
    torch.manual_seed(0)
    x = torch.randn(1, 2, 2, 2)
    below = torch.tensor([[[999, 999], [7, 0]]])
    at = torch.tensor([[[1000, 1000], [7, 0]]])
    loss = DiscriminativeLoss()
    assert float(loss(x, below).total) == 0
    assert float(loss(x, at).regularization) == pytest.approx(
        float(x[0, :, 0].mean(1).norm()), rel=1e-5)
