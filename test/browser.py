# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A Chromium without a window, for tests that look at pages."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

import cv2
import numpy as np

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')
# Software draws WebGL: there need be no graphics card.
OPTIONS = ('--headless=new', '--no-sandbox', '--no-first-run', '--hide-scrollbars',
           '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
           '--remote-debugging-pipe', '--window-size=960,640')
# A program that it begins as, since it reads its commands at descriptor 3 and answers at 4.
START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in enumerate(ends, 3):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """Return the program, None where none is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One page; a context manager. It is driven through a pipe by the DevTools protocol."""

    def __init__(self, address: str):
        self._folder = tempfile.TemporaryDirectory()
        ours, theirs = os.pipe(), os.pipe()     # commands to it, answers from it
        ends = (ours[0], theirs[1])
        self._process = subprocess.Popen(
            [sys.executable, '-I', '-S', '-c', START, *map(str, ends), find_browser(), *OPTIONS,
             f'--user-data-dir={self._folder.name}', 'about:blank'],
            pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(ours[0])
        os.close(theirs[1])
        self._commands, self._answers = os.fdopen(ours[1], 'wb', 0), os.fdopen(theirs[0], 'rb')
        self._number, self._session, self._events = 0, {}, []
        page = next(target['targetId'] for target in self.call('Target.getTargets')['targetInfos']
                    if target['type'] == 'page')
        session = self.call('Target.attachToTarget', targetId=page, flatten=True)['sessionId']
        self._session = {'sessionId': session}
        self.call('Page.enable')
        self.call('Page.navigate', url=address)
        while 'Page.loadEventFired' not in self._events:
            self._events.append(self._read().get('method'))

    def call(self, method: str, **parameters) -> dict:
        """Send a command and return its result."""
        self._number += 1
        command = {'id': self._number, 'method': method, 'params': parameters, **self._session}
        self._commands.write(json.dumps(command).encode() + b'\0')
        while True:
            answer = self._read()
            self._events.append(answer.get('method'))
            if answer.get('id') == self._number:
                assert 'error' not in answer, answer
                return answer['result']

    def screenshot(self) -> np.ndarray:
        """Return what the page looks like, BGR uint8 (H, W, 3)."""
        data = self.call('Page.captureScreenshot', format='png')['data']
        return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)

    def _read(self) -> dict:
        parts = []
        while (byte := self._answers.read(1)) != b'\0':
            assert byte, 'the browser has ended'
            parts.append(byte)
        return json.loads(b''.join(parts))

    def __enter__(self) -> 'Browser':
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._commands.close()
        self._answers.close()
        self._folder.cleanup()
