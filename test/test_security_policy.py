# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""The SROS2 example names every topic that the node may publish."""

from xml.etree import ElementTree

from checkout import ROOT

from instance_seg_ros.messages.outputs import LABEL_INFO, OUTPUTS


def test_the_example_policy_covers_all_outputs():
    tree = ElementTree.parse(ROOT / 'config' / 'security' / 'policy.xml')
    (publish,) = tree.iterfind('.//topics[@publish="ALLOW"]')
    private = {t.text[2:] for t in publish if t.text.startswith('~/')}
    assert private == {output.name for output in (*OUTPUTS, LABEL_INFO)} | {
        'debug/*', 'transition_event'}
