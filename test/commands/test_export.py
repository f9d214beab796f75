# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""`instance_seg export`: the file, what is in it and what ONNX Runtime makes of it."""

import json

import numpy as np
import pytest
import torch

from instance_seg_ros import cli
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import random_checkpoint

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """Export one small network for every test: embedding task, any number of images."""
    folder = tmp_path_factory.mktemp('export')
    checkpoint = random_checkpoint(network='enet', task='embedding', embedding_dims=3,
                                   label_set=LabelSet.named('camvid'))
    checkpoint.save(folder / 'a.safetensors')
    status = cli.main(['export', str(folder / 'a.safetensors'), str(folder / 'a.onnx'),
                       '--size', '72x40', '--dynamic-batch'])
    assert status == 0
    return checkpoint, folder / 'a.onnx'


def test_any_batch_agrees_with_pytorch(exported):
    """The size is padded and cropped inside; the batch is free."""
    checkpoint, path = exported
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    # Seeded: where two pixels of a pooling window differ by rounding alone, either may be taken.
    generator = torch.Generator().manual_seed(0)
    for batch in (1, 3):
        images = torch.randn(batch, 3, 40, 72, generator=generator)
        with torch.inference_mode():
            wanted, = checkpoint.build()(images)
        got, = session.run(['embeddings'], {'images': images.numpy()})
        np.testing.assert_allclose(got, wanted.numpy(), atol=1e-4)


def test_pooling_is_written_with_operators_every_runtime_is_fast_at(exported):
    """No MaxUnpool, no scatter, and no max-pooling with indices."""
    nodes = onnx.load(exported[1]).graph.node
    operators = {node.op_type for node in nodes}
    assert {'MaxPool', 'Slice', 'Where'} < operators
    assert not [name for name in operators if 'Unpool' in name or 'Scatter' in name]
    assert all(len(node.output) == 1 for node in nodes if node.op_type == 'MaxPool')


def test_the_file_says_how_to_use_it(exported):
    """Normalisation, label set and size are in the metadata; no other file is left."""
    checkpoint, path = exported
    metadata = {p.key: p.value for p in onnx.load(path).metadata_props}
    facts = json.loads(metadata['instance_seg_ros'])
    assert facts['mean'] == list(checkpoint.mean) and facts['input_size'] == [72, 40]
    assert LabelSet.from_dict(facts['label_set']) == checkpoint.label_set
    assert sorted(p.name for p in path.parent.iterdir()) == ['a.onnx', 'a.safetensors']


def test_a_missing_checkpoint_is_named(capsys):
    """Status 2 and a sentence."""
    assert cli.main(['export', 'nowhere.safetensors', 'out.onnx']) == 2
    assert 'nowhere.safetensors' in capsys.readouterr().err
