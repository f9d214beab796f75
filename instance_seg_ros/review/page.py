# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The report as one file for an e-mail: a page that contains all images, or one image."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..core.atomic_file import atomic_path
from ..io.results import write_image
from ..io.video_writer import contact_sheet
from .charts import charts
from .recording import Camera
from .summary import rows

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em;
       color: #222; background: #fff }
h1 { margin-bottom: 0 } h2 { margin-top: 2em; border-bottom: 1px solid #ccc }
table { border-collapse: collapse } th { text-align: left; font-weight: 600; padding-right: 2em }
th, td { padding-top: 2px; padding-bottom: 2px; vertical-align: top }
img, svg { max-width: 100%; height: auto } .warning { color: #b00020; font-weight: 600 }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 8px }
figure { margin: 0 } figcaption { font-size: 13px; color: #555 }
"""


@dataclass(frozen=True)
class Chapter:
    """Content of the report for one camera: summary and samples (caption, RGB image)."""

    camera: Camera
    summary: dict
    samples: Sequence[tuple[str, np.ndarray]]


def write_html(path: Path, title: str, chapters: Sequence[Chapter], warning: str = '') -> None:
    """Write a self-contained page."""
    body = [f'<h1>{escape(title)}</h1>']
    if warning:
        body.append(f'<p class="warning">{escape(warning)}</p>')
    for chapter in chapters:
        table = ''.join(f'<tr><th>{escape(what)}</th><td>{escape(value)}</td></tr>'
                        for what, value in rows(chapter.summary))
        samples = ''.join(map(_sample, chapter.samples))
        body += [f'<h2>{escape(chapter.camera.name)}</h2><table>{table}</table>',
                 _svg(chapter.camera), f'<div class="samples">{samples}</div>']
    page = (f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<title>{escape(title)}</title><style>{_STYLE}</style></head>'
            f'<body>{"".join(body)}</body></html>\n')
    with atomic_path(path) as part:
        part.write_text(page, encoding='utf-8')


def write_png(path: Path, chapters: Sequence[Chapter]) -> None:
    """Write tables, charts and samples below each other in one image."""
    width, parts = 1650, []
    for chapter in chapters:
        parts += [_table(chapter, width), _raster(chapter.camera, width)]
        if chapter.samples:
            parts.append(_padded(contact_sheet(list(chapter.samples), 2, width // 2), width))
    write_image(path, np.concatenate(parts))


def _svg(camera: Camera) -> str:
    text = io.StringIO()
    charts(camera).savefig(text, format='svg')
    return text.getvalue()[text.getvalue().index('<svg'):]


def _sample(sample: tuple[str, np.ndarray]) -> str:
    caption, image = sample
    scale = min(1, 960 / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode('.jpg', small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return (f'<figure><img alt="{escape(caption)}" src="data:image/jpeg;base64,'
            f'{base64.b64encode(jpeg).decode()}"><figcaption>{escape(caption)}</figcaption>'
            '</figure>')


def _raster(camera: Camera, width: int) -> np.ndarray:
    figure = charts(camera)
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(width / figure.get_figwidth())
    canvas.draw()
    image = np.asarray(canvas.buffer_rgba())[..., :3]
    return cv2.resize(image, (width, round(width * image.shape[0] / image.shape[1])))


def _table(chapter: Chapter, width: int) -> np.ndarray:
    lines = [('', ''), ('', ''), *rows(chapter.summary)]
    figure = Figure((width / 100, 0.23 * len(lines) + 0.4), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.02, 1 - 0.3 / figure.get_figheight(), chapter.camera.name, weight='bold',
                size=16, va='top')
    for column, x in ((0, 0.02), (1, 0.2)):
        text = '\n'.join(line[column] for line in lines)
        figure.text(x, 1 - 0.3 / figure.get_figheight(), text, va='top', size=11,
                    linespacing=1.4)
    canvas.draw()
    return _padded(np.asarray(canvas.buffer_rgba())[..., :3], width)


def _padded(image: np.ndarray, width: int) -> np.ndarray:
    missing = max(0, width - image.shape[1])
    return cv2.copyMakeBorder(image, 0, 0, 0, missing, cv2.BORDER_CONSTANT,
                              value=(255, 255, 255))[:, :width]
