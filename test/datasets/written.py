# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Writes one scene in the layout of each data set: two cars, a person and a crowd on a road.

Every layout holds the same pixels, so that one test can check them all.
"""
import base64
import json
from pathlib import Path

import cv2
import numpy as np

from instance_seg_ros.core.labels import LabelSet
from instance_seg_ros.datasets.pascal_voc import NAMES as VOC
from instance_seg_ros.datasets.pascal_voc import _voc_color
from instance_seg_ros.datasets.rle import encode_rle

HEIGHT, WIDTH = 40, 60
CITY = LabelSet.named('cityscapes')
OBJECTS = {'car 1': ('car', (5, 20, 20, 30)), 'car 2': ('car', (20, 20, 35, 30)),
           'person': ('person', (40, 10, 46, 30))}
"""Class and box (x0, y0, x1, y1) of the rectangles."""
CROWD = (50, 15, 60, 25)
IMAGE = np.dstack([np.add.outer(k * np.arange(HEIGHT), np.arange(WIDTH)) for k in (1, 2, 3)]
                  ).astype(np.uint8)


def rectangle(box) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[box[1]:box[3], box[0]:box[2]] = True
    return mask


def polygon(box) -> list[float]:
    x0, y0, x1, y1 = box
    return [x0, y0, x1, y0, x1, y1, x0, y1]


def write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


def write_json(path: Path, data) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def layered(background: int, objects: dict[str, int], crowd: int) -> np.ndarray:
    """Return a label image, int64, from the value of each part."""
    values = np.full((HEIGHT, WIDTH), background, np.int64)
    for name, value in objects.items():
        values[rectangle(OBJECTS[name][1])] = value
    values[rectangle(CROWD)] = crowd
    return values


def bgr(values: np.ndarray) -> np.ndarray:
    """Return 0xRRGGBB values as OpenCV writes colours."""
    return np.dstack([values & 255, values >> 8 & 255, values >> 16 & 255]).astype(np.uint8)


def coco_data(name: str = 'a.png') -> dict:
    ids = {'person': 1, 'car': 3}
    annotations = [{'id': n, 'image_id': 7, 'category_id': ids[label], 'iscrowd': 0,
                    'segmentation': [polygon(box)], 'area': 1, 'bbox': [0, 0, 1, 1]}
                   for n, (label, box) in enumerate(OBJECTS.values(), 1)]
    mask = rectangle(CROWD)
    flat = np.flatnonzero(np.diff(mask.T.ravel())) + 1
    runs = np.diff([0, *flat, mask.size]).tolist()
    annotations.append({'id': 9, 'image_id': 7, 'category_id': 1, 'iscrowd': 1, 'area': 1,
                        'segmentation': {'size': [HEIGHT, WIDTH], 'counts': runs}})
    return {'info': {}, 'annotations': annotations,
            'images': [{'id': 7, 'file_name': name, 'width': WIDTH, 'height': HEIGHT}],
            'categories': [{'id': 1, 'name': 'person'}, {'id': 3, 'name': 'car'}]}


def coco(root: Path) -> None:
    write_json(root / 'annotations/instances_val2017.json', coco_data())
    write(root / 'val2017/a.png', IMAGE)


def coco_roboflow(root: Path) -> None:
    write_json(root / 'valid/_annotations.coco.json', coco_data())
    write(root / 'valid/a.png', IMAGE)


def coco_cvat(root: Path) -> None:
    write_json(root / 'annotations/instances_Validation.json', coco_data('a.png'))
    write(root / 'images/Validation/a.png', IMAGE)


def coco_label_studio(root: Path) -> None:
    write_json(root / 'result.json', coco_data('images\\zz2-a.png'))    # among the tenth: val
    write(root / 'images/zz2-a.png', IMAGE)


def coco_panoptic(root: Path) -> None:
    values = layered(1, {'car 1': 300, 'car 2': 70000, 'person': 5}, 6)
    segments = [(1, 100, 0), (300, 3, 0), (70000, 3, 0), (5, 1, 0), (6, 1, 1)]
    write_json(root / 'annotations/panoptic_val2017.json', {
        'images': [{'id': 7, 'file_name': 'a.jpg', 'width': WIDTH, 'height': HEIGHT}],
        'annotations': [{'image_id': 7, 'file_name': 'a.png', 'segments_info': [
            {'id': i, 'category_id': c, 'iscrowd': crowd, 'area': 1}
            for i, c, crowd in segments]}],
        'categories': [{'id': 1, 'name': 'person', 'isthing': 1},
                       {'id': 3, 'name': 'car', 'isthing': 1},
                       {'id': 100, 'name': 'road', 'isthing': 0}]})
    rgb = np.dstack([values & 255, values >> 8 & 255, values >> 16 & 255])
    write(root / 'annotations/panoptic_val2017/a.png', rgb[..., ::-1].astype(np.uint8))
    write(root / 'val2017/a.jpg', IMAGE)


def yolo(root: Path) -> None:
    (root / 'labels/val').mkdir(parents=True)
    (root / 'data.yaml').write_text('path: .\ntrain: images/train\nval: images/val\n'
                                    'names: {0: person, 1: car}\n')
    lines = [f'{int(label == "car")} ' + ' '.join(
        f'{v / (WIDTH, HEIGHT)[k % 2]:.6f}' for k, v in enumerate(polygon(box)))
        for label, box in OBJECTS.values()]
    (root / 'labels/val/a.txt').write_text('\n'.join(lines) + '\n')
    write(root / 'images/val/a.png', IMAGE)


def idd_lite(root: Path, count: int = 1) -> Path:
    """Write frames in IDD-Lite's layout: sky, vehicles (one car separated), void, road."""
    (root / 'train').mkdir(parents=True)
    coarse = np.repeat(np.array([6, 3, 255, 0], np.uint8), 8)[:, None].repeat(64, 1)
    ids = np.zeros(coarse.shape, np.uint16)
    ids[8:16, 10:30] = 26003
    for k in range(count):
        path = root / 'train' / f'{k:04d}.jpg'
        cv2.imwrite(str(path), np.full((*coarse.shape, 3), 99, np.uint8))
        cv2.imwrite(str(path.with_name(f'{k:04d}_coarse.png')), coarse)
        cv2.imwrite(str(path.with_name(f'{k:04d}_instanceIds.png')), ids)
    return root


def yolo_roboflow(root: Path) -> None:
    yolo(root)
    (root / 'data.yaml').write_text('train: ../train/images\nval: ../valid/images\nnc: 2\n'
                                    "names: ['person', 'car']\n")
    (root / 'valid').mkdir()
    (root / 'images/val').rename(root / 'valid/images')
    (root / 'labels/val').rename(root / 'valid/labels')


def scalabel(root: Path) -> None:
    labels = [{'id': name, 'category': 'pedestrian' if label == 'person' else label,
               'attributes': {'crowd': False}, 'poly2d': [{
                   'vertices': np.reshape(polygon(box), (-1, 2)).tolist(), 'types': 'LLLL',
                   'closed': True}]} for name, (label, box) in OBJECTS.items()]
    labels.append({'id': 'crowd', 'category': 'pedestrian', 'attributes': {'crowd': True},
                   'rle': encode_rle(rectangle(CROWD))})
    write_json(root / 'labels/ins_seg/polygons/ins_seg_val.json',
               [{'name': 'a.png', 'labels': labels}])
    write(root / 'images/10k/val/a.png', IMAGE)


def bdd100k(root: Path) -> None:
    def value(category, attributes, number):
        return category << 24 | attributes << 16 | number
    values = layered(0, {'car 1': value(3, 4, 1), 'car 2': value(3, 8, 300),
                         'person': value(1, 0, 3)}, value(1, 2, 4))
    rgba = np.dstack([values >> 24, values >> 16 & 255, values >> 8 & 255, values & 255])
    write(root / 'labels/ins_seg/bitmasks/val/a.png', rgba[..., [2, 1, 0, 3]].astype(np.uint8))
    write(root / 'labels/sem_seg/masks/val/a.png', np.zeros((HEIGHT, WIDTH), np.uint8))
    write(root / 'images/10k/val/a.jpg', IMAGE)


def bdd100k_instances_alone(root: Path) -> None:
    bdd100k(root)
    (root / 'labels/sem_seg/masks/val/a.png').unlink()


_VISTAS = [('construction--flat--road', False), ('human--person', True),
           ('object--vehicle--car', True), ('human--person--person-group', False)]


def _vistas(root: Path, folder: str, config: str) -> None:
    write_json(root / config, {'labels': [{'name': n, 'instances': i} for n, i in _VISTAS]})
    values = layered(0, {'car 1': 2 * 256, 'car 2': 2 * 256 + 1, 'person': 256}, 3 * 256)
    write(root / f'validation/{folder}/a.png', values.astype(np.uint16))
    write(root / 'validation/images/a.jpg', IMAGE)


def vistas_1_2(root: Path) -> None:
    _vistas(root, 'instances', 'config.json')


def vistas_2_0(root: Path) -> None:
    _vistas(root, 'v2.0/instances', 'config_v2.0.json')
    write_json(root / 'config_v1.2.json', {'labels': []})


def kitti_semantics(root: Path) -> None:
    values = layered(7 * 256, {'car 1': 26 * 256 + 1, 'car 2': 26 * 256 + 2,
                               'person': 24 * 256 + 1}, 0)
    write(root / 'training/instance/000005_10.png', values.astype(np.uint16))
    write(root / 'training/image_2/000005_10.png', IMAGE)


def kitti_mots_text(root: Path) -> None:
    ids = {'car 1': (1005, 1), 'car 2': (1007, 1), 'person': (2000, 2)}
    masks = [(*ids[name], rectangle(box)) for name, (_, box) in OBJECTS.items()]
    lines = [f'0 {i} {c} {HEIGHT} {WIDTH} {encode_rle(m)["counts"]}'
             for i, c, m in (*masks, (10000, 10, rectangle(CROWD)))]
    (root / 'instances_txt').mkdir(parents=True)
    (root / 'instances_txt/0002.txt').write_text('\n'.join(lines))
    write(root / 'training/image_02/0002/000000.png', IMAGE)


def kitti_mots_png(root: Path) -> None:
    values = layered(0, {'car 1': 1005, 'car 2': 1007, 'person': 2000}, 10000)
    write(root / 'instances/0002/000000.png', values.astype(np.uint16))
    write(root / 'training/image_02/0002/000000.png', IMAGE)


def kitti_step(root: Path) -> None:
    values = layered(0, {'car 1': 13 << 16 | 1, 'car 2': 13 << 16 | 300, 'person': 11 << 16 | 1},
                     255 << 16)
    write(root / 'panoptic_maps/val/0002/000000.png', bgr(values))
    write(root / 'training/image_02/0002/000000.png', IMAGE)


def nuimages(root: Path) -> None:
    def row(token, category, mask):
        rle = encode_rle(mask)
        return {'token': token, 'sample_data_token': 'frame', 'category_token': category,
                'mask': {'size': rle['size'],
                         'counts': base64.b64encode(rle['counts'].encode()).decode()}}
    tables = {
        'category': [{'token': 'c', 'name': 'vehicle.car'},
                     {'token': 'p', 'name': 'human.pedestrian.adult'},
                     {'token': 'e', 'name': 'vehicle.ego'},
                     {'token': 'r', 'name': 'flat.driveable_surface'}],
        'sample_data': [{'token': 'frame', 'filename': 'samples/CAM_FRONT/a.jpg', 'width': WIDTH,
                         'height': HEIGHT, 'is_key_frame': True},
                        {'token': 'sweep', 'filename': 'sweeps/CAM_FRONT/b.jpg', 'width': WIDTH,
                         'height': HEIGHT, 'is_key_frame': False}],
        'object_ann': [row(name, label[0], rectangle(box))
                       for name, (label, box) in OBJECTS.items()],
        'surface_ann': [row('road', 'r', np.ones((HEIGHT, WIDTH), bool)),
                        row('ego', 'e', rectangle(CROWD))]}
    for name, rows in tables.items():
        write_json(root / f'v1.0-val/{name}.json', rows)
    write(root / 'samples/CAM_FRONT/a.jpg', IMAGE)


def pascal_voc(root: Path) -> None:
    car, person, border = (_voc_color(VOC.index('car')), _voc_color(VOC.index('person')),
                           224 << 16 | 224 << 8 | 192)
    write(root / 'SegmentationClass/a.png',
          bgr(layered(0, {'car 1': car, 'car 2': car, 'person': person}, border)))
    write(root / 'SegmentationObject/a.png', bgr(layered(
        0, {'car 1': _voc_color(1), 'car 2': _voc_color(2), 'person': _voc_color(3)}, border)))
    (root / 'ImageSets/Segmentation').mkdir(parents=True)
    (root / 'ImageSets/Segmentation/val.txt').write_text('a\n')
    write(root / 'JPEGImages/a.jpg', IMAGE)


def _cityscapes(root: Path, image: str) -> None:
    labels = layered(7, {'car 1': 26, 'car 2': 26, 'person': 24}, 0)
    ids = layered(7, {'car 1': 26000, 'car 2': 26001, 'person': 24000}, 0)
    write(root / 'leftImg8bit/val/town' / image, IMAGE)
    write(root / 'gtFine/val/town/a_000000_000001_gtFine_labelIds.png', labels.astype(np.uint8))
    write(root / 'gtFine/val/town/a_000000_000001_gtFine_instanceIds.png', ids.astype(np.uint16))


def cityscapes(root: Path) -> None:
    _cityscapes(root, 'a_000000_000001_leftImg8bit.png')


def cityscapes_jpeg(root: Path) -> None:
    _cityscapes(root, 'a_000000_000001_leftImg8bit.JPEG')


def cityscapes_plain_names(root: Path) -> None:
    _cityscapes(root, 'a_000000_000001.JPG')


LAYOUTS = {
    cityscapes: 'cityscapes', cityscapes_jpeg: 'cityscapes', cityscapes_plain_names: 'cityscapes',
    coco: 'coco', coco_roboflow: 'coco', coco_cvat: 'coco', coco_label_studio: 'coco',
    coco_panoptic: 'coco-panoptic', yolo: 'yolo', yolo_roboflow: 'yolo', scalabel: 'scalabel',
    bdd100k: 'bdd100k', bdd100k_instances_alone: 'bdd100k', vistas_1_2: 'vistas',
    vistas_2_0: 'vistas', kitti_semantics: 'kitti-semantics', kitti_mots_text: 'kitti-mots',
    kitti_mots_png: 'kitti-mots', kitti_step: 'kitti-step', nuimages: 'nuimages',
    pascal_voc: 'pascal-voc'}
"""Writer of each layout, and the name of its reader."""
LABELS_ROAD = {'cityscapes', 'coco-panoptic', 'vistas', 'kitti-semantics', 'kitti-step',
               'nuimages'}
"""Readers whose sources say where the road is."""
