# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""How the command line parses: short complaints, examples as they are."""

import argparse

from .examples import HEADING


class Formatter(argparse.HelpFormatter):
    """Wraps prose, and leaves examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(HEADING) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong: the usage of a verb would bury it under a page."""

    def error(self, message: str):
        """Exit with status 2."""
        self.exit(2, f'{self.prog}: {message}; see `{self.prog} --help`.\n')
