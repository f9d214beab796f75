# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A trained network with all it takes to run it, in one safetensors file (no pickle)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from ..core.atomic_file import atomic_path
from ..core.errors import UserError
from ..core.labels import LabelSet
from ..core.texts import shortened
from ..networks import TwoNetworks, build_network
from .checkpoint_facts import FORMAT, check_facts, check_format
from .clustering_methods import BANDWIDTHS, METHODS, branch_channels

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


SHIPPED = Path(__file__).parents[1] / 'weights'
"""The folder of the weights that come with the package."""


def default_checkpoint() -> Path:
    """Return the weights that are used where none are named."""
    return SHIPPED / 'enet_branched.safetensors'


def weights_file(name: Path | str) -> Path:
    """Return the path of weights: a file, or the name of shipped ones without its suffix."""
    known = shipped_weights().get(str(name))
    return known if known and not Path(name).exists() else Path(name)


def shipped_weights() -> dict[str, Path]:
    """Return the files of weights that come with the package, by name."""
    return {file.stem: file for file in sorted(SHIPPED.glob('*.safetensors'))}


@dataclass
class Checkpoint:
    """Weights and the facts that belong to them.

    Attributes:
        network: name of the network, as `build_network` takes it.
        label_set: channel order of the logits.
        state: tensors by name.
        task: as `build_network` takes it.
        options: as `build_network` takes them.
        input_size: (width, height) in pixels the network was made for; width 0 follows the image.
        method: of the clustering, one of `METHODS`.
        bandwidth: for the method, a number or numbers by class name (`BANDWIDTHS` for what is not
            named).
        class_groups: names of the classes of each group that is clustered together; the pixels of
            a cluster elect its class. The paper has none.
        confidence: weights by class name, see `confidence.Confidence`.
        mean: of RGB in 0 to 1, for normalisation.
        std: of RGB in 0 to 1, for normalisation.
        provenance: plain data for people.
        scores: plain data for people.
    """

    network: str
    label_set: LabelSet
    state: dict
    task: str = 'both'
    options: dict = field(default_factory=dict)
    embedding_dims: int = 8
    input_size: tuple[int, int] = (768, 384)
    method: str = 'mean_shift'
    bandwidth: float | dict | None = None
    class_groups: Sequence[Sequence[str]] = ()
    confidence: dict = field(default_factory=dict)
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    provenance: dict = field(default_factory=dict)
    scores: dict = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        """Take the method's bandwidth where none is given; UserError for an unknown method."""
        if self.method not in METHODS:
            raise UserError(f'Unknown clustering method {self.method!r}; available: '
                            f'{", ".join(METHODS)}.')
        if self.bandwidth is None:
            self.bandwidth = BANDWIDTHS[self.method]

    def build(self) -> nn.Module:
        """Build the network with these weights, in evaluation mode, on the CPU."""
        network = self._bare_network()
        try:
            network.load_state_dict(self.state)
        except RuntimeError as error:
            raise UserError(f'The weights in {self.path} do not fit network {self.network!r}: '
                            f'{_first_line(error)}') from error
        return network.eval()

    def _bare_network(self) -> nn.Module:
        """Build the network with whatever weights it starts with."""
        channels = branch_channels(self.method, self.embedding_dims)
        return build_network(self.network, len(self.label_set), channels, self.task,
                             **self.options)

    def fresh_state(self) -> dict:
        """Return the tensors by name that an untrained network of this kind starts with."""
        return self._bare_network().state_dict()

    @property
    def bandwidths(self) -> dict[str, float]:
        """The bandwidth of each countable class by name."""
        names = [self.label_set.names[k] for k in self.label_set.thing_indices]
        usual, given = BANDWIDTHS[self.method], self.bandwidth
        if isinstance(given, dict):
            return {name: given.get(name, usual) for name in names}
        return dict.fromkeys(names, usual if given is None else given)

    @property
    def group_channels(self) -> tuple[tuple[int, ...], ...]:
        """The channels of each group, without classes that the label set does not count."""
        channels = {self.label_set.names[k]: k for k in self.label_set.thing_indices}
        groups = (tuple(channels[name] for name in group if name in channels)
                  for group in self.class_groups)
        return tuple(group for group in groups if len(group) > 1)

    @property
    def checksum(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the tensors, in order of name."""
        digest = hashlib.sha256()
        for name in sorted(self.state):
            digest.update(name.encode())
            digest.update(self.state[name].contiguous().cpu().numpy().tobytes())
        return digest.hexdigest()[:12]

    def save(self, path: Path | str) -> None:
        """Write the file atomically."""
        state = {k: v.detach().cpu().contiguous() for k, v in self.state.items()}
        metadata = {'instance_seg_ros': json.dumps(self.facts())}
        with atomic_path(Path(path)) as part:
            # Not save_file: it creates files that only their owner may read.
            part.write_bytes(safetensors.torch.save(state, metadata))

    def facts(self) -> dict:
        """Return everything but the weights, as plain data."""
        plain = {key: getattr(self, key) for key in _PLAIN_FIELDS}
        return {'format': FORMAT, 'label_set': self.label_set.to_dict(), **plain}

    @classmethod
    def load(cls, path: Path | str) -> 'Checkpoint':
        """Read a file that `save` wrote; UserError with the reason where that fails.

        Args:
            path: of the file, or the name of shipped weights.
        """
        path = weights_file(path)
        if not path.is_file():
            raise UserError(f'There is no checkpoint {path}; give the path of a .safetensors '
                            'file, or the name of weights that come with the package: '
                            f'{", ".join(shipped_weights())}.')
        _refuse_other_files(path)
        try:
            with safe_open(path, 'pt') as file:
                facts = json.loads((file.metadata() or {}).get('instance_seg_ros', '{}'))
                state = {name: file.get_tensor(name) for name in file.keys()}    # noqa: SIM118
        except (SafetensorError, OSError, ValueError, RuntimeError) as error:
            # RuntimeError: of PyTorch where the file cannot be opened or mapped
            raise UserError(f'{path} is not a readable safetensors file: '
                            f'{_first_line(error)}.') from error
        return cls._from_facts(path, facts, state)

    @classmethod
    def _from_facts(cls, path: Path, facts: Any, state: dict) -> 'Checkpoint':
        check_format(path, facts.get('format') if isinstance(facts, dict) else None)
        try:
            # early files lack these
            facts = {'task': 'both', 'confidence': {}, 'method': 'mean_shift', 'class_groups': [],
                     **facts}
            plain = {key: facts[key] for key in _PLAIN_FIELDS}
            plain.update({key: tuple(facts[key]) for key in ('input_size', 'mean', 'std')})
            check_facts(plain)
            _require_floats(state)
            return cls(label_set=LabelSet.from_dict(facts['label_set']), state=state, path=path,
                       **plain)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UserError(f'The description in {path} is damaged: '
                            f'{shortened(repr(error))}.') from error


_PLAIN_FIELDS = ('network', 'task', 'options', 'embedding_dims', 'input_size', 'method',
                 'bandwidth', 'class_groups', 'confidence', 'mean', 'std', 'provenance', 'scores')


def build_pipeline(checkpoint: Checkpoint, semantic: Checkpoint | None = None) -> nn.Module:
    """Build what maps images to class logits and embeddings, in evaluation mode, on the CPU.

    That is one network for both tasks, or the paper's set-up: embeddings of the first
    checkpoint, class logits of the second. Raises UserError when they do not fit together.
    """
    if semantic is None:
        _require_task(checkpoint, 'semantic', 'add a semantic checkpoint')
        _require_task(checkpoint, 'embedding', 'it can only be the semantic one of two')
        return checkpoint.build()
    _require_task(checkpoint, 'embedding', 'exchange the two checkpoints')
    _require_task(semantic, 'semantic', 'choose another as the semantic one')
    for fact in ('label_set', 'mean', 'std'):
        if getattr(checkpoint, fact) != getattr(semantic, fact):
            raise UserError(f'{_name(checkpoint)} and {_name(semantic)} were made with a '
                            f'different {fact}; both networks see the same image.')
    return TwoNetworks(semantic.build(), checkpoint.build())


def _refuse_other_files(path: Path) -> None:
    """Name what is often given in place of a checkpoint."""
    with path.open('rb') as file:
        start = file.read(16)
    if start.startswith(b'version https://'):
        raise UserError(f'{path} is a git-lfs pointer, not the weights; run `git lfs pull`.')
    if start.startswith((b'PK\x03\x04', b'\x80\x02', b'\x80\x03', b'\x80\x04')):
        raise UserError(f'{path} is a PyTorch file; convert it with `instance_seg '
                        'import-weights` first.')


def _require_floats(state: dict) -> None:
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32,
                                                               torch.float64):
            raise ValueError(f'{shortened(name)} is {tensor.dtype}; float32 is needed')


def _require_task(checkpoint: Checkpoint, task: str, remedy: str) -> None:
    if checkpoint.task not in (task, 'both'):
        raise UserError(f'{_name(checkpoint)} has no {task} output; {remedy}.')


def _name(checkpoint: Checkpoint) -> str:
    return str(checkpoint.path or f'The {checkpoint.network} checkpoint')


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ' '.join(lines[:2])


def random_checkpoint(seed: int = 0, network: str = 'enet_branched',
                      **facts: Any) -> Checkpoint:
    """Return an untrained network, a branched ENet by default (for tests and for timing)."""
    checkpoint = Checkpoint(network, facts.pop('label_set', LabelSet.named('cityscapes')), {},
                            **facts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        checkpoint.state = checkpoint.fresh_state()
    return checkpoint
