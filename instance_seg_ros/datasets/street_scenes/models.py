# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Find, orient and scale the models of a folder; share all models out to train and val by name.

The folder holds models of gazebo_models (`gazebo_assets/`) and of Quaternius' packs, found by
the ends of their paths. None of it needs to be there.
"""

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from . import mesh as shapes
from . import people
from .renderer import load_panda
from .scene import LABEL_IDS, Model, Part

TEXTURE = 512


class Entry(NamedTuple):
    """How to read one file: kind, which axis is up, length (y) or height in metres, turn."""

    kind: str
    path: str
    up: str = 'z'
    length: float = 0.0
    height: float = 0.0
    turn: float = 0.0  # degrees counter-clockwise that bring the front to +y


_POSES = ('LookingUp', 'Running', 'Standing', 'Standing_CoveringEyes', 'Standing_Hips', 'Walking',
          'Standing_Waving')
ENTRIES = (
    Entry('car', 'hatchback/hatchback.obj', length=4.0, turn=180),
    Entry('car', 'hatchback_blue/hatchback.obj', length=4.0, turn=180),
    Entry('car', 'hatchback_red/hatchback.obj', length=4.0, turn=180),
    Entry('car', 'suv/suv.obj', length=4.7),
    Entry('car', 'prius_hybrid/Hybrid.obj', length=4.5, turn=180),
    Entry('car', 'pickup/pickup.dae', 'y', 5.3),
    Entry('car', 'FBX/NormalCar1.fbx', length=4.4),
    Entry('car', 'FBX/NormalCar2.fbx', length=3.7),
    Entry('car', 'FBX/SUV.fbx', length=4.6),
    Entry('car', 'FBX/SportsCar.fbx', length=4.3),
    Entry('car', 'FBX/SportsCar2.fbx', length=4.3),
    Entry('car', 'Realistic Car Pack - Nov 2018/FBX/Taxi.fbx', length=4.5),
    Entry('car', 'FBX/Cop.fbx', length=4.5),
    Entry('car', 'FBX/Cop_SUV.fbx', length=4.7),
    Entry('truck', 'ambulance/ambulance.obj', length=6.2, turn=180),
    Entry('truck', 'fire_truck/fire_truck.obj', length=9.0),
    Entry('bus', 'bus/bus.obj', length=11.5, turn=180),
    Entry('bicycle', 'FBX/Bicycle.fbx', 'y', 1.75),
    Entry('bicycle', 'FBX/SquareFrameBicycle.fbx', 'y', 1.75),
    *(Entry('person', f'FBX/{who}_{pose}.fbx', 'y', height=tall, turn=180)
      for who, tall in (('Male', 1.8), ('Female', 1.68), ('Woman', 1.75)) for pose in _POSES),
    Entry('building', 'apartment/apartment.dae', 'y', height=14.8, turn=180),
    Entry('building', 'law_office/law_office.dae', 'y', height=13.0, turn=180),
    Entry('building', 'salon/salon.dae', 'y', height=11.0, turn=180),
    Entry('building', 'thrift_shop/thrift_shop.dae', 'y', height=11.0, turn=180),
    Entry('building', 'post_office/post_office.dae', 'y', height=5.2, turn=180),
    Entry('building', 'grocery_store/grocery_store.dae', 'y', height=7.5, turn=180),
    Entry('building', 'police_station/police_station.dae', 'y', height=8.6, turn=180),
    Entry('building', 'school/school.dae', 'y', height=11.0, turn=180),
    Entry('static', 'dumpster/dumpster.dae', 'y', height=1.3),
    Entry('static', 'fire_hydrant/fire_hydrant.dae', 'y', height=0.8),
)


def is_validation(name):
    """Say whether a model is kept out of training (about one in four); `#...` is no name."""
    return hashlib.sha256(name.split('#')[0].encode()).digest()[0] < 64


def find(folder):
    """Return {entry: file} of the known models below `folder`."""
    files = sorted(p for p in Path(folder).rglob('*') if p.suffix in ('.obj', '.dae', '.fbx'))
    found = {}
    for entry in ENTRIES:
        ending = '/' + entry.path
        match = next((p for p in files if p.as_posix().endswith(ending)), None)
        if match:
            found[entry] = match
    return found


def load(entry, path):
    """Read one model, put it on the ground, front towards +y, in metres."""
    parts = _parts(_read(path), entry.up)
    low, high = shapes.bounds(shapes.merge([mesh for mesh, _ in parts]))
    turn = np.radians(entry.turn)
    if entry.length and high[0] - low[0] > high[1] - low[1]:
        turn += np.pi / 2
    parts = [(shapes.move(mesh, heading=turn), image) for mesh, image in parts]
    low, high = shapes.bounds(shapes.merge([mesh for mesh, _ in parts]))
    scale = entry.length / (high - low)[1] if entry.length else entry.height / (high - low)[2]
    offset = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]) * scale
    label = LABEL_IDS.get('building' if entry.kind == 'house' else entry.kind, 0)
    done = []
    for mesh, image in parts:
        mesh = shapes.move(mesh, offset, scale=scale)
        mesh.vertices[:, shapes.LABEL] = label
        done.append(Part(mesh, image))
    textured = any(image is not None for _, image in parts)
    tint = {'car': 0.85, 'truck': 0.3, 'bus': 0.6}.get(entry.kind, 0.0) if textured else 0.0
    return Model(entry.path, entry.kind, tuple(done), tuple((high - low) * scale), tint)


def _read(path):
    """Yield (4 x 4 matrix, geom, render state) of a file."""
    core = load_panda()
    core.loadPrcFileData('', 'notify-level-gobj fatal')
    root = core.NodePath(core.Loader.getGlobalPtr().loadSync(core.Filename.fromOsSpecific(
        str(path))))
    for node in root.findAllMatches('**/+GeomNode'):
        matrix = np.array(node.getMat(root))
        for i in range(node.node().getNumGeoms()):
            state = node.getNetState().compose(node.node().getGeomState(i))
            yield matrix, node.node().getGeom(i).decompose(), state


def _parts(geoms, up):
    """Return [(mesh, image)]: one per texture, and one for all that has none."""
    groups, images, biggest = {}, {}, {}
    for matrix, geom, state in geoms:
        mesh, image = _mesh(matrix, geom), _image(state)
        if up == 'y':
            mesh = shapes.transform(mesh, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        key = None if image is None else image.tobytes()
        if image is None:
            color = _diffuse(state)
            biggest[color] = biggest.get(color, 0) + len(mesh.triangles)
            mesh = shapes.dress(mesh, _plain(color))
        else:
            mesh.vertices[:, shapes.COLOR] = 1.0
            mesh.vertices[:, shapes.PAINT:] = 0.0
            mesh.vertices[:, shapes.GLOSS] = 0.35
        groups.setdefault(key, []).append(mesh)
        images[key] = image
    return [(shapes.merge(meshes), images[key]) for key, meshes in groups.items()]


def _plain(color):
    """Guess the stuff of an untextured part from its colour (linear light)."""
    value = max(color)
    srgb = tuple(np.sqrt(color))
    if 0.02 < value < 0.045:
        return shapes.Surface((0.16, 0.17, 0.18), gloss=1.0)
    if color[0] > 0.6 and color[1] < 0.1:
        return shapes.Surface((0.75, 0.06, 0.05), gloss=0.6, emission=0.3)
    if color[0] > 0.6 and color[1] < 0.35 and color[2] < 0.12:
        return shapes.Surface((0.85, 0.82, 0.75), gloss=1.0)
    return shapes.Surface(srgb, gloss=0.5 if value > 0.2 else 0.1)


def _mesh(matrix, geom):
    core = load_panda()
    data = core.GeomVertexData(geom.getVertexData())
    data.setFormat(core.GeomVertexFormat.getV3n3t2())
    rows = np.frombuffer(bytes(data.getArray(0).getHandle().getData()), np.float32)
    rows = rows.reshape(data.getNumRows(), -1)
    stride = {c: data.getFormat().getColumn(core.InternalName.make(c)).getStart() // 4
              for c in ('vertex', 'normal', 'texcoord')}
    primitive = [geom.getPrimitive(i) for i in range(geom.getNumPrimitives())]
    triangles = np.array([[p.getVertex(k) for k in range(p.getNumVertices())]
                          for p in primitive][0], np.uint32).reshape(-1, 3)
    columns = [rows[:, stride[c]:stride[c] + n] for c, n in
               (('vertex', 3), ('normal', 3), ('texcoord', 2))]
    mesh = shapes.from_arrays(*columns, triangles)
    return shapes.transform(mesh, matrix[:3, :3].T, matrix[3, :3])


def _diffuse(state):
    core = load_panda()
    attribute = state.getAttrib(core.MaterialAttrib)
    if attribute is None or attribute.getMaterial() is None:
        return (0.4, 0.4, 0.4)
    return tuple(round(float(c), 3) for c in attribute.getMaterial().getDiffuse())[:3]


def _image(state):
    """Return the (S, S, 3) uint8 RGB texture of a state, its transparent places dark glass."""
    core = load_panda()
    attribute = state.getAttrib(core.TextureAttrib)
    texture = attribute.getTexture() if attribute else None
    if texture is None or not texture.hasRamImage():
        return None
    raw = np.frombuffer(bytes(texture.getRamImageAs('RGBA')), np.uint8)
    raw = raw.reshape(texture.getYSize(), texture.getXSize(), 4)[::-1]
    image = cv2.resize(raw, (TEXTURE, TEXTURE), interpolation=cv2.INTER_AREA)
    return np.where(image[..., 3:] < 128, np.uint8([22, 24, 27]), image[..., :3])


def load_all(folder):
    """Return the models of a folder; a file that cannot be read is skipped with a warning."""
    result = []
    for entry, path in find(folder).items():
        try:
            model = load(entry, path)
            result += _dressed(model) if entry.kind == 'person' else [model]
        except (OSError, ValueError) as error:
            warnings.warn(f'{path} was skipped: {error}', stacklevel=2)
    return result


_SHIRT, _TROUSERS, _SKIN = (0.22, 0.24, 0.32), (0.05, 0.05, 0.05), (0.6, 0.4, 0.25)


def _dressed(model, count=4):
    """Return one of Quaternius' bald grey people with hair and in several clothes."""
    result = []
    for number in range(count):
        rng = np.random.default_rng([number, len(model.name)])
        mesh = shapes.Mesh(model.parts[0].mesh.vertices.copy(), model.parts[0].mesh.triangles)
        colors = mesh.vertices[:, shapes.COLOR].copy()
        legs = (0.16, 0.2, 0.32) if rng.random() < 0.4 else people.random_cloth(rng)
        for old, new in ((_SHIRT, people.random_cloth(rng)), (_TROUSERS, legs),
                         (_SKIN, people.random_skin(rng))):
            rows = np.abs(colors - old).max(1) < 0.02
            mesh.vertices[rows, shapes.COLOR] = np.square(new)
        skin = mesh.vertices[np.abs(colors - _SKIN).max(1) < 0.02, shapes.POSITION]
        head = skin[skin[:, 2] > skin[:, 2].max() - 0.2].mean(0)
        hair = shapes.dress(shapes.ellipsoid((0.1, 0.11, 0.11), head + [0, -0.025, 0.05]),
                            shapes.Surface(people.HAIR[rng.integers(4)],
                                           label=LABEL_IDS['person']))
        waving = 'Waving' in model.name or 'Eyes' in model.name
        mesh = mesh if waving else shapes.merge([mesh, hair])
        result.append(replace(model, name=f'{model.name}#{number}', parts=(Part(mesh),)))
    return result
