# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Summarise a recording of the node's outputs in one HTML page or PNG image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .. import arguments as options
from ..bags import open_source
from ..bags.sources import Source
from ..core.errors import UserError
from ..io.results import write_json
from ..io.video_writer import spread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('bag', metavar='BAG', help='bag with outputs of the node (or of '
                        "process-bag); with the camera's images or the overlay in it, the "
                        'report shows samples')
    parser.add_argument('--output', type=options.result_file, metavar='FILE',
                        help='.html or .png (default: BAG_report.html in this folder)')
    parser.add_argument('--samples', type=options.count, default=6, metavar='N',
                        help='sample images of each camera (default 6)')
    parser.add_argument('--json', type=options.result_file, metavar='FILE',
                        help='write the summary as JSON')


def run(args: argparse.Namespace) -> int:
    """Read the bag and write the report; return 1 when the bag breaks off."""
    from ..review.page import write_html, write_png
    from ..review.summary import rows

    output = args.output or Path(f'{Path(args.bag).resolve().stem}_report.html')
    if output.suffix.lower() not in ('.html', '.png'):
        raise UserError(f'--output must end in .html or .png, not {output.name!r}.')
    with open_source(args.bag) as bag:
        chapters = _chapters(bag, args.samples)
        broken = bag.break_reason and f'The bag is damaged or was cut off: {bag.break_reason}.'
    try:
        if output.suffix.lower() == '.html':
            write_html(output, Path(args.bag).resolve().name, chapters, broken)
        else:
            write_png(output, chapters)
    except OSError as error:
        raise UserError(f'{output} cannot be written: {error.strerror}.') from error
    for chapter in chapters:
        print(chapter.camera.name)
        for what, value in rows(chapter.summary):
            print(f'  {what:<20}{value}')
    print(f'The report is in {output}.')
    if args.json:
        write_json(args.json, {'bag': str(args.bag), 'broken': broken,
                               'cameras': [chapter.summary for chapter in chapters]})
    return 1 if broken else 0


def _chapters(bag: Source, count: int) -> Sequence:
    from ..review.moments import moments
    from ..review.page import Chapter
    from ..review.recording import read_cameras
    from ..review.sample import sample_image
    from ..review.summary import summarize

    cameras = read_cameras(bag)
    chosen = {c.prefix: [c.stamps[k] for k in spread(len(c.stamps), count)] if count > 0 else []
              for c in cameras}
    samples = {camera.prefix: [] for camera in cameras}
    for moment in moments(bag, cameras, chosen):
        image = sample_image(moment)
        if image is not None:
            seconds = (moment.stamp - moment.camera.stamps[0]) / 1e9
            samples[moment.camera.prefix].append((f'{seconds:.1f} s', image))
    return [Chapter(c, summarize(c), samples[c.prefix]) for c in cameras]
