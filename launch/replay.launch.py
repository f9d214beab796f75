# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Start the node and play a bag or video; shut down at its end.

``ros2 launch instance_seg_ros replay.launch.py bag:=FILE rviz:=true record:=outputs``;
``--show-args`` lists the arguments, which include those of ``instance_seg.launch.py``. For several
cameras give
``cameras:=front,rear``, ``image_topic:=/front/image_raw,/rear/image_raw``, both, or a params_file
with their names.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import (
    PythonLaunchDescriptionSource,
    get_launch_description_from_python_launch_file,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

from instance_seg_ros.bags import images, open_source
from instance_seg_ros.node_config.launch_parameters import split_list
from instance_seg_ros.offline.plan import find_cameras
from instance_seg_ros.visualization.rviz_layout import BASE_FRAME

SHARE = Path(get_package_share_directory('instance_seg_ros'))
BOOLEAN = ['true', 'false']
COMPRESSED = '/compressed'

ARGUMENTS = [
    DeclareLaunchArgument('bag', description='ROS 2 bag (folder, .mcap, .db3) or video file.'),
    DeclareLaunchArgument(
        'cameras', default_value='',
        description='Names of several cameras, for example front,rear; their topics in the bag '
        'are /<name>/image_raw unless image_topic or params_file sets them.'),
    DeclareLaunchArgument(
        'image_topic', default_value='',
        description='Image topic in the bag, or one for each camera, for example /a,/b; empty: '
        'as in params_file if that names cameras, else the only image topic.'),
    DeclareLaunchArgument(
        'rate', default_value='1.0', description='Playback speed; 1.0: as recorded.'),
    DeclareLaunchArgument(
        'loop', default_value='false', choices=BOOLEAN,
        description='Start over at the end of the bag.'),
    DeclareLaunchArgument(
        'record', default_value='',
        description='Folder of a new bag for all outputs of the node, stamped with the time of '
        'the bag if use_sim_time; empty: do not record.'),
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='true', choices=BOOLEAN,
        description='Publish the time of the bag on /clock, and let the node use it.'),
    DeclareLaunchArgument(
        'fixed_frame', default_value='',
        description='Frame of the 3D view in RViz; empty: the frame of the camera if the bag has '
        'no TF, else base_link.'),
]
NODE_LAUNCH = SHARE / 'launch' / 'instance_seg.launch.py'
DERIVED = ('transport',)
"""Arguments of the node's launch file that follow from the bag."""


def declared_arguments():
    """Return all arguments: those of this file, and the others of the node's launch file."""
    own = {argument.name for argument in ARGUMENTS}
    node = get_launch_description_from_python_launch_file(str(NODE_LAUNCH)).entities
    return [*ARGUMENTS, *(entity for entity in node if isinstance(entity, DeclareLaunchArgument)
                          and entity.name not in own and entity.name not in DERIVED)]


def value(context, name):
    """Return the value of a launch argument."""
    return LaunchConfiguration(name).perform(context)


def node_name(context):
    """Return the full name of the node."""
    return f'/{value(context, "namespace").strip("/")}/instance_seg'.replace('//', '/')


def read_bag(context):
    """Return the topic of each camera by its name, '' for one alone, and a frame for RViz."""
    file = value(context, 'params_file')
    with open_source(value(context, 'bag')) as source:
        cameras = find_cameras(
            source, split_list(value(context, 'cameras')),
            split_list(value(context, 'image_topic')),
            Path(file) if file else None, node_name(context))
        return cameras, frame_without_tf(source, cameras)


def frame_without_tf(source, cameras):
    """Return the frame of the first camera in a bag without transforms, else None."""
    if any(topic.type == 'tf2_msgs/msg/TFMessage' for topic in source.topics):
        return None
    topic = next(iter(cameras.values()))
    message = next(iter(source.messages([topic.name])), None)
    return (message and images.deserialize(message.data, topic.type).header.frame_id) or None


def input_topic(topic):
    """Return the name for the node: with /compressed appended if the images are compressed."""
    if topic.type.endswith('CompressedImage') and not topic.name.endswith(COMPRESSED):
        return f'{topic.name}{COMPRESSED}'
    return topic.name


def node_arguments(context, cameras, frame):
    """Return arguments of instance_seg.launch.py; the others keep the user's values."""
    names, topics = list(cameras), [input_topic(topic) for topic in cameras.values()]
    given = {'use_sim_time': value(context, 'use_sim_time'),
             'fixed_frame': value(context, 'fixed_frame') or frame or BASE_FRAME}
    if names == ['']:
        is_compressed = topics[0].endswith(COMPRESSED)
        return {**given, 'image_topic': topics[0].removesuffix(COMPRESSED),
                'transport': 'compressed' if is_compressed else 'raw'}
    return {**given, 'cameras': ','.join(names), 'image_topic': ','.join(topics),
            'transport': 'raw'}


def player(context, cameras):
    """Return the process that plays the bag."""
    command = [ExecutableInPackage('instance_seg', 'instance_seg_ros'), 'play-bag',
               value(context, 'bag'), '--rate', value(context, 'rate'),
               '--wait-for-node', node_name(context), '--wait-for-subscribers', '2']
    if value(context, 'record'):    # it subscribes to this topic of each camera last
        command += ['--wait-for-topics', *(
            '/'.join(filter(None, (node_name(context), name, 'label_info'))) for name in cameras)]
    command += ['--loop'] if value(context, 'loop') == 'true' else []
    command += ['--clock'] if value(context, 'use_sim_time') == 'true' else []
    other_names = [f'{topic.name}:={input_topic(topic)}' for topic in cameras.values()
                   if topic.name != input_topic(topic)]
    command += ['--remap', *other_names] if other_names else []
    return ExecuteProcess(name='play_bag', cmd=command, output='screen')


def recorder(context):
    """Return the process that records the outputs, if it is requested."""
    if not value(context, 'record'):
        return []
    return [ExecuteProcess(
        name='record_bag', output='screen', sigterm_timeout='15',   # to index a long bag
        cmd=[ExecutableInPackage('instance_seg', 'instance_seg_ros'), 'record-bag',
             value(context, 'record'), '--node', node_name(context),
             *(['--use-sim-time'] if value(context, 'use_sim_time') == 'true' else [])])]


def end_of_bag(context):
    """Shut down, unless Ctrl-C has ended the player; launch fails on a second shutdown."""
    if context.is_shutdown:
        return []
    return [EmitEvent(event=Shutdown(reason='end of the bag'))]


def start(context):
    """Return the node, and the player, which begins once the node is active."""
    cameras, frame = read_bag(context)
    play = player(context, cameras)
    record = recorder(context)
    return [
        # First: it sets the Fast DDS profile of all processes; without it large images are lost.
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(NODE_LAUNCH)),
            launch_arguments=node_arguments(context, cameras, frame).items()),
        *record,
        RegisterEventHandler(OnProcessExit(
            target_action=play, on_exit=[OpaqueFunction(function=end_of_bag)])),
        play,       # started at once, so that an active node finds publishers and /clock
    ]


def generate_launch_description():
    """Return the launch description."""
    return LaunchDescription([*declared_arguments(), OpaqueFunction(function=start)])
