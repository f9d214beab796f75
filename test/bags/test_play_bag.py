# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A bag played in one process and recorded in another."""

import re
import signal
import threading
import time

import pytest
from bag_content import (
    BEGIN,
    BEST_EFFORT,
    COMPRESSED,
    CONTENT,
    FRAMES,
    INFO,
    PERIOD,
    RAW,
    RELIABLE,
)

from instance_seg_ros.bags import BagWriter, Topic, images, open_source
from instance_seg_ros.core.errors import UserError

pytest.importorskip('rclpy')

from rclpy.duration import Duration  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from instance_seg_ros.ros.installed_messages import message_class  # noqa: E402
from instance_seg_ros.ros.tools.node_process import own_domain  # noqa: E402
from instance_seg_ros.ros.tools.player import CLOCK, Player  # noqa: E402
from instance_seg_ros.ros.tools.recorder import Recorder  # noqa: E402
from instance_seg_ros.ros.tools.session import ros_node, spinning  # noqa: E402

pytestmark = pytest.mark.ros
PLAY = ('-m', 'instance_seg_ros.cli', 'play-bag')


@pytest.fixture
def domain():
    with own_domain() as number:
        yield number


class Listener:
    """Records topics in this process, and waits for a number of messages."""

    def __init__(self, domain, path, names):
        self.path, self.arrivals = path, []
        self._more = threading.Condition()
        self._names, self._domain = names, domain

    def __enter__(self):
        self._node = ros_node('listener', self._domain)
        node = self._node.__enter__()
        self._writer = BagWriter(self.path)
        self._recorder = Recorder(node, self._writer, self._names.__contains__, self._hear)
        self._spinning = spinning(node)
        self._spinning.__enter__()
        return self

    def __exit__(self, *error):
        self._spinning.__exit__(*error)
        self._writer.close()
        self._node.__exit__(*error)

    def _hear(self, topic, data, stamp):
        with self._more:
            self.arrivals.append((topic.name, data, stamp))
            self._more.notify_all()

    def wait_for(self, count, seconds=30):
        with self._more:
            assert self._more.wait_for(lambda: len(self.arrivals) >= count, seconds)


def test_every_message_arrives_as_it_was(make_bag, tmp_path, start_python, domain):
    bag = make_bag(topics=tuple(CONTENT), qos=RELIABLE)  # best effort may lose some
    with Listener(domain, tmp_path / 'heard', tuple(CONTENT)) as listener:
        child = start_python(*PLAY, bag, '--wait-for-subscribers', 30, ROS_DOMAIN_ID=str(domain))
        listener.wait_for(3 * FRAMES)
        output, _ = child.communicate(timeout=30)
    assert child.returncode == 0, output
    for topic in CONTENT:
        assert re.search(rf'^ *{FRAMES}  {topic}$', output, re.MULTILINE), output
    with open_source(tmp_path / 'heard') as heard:
        for topic in heard.topics:
            kind, content = CONTENT[topic.name]
            assert (topic.type, topic.count) == (kind, FRAMES)
            assert topic.qos[0].reliability is RELIABLE.reliability
            messages = list(heard.messages([topic.name]))
            for index, message in enumerate(messages):  # DDS fills up with zeros to four bytes
                expected = content(index)
                assert message.data == expected.ljust(-(-len(expected) // 4) * 4, bytes(1))
            # Original timing: 11 intervals of 0.1 s.
            span = (messages[-1].stamp - messages[0].stamp) / 1e9
            assert span == pytest.approx((FRAMES - 1) * PERIOD / 1e9, abs=0.3)


def test_rate_remap_clock_and_a_part(make_bag, tmp_path, start_python, domain):
    bag = make_bag(topics=(RAW, INFO), qos=RELIABLE)
    with Listener(domain, tmp_path / 'heard', ('/front', '/clock', RAW, INFO)) as listener:
        child = start_python(
            *PLAY, bag, '--topics', RAW, '--remap', f'{RAW}:=/front', '--clock', 100, '--rate', 2,
            '--start', 0.2, '--duration', 0.8, '--wait-for-subscribers', 30,
            ROS_DOMAIN_ID=str(domain))
        output, _ = child.communicate(timeout=60)
    assert child.returncode == 0, output
    heard = {name: [d for n, d, _ in listener.arrivals if n == name]
             for name in {n for n, _, _ in listener.arrivals}}
    assert set(heard) <= {'/front', '/clock'}
    assert [images.header_stamp(d) for d in heard['/front']] == [
        BEGIN + i * PERIOD for i in range(2, 10)]
    # The /clock has no reason to wait for its subscriber, so its first ticks may be missed.
    ticks = [images.header_stamp(d) for d in heard['/clock']]
    assert len(ticks) > 10
    assert all((t - BEGIN - 2 * PERIOD) % 20_000_000 == 0 for t in ticks)
    assert ticks == sorted(ticks) and ticks[-1] < BEGIN + 10 * PERIOD


def test_a_recorded_clock_gives_way_to_the_one_that_is_asked_for(tmp_path, domain, caplog):
    with BagWriter(tmp_path / 'bag') as writer:
        for name, kind in (CLOCK, 'rosgraph_msgs/msg/Clock'), (INFO, CONTENT[INFO][0]):
            writer.add_topic(Topic.of(name, kind))
    with open_source(tmp_path / 'bag') as source, ros_node('player', domain) as node:
        assert Player(node, source).topics == (CLOCK, INFO)
        assert Player(node, source, remap={CLOCK: '/then'}, clock=True).topics == (CLOCK, INFO)
        assert caplog.text == ''
        assert Player(node, source, clock=True).topics == (INFO,)
    said, = caplog.records
    assert '/clock is not played: the time is published on /clock' in said.getMessage()


def test_names_that_ros_does_not_allow_leave_the_others_alone(tmp_path, domain, caplog):
    """Such as those of the RealSense viewer, which have spaces."""
    bad = '/device_0/option/Enable Auto Exposure/value'
    with BagWriter(tmp_path / 'bag') as writer:
        for name in (bad, INFO):
            writer.add_topic(Topic.of(name, CONTENT[INFO][0]))
    with open_source(tmp_path / 'bag') as source, ros_node('player', domain) as node:
        assert Player(node, source).topics == (INFO,)
        assert f'{bad} is not played: its name is not valid' in caplog.text
        assert Player(node, source, remap={bad: '/exposure'}).topics == (bad, INFO)
        with pytest.raises(UserError, match='can be published .*its name is not valid'):
            Player(node, source, [bad])


def test_waits_for_the_subscription_of_a_node(tmp_path, domain):
    with BagWriter(tmp_path / 'bag') as writer:
        writer.add_topic(Topic.of(INFO, CONTENT[INFO][0]))
    stop = threading.Event()
    with open_source(tmp_path / 'bag') as source, ros_node('player', domain) as node, \
            ros_node('other', domain) as other, ros_node('segmenter', domain) as segmenter:
        player = Player(node, source)
        waiting = threading.Thread(target=player.wait_for_node, args=('/segmenter', stop))
        waiting.start()
        other.create_subscription(String, INFO, print, 10)
        assert player.wait_for_subscribers(30, stop) == [] and waiting.is_alive()
        segmenter.create_subscription(String, INFO, print, 10)
        waiting.join(30)
        ended = not waiting.is_alive()
        player.wait_for_topics([INFO], stop)
        stop.set()
        waiting.join()
    assert ended


def test_a_module_in_the_current_folder_is_not_imported(tmp_path, monkeypatch):
    """A bag names its types; whoever made it must not choose what runs here."""
    for package in ('evil_msgs', 'evil_pkg'):
        (tmp_path / package / 'msg').mkdir(parents=True)
        (tmp_path / package / '__init__.py').write_text('raise SystemExit("it ran")')
        (tmp_path / package / 'msg' / '__init__.py').write_text('class Evil: pass')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend('')
    for name in ('evil_msgs/msg/Evil', 'evil_pkg/Evil', 'os/msg/path', '../x/msg/Y', 'x', ''):
        assert message_class(name) is None
    assert message_class('std_msgs/msg/String') is message_class('std_msgs/String') is String


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_loops_until_it_is_stopped(make_bag, tmp_path, start_python, domain, number):
    bag = make_bag(topics=(COMPRESSED,), frames=4)
    with Listener(domain, tmp_path / 'heard', (COMPRESSED,)) as listener:
        child = start_python(*PLAY, bag, '--loop', '--rate', 4, '--wait-for-subscribers', 30,
                             ROS_DOMAIN_ID=str(domain))
        listener.wait_for(10)
        begin = time.monotonic()
        child.send_signal(number)
        output, _ = child.communicate(timeout=30)
        assert time.monotonic() - begin < 10
    assert child.returncode == 0, output
    stamps = [images.header_stamp(d) for _, d, _ in listener.arrivals]
    assert stamps[:10] == [BEGIN + i % 4 * PERIOD for i in range(10)]
    with open_source(tmp_path / 'heard') as heard:
        assert heard.topics[0].qos[0].reliability is BEST_EFFORT.reliability


@pytest.mark.parametrize('arguments, said', [
    (['nowhere'], 'There is no bag or video at nowhere'),
    (['BAG', '--topics', '/nope'], f'has no topic /nope; there are: {RAW}'),
    (['BAG', '--rate', '0'], 'rate must be'),
    (['BAG', '--start', '100'], 'nothing is left'),
    (['BAG', '--remap', '/nope:=/b'], f'has no topic /nope; there are: {RAW}'),
])
def test_bad_input_is_one_sentence(make_bag, start_python, domain, arguments, said):
    bag = make_bag()
    arguments = [str(bag) if a == 'BAG' else a for a in arguments]
    child = start_python(*PLAY, *arguments, ROS_DOMAIN_ID=str(domain))
    output, _ = child.communicate(timeout=30)
    assert child.returncode == 2
    assert said in output and 'Traceback' not in output
    assert len(output.strip().splitlines()) == 1


def test_recorded_by_the_command(make_bag, tmp_path, start_python, domain):
    """What was played is in the recording, message by message, and nothing else."""
    source, output = make_bag(topics=(RAW, INFO), qos=RELIABLE), tmp_path / 'recording'
    recorder = start_python('-m', 'instance_seg_ros.cli', 'record-bag', output, '--node', 'camera',
                            ROS_DOMAIN_ID=str(domain))
    assert 'Recording /camera/*' in recorder.stdout.readline()
    player = start_python(*PLAY, source, '--wait-for-subscribers', '30',
                          ROS_DOMAIN_ID=str(domain))
    text, _ = player.communicate(timeout=60)
    assert player.returncode == 0 and 'No subscriber' not in text, text
    recorder.send_signal(signal.SIGTERM)
    text, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 0 and f'{FRAMES}  {RAW}' in text, text
    with open_source(output) as recorded, open_source(source) as played:
        # The middleware pads a message to whole words.
        assert sorted((m.topic.name, m.data.rstrip(b'\0')) for m in recorded.messages()) == sorted(
            (m.topic.name, m.data.rstrip(b'\0')) for m in played.messages())
    again = start_python('-m', 'instance_seg_ros.cli', 'record-bag', output)
    assert again.wait(30) == 2


FULL_DISK = """
import sys
from instance_seg_ros.bags import BagWriter
from instance_seg_ros.cli import main

def write(self, *message, plain=BagWriter.write, room=iter(range(3))):
    if next(room, None) is None:
        raise OSError(28, 'No space left on device')
    plain(self, *message)

BagWriter.write = write
sys.exit(main(['record-bag', *sys.argv[1:]]))
"""


def test_a_full_disk_ends_the_recording_and_keeps_what_there_is(
        make_bag, tmp_path, start_python, domain):
    """A failed recording is reported at once, and nothing recorded is discarded."""
    source, output = make_bag(topics=(RAW,), qos=RELIABLE), tmp_path / 'recording'
    part = tmp_path / 'recording.part'
    recorder = start_python('-c', FULL_DISK, output, '--node', 'camera', ROS_DOMAIN_ID=str(domain))
    assert 'Recording /camera/*' in recorder.stdout.readline()
    player = start_python(*PLAY, source, '--wait-for-subscribers', '30', ROS_DOMAIN_ID=str(domain))
    text, _ = recorder.communicate(timeout=60)
    player.communicate(timeout=60)
    assert recorder.returncode == 2 and text == (
        f'instance_seg: {output} could not be written: No space left on device; what came before '
        f'is in {part}.\n')
    with open_source(part) as kept:
        assert len(list(kept.messages())) == 3
    again = start_python('-m', 'instance_seg_ros.cli', 'record-bag', output)
    text, _ = again.communicate(timeout=30)
    assert again.returncode == 2 and f'{part} is left' in text and part.exists()


def test_what_was_recorded_survives_a_kill(tmp_path, domain):
    """It is readable while the recorder still runs, without anybody having closed the bag."""
    with ros_node('writer', domain) as talker, ros_node('listener', domain) as node:
        publisher = talker.create_publisher(String, INFO, 100)
        writer = BagWriter(tmp_path / 'heard')
        recorder = Recorder(node, writer, INFO.__eq__)
        with spinning(node):
            deadline = time.monotonic() + 60
            while not publisher.get_subscription_count():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            for index in range(20):
                publisher.publish(String(data=f'note {index}'))
            file = tmp_path / 'heard.part' / 'heard_0.mcap'
            while True:
                try:
                    with open_source(file) as bag:
                        if bag.count == 20:
                            break
                except UserError:
                    pass
                assert time.monotonic() < deadline, recorder.counts
                time.sleep(0.1)
        recorder.close()
        writer.close()


def test_a_recording_of_a_replay_has_the_times_of_the_bag(tmp_path, domain):
    """It subscribes before the clock begins; what arrives until then gets its first time."""
    times = iter([0, 0, BEGIN, BEGIN + PERIOD])
    with ros_node('writer', domain) as talker, \
            ros_node('listener', domain, use_sim_time=True) as node:
        publisher = talker.create_publisher(String, INFO, 100)
        with BagWriter(tmp_path / 'heard') as writer:
            recorder = Recorder(node, writer, INFO.__eq__, now=lambda: next(times))
            with spinning(node):
                deadline = time.monotonic() + 60
                while not publisher.get_subscription_count():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            for index in range(4):
                publisher.publish(String(data=f'note {index}'))
            assert publisher.wait_for_all_acked(Duration(seconds=30))
            recorder.close()
    with open_source(tmp_path / 'heard') as bag:
        assert [m.stamp for m in bag.messages()] == [BEGIN, BEGIN, BEGIN, BEGIN + PERIOD]


def test_what_waits_to_be_served_at_the_end_is_recorded(tmp_path, domain):
    """Messages that arrived before the stop are written even if they were still queued."""
    with ros_node('writer', domain) as talker, ros_node('listener', domain) as node:
        publisher = talker.create_publisher(String, INFO, 100)
        with BagWriter(tmp_path / 'heard') as writer:
            recorder = Recorder(node, writer, INFO.__eq__)
            with spinning(node):
                deadline = time.monotonic() + 30
                while not publisher.get_subscription_count():
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            for index in range(20):
                publisher.publish(String(data=f'note {index}'))
            assert publisher.wait_for_all_acked(Duration(seconds=30))
            recorder.close()
    assert recorder.counts == {INFO: 20}
    with open_source(tmp_path / 'heard') as bag:
        assert len(list(bag.messages())) == 20
