# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All models one process can place, by kind, for train or for val."""

import pickle
from functools import lru_cache

from . import big_vehicles, cars, cycles, furniture, models, people, plants, textures

BANK_SEED = 0


class Catalog:
    """The models of one split, and the texture bank they and the streets use.

    Models whose name says validation are only in val, and val has no others; a kind of which
    all models fell to the other side borrows one.
    """

    def __init__(self, split, everything, bank=None):
        """Take a split's share of [Model]; `bank` is (names, textures) if it is at hand."""
        self.split = split
        self.names, self.bank = bank or textures.bank(BANK_SEED)
        kinds = {}
        for model in everything:
            kinds.setdefault(model.kind, []).append(model)
        self.by_kind = {}
        for kind, members in kinds.items():
            mine = [m for m in members if models.is_validation(m.name) == (split != 'train')]
            self.by_kind[kind] = mine or members[:1]

    def pick(self, rng, kind):
        """Return a random model of a kind."""
        members = self.by_kind[kind]
        return members[rng.integers(len(members))]

    def has(self, kind):
        """Say whether there is any model of a kind."""
        return bool(self.by_kind.get(kind))


def make_models(folder=None):
    """Return all models: our own, and those of a folder."""
    names, _ = textures.bank(BANK_SEED)
    result = (cars.make_cars() + big_vehicles.make_big_vehicles() + people.make_people()
              + cycles.make_cycles() + plants.make_plants(names)
              + furniture.make_furniture(names))
    return result + (models.load_all(folder) if folder else [])


def save_models(path, folder=None):
    """Make all models once and store them for the processes that render."""
    content = make_models(folder), textures.bank(BANK_SEED)
    path.write_bytes(pickle.dumps(content, protocol=5))


@lru_cache(maxsize=2)
def load_catalog(split, path):
    """Return the catalog of a split from what `save_models` stored."""
    return Catalog(split, *pickle.loads(path.read_bytes()))     # noqa: S301 (of this run)
