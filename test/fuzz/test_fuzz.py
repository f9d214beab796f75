# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""A short run of what `scripts/fuzz.py` runs for long: no finding in 2,000 cases."""

import pytest
from fuzz.harness import fuzz, shares
from fuzz.targets import TARGETS

CASES = shares(TARGETS, 2000)


@pytest.mark.parametrize('target', TARGETS, ids=lambda target: target.name)
def test_damaged_input_is_a_named_error(target, tmp_path):
    report = fuzz(target, CASES[target.name], 1, tmp_path)
    found = [f'{f.what} at {f.where}, {f.count} times: {f.case!r:.300}\n{f.text}'
             for f in report.findings.values()]
    assert not found, '\n'.join(found)
    assert report.cases >= CASES[target.name] and len(report.outcomes) > 1


def test_a_finding_is_a_finding(tmp_path):
    """Of a reader that fails at every tenth case, and one that takes its time."""
    from fuzz.harness import Target

    def fails(case, folder):
        if case[0] > 250:
            raise KeyError('not a sentence')
        return 'accepted'

    report = fuzz(Target('fails', fails, (b'\xff' * 20,)), 40, 1, tmp_path)
    (finding,) = report.findings.values()
    assert finding.what == 'KeyError' and finding.count == report.outcomes['FINDING'] > 0
