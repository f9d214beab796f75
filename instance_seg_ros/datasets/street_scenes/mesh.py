# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes as plain arrays, and the few shapes everything here is built from.

Units are metres; x points right, y forward, z up. One vertex is one row of 16 float32:
position 3, normal 3, texture coordinate 2, colour 3 (linear light), paint 1 (share of the
object's own paint in the colour), layer of the texture bank, gloss (negative: cut out where the
texture is transparent), emission, Cityscapes label id.
"""

from typing import NamedTuple

import numpy as np

WIDTH = 16
POSITION, NORMAL, TEXCOORD = slice(0, 3), slice(3, 6), slice(6, 8)
COLOR, PAINT, LAYER, GLOSS, EMISSION, LABEL = slice(8, 11), 11, 12, 13, 14, 15


class Mesh(NamedTuple):
    """Vertices (N, 16) float32, see the module's text, and triangles (M, 3) uint32."""

    vertices: np.ndarray
    triangles: np.ndarray


class Surface(NamedTuple):
    """What a mesh is made of; colour is sRGB in 0..1, layer a row of the texture bank."""

    color: tuple = (0.5, 0.5, 0.5)
    layer: int = 0
    gloss: float = 0.0
    emission: float = 0.0
    label: int = 0
    paint: float = 0.0


def dress(mesh, surface):
    """Return the mesh made of this surface."""
    vertices = mesh.vertices.copy()
    vertices[:, COLOR] = np.square(surface.color)
    vertices[:, PAINT] = surface.paint
    vertices[:, LAYER] = surface.layer
    vertices[:, GLOSS] = surface.gloss
    vertices[:, EMISSION] = surface.emission
    vertices[:, LABEL] = surface.label
    return Mesh(vertices, mesh.triangles)


def merge(meshes):
    """Join meshes into one."""
    meshes = [mesh for mesh in meshes if len(mesh.triangles)]
    if not meshes:
        return Mesh(np.zeros((0, WIDTH), np.float32), np.zeros((0, 3), np.uint32))
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.triangles + np.uint32(start)
                        for mesh, start in zip(meshes, starts, strict=True)]))


def from_arrays(positions, normals, texcoords, triangles):
    """Make an undressed mesh of (N, 3), (N, 3), (N, 2) and (M, 3) arrays."""
    vertices = np.zeros((len(positions), WIDTH), np.float32)
    vertices[:, POSITION], vertices[:, NORMAL] = positions, normals
    vertices[:, TEXCOORD] = texcoords
    return Mesh(vertices, np.asarray(triangles, np.uint32))


def move(mesh, offset=(0, 0, 0), heading=0.0, scale=1.0):
    """Scale, turn by `heading` radians counter-clockwise about z, then shift."""
    c, s = np.cos(heading), np.sin(heading)
    return transform(mesh, np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * np.asarray(scale),
                     offset)


def transform(mesh, matrix, offset=(0, 0, 0)):
    """Apply a 3 x 3 matrix and a shift to positions, and its inverse transpose to normals."""
    vertices = mesh.vertices.copy()
    matrix = np.asarray(matrix, np.float64)
    vertices[:, POSITION] = vertices[:, POSITION] @ matrix.T + np.asarray(offset)
    normals = vertices[:, NORMAL] @ np.linalg.inv(matrix)
    vertices[:, NORMAL] = normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-9)[:, None]
    return Mesh(vertices, mesh.triangles)


def grid(points, texcoords=None, smooth=True):
    """Make a surface through a (R, C, 3) grid of points.

    Normals point along (next column) x (next row); `smooth=False` gives every cell its own.
    """
    points = np.asarray(points, np.float64)
    rows, columns = points.shape[:2]
    if texcoords is None:
        texcoords = np.stack(np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows)), -1)
    if not smooth:
        return _flat_grid(points, texcoords)
    normals = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    normals /= np.maximum(np.linalg.norm(normals, axis=2), 1e-9)[..., None]
    index = np.arange(rows * columns).reshape(rows, columns)
    return from_arrays(points.reshape(-1, 3), normals.reshape(-1, 3),
                       np.reshape(texcoords, (-1, 2)), _cells(index))


def _cells(index):
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3),
                           np.stack([a, c, d], -1).reshape(-1, 3)])


def _flat_grid(points, texcoords):
    def corners(values):
        return np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]],
                        2).reshape(-1, 4, values.shape[-1])
    return quads(corners(points), corners(np.asarray(texcoords)))


def quads(corners, texcoords=None):
    """Make flat quads of (N, 4, 3) corners, counter-clockwise seen from their front."""
    corners = np.asarray(corners, np.float64).reshape(-1, 4, 3)
    if texcoords is None:
        texcoords = np.broadcast_to([[0, 0], [1, 0], [1, 1], [0, 1]], (len(corners), 4, 2))
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-9)[:, None]
    first = np.arange(len(corners))[:, None] * 4
    triangles = np.concatenate([first + [0, 1, 2], first + [0, 2, 3]])
    return from_arrays(corners.reshape(-1, 3), np.repeat(normals, 4, 0),
                       np.reshape(texcoords, (-1, 2)), triangles)


def box(size, center=(0, 0, 0), tile=None):
    """Make a box of (x, y, z) size; texture coordinates in units of `tile` metres if given."""
    x, y, z = np.asarray(size) / 2.0
    signs = np.array([[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1],
                      [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]])
    corner = signs * [x, y, z] + np.asarray(center)
    faces = [[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7], [3, 2, 1, 0]]
    extents = [(x, z), (y, z), (x, z), (y, z), (x, y), (x, y)]
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    texcoords = [unit * (np.multiply(e, 2) / tile if tile else 1) for e in extents]
    return quads(corner[faces], texcoords)


def tube(start, end, radius, end_radius=None, sides=8, caps=False):
    """Make a (tapered) tube between two points."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    end_radius = radius if end_radius is None else end_radius
    axis = (end - start) / max(np.linalg.norm(end - start), 1e-9)
    helper = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.8 else np.array([0, 1.0, 0])
    u = np.cross(helper, axis)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    ring = np.cos(angle) * u + np.sin(angle) * v
    rings = [start + ring * radius, end + ring * end_radius]
    if caps:
        rings = [start + ring * 1e-4, rings[0], rings[0], rings[1], rings[1], end + ring * 1e-4]
        return merge([grid(np.stack(rings[i:i + 2])) for i in (0, 2, 4)])
    return grid(np.stack(rings))


def ellipsoid(radii, center=(0, 0, 0), rings=7, sides=10):
    """Make an ellipsoid with the given (x, y, z) radii."""
    polar = np.linspace(-np.pi / 2 + 1e-3, np.pi / 2 - 1e-3, rings)[:, None]
    angle = np.linspace(0, 2 * np.pi, sides + 1)[None]
    unit = np.stack([np.cos(polar) * np.cos(angle), np.cos(polar) * np.sin(angle),
                     np.broadcast_to(np.sin(polar), (rings, sides + 1))], -1)
    mesh = grid(unit * radii + np.asarray(center))
    normals = (unit / radii).reshape(-1, 3)
    mesh.vertices[:, NORMAL] = normals / np.linalg.norm(normals, axis=1)[:, None]
    return mesh


def cards(centers, across, up):
    """Make quads of (N, 3) centres and half-vectors `across` and `up`."""
    corners = np.stack([centers - across - up, centers + across - up,
                        centers + across + up, centers - across + up], 1)
    return quads(corners)


def bounds(mesh):
    """Return the lowest and highest corner."""
    positions = mesh.vertices[:, POSITION]
    return positions.min(0), positions.max(0)


def split_cut(mesh):
    """Return (solid, cut out): the triangles without and with transparent places."""
    cut = mesh.vertices[mesh.triangles[:, 0], GLOSS] < 0
    return Mesh(mesh.vertices, mesh.triangles[~cut]), Mesh(mesh.vertices, mesh.triangles[cut])
