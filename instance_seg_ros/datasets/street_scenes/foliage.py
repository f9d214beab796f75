# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Drawn leaves, twigs and hedges: RGBA squares whose alpha is the outline."""

import cv2
import numpy as np

GREENS = [(72, 96, 40), (56, 78, 34), (92, 108, 50), (48, 66, 38), (150, 110, 44), (104, 118, 62)]


def leaves(rng, size, number):
    """Draw a clump of leaves, dense in the middle and ragged at the rim."""
    image = np.zeros((size, size, 4), np.uint8)
    base = np.asarray(GREENS[number % len(GREENS)], float)
    image[..., :3] = base * 0.7
    for i in range(900):
        angle, radius = rng.uniform(0, 2 * np.pi), size * 0.46 * np.sqrt(rng.random())
        center = size / 2 + radius * np.array([np.cos(angle), np.sin(angle)])
        if rng.random() < (radius / (0.46 * size)) ** 4 * 0.6:
            continue
        light = (0.45 + 0.75 * i / 900) * rng.uniform(0.75, 1.2) * (1.1 - 0.4 * center[1] / size)
        shade = np.clip(base * light * rng.uniform(0.9, 1.1, 3), 0, 255)
        axes = (int(rng.uniform(8, 17)), int(rng.uniform(4, 9)))
        cv2.ellipse(image, np.int32(center).tolist(), axes, rng.uniform(0, 360), 0, 360,
                    (*shade, 255), -1)
    return image


def _branch(rng, image, start, angle, length, width, shade):
    end = start + length * np.array([np.cos(angle), -np.sin(angle)])
    cv2.line(image, np.int32(start).tolist(), np.int32(end).tolist(), (*shade, 255),
             max(1, int(round(width))), cv2.LINE_8)
    if length > 12:
        for _ in range(int(rng.integers(2, 5))):
            point = start + (end - start) * rng.uniform(0.35, 1.0)
            _branch(rng, image, point, angle + rng.normal(0, 0.55),
                    length * rng.uniform(0.45, 0.8), width * 0.62, shade * rng.uniform(0.85, 1.15))


def twigs(rng, size):
    """Draw a bare branching bough that grows from the lower edge."""
    image = np.zeros((size, size, 4), np.uint8)
    shade = np.array([74.0, 64, 56]) * rng.uniform(0.7, 1.3)
    image[..., :3] = shade
    for offset in (-0.18, 0.0, 0.18):
        _branch(rng, image, np.array([size * (0.5 + offset), size - 1.0]),
                np.pi / 2 - offset * 2.5 + rng.normal(0, 0.1), size * 0.26, 7, shade)
    return image


def conifer(rng, size):
    """Draw a drooping bough of needles."""
    image = np.zeros((size, size, 4), np.uint8)
    image[..., :3] = (30, 44, 28)
    for i in range(2600):
        x = rng.uniform(0.02, 0.98)
        reach = (1 - abs(2 * x - 1)) * 0.9 + 0.06
        y = rng.uniform(0, reach) * size
        start = np.array([x * size, y])
        end = start + [rng.normal(0, 9) + (x - 0.5) * 26, rng.uniform(8, 30)]
        shade = np.array([44.0, 62, 36]) * (0.5 + 0.8 * i / 2600) * rng.uniform(0.7, 1.3)
        cv2.line(image, np.int32(start).tolist(), np.int32(end).tolist(), (*shade, 255), 3)
    return image


def hedge(rng, size):
    """Draw a dense wall of small leaves without holes."""
    image = np.zeros((size, size, 4), np.uint8)
    image[...] = (26, 34, 20, 255)
    for i in range(5000):
        center = rng.integers(0, size, 2)
        shade = np.array([70.0, 90, 42]) * (0.3 + 0.8 * i / 5000) * rng.uniform(0.6, 1.25)
        axes, angle = (int(rng.uniform(4, 9)), int(rng.uniform(2, 5))), rng.uniform(0, 360)
        for dx in (0, -size if center[0] > size / 2 else size):
            cv2.ellipse(image, (int(center[0] + dx), int(center[1])), axes, angle, 0, 360,
                        (*np.clip(shade, 0, 255), 255), -1)
    return image


def blob(size):
    """Make the soft dark patch under things that stand on the ground."""
    axis = np.linspace(-1, 1, size)
    edge = np.clip((1 - np.abs(axis)) / 0.45, 0, 1)
    edge = edge * edge * (3 - 2 * edge)
    image = np.zeros((size, size, 4), np.uint8)
    image[..., 3] = 255 * edge[:, None] * edge[None]
    return image
