# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Examples that `--help` shows; a test reads each with its verb's own parser."""

HEADING = 'Examples:'

EXAMPLES = {
    'segment': (
        'instance_seg segment images --output results',
        'instance_seg segment dashcam.mp4 --output results --track --classes car,person'),
    'demo': (
        'instance_seg demo',
        'instance_seg demo my_drive --image-topic /camera/front/image_raw --duration 20',
        'instance_seg demo dashcam.mp4 --param score_threshold:=0.5 --output seen'),
    'process-bag': (
        'instance_seg process-bag my_drive labelled --overlay',
        'instance_seg process-bag my_drive as_on_the_vehicle --params-file cameras.yaml',
        'instance_seg process-bag drives labelled_drives --jobs 2'),
    'play-bag': (
        'instance_seg play-bag my_drive --clock --loop',
        'instance_seg play-bag my_drive --topics /front/image_raw '
        '--remap /front/image_raw:=/image_raw'),
    'record-bag': (
        'instance_seg record-bag outputs',
        'instance_seg record-bag outputs --node /front/instance_seg --topics /front/image_raw'),
    'report': (
        'instance_seg report labelled',
        'instance_seg report labelled --output labelled.png --samples 3'),
    'view': (
        'instance_seg view labelled',
        'instance_seg view labelled --output labelled.rrd'),
    'datasets': (
        'instance_seg datasets',
        'instance_seg datasets my_export'),
    'view-dataset': (
        'instance_seg view-dataset my_export --write-label-set yard.yaml',),
    'convert': (
        'instance_seg convert my_export as_cityscapes --to cityscapes',
        'instance_seg convert images corrected --checkpoint runs/yard/best.safetensors '
        '--polygons'),
    'pseudo-label': (
        'instance_seg pseudo-label my_drive --output my_labels --every 10',
        'instance_seg pseudo-label images --output my_labels --score 0.7'),
    'train': (
        'instance_seg train --dataset sticks --config config/training/sticks.yaml --steps 20 '
        '--output runs/sticks',
        'instance_seg train --dataset cityscapes --data cityscapes --check',
        'instance_seg train --data cityscapes --config config/training/paper.yaml '
        '--output runs/paper',
        'instance_seg train --data cityscapes --config config/training/paper.yaml '
        '--output runs/paper --resume'),
    'calibrate': (
        'instance_seg calibrate runs/paper/best.safetensors --data cityscapes '
        '--output calibrated.safetensors',),
    'evaluate': (
        'instance_seg evaluate --dataset cityscapes --data cityscapes '
        '--checkpoint runs/paper/best.safetensors',
        'instance_seg evaluate --dataset cityscapes --data cityscapes '
        '--predictions other_method',
        'instance_seg evaluate --dataset kitti-mots --data kitti_mots --tracking'),
    'benchmark': (
        'instance_seg benchmark pipeline --json before.json',
        'instance_seg benchmark compare before.json after.json'),
    'render-scenes': (
        'instance_seg render-scenes scenes --count 2000 --jobs 2',
        'instance_seg render-scenes --sequence --seconds 10 --bag street.mcap'),
    'export': (
        'instance_seg export yard.safetensors yard.onnx --size 1024x512',),
    'import-weights': (
        'instance_seg import-weights rna-a1_cityscapes.params resnet38.safetensors '
        '--network resnet38',),
}
