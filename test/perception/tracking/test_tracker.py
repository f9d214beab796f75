# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers that follow objects: their bookkeeping, and drives whose truth is known."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instance_seg_ros.core.instances import InstanceMap
from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.inference.checkpoint import random_checkpoint
from instance_seg_ros.inference.segmenter import InstanceSegmenter
from instance_seg_ros.perception.image_region import ImageRegion
from instance_seg_ros.perception.tracking.tracker import Tracker, TrackNumbers

LABELS = LabelSet.named('cityscapes')
CAR, PERSON = 26, 24


def scene(objects, height=96, width=192, shuffle=None):
    """Return the map of boxes (label id, x, y, w, h), painted far to near, and who is who.

    The numbers are by place in a random order: what a segmenter knows of the past is nothing.
    """
    mask = np.zeros((height, width), np.uint16)
    order = np.arange(len(objects)) if shuffle is None else shuffle.permutation(len(objects))
    numbers = {int(k): objects[k][0] * 1000 + n for n, k in enumerate(order)}
    for k, (_, x, y, w, h) in enumerate(objects):
        x, y = round(x), round(y)
        mask[max(0, y):max(0, y + h), max(0, x):max(0, x + w)] = numbers[k]
    found = InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)
    visible = {i.id for i in found.instances}
    return found, {k: number for k, number in numbers.items() if number in visible}


def follow(frames, tracker=None, rate=10.0):
    """Track scenes, lists of boxes; return the id of every visible object in each of them."""
    tracker, shuffle, history = tracker or Tracker(), np.random.default_rng(0), []
    for k, objects in enumerate(frames):
        found, owner = scene(objects, shuffle=shuffle)
        tracked = tracker(found, k / rate)
        tracked.check_pixels()
        history.append({o: int(tracked.instance_mask[found.instance_mask == number][0])
                        for o, number in owner.items()})
    return history


def ids_of(history, thing):
    """Return all the ids an object had."""
    return {frame[thing] for frame in history if thing in frame}


def test_objects_keep_their_numbers_while_they_move():
    """Three cars and a person at different speeds; what the clustering calls them changes."""
    history = follow([[(CAR, 10 + 3 * t, 10, 30, 20), (CAR, 120 - 2 * t, 40, 40, 24),
                       (CAR, 20, 70, 25, 18), (PERSON, 150, 20 + t, 8, 20)] for t in range(20)])
    assert all(len(ids_of(history, thing)) == 1 for thing in range(4))
    assert len({history[-1][thing] for thing in range(4)}) == 4
    assert history[0][3] // 1000 == PERSON


def test_two_cars_that_pass_each_other_do_not_swap():
    """One drives in front of the other, which disappears for a while and comes out again."""
    history = follow([[(CAR, 20 + 6 * t, 42, 24, 16), (CAR, 150 - 6 * t, 36, 36, 26)]
                      for t in range(22)])
    assert any(0 not in frame for frame in history), 'the first should be hidden once'
    assert len(ids_of(history, 1)) == 1
    assert history[0] == history[-1], 'a sliver two pixels wide may be new; the car is not'


def test_an_occlusion_shorter_than_max_age_is_bridged_and_a_longer_one_is_not():
    """An occluded car continues at constant velocity."""
    def frames(hidden):
        return [[(CAR, 10 + 4 * t, 40, 30, 20)] if not 8 <= t < 8 + hidden else []
                for t in range(20)]

    assert len(ids_of(follow(frames(6), Tracker(max_age=0.8)), 0)) == 1
    assert len(ids_of(follow(frames(6), Tracker(max_age=0.4)), 0)) == 2
    assert len(ids_of(follow(frames(1), Tracker(max_age=0)), 0)) == 2


def test_what_is_next_to_a_lost_object_is_not_taken_for_it():
    """Something of another class, or far away, gets a number of its own."""
    first = [(CAR, 20, 40, 30, 20)]
    for second in ([(PERSON, 20, 40, 30, 20)], [(CAR, 140, 40, 30, 20)], [(CAR, 20, 40, 4, 4)]):
        history = follow([first, first, second])
        assert history[2][0] != history[1][0]


def embedded(found, embeddings):
    """Return the map with an embedding for each instance."""
    return replace(found, instances=tuple(
        replace(i, embedding=e) for i, e in zip(found.instances, embeddings, strict=True)))


def test_embeddings_decide_where_places_cannot():
    """Two alike cars, two places as near to the one as to the other."""
    embeddings = np.array([[0.0, 0.0], [6.0, 0.0]])
    for order in (1, -1):
        tracker = Tracker()
        found, _ = scene([(CAR, 46, 40, 20, 16), (CAR, 74, 40, 20, 16)])
        before = tracker(embedded(found, embeddings), 0.0)
        found, _ = scene([(CAR, 60, 30, 20, 16), (CAR, 60, 50, 20, 16)])
        after = tracker(embedded(found, embeddings[::order]), 0.1)
        ids = after.instance_mask[[38, 58], 70]
        assert ids.tolist() == [i.id for i in before.instances][::order]


def test_in_place_the_mask_itself_is_written_to():
    """Also where two numbers change places and the boxes of their objects overlap."""
    trackers = Tracker(), Tracker()
    for t in range(6):
        found, _ = scene([(CAR, 40 + t, 30, 40, 30), (CAR, 60 - t, 40, 40, 30)],
                         shuffle=np.random.default_rng(t))
        before = found.instance_mask.copy()
        copied = trackers[0](found, t / 10)
        assert (found.instance_mask == before).all()
        written = trackers[1](found, t / 10, in_place=True)
        assert written.instance_mask is found.instance_mask
        assert (written.instance_mask == copied.instance_mask).all()
        assert written.instances == copied.instances


def test_time_jumping_back_or_another_size_forgets_everything():
    """A bag that starts over gives the same numbers again."""
    tracker = Tracker()
    frames = [[(CAR, 10 + t, 10, 30, 20), (CAR, 100, 50, 30, 20)] for t in range(5)]
    assert follow(frames, tracker) == follow(frames, tracker)
    other, _ = scene([(CAR, 5, 5, 20, 20)], 48, 96)
    assert tracker(other, 100.0).instances[0].id == CAR * 1000


def test_the_same_time_twice_is_no_jump():
    """Two images with one stamp are one after the other."""
    tracker = Tracker()
    found, _ = scene([(CAR, 10, 10, 30, 20)])
    assert tracker(found, 1.0).instances == tracker(found, 1.0).instances


def test_numbers_rest_before_they_are_given_again():
    """The lowest rested number first; when none has rested long enough, the one that has most."""
    numbers = TrackNumbers(reuse_after=5.0)
    none = np.zeros(0, np.int64)
    assert numbers.new(CAR, 0.0, none) == 26000
    numbers.use(np.array([26000]), 0.0)
    assert numbers.new(CAR, 4.9, none) == 26001
    assert numbers.new(CAR, 5.0, none) == 26000
    everything = 26000 + np.arange(1000)
    numbers.use(everything, 6.0)
    numbers.use(everything[everything != 26007], 7.0)
    assert numbers.new(CAR, 8.0, none) == 26007
    assert numbers.new(CAR, 8.0, everything) == -1


def test_more_objects_than_numbers():
    """A thousand are followed, then a thousand others come: those waited for give way."""
    tracker = Tracker(max_age=100.0)
    def full(at):
        mask = np.zeros((200, 400), np.uint16)
        ids = 26000 + np.arange(1000).reshape(20, 50)
        mask[at::4, at::4][:20, :50] = ids
        return InstanceMap.from_masks(LABELS, (mask // 1000).astype(np.uint8), mask)

    tracker(full(0), 0.0).check_pixels()
    later = full(0)
    moved = InstanceMap.from_masks(LABELS, later.class_mask[::-1, ::-1].copy(),
                                   later.instance_mask[::-1, ::-1].copy())
    result = tracker(moved, 50.0)
    result.check_pixels()
    assert len(result.instances) == 1000


@st.composite
def drives(draw):
    """Draw a few frames of random boxes at random times."""
    box = st.tuples(st.sampled_from((CAR, PERSON)), st.integers(-10, 70), st.integers(-10, 40),
                    st.integers(1, 40), st.integers(1, 30))
    gap = st.floats(0, 3, allow_nan=False)
    return draw(st.lists(st.tuples(gap, st.lists(box, max_size=6)), min_size=1, max_size=8))


@settings(max_examples=60, deadline=None)
@given(drives(), st.floats(0, 2), st.floats(0, 4))
def test_bookkeeping(drive, max_age, reuse_after):
    """Masks and records agree, classes stay, nothing is lost, no number comes back too early."""
    trackers = [Tracker(max_age, reuse_after) for _ in range(2)]
    now, previous, last_seen = 0.0, None, {}
    for gap, objects in drive:
        now += gap
        found, _ = scene(objects, 48, 80)
        tracked, again = (tracker(found, now) for tracker in trackers)
        tracked.check_pixels()
        assert (tracked.instance_mask == again.instance_mask).all()
        assert (tracked.class_mask == found.class_mask).all()
        assert ((tracked.instance_mask > 0) == (found.instance_mask > 0)).all()
        assert (sorted((i.label, i.score, i.box, i.area) for i in tracked.instances)
                == sorted((i.label, i.score, i.box, i.area) for i in found.instances))
        for instance in tracked.instances:
            rested = now - last_seen.get(instance.id, -np.inf)
            alive = instance.id in last_seen and (
                rested <= max_age or last_seen[instance.id] == previous)
            assert alive or rested >= reuse_after
        last_seen |= {i.id: now for i in tracked.instances}
        previous = now


@pytest.mark.parametrize('wrong', [{'max_age': -1}, {'reuse_after': -1},
                                   {'min_affinity': float('nan')}])
def test_wrong_settings_are_refused(wrong):
    """Negative times make no sense."""
    with pytest.raises(ValueError, match='negative'):
        Tracker(**wrong)


def test_fifty_instances_take_little_time():
    """2 ms on an idle core; the limit here leaves room for a busy one. CPU time, the best."""
    rng = np.random.default_rng(0)
    places, speeds = rng.uniform(0, 1, (50, 2)), rng.uniform(-0.01, 0.01, (50, 2))
    frames = []
    for t in range(8):
        at = (places + t * speeds) % 1 * (700, 340)
        frames.append(scene([(CAR, x, y, 40, 30) for x, y in at], 384, 768, rng)[0])
    tracker, times = Tracker(), []
    for t, found in enumerate(frames):
        begin = time.thread_time()
        tracker(found, t / 10)
        times.append(time.thread_time() - begin)
    assert min(times[1:]) < 0.006


def test_the_place_in_embedding_space_stays_with_an_instance():
    """From the network through a region's coordinates to the tracked map."""
    segmenter = InstanceSegmenter(random_checkpoint(input_size=(64, 64)), device='cpu', min_area=1)
    image = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    region = ImageRegion(roi=(16, 0, 0, 0), rotation=180)
    found = segmenter(region.extract(image))
    places = {i.score: i.embedding for i in found.instances}
    assert places and all(p.dtype == np.float32 and p.ndim == 1 for p in places.values())
    tracked = Tracker()(region.restore(found, image.shape), 0.0)
    assert len(tracked.instances) == len(found.instances)
    assert all(i.embedding is places[i.score] for i in tracked.instances)


class Measured(Tracker):
    """Keeps the affinities of the last image."""

    def _affinity(self, seen):
        self.affinity = super()._affinity(seen)
        return self.affinity


def with_embedding(found, *values):
    """Return the map with the same embedding for all instances, in bandwidths."""
    records = tuple(replace(i, embedding=np.array(values, np.float32)) for i in found.instances)
    return replace(found, instances=records)


@pytest.mark.parametrize('distance, factor', [
    (0, 1), (0.5, 0.875), (1, 0.75), (2, 0.5), (9, 0.5)])
def test_embeddings_halve_an_affinity_at_most(distance, factor):
    """An object that stays has 1; times what its age and its embedding leave of it."""
    found, _ = scene([(CAR, 10, 10, 40, 30)])
    tracker = Measured()
    tracker(with_embedding(found, 0, 0), 0.0)
    tracker(with_embedding(found, distance, 0), 0.1)
    assert tracker.affinity == pytest.approx(factor * (1 - 0.3 * 0.1))


@pytest.mark.parametrize('least, same', [(0.969, True), (0.971, False)])
def test_what_is_less_alike_than_the_least_is_another_object(least, same):
    found, _ = scene([(CAR, 10, 10, 40, 30)])
    tracker = Tracker(min_affinity=least)
    first, second = tracker(found, 0.0), tracker(found, 0.1)
    assert (first.instances[0].id == second.instances[0].id) == same
    assert Tracker().min_affinity == 0.15


@pytest.mark.parametrize('width, step', [(100, 1), (319, 1), (320, 2), (1600, 10)])
def test_the_grid_has_about_160_columns(width, step, monkeypatch):
    """Cells of the masks are moved by whole cells, so both have to know the size of one."""
    from instance_seg_ros.perception.tracking import tracker as module
    steps, shifts, rasterise, overlap = [], [], module.rasterise, module.mask_overlap

    def measured_rasterise(found, size):
        steps.append(size)
        return rasterise(found, size)

    def measured_overlap(cells, shift, seen):
        shifts.append(shift.tolist())
        return overlap(cells, shift, seen)

    monkeypatch.setattr(module, 'rasterise', measured_rasterise)
    monkeypatch.setattr(module, 'mask_overlap', measured_overlap)
    tracker = Measured()
    for k in range(3):
        found, _ = scene([(CAR, 20 * k, 10, 20, 20)], 60, width)
        tracker(found, k / 10)
    assert set(steps) == {step} and shifts[-1] == [[round(20 / step), 0]]


def test_embeddings_of_a_part_of_the_instances_are_ignored():
    """Records from Python may lack some; overlap and boxes decide then."""
    first, _ = scene([(CAR, 10, 10, 30, 20), (CAR, 100, 40, 40, 24)])
    partly = replace(first, instances=(
        replace(first.instances[0], embedding=np.zeros(2, np.float32)), first.instances[1]))
    tracker = Tracker()
    assert tracker(first, 0.0).instances == tracker(partly, 0.1).instances
