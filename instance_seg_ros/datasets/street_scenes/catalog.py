# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""All models one process can place, by kind, for train or for val."""

from . import big_vehicles, cars, cycles, furniture, models, people, plants, textures


class Catalog:
    """
    The models of one split.

    `folder` adds models found on disk. Models whose name says validation are only in val, and
    val has no others; only where val would have none of a kind does it get one from train.
    """

    def __init__(self, split, folder=None, bank_seed=0):
        self.split = split
        self.names, self.bank = textures.bank(bank_seed)
        everything = (cars.make_cars() + big_vehicles.make_big_vehicles()
                      + people.make_people() + cycles.make_cycles()
                      + plants.make_plants(self.names) + furniture.make_furniture(self.names))
        if folder:
            everything += models.load_all(folder)
        self.by_kind = {}
        for model in everything:
            self.by_kind.setdefault(model.kind, []).append(model)
        wanted = split != 'train'
        for kind, members in self.by_kind.items():
            mine = [m for m in members if models.is_validation(m.name) == wanted]
            self.by_kind[kind] = mine or members[:1]

    def pick(self, rng, kind):
        """Return a random model of a kind."""
        members = self.by_kind[kind]
        return members[rng.integers(len(members))]

    def has(self, kind):
        """Say whether there is any model of a kind."""
        return bool(self.by_kind.get(kind))
