# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of rendered scenes that need no OpenGL, and depth against geometry with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from instance_seg_ros.core.errors import UserError
from instance_seg_ros.datasets.street_scenes import cars, models, people, photo, road, sensor
from instance_seg_ros.datasets.street_scenes import mesh as shapes
from instance_seg_ros.datasets.street_scenes.catalog import Catalog, make_models
from instance_seg_ros.datasets.street_scenes.generator import make_world, random_camera
from instance_seg_ros.datasets.street_scenes.movers import place
from instance_seg_ros.datasets.street_scenes.scene import Camera, Scene, Thing

seeds = st.integers(0, 2 ** 32 - 1)


@pytest.fixture(scope='module')
def everything():
    """Return all models of our own making."""
    return make_models()


@pytest.fixture(scope='module')
def catalogs(everything):
    """Return the catalogs of train and val."""
    return Catalog('train', everything), Catalog('val', everything)


def sound(mesh):
    """Say whether indices are in range, positions finite and normals of length 1."""
    lengths = np.linalg.norm(mesh.vertices[:, shapes.NORMAL], axis=1)
    return (np.isfinite(mesh.vertices).all() and mesh.triangles.max() < len(mesh.vertices)
            and ((np.abs(lengths - 1) < 1e-3) | (lengths < 1e-3)).all())


@pytest.mark.parametrize('mesh', [
    shapes.box((1, 2, 3)), shapes.tube((0, 0, 0), (1, 2, 3), 0.4, 0.1, caps=True),
    shapes.ellipsoid((1, 2, 3), (4, 5, 6))])
def test_closed_shapes_face_outwards(mesh):
    corners = mesh.vertices[mesh.triangles][..., shapes.POSITION].astype(float)
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = corners.mean(1) - mesh.vertices[:, shapes.POSITION].mean(0)
    big = np.linalg.norm(faces, axis=1) > 1e-4
    assert (np.sum(faces * outward, 1)[big] > -1e-6).all() and sound(mesh)


@given(seeds)
def test_moving_keeps_sizes_and_normals(seed):
    rng = np.random.default_rng(seed)
    mesh = shapes.box(rng.uniform(0.1, 5, 3))
    moved = shapes.move(mesh, rng.normal(0, 50, 3), rng.uniform(-9, 9), rng.uniform(0.1, 9))
    assert sound(moved)
    ratio = [np.linalg.norm(np.diff(m.vertices[:2, shapes.POSITION], axis=0)) for m in
             (mesh, moved)]
    diagonal = [np.linalg.norm(np.subtract(*m.vertices[[0, 2], shapes.POSITION])) for m in
                (mesh, moved)]
    assert np.isclose(ratio[1] / ratio[0], diagonal[1] / diagonal[0], rtol=1e-3)


@pytest.mark.parametrize('kind', list(cars.KINDS))
def test_cars_have_the_size_of_cars(kind):
    mesh = cars.car_mesh(np.random.default_rng(1), kind)
    low, high = shapes.bounds(mesh)
    wide, long, tall = high - low
    assert sound(mesh)
    assert 1.5 < wide < 2.5 and 3.4 < long < 6.4 and 1.2 < tall < 2.7 and abs(low[2]) < 0.02
    assert np.allclose(low[0], -high[0], atol=0.02)


def test_all_models_stand_on_the_ground_and_are_sound(everything):
    assert {'car', 'truck', 'bus', 'person', 'bicycle', 'motorcycle', 'rider_bicycle',
            'rider_motorcycle', 'leafy', 'bare', 'conifer', 'bush', 'lamp_post',
            'signal', 'sign'} <= {model.kind for model in everything}
    for model in everything:
        whole = shapes.merge([part.mesh for part in model.parts])
        assert sound(whole), model.name
        lowest = shapes.bounds(whole)[0][2]
        deep = 1.0 if model.kind in ('leafy', 'bare', 'conifer', 'bush') else 0.06
        assert -deep < lowest < 0.06 or model.kind.startswith('rider'), model.name


def test_no_model_is_in_both_splits(catalogs):
    train, val = catalogs
    for kind in ('car', 'truck', 'bus', 'person', 'bicycle', 'motorcycle', 'rider_bicycle',
                 'leafy'):
        names = [{m.name for m in catalog.by_kind[kind]} for catalog in catalogs]
        assert names[0] and names[1] and not names[0] & names[1], kind
    assert len(train.by_kind['car']) > len(val.by_kind['car'])


def test_clothes_do_not_change_the_split():
    assert models.is_validation('a/b.fbx#1') == models.is_validation('a/b.fbx#2')


@given(seeds)
@settings(max_examples=20)
def test_roads_neither_fold_nor_leap(seed):
    course = road.Course(np.random.default_rng(seed))
    s = np.linspace(-50, 300, 200)
    for t in (-60.0, 0.0, 60.0):
        path = course.place(s, t)
        step = np.linalg.norm(np.diff(path, axis=0), axis=1)
        assert (np.diff(path[:, 1]) > 0).all() and step.max() < 15
    assert np.allclose(course.place(0.0, 0.0), 0, atol=1e-6)
    left, right = course.place(s, -3.0), course.place(s, 3.0)
    assert (right[:, 0] - left[:, 0] >= 6 - 1e-6).all()


@given(arrays(np.int32, (9, 11), elements=st.integers(0, 6)),
       arrays(np.uint8, (9, 11), elements=st.sampled_from([7, 24, 26])), st.integers(0, 30))
def test_instance_ids_follow_cityscapes(instance, label, smallest):
    ids = photo.instance_ids(instance, label, smallest).astype(int)
    assert np.array_equal(np.where(ids >= 1000, ids // 1000, ids), label)
    assert (ids[instance == 0] < 1000).all()
    for value in np.unique(ids[ids >= 1000]):
        where = ids == value
        assert where.sum() >= smallest
        assert np.array_equal(where, (instance == value % 1000 + 1) & (label == value // 1000))


@given(st.floats(0.5, 1000), st.floats(50, 3000))
def test_disparity_gives_the_depth_back(depth, focal):
    code = photo.disparity_code(np.full((1, 1), depth), focal)[0, 0]
    disparity = focal * photo.BASELINE / depth
    assert abs((float(code) - 1) / 256 - min(disparity, 65534 / 256)) <= 0.5 / 256 + 1e-9


@given(st.floats(-0.15, 0.15), st.floats(40, 95))
@settings(max_examples=25)
def test_lenses_stay_within_the_drawing(distortion, fov):
    x, y = sensor.lens_maps((64, 32), fov, distortion)
    assert x.shape == y.shape == (32, 64)
    assert x.min() >= -0.6 and x.max() <= 63.6 and y.min() >= -0.6 and y.max() <= 31.6
    assert (np.diff(x, axis=1) > 0).all() and (np.diff(y, axis=0) > 0).all()


@given(seeds, st.floats(0, 1), st.floats(1e-3, 10))
@settings(max_examples=20, deadline=None)
def test_any_light_becomes_a_photograph(seed, dark, level):
    habits = sensor.random_sensor(np.random.default_rng(seed), dark)
    light = np.random.default_rng(seed).uniform(0, level, (32, 64, 3)).astype(np.float32)
    images = [sensor.develop(light, habits, np.random.default_rng(seed)) for _ in range(2)]
    assert images[0].dtype == np.uint8 and images[0].shape == light.shape
    assert np.array_equal(*images)


def test_numbers_stay_through_time(catalogs):
    world = make_world(np.random.default_rng(4), catalogs[0], 'town', 'overcast', seconds=4.0)
    first, later = (place(world.movers, world.course, 0, time)[0] for time in (0.01, 3.0))
    assert [(t.label, t.instance) for t in first] == [(t.label, t.instance) for t in later]
    moved = [np.linalg.norm(np.subtract(a.position, b.position)) for a, b in zip(
        first, later, strict=True)]
    assert max(moved) > 5 and min(moved) == 0
    numbers = [(t.label, t.instance) for t in first]
    assert len(set(numbers)) == len(numbers)


def test_nothing_comes_into_our_way(catalogs):
    for seed in range(8):
        world = make_world(np.random.default_rng(seed), catalogs[0], 'town', 'overcast', 5.0)
        for time in np.linspace(0, 5, 40):
            s = world.ego_speed * time
            near = [m for m in world.movers if abs(m.at(time)[0] - s) < 2.0
                    and abs(m.at(time)[1] - world.ego_t) < 0.8]
            assert not near, (seed, time)


def test_walkers_move_their_legs():
    walking = next(n for n in range(9) if people.walker(n).walks is not None)
    phases = [people.walker(walking, k).parts[0].mesh.vertices for k in range(people.PHASES)]
    assert all(np.abs(phases[0] - other).max() > 0.02 for other in phases[1:])


@pytest.fixture(scope='module')
def stage():
    """Open a small stage; skip without off-screen OpenGL."""
    pytest.importorskip('panda3d')
    from instance_seg_ros.datasets.street_scenes.stage import Stage
    try:
        small = Stage(96, 64, np.full((1, 4, 4, 4), 255, np.uint8))
    except UserError as error:
        pytest.skip(str(error))
    yield small
    small.close()


def test_depth_and_labels_are_those_of_the_geometry(stage):
    from instance_seg_ros.datasets.street_scenes.scene import Model, Part
    from instance_seg_ros.datasets.street_scenes.weather import make_weather
    ground = shapes.dress(shapes.quads([[[-90, -5, 0], [90, -5, 0], [90, 300, 0],
                                         [-90, 300, 0]]]), shapes.Surface(label=7))
    block = shapes.dress(shapes.box((2, 4, 2), (0, 0, 1)), shapes.Surface(label=26))
    model = Model('block', 'car', (Part(block),), (2, 4, 2))
    things = [Thing(model, (0, 12, 0), label=26, instance=3),
              Thing(model, (0, 30, 0), label=26, instance=4)]
    weather = make_weather(np.random.default_rng(0), 'clear')
    drawing = stage.draw(Scene(ground, shapes.merge([]), things, weather,
                               Camera((0, 0, 1.5), 0, 0, 0, 60)))
    focal = photo.focal_length(96, 60)
    assert set(np.unique(drawing.label)) == {7, 23, 26}
    assert set(np.unique(drawing.instance)) == {0, 3}, 'the second block is behind the first'
    assert np.allclose(drawing.depth[drawing.instance == 3].min(), 10.0, atol=0.01)
    rows = np.arange(64)[:, None] + 0.5 - 32
    expected = 1.5 * focal / np.broadcast_to(np.maximum(rows, 1e-9), (64, 96))
    road_seen = (drawing.label == 7) & (expected < 250)
    assert np.allclose(drawing.depth[road_seen], expected[road_seen], rtol=2e-3)
    width = (drawing.instance[40] == 3).sum()
    assert abs(width - 2 * focal / 10) <= 2
    assert (drawing.depth[drawing.label == 23] == 0).all()


def test_memory_does_not_grow(stage, catalogs):
    resource = pytest.importorskip('resource')
    from instance_seg_ros.datasets.street_scenes.generator import look

    def draw(count, seed):
        for number in range(count):
            rng = np.random.default_rng([seed, number % 3])
            world = make_world(rng, catalogs[0])
            stage.draw(look(world, random_camera(rng, world)))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = draw(6, 1)
    assert draw(12, 1) - before < 40_000, 'kilobytes'


def test_models_of_a_folder_are_oriented_and_scaled(shared_data):
    found = models.find(shared_data / 'sim')
    kinds = {entry.kind for entry in found}
    assert {'car', 'truck', 'bus', 'bicycle', 'person', 'building'} <= kinds
    wanted = [entry for entry in found if entry.path in (
        'hatchback/hatchback.obj', 'pickup/pickup.dae', 'bus/bus.obj', 'FBX/Male_Walking.fbx')]
    assert len(wanted) == 4
    for entry in wanted:
        model = models.load(entry, found[entry])
        wide, long, tall = model.size
        assert entry.length == 0 or np.isclose(long, entry.length, rtol=1e-3)
        assert entry.height == 0 or np.isclose(tall, entry.height, rtol=1e-3)
        assert entry.kind == 'person' or (wide < long and tall < long)
        assert sound(shapes.merge([part.mesh for part in model.parts]))
