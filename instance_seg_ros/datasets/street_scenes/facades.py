# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Drawn walls with windows, shop fronts, signs and railings; alpha 0 is glass."""

import cv2
import numpy as np

BAYS, FLOORS = 4, 4
WALLS = [(196, 186, 168), (178, 150, 118), (150, 92, 72), (205, 200, 192), (120, 112, 104),
         (188, 170, 130), (160, 120, 96), (214, 206, 176), (140, 134, 128), (170, 110, 84)]
BRIGHT = [(170, 40, 36), (30, 60, 120), (24, 90, 60), (200, 160, 40), (40, 40, 44),
          (150, 70, 30), (220, 220, 214), (90, 30, 70)]


def _wall(rng, noise, size):
    base = np.asarray(WALLS[rng.integers(len(WALLS))], float) * rng.uniform(0.8, 1.1)
    grain = 0.03 * noise(rng, 0.8, size) + 0.05 * noise(rng, 1.6, size)
    image = base * (1 + grain[..., None])
    if rng.random() < 0.45:  # courses of bricks or stone
        step = int(rng.choice([8, 8, 16, 32]))
        image[::step] *= 0.86
        for row, y in enumerate(range(0, size, step)):
            image[y:y + step, (row % 2) * step::2 * step] *= 0.9
    return _rgba(image)


def _rgba(image):
    alpha = np.full(image.shape[:2] + (1,), 255.0)
    return np.ascontiguousarray(np.concatenate([np.clip(image, 0, 255), alpha], -1)
                                .astype(np.uint8))


def _pane(rng, image, x0, y0, x1, y1):
    """Fill one window with dark glass, and sometimes a curtain or a blind."""
    shade = rng.uniform(18, 52)
    image[y0:y1, x0:x1] = (shade, shade * 1.02, shade * 1.08, 20)
    kind = rng.random()
    if kind < 0.3:
        drop = y0 + int((y1 - y0) * rng.uniform(0.15, 0.8))
        light = rng.uniform(110, 215)
        image[y0:drop, x0:x1] = (light, light * 0.98, light * 0.92, 150)
    elif kind < 0.5:
        side = max(1, int((x1 - x0) * rng.uniform(0.15, 0.35)))
        light = rng.uniform(120, 200)
        image[y0:y1, x0:x0 + side] = image[y0:y1, x1 - side:x1] = (light, light, light * .94, 120)


def facade(rng, noise, size):
    """Draw 4 bays by 4 floors of an upper wall."""
    image = _wall(rng, noise, size)
    bay, floor = size // BAYS, size // FLOORS
    wide, tall = rng.uniform(0.35, 0.8) * bay, rng.uniform(0.45, 0.72) * floor
    frame = np.asarray([235, 232, 226] if rng.random() < 0.6 else [70, 60, 52], float)
    surround = np.clip(image[0, 0, :3] * rng.choice([0.75, 1.0, 1.2]), 0, 255)
    border, panes = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    for f in range(FLOORS):
        if rng.random() < 0.3:
            image[f * floor:f * floor + 4, :, :3] = np.clip(surround * 0.9, 0, 255)
        for b in range(BAYS):
            x0, y0 = int(b * bay + (bay - wide) / 2), int(f * floor + (floor - tall) * 0.45)
            x1, y1 = int(x0 + wide), int(y0 + tall)
            cv2.rectangle(image, (x0 - 6, y0 - 6), (x1 + 5, y1 + 5), (*surround, 255), -1)
            cv2.rectangle(image, (x0 - 1, y0 - 1), (x1, y1), (*frame, 255), -1)
            step = (x1 - x0) // panes
            for p in range(panes):
                _pane(rng, image, x0 + p * step + border, y0 + border,
                      x0 + (p + 1) * step - border, y1 - border)
            if panes < 3:
                middle = y0 + int(tall * 0.4)
                image[middle:middle + border, x0:x1] = (*frame, 255)
            image[y1 + 5:y1 + 9, x0 - 8:x1 + 8, :3] = np.clip(surround * 0.6, 0, 255)
    return image


def shop(rng, noise, size):
    """Draw one ground floor, 2 shops wide: sign board, big panes, doors."""
    image = _wall(rng, noise, size)
    for s in range(2):
        x0, x1 = s * size // 2 + 8, (s + 1) * size // 2 - 8
        color = np.asarray(BRIGHT[rng.integers(len(BRIGHT))], float) * rng.uniform(0.7, 1.15)
        color = np.clip(color, 0, 255)
        image[40:size - 4, x0:x1] = (*np.clip(color * 0.6, 0, 255), 255)
        image[44:118, x0:x1] = (*color, 255)
        pen = (240, 236, 220, 255) if color.mean() < 130 else (30, 30, 34, 255)
        word = ''.join(rng.choice(list('ABCDEFGHIKLMNOPRSTUVWY'), rng.integers(4, 9)))
        cv2.putText(image, word, (x0 + 16, 100), cv2.FONT_HERSHEY_DUPLEX, 1.5, pen, 3,
                    cv2.LINE_AA)
        edges = np.linspace(x0 + 8, x1 - 8, int(rng.integers(3, 5))).astype(int)
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            top = 134
            bottom = size - 4 if rng.random() < 0.3 else size - 70
            goods = rng.uniform(18, 70, (7, 7, 1)) * rng.uniform(0.75, 1.25, (7, 7, 3))
            goods = cv2.resize(goods, (b - a - 8, bottom - top), interpolation=cv2.INTER_CUBIC)
            image[top:bottom, a + 4:b - 4, :3] = np.clip(goods, 8, 120)
            image[top:bottom, a + 4:b - 4, 3] = 70
    return image


def railing(size):
    """Draw one metre of a railing: bars on nothing."""
    image = np.zeros((size, size, 4), np.uint8)
    image[..., :3] = 60
    for x in range(size // 16, size, size // 8):
        image[:, x - 8:x + 8, 3] = 255
    image[:32, :, 3] = image[-90:-60, :, 3] = 255
    return image


def sign(rng, size, number):
    """Draw one traffic sign; outside of its outline alpha is 0."""
    image = np.zeros((size, size, 4), np.uint8)
    middle, radius = size // 2, size // 2 - 4
    white, red, blue = (235, 235, 235, 255), (190, 24, 28, 255), (24, 70, 160, 255)
    black, yellow = (24, 24, 24, 255), (226, 180, 30, 255)
    triangle = np.int32([[middle, 8], [size - 8, size - 60], [8, size - 60]])
    kind = number % 6
    if kind == 0:
        cv2.circle(image, (middle, middle), radius, red, -1, cv2.LINE_AA)
        cv2.circle(image, (middle, middle), int(radius * 0.76), white, -1, cv2.LINE_AA)
        cv2.putText(image, str(rng.choice([30, 40, 50, 60, 80])), (110, 330),
                    cv2.FONT_HERSHEY_DUPLEX, 7, black, 22, cv2.LINE_AA)
    elif kind == 1:
        cv2.fillPoly(image, [triangle], red, cv2.LINE_AA)
        inner = ((triangle - triangle.mean(0)) * 0.68 + triangle.mean(0)).astype(np.int32)
        cv2.fillPoly(image, [inner], white, cv2.LINE_AA)
        cv2.rectangle(image, (middle - 18, 220), (middle + 18, 400), black, -1)
    elif kind == 2:
        cv2.circle(image, (middle, middle), radius, blue, -1, cv2.LINE_AA)
        cv2.arrowedLine(image, (120, 120), (390, 390), white, 50, cv2.LINE_AA, 0, 0.4)
    elif kind == 3:
        image[8:-8, 8:-8] = blue
        cv2.putText(image, str(rng.choice(list('PHi'))), (130, 400), cv2.FONT_HERSHEY_DUPLEX,
                    13, white, 40, cv2.LINE_AA)
    elif kind == 4:
        angle = np.arange(8) * np.pi / 4 + np.pi / 8
        points = middle + radius * np.stack([np.cos(angle), np.sin(angle)], -1)
        cv2.fillPoly(image, [np.int32(points)], red, cv2.LINE_AA)
        cv2.putText(image, 'STOP', (62, 305), cv2.FONT_HERSHEY_DUPLEX, 4.6, white, 16, cv2.LINE_AA)
    else:
        diamond = np.int32([[middle, 4], [size - 4, middle], [middle, size - 4], [4, middle]])
        cv2.fillPoly(image, [diamond], white, cv2.LINE_AA)
        inner = ((diamond - middle) * 0.75 + middle).astype(np.int32)
        cv2.fillPoly(image, [inner], yellow, cv2.LINE_AA)
    return image


def poster(rng, noise, size):
    """Draw an advertisement: blobs of colour and some words."""
    image = np.full((size, size, 3), rng.uniform(40, 220) * rng.uniform(0.6, 1.2, 3))
    image += 35 * noise(rng, 2.0, size)[..., None] * rng.uniform(0.3, 1, 3)
    image = _rgba(image)
    for _ in range(4):
        x, y = rng.integers(20, size - 120, 2).tolist()
        cv2.rectangle(image, (x, y), (x + 160, y + 90), (*rng.uniform(0, 255, 3), 255), -1)
        cv2.putText(image, ''.join(rng.choice(list('ABDEGLMNOSTUW'), 5)), (x - 20, y + 40),
                    cv2.FONT_HERSHEY_DUPLEX, 2, (*rng.uniform(0, 255, 3), 255), 4, cv2.LINE_AA)
    return image
