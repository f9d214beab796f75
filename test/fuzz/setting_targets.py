# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Readers of settings and of texts: parameters, recipes, label sets, predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from checkout import ROOT
from fuzz.harness import Target
from fuzz.mutations import altered, odd_values
from fuzz.refusals import refused
from hypothesis import strategies as st

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.core.image_codec import ImageError
from instance_seg_ros.core.label_file import load_label_set
from instance_seg_ros.evaluation.folder import read_predictions
from instance_seg_ros.node_config.builders import all_settings, overlay_style, processor_of
from instance_seg_ros.node_config.parameter_file import read_parameters
from instance_seg_ros.node_config.parameters import NODE_FIELDS, AllSettings
from instance_seg_ros.perception.tracking import tracker as _tracker  # noqa: F401 - slow import
from instance_seg_ros.training.recipe import load_recipe

_IMAGE = np.zeros((40, 60, 3), np.uint8)
_PARAMETERS = tuple((ROOT / 'config' / name).read_bytes()
                    for name in ('instance_seg.yaml', 'multi_camera.yaml'))
_ALL = {name: list(f.default) if isinstance(f.default, tuple) else f.default
        for name, f in NODE_FIELDS.items()}
_RECIPE = (ROOT / 'config/training/paper.yaml').read_bytes()
_LABELS = b"""name: yard
classes:
  - {name: ground, id: 7, color: [1, 2, 3]}
  - {name: forklift, instances: true, aliases: [truck, {a: b}]}
  - person
map: {car: forklift, tree: ignore}
rest: ground
"""


def _yaml(content: Any) -> bytes:
    return yaml.safe_dump(content, allow_unicode=True).encode(errors='surrogatepass')


def _node_file(parameters: Any) -> bytes:
    return _yaml({'/**': {'ros__parameters': parameters}})


def _use(settings: AllSettings) -> str:
    """Build what the node builds of valid settings, and take a frame through it."""
    outcome = 'accepted'
    for camera in settings.cameras.values():
        try:
            processor_of(camera, overlay_style(settings.node)).prepare(_IMAGE)
        except (UserError, ImageError) as error:
            outcome = refused(error)
    return outcome


def _read_parameters(case: bytes, folder: Path) -> str:
    path = folder / 'parameters.yaml'
    path.write_bytes(case)
    try:
        return _use(read_parameters(path))
    except UserError as error:
        return refused(error)


def _set_parameters(case: dict[str, Any], folder: Path) -> str:
    try:
        return _use(all_settings({n: f.default for n, f in NODE_FIELDS.items()} | case))
    except UserError as error:
        return refused(error)


def _read_labels(case: bytes, folder: Path) -> str:
    path = folder / 'labels.yaml'
    path.write_bytes(case)
    try:
        labels = load_label_set(path)
    except UserError as error:
        return refused(error)
    assert 1 <= len(labels) <= 64
    return 'accepted'


def _read_recipe(case: bytes, folder: Path) -> str:
    path = folder / 'recipe.yaml'
    path.write_bytes(case)
    try:
        load_recipe(path)
    except UserError as error:
        return refused(error)
    return 'accepted'


def _read_predictions(case: bytes, folder: Path) -> str:
    place = folder / 'predictions'
    if not place.exists():
        place.mkdir()
        cv2.imwrite(str(place / 'm.png'), np.eye(8, dtype=np.uint8))
    (place / 'a.txt').write_bytes(case)
    try:
        found = read_predictions(place, 'a')
    except UserError as error:
        return refused(error)
    assert all(np.isfinite(p.confidence) for p in found)
    return 'accepted'


def _values(name: str) -> st.SearchStrategy:
    """Draw values of a parameter's type: ROS refuses others before the node sees them."""
    numbers = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e-46, 1e308, 5e-324]))
    integers = st.one_of(st.integers(-3, 400), st.sampled_from([2**63 - 1, -2**63]))
    texts = st.one_of(st.text(max_size=12), st.sampled_from([
        '0,0 9,0 9,9', '0,0 inf,0 1,1', '0,0 nan,1 2,2', '1e9,0 0,1e9 5,5', 'person=1e-320',
        'car=0.5', 'car=nan', '=', 'x' * 5000, 'missing.png', '/', 'cuda:99999999999', 'ground',
        'cpu', '\0.png', '~/topic', '/a//b']))
    kind = NODE_FIELDS[name].type
    return {bool: st.booleans(), int: integers, float: numbers, str: texts,
            tuple[int, ...]: st.lists(integers, max_size=5).map(tuple),
            tuple[float, ...]: st.lists(numbers, max_size=8).map(tuple),
            tuple[str, ...]: st.lists(texts, max_size=3).map(tuple)}[kind]


def _changes() -> st.SearchStrategy[dict[str, Any]]:
    names = st.lists(st.sampled_from([n for n in NODE_FIELDS if n != 'cameras']), min_size=1,
                     max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({n: _values(n) for n in chosen}))


TARGETS = (
    Target('parameter files', _read_parameters, _PARAMETERS + (_node_file(_ALL),), st.one_of(
        st.builds(_node_file, altered(_ALL)), st.builds(_yaml, odd_values()),
        st.builds(_yaml, altered(yaml.safe_load(_PARAMETERS[1])))), 0.5, weight=0.1),
    Target('parameter values', _set_parameters, structured=_changes(), weight=0.15),
    Target('label set files', _read_labels, (_LABELS,),
           st.builds(_yaml, altered(yaml.safe_load(_LABELS))), 0.6, weight=0.1),
    Target('recipes', _read_recipe, (_RECIPE,),
           st.builds(_yaml, altered(yaml.safe_load(_RECIPE))), 0.6, weight=0.05),
    Target('prediction folders', _read_predictions, (
        b'm.png 24 0.5\nm.png 26 1e-3\n', b'm.png 24 inf\n', b'../m.png 1 1', b'm.png 24 nan\n')),
)
