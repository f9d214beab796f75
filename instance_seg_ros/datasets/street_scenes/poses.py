# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Joint positions of a person: standing, walking, riding.

Joints are {name: (3,) metres}, x right, y forward, feet on z = 0, for a person 1.75 m tall.
"""

from typing import NamedTuple

import numpy as np

THIGH, UPPER_ARM, LOWER_ARM = 0.43, 0.29, 0.26


def _swing(length, angle, aside=0.0):
    return length * np.array([aside, np.sin(angle), -np.cos(angle)])


class Gait(NamedTuple):
    """How a person stands or walks; `walk` 0 stands, 1 strides. Angles in radians."""

    walk: float
    legs: tuple  # small offsets (left, right)
    arms: tuple
    folds: tuple  # of the elbows

    @classmethod
    def random(cls, rng, walk):
        """Draw a gait."""
        return cls(walk, tuple(rng.normal(0, 0.04, 2)), tuple(rng.normal(0, 0.08, 2)),
                   tuple(rng.choice([0.15, 0.4, 1.5], 2, p=[.6, .3, .1])))

    def joints(self, phase):
        """Return the joints at a phase 0..1 of a double step."""
        angle = 2 * np.pi * phase
        lean = 0.03 + 0.02 * self.walk
        joints = {'hip': np.array([0, 0, 0.93]), 'neck': np.array([0, lean, 1.46])}
        for i, (side, sign) in enumerate((('l', -1), ('r', 1))):
            swing = sign * np.sin(angle) * 0.5 * self.walk + self.legs[i]
            bend = self.walk * max(0.0, sign * np.cos(angle)) * 0.6
            hip = joints['hip'] + [sign * 0.09, 0, -0.02]
            knee = hip + _swing(THIGH, swing)
            shoulder = joints['neck'] + [sign * 0.19, 0, -0.06]
            arm = -swing * 0.8 + self.arms[i]
            elbow = shoulder + _swing(UPPER_ARM, arm, sign * 0.15)
            hand = elbow + _swing(LOWER_ARM, arm + self.folds[i], -sign * 0.05)
            joints.update({f'hip_{side}': hip, f'knee_{side}': knee,
                           f'foot_{side}': knee + _swing(THIGH, swing - bend),
                           f'shoulder_{side}': shoulder, f'elbow_{side}': elbow,
                           f'hand_{side}': hand})
        lowest = min(joints['foot_l'][2], joints['foot_r'][2]) - 0.05
        return {name: place - [0, 0, lowest] for name, place in joints.items()}


def seated(hip, neck, hands, feet):
    """Return a rider's joints: hip, neck, the right hand and (left, right) feet mirrored."""
    joints = {'hip': np.asarray(hip, float), 'neck': np.asarray(neck, float)}
    for side, sign, foot in (('l', -1, feet[0]), ('r', 1, feet[1])):
        joints[f'hip_{side}'] = joints['hip'] + [sign * 0.09, 0, 0]
        joints[f'foot_{side}'] = np.asarray(foot, float) * [sign, 1, 1]
        joints[f'shoulder_{side}'] = joints['neck'] + [sign * 0.19, 0, -0.06]
        joints[f'hand_{side}'] = np.asarray(hands, float) * [sign, 1, 1]
        joints[f'knee_{side}'] = _hinge(joints[f'hip_{side}'], joints[f'foot_{side}'], 0.44,
                                        [0, 1, 0.5])
        joints[f'elbow_{side}'] = _hinge(joints[f'shoulder_{side}'], joints[f'hand_{side}'],
                                         0.3, [sign * 0.6, -0.2, -1])
    return joints


def _hinge(start, end, length, way):
    """Bend a limb of two equal parts towards `way`."""
    axis = end - start
    way = np.asarray(way, float) - axis * (np.dot(way, axis) / max(axis @ axis, 1e-6))
    reach = np.sqrt(max(length ** 2 - (axis @ axis) / 4, 0.0))
    return (start + end) / 2 + way / np.linalg.norm(way) * reach
