# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Names of the stages of a frame whose times are measured, in their order."""

ENGINE_STAGES = ('preprocess', 'network', 'clustering')
"""Of the engine that runs the network."""

SEGMENTER_STAGES = (*ENGINE_STAGES, 'masks')
"""Of the segmenter; the node reports them within ``segment``."""

NODE_STAGES = ('wait', 'decode', 'segment', 'tracking', 'publish', 'total')
"""Of the node, around the segmenter."""

STAGES = ('wait', 'decode', *SEGMENTER_STAGES, 'segment', 'tracking', 'publish', 'total')
"""All, as reports list them."""
