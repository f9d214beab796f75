# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Argument parser of the command line: short errors, verbatim examples."""

import argparse

from .examples import HEADING


class Formatter(argparse.HelpFormatter):
    """Wraps prose and keeps examples verbatim."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(HEADING) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """Prints errors in one sentence, without the page of usage."""

    def error(self, message: str):
        """Exit with status 2."""
        self.exit(2, f'{self.prog}: {message}; see `{self.prog} --help`.\n')
