# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Car bodies of our own making: saloons, hatchbacks, estates, off-roaders, vans, pick-ups.

A body is lofted from cross-sections along its length: a lower body up to the belt line and a
glasshouse on it. Which cells are paint, glass, gap or plastic is decided cell by cell.
"""

from typing import NamedTuple

import numpy as np

from . import mesh as shapes
from .scene import Model, Part
from .vehicle_parts import GAP, GLASS, LIGHT, PAINT, PLATE, RED, RIM, TRIM, box, mirrored, wheel

SURFACES = (PAINT, GLASS, TRIM, GAP)


class Shape(NamedTuple):
    """Proportions of a body: metres, and places along it as shares of length from the rear.

    Rear window from `rear` (belt) to `rear_top` (roof), windscreen from `front_top` to `front`.
    """

    length: float
    width: float
    height: float
    belt: float
    nose: float
    tail: float
    rear: float
    rear_top: float
    front_top: float
    front: float
    wheel: float = 0.31


#       length       width         height        belt         nose         tail         rear
KINDS = {
    'saloon': ((4.3, 5.0), (1.7, 1.88), (1.40, 1.50), (.62, .66), (.50, .58), (.60, .66),
               (.10, .16), (.24, .32), (.56, .61), (.70, .75)),
    'hatch': ((3.5, 4.3), (1.6, 1.8), (1.42, 1.56), (.60, .65), (.50, .60), (.55, .62),
              (.01, .04), (.09, .17), (.58, .64), (.74, .80)),
    'estate': ((4.4, 4.9), (1.7, 1.88), (1.42, 1.52), (.62, .66), (.50, .57), (.60, .66),
               (.01, .03), (.07, .13), (.58, .62), (.72, .76)),
    'suv': ((4.2, 4.9), (1.8, 1.98), (1.65, 1.90), (.58, .64), (.52, .60), (.58, .64),
            (.01, .03), (.06, .12), (.60, .65), (.72, .77)),
    'mpv': ((4.0, 4.9), (1.7, 1.95), (1.60, 1.85), (.54, .60), (.44, .52), (.54, .60),
            (.01, .03), (.05, .10), (.62, .70), (.82, .88)),
    'van': ((4.8, 6.0), (1.9, 2.05), (1.95, 2.55), (.48, .54), (.40, .46), (.50, .54),
            (.00, .01), (.02, .03), (.76, .80), (.87, .91)),
    'coupe': ((4.0, 4.6), (1.7, 1.9), (1.24, 1.36), (.62, .66), (.48, .56), (.60, .68),
              (.06, .14), (.30, .38), (.52, .58), (.70, .75)),
    'boxy': ((3.5, 4.5), (1.55, 1.7), (1.36, 1.46), (.60, .64), (.56, .62), (.58, .64),
             (.02, .16), (.12, .22), (.58, .62), (.67, .71)),
    'pickup': ((5.0, 5.6), (1.8, 2.0), (1.70, 1.90), (.54, .60), (.50, .56), (.54, .58),
               (.38, .42), (.42, .45), (.62, .66), (.72, .76)),
}


def random_shape(rng, kind):
    """Draw a body of one of KINDS."""
    shape = Shape(*(rng.uniform(*limits) for limits in KINDS[kind]))
    return shape._replace(belt=shape.belt * shape.height, nose=shape.nose * shape.height,
                          tail=shape.tail * shape.height, rear_top=max(
                              shape.rear_top, shape.rear + 0.02),
                          wheel=0.3 + 0.07 * (kind in ('suv', 'van', 'pickup')))


def _half_width(shape, y):
    end = np.abs(2 * y - 1)
    return shape.width / 2 * (1 - 0.16 * end ** 8 - 0.03 * end ** 2)


def _cells(points, kinds, surfaces=SURFACES):
    """Dress a (R, C, 3) grid by (R-1, C-1) rows of `surfaces`, mirrored to the left too."""
    smooth = shapes.grid(points).vertices.reshape(points.shape[0], points.shape[1], -1)
    corners = np.stack([smooth[:-1, :-1], smooth[:-1, 1:], smooth[1:, 1:], smooth[1:, :-1]], 2)
    corners = corners.reshape(-1, 4, shapes.WIDTH)
    first = np.arange(len(corners))[:, None] * 4
    triangles = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]]).astype(np.uint32)
    which = np.repeat(np.asarray(kinds).reshape(-1), 4)
    mesh = shapes.Mesh(corners.reshape(-1, shapes.WIDTH).copy(), triangles)
    for number, surface in enumerate(surfaces):
        dressed = shapes.dress(mesh, surface).vertices
        mesh.vertices[which == number] = dressed[which == number]
    return shapes.merge([mesh, mirrored(mesh)])


def _stations(marks, gaps):
    """Return sorted places along the length, with a thin cell at every gap."""
    thin = [value for gap in gaps for value in (gap - 0.0016, gap + 0.0016)]
    return np.unique(np.round(np.concatenate([np.linspace(0, 1, 17), marks, thin]), 5))


def _inside(middle, gaps, reach):
    return np.any(np.abs(middle[:, None] - np.asarray(gaps)[None]) < reach, axis=1)


def _deck(shape, y):
    """Return the height of boot, belt line and bonnet."""
    ends = [0.0, 0.03, max(shape.rear, 0.031), shape.front, 0.93, 1.0]
    heights = [shape.tail * 0.9, shape.tail, shape.belt, shape.belt, shape.nose * 1.04,
               shape.nose * 0.86]
    return np.interp(y, ends, heights)


def _lower_body(shape, gaps):
    y = _stations([shape.rear, shape.front, 0.03, 0.97], gaps)
    w, deck, low = _half_width(shape, y), _deck(shape, y), 0.2
    x = np.stack([0.80 * w, 0.97 * w, 1.0 * w, 0.985 * w, 0.94 * w, 0.6 * w, 0 * w], -1)
    z = np.stack([0 * y + low, 0 * y + low + 0.1, deck * 0.55, deck * 0.85, deck, deck + 0.02,
                  deck + 0.03], -1)
    points = np.stack([x, np.broadcast_to((y * shape.length - shape.length / 2)[:, None],
                                          x.shape), z], -1)
    kinds = np.zeros((len(y) - 1, 6), int)
    kinds[:, 0] = 2
    middle = (y[1:] + y[:-1]) / 2
    kinds[np.ix_(_inside(middle, gaps, 0.0015), [1, 2, 3])] = 3
    return _cells(points, kinds), points[0], points[-1]


def _cap(section, bulge):
    """Close the front or rear."""
    rows = section[:-1].copy()
    rows[:, 1] += bulge * np.sin(np.linspace(0.35, 2.6, len(rows)))
    middle = rows * [0, 1, 1]
    points = np.stack([middle, rows], 1)
    points[:, 0, 1] += np.sign(bulge) * 0.05
    kinds = np.zeros((len(rows) - 1, 1), int)
    kinds[0] = 2
    return _cells(points, kinds)


def _glasshouse(shape, pillars, blind_from, tint):
    """Roof, windows and pillars; side glass only in front of `blind_from`."""
    marks = [shape.rear, shape.rear_top, shape.front_top, shape.front]
    thin = [v for p in pillars for v in (p - 0.012, p + 0.012)]
    y = np.concatenate([np.linspace(shape.rear, shape.front, 14), marks, thin, [blind_from]])
    y = np.unique(np.round(np.clip(y, shape.rear, shape.front), 5))
    w, deck = _half_width(shape, y), _deck(shape, y)
    rise = np.interp(y, marks, [0, 1, 1, 0])
    arch = 1 - 0.03 * (2 * (y - shape.rear) / (shape.front - shape.rear) - 1) ** 2
    top = deck + (shape.height * arch - deck) * rise
    lean = 1 - 0.17 * rise
    x = np.stack([0.94 * w, 0.93 * w, (lean - 0.06) * w, (lean - 0.1) * w, 0.55 * w, 0 * w], -1)
    z = np.stack([deck, np.minimum(deck + 0.05, top), np.maximum(top - 0.09, deck), top - 0.015,
                  top, top + 0.012], -1)
    points = np.stack([x, np.broadcast_to((y * shape.length - shape.length / 2)[:, None],
                                          x.shape), z], -1)
    middle = (y[1:] + y[:-1]) / 2
    kinds = np.zeros((len(y) - 1, 5), int)
    kinds[(middle > shape.rear_top - 0.02) & (middle > blind_from)
          & (middle < shape.front - 0.03), 1] = 1
    kinds[_inside(middle, pillars, 0.012), 1] = 2
    screens = (middle > shape.front_top) | ((middle < shape.rear_top) & (blind_from < 0.3))
    kinds[np.ix_(screens, [3, 4])] = 1
    return _cells(points, kinds, (PAINT, tint, TRIM, GAP))


def _arch(shape, y, radius):
    """Return the dark hollow around a wheel."""
    x = _half_width(shape, y / shape.length + 0.5) + 0.004
    angle = np.linspace(-0.12, np.pi + 0.12, 15)
    rim = np.stack([np.full(15, x), y + radius * np.cos(angle),
                    np.maximum(0.2, 0.31 + radius * np.sin(angle))], -1)
    center = np.broadcast_to([x, y, 0.28], rim.shape)
    return shapes.dress(shapes.grid(np.stack([center, rim])), GAP)


def _wheels(shape, rng):
    rim = RIM._replace(color=tuple(np.array(RIM.color) * rng.uniform(0.4, 1.3)))
    meshes = []
    for place in (0.19, 0.81):
        y = (place + rng.uniform(-0.01, 0.01) - 0.5) * shape.length
        x = _half_width(shape, place) + 0.012
        arch = _arch(shape, y, shape.wheel * 1.18)
        meshes += [arch, mirrored(arch)]
        meshes += [wheel(shape.wheel, 0.2, side * x, y, rim=rim) for side in (-1, 1)]
    return meshes


def _fittings(shape, rng):
    """Lights, grille, plates, mirrors, handles."""
    half, w = shape.length / 2, shape.width / 2
    eye = shape.nose * rng.uniform(0.72, 0.8)
    lamp = shapes.ellipsoid((rng.uniform(.13, .24), 0.1, rng.uniform(.06, .1)),
                            (w * 0.66, half + 0.03, eye), 5, 8)
    tall = rng.uniform(0.06, 0.24)
    tail = shapes.box((rng.uniform(0.1, 0.3), 0.1, tall), (w * 0.7, -half - 0.03,
                                                           shape.tail * 0.74))
    mirror = shapes.ellipsoid((0.1, 0.06, 0.07),
                              (w * 1.06, (shape.front - 0.54) * shape.length, shape.belt + 0.06),
                              5, 8)
    meshes = [shapes.dress(lamp, LIGHT), shapes.dress(tail, RED), shapes.dress(mirror, PAINT)]
    for place in (0.36, 0.56):
        meshes.append(box((0.03, 0.16, 0.03), (w * 0.985, (place - 0.5) * shape.length,
                                                shape.belt * 0.82), TRIM))
    meshes += [mirrored(mesh) for mesh in meshes]
    grille = rng.uniform(0.5, 1.0)
    meshes.append(box((grille, 0.1, 0.13), (0, half + 0.09, eye), TRIM))
    meshes.append(box((w * 1.3, 0.1, 0.14), (0, half + 0.08, 0.36), TRIM))
    meshes.append(box((0.52, 0.02, 0.11), (0, half + 0.15, 0.47), PLATE))
    plate = PLATE._replace(color=(0.85, 0.72, 0.15)) if rng.random() < 0.3 else PLATE
    meshes.append(box((0.52, 0.02, 0.11), (0, -half - 0.135, shape.tail * 0.62), plate))
    meshes.append(box((w * 1.7, 0.12, 0.12), (0, -half - 0.05, 0.4), TRIM))
    return meshes


def car_mesh(rng, kind):
    """Make a car body of one of KINDS; returns a Mesh, front towards +y."""
    shape = random_shape(rng, kind)
    doors = [shape.front - 0.03, 0.5] + ([0.34] if kind not in ('coupe', 'van') else [])
    blind = {'van': 0.62 if rng.random() < 0.6 else 0.0}.get(kind, 0.0)
    body, rear, front = _lower_body(shape, doors)
    tint = GLASS._replace(color=tuple(np.array(GLASS.color) * rng.uniform(0.5, 1.9)))
    pillars = [0.5] + ([0.33] if kind != 'coupe' else []) + [shape.rear_top + 0.02]
    meshes = [body, _cap(rear, -0.07), _cap(front, 0.08), _glasshouse(shape, pillars, blind, tint)]
    meshes += _wheels(shape, rng) + _fittings(shape, rng)
    shade = shapes.box((shape.width * 0.8, shape.length * 0.9, 0.02), (0, 0, 0.19))
    meshes.append(shapes.dress(shade, GAP))
    if kind in ('estate', 'suv') and rng.random() < 0.5:
        rail = box((0.04, shape.length * 0.36, 0.05),
                    (shape.width * 0.33, -0.1 * shape.length, shape.height + 0.02), TRIM)
        meshes += [rail, mirrored(rail)]
    return shapes.merge(meshes)


def make_cars(count=54):
    """Return our own cars as models named car_<kind>_<number>."""
    models = []
    shares = ['saloon', 'hatch', 'hatch', 'estate', 'suv', 'mpv', 'van', 'boxy', 'coupe']
    for number in range(count):
        kind = 'pickup' if number % 27 == 26 else shares[number % len(shares)]
        mesh = car_mesh(np.random.default_rng([number, 3]), kind)
        low, high = shapes.bounds(mesh)
        models.append(Model(f'car_{kind}_{number}', 'car', (Part(mesh),), tuple(high - low)))
    return models
