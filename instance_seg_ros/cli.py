# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The command line: `instance_seg VERB ...`.

Each verb is a module with `add_arguments(parser)` and `run(args)`, imported only when it is asked
for, so that no verb needs another's dependencies.
"""

import argparse
import os
import sys
from importlib import import_module

from .commands.examples import EXAMPLES, HEADING
from .commands.parser import Formatter, Parser
from .core.errors import DeviceError, UserError, is_out_of_memory
from .core.interruption import STATUS, ended_by_interrupt, interrupted_after_imports

VERBS = {
    'segment': 'segment images, folders or videos',
    'demo': 'replay a bag or video through the real node and show the results',
    'process-bag': 'segment every image of a bag into a new bag, without ROS running',
    'play-bag': 'publish a bag with its original timing',
    'record-bag': 'record the outputs of the node; needs no rosbag2',
    'report': 'summarise a recording of the outputs on one page or image',
    'view': 'view a recording of the outputs in the Rerun viewer',
    'datasets': 'list the data sets that can be read',
    'view-dataset': 'write a page with the images, labels and counts of a data set',
    'convert': 'write a data set or predictions as Cityscapes or COCO',
    'pseudo-label': 'label images with what the network finds reliably',
    'train': 'train a network',
    'calibrate': 'turn the scores of a checkpoint into probabilities',
    'evaluate': 'score a checkpoint or a folder of predictions',
    'benchmark': 'measure speed and memory against a baseline',
    'render-scenes': 'render street scenes with exact labels',
    'export': 'export a checkpoint to ONNX and verify it',
    'import-weights': 'import weights trained elsewhere',
}


def _verb_module(verb: str):
    name = verb.replace('-', '_')
    return import_module(f'{__package__}.commands.{name}')


def build_parser(verb: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the chosen verb's module is imported and filled in."""
    parser = Parser(
        prog='instance_seg', description='Instance segmentation for vehicles in ROS 2.',
        epilog='`instance_seg VERB --help` lists the options of a verb, with examples.')
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    for name, summary in VERBS.items():
        if name == verb:
            module = _verb_module(name)
            module.add_arguments(verbs.add_parser(
                name, help=summary, description=module.__doc__,
                epilog='\n  '.join((HEADING, *EXAMPLES[name])), formatter_class=Formatter))
        else:
            verbs.add_parser(name, help=summary)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one verb; return 0, or 2 (3: the device) with one sentence on stderr for an error."""
    argv = sys.argv[1:] if argv is None else argv
    verb = argv[0] if argv and argv[0] in VERBS else None
    try:
        with ended_by_interrupt():
            args = build_parser(verb).parse_args(argv)
        with interrupted_after_imports():
            status = _verb_module(args.verb).run(args) or 0
            sys.stdout.flush()      # here, where a closed pipe is caught
        return status
    except UserError as error:
        print(f'instance_seg: {error}', file=sys.stderr)
        return 2
    except DeviceError as error:
        print(f'instance_seg: {error}', file=sys.stderr)
        return 3
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith('instance_seg_ros'):
            raise
        print(f'instance_seg: {verb} needs the Python package {error.name!r}, which is not '
              'installed; see docs/installation.md.', file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError, ImportError) as error:
        if not is_out_of_memory(error):
            raise
        print('instance_seg: Not enough memory; free some, or choose a smaller --input-size.',
              file=sys.stderr)
        return 2
    except BrokenPipeError:     # such as of `| head`; what is left in the buffer has no reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if not error.strerror and not is_out_of_memory(error):  # a programming error
            raise
        of = f'{error.filename}: ' if error.filename else ''
        print(f'instance_seg: {of}{error.strerror or error}.', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return STATUS


if __name__ == '__main__':
    sys.exit(main())
