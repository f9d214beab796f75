# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Off-screen rendering with panda3d: meshes and placed objects in; light, labels and depth out.

One renderer lives as long as its process: buffers, shaders and the textures of the bank are
made once, the meshes of models once each. Only what a scene adds is freed after it.
"""

import numpy as np

from ...core.errors import UserError
from . import shaders
from .mesh import WIDTH

SETTINGS = """load-display p3headlessgl
aux-display
audio-library-name null
framebuffer-srgb 0
textures-power-2 none
gl-version 3 3
notify-level fatal
notify-level-assimp fatal
notify-level-device fatal
assimp-smooth-normal-angle 40
cull-bin near 21 front_to_back
cull-bin wide 22 unsorted
cull-bin cut 23 front_to_back
cull-bin sky 24 unsorted
"""
NEAR, FAR = 0.2, 1500.0
COLOR_EYE, TRUTH_EYE = 1, 2
SHADOW_SIZE = 2048
LOOKS = {'solid': (), 'own': ('OWN',), 'cut': ('CUT',), 'blob': ('BLOB',)}


def load_panda():
    """Import and configure panda3d.core; UserError names what is missing."""
    try:
        from panda3d import core
    except ImportError:
        raise UserError('Rendering needs panda3d: `pip install panda3d`.') from None
    core.loadPrcFileData('street scenes', SETTINGS)
    return core


class Renderer:
    """Draw scenes of one image size.

    `bank` is the (L, S, S, 4) uint8 array of textures. Light is drawn `finer` times as fine as
    the result and averaged: in software that is cheaper than multisampling, and better.
    """

    def __init__(self, width, height, bank, finer=1.5):
        self.core = load_panda()
        self.size = (width, height)
        self.engine = self.core.GraphicsEngine.getGlobalPtr()
        pipe = self.core.GraphicsPipeSelection.getGlobalPtr().makeDefaultPipe()
        if pipe is None:
            raise UserError('No off-screen OpenGL here: install the system packages libegl1 and '
                            'libgl1-mesa-dri (`apt-get install libegl1 libgl1-mesa-dri`).')
        self._pipe, self._host = pipe, None
        self._host, _ = self._buffer('host', 8, (1, 1))
        self.light_size = (round(width * finer), round(height * finer))
        self._color, self._light = self._buffer('color', 16, self.light_size)
        self._truth_buffer, self._truth = self._buffer('truth', 32, self.size)
        self._shadow_buffer, self._shadow = self._depth_buffer()
        self._shaders = {(part, look): self._shader(*shaders.source(part, *flags))
                         for part in ('color', 'truth') for look, flags in LOOKS.items()}
        self._sky_shader = self._shader(shaders.SKY_VERTEX, shaders.SKY_COLOR)
        self._bank = self._texture_array(bank)
        self._sky = self._sky_texture()
        self._format = self._vertex_format()
        self._geoms, self._own = {}, {}

    def _buffer(self, name, bits, size):
        core = self.core
        wanted = core.FrameBufferProperties()
        wanted.setRgbaBits(bits, bits, bits, bits)
        wanted.setFloatColor(bits > 8)
        wanted.setDepthBits(24)
        buffer = self.engine.makeOutput(
            self._pipe, name, 0, wanted, core.WindowProperties.size(*size),
            core.GraphicsPipe.BFRefuseWindow, *([self._host.getGsg(), self._host]
                                                if self._host else []))
        if buffer is None:
            raise UserError('No off-screen OpenGL here: install the system packages libegl1 and '
                            'libgl1-mesa-dri (`apt-get install libegl1 libgl1-mesa-dri`).')
        texture = core.Texture(name)
        buffer.addRenderTexture(texture, core.GraphicsOutput.RTMCopyRam)
        return buffer, texture

    def _depth_buffer(self):
        core = self.core
        wanted = core.FrameBufferProperties()
        wanted.setDepthBits(24)
        buffer = self.engine.makeOutput(
            self._pipe, 'shadow', -10, wanted,
            core.WindowProperties.size(SHADOW_SIZE, SHADOW_SIZE),
            core.GraphicsPipe.BFRefuseWindow, self._host.getGsg(), self._host)
        texture = core.Texture('shadow')
        texture.setFormat(core.Texture.FDepthComponent)
        texture.setMinfilter(core.SamplerState.FTShadow)
        texture.setMagfilter(core.SamplerState.FTShadow)
        buffer.addRenderTexture(texture, core.GraphicsOutput.RTMBindOrCopy,
                                core.GraphicsOutput.RTPDepth)
        return buffer, texture

    def _shader(self, vertex, fragment):
        return self.core.Shader.make(self.core.Shader.SL_GLSL, vertex, fragment)

    def _filtered(self, texture, repeat):
        sampler = self.core.SamplerState
        mode = sampler.WM_repeat if repeat else sampler.WM_clamp
        texture.setWrapU(mode)
        texture.setWrapV(mode)
        texture.setMinfilter(sampler.FT_linear_mipmap_linear)
        texture.setMagfilter(sampler.FT_linear)
        return texture

    def _texture_array(self, bank):
        core = self.core
        texture = core.Texture('bank')
        count, size = bank.shape[:2]
        texture.setup2dTextureArray(size, size, count, core.Texture.TUnsignedByte,
                                    core.Texture.FRgba)
        bgra = np.ascontiguousarray(bank[:, ::-1, :, [2, 1, 0, 3]])
        texture.setRamImage(bgra.tobytes())
        return self._filtered(texture, True)

    def _sky_texture(self):
        texture = self.core.Texture('sky')
        texture.setup2dTexture(512, 512, self.core.Texture.TUnsignedShort,
                               self.core.Texture.FRgba16)
        return self._filtered(texture, False)

    def image_texture(self, rgb):
        """Make a repeating texture of an (H, W, 3) uint8 RGB image."""
        texture = self.core.Texture('own')
        height, width = rgb.shape[:2]
        texture.setup2dTexture(width, height, self.core.Texture.TUnsignedByte,
                               self.core.Texture.FRgb)
        texture.setRamImage(np.ascontiguousarray(rgb[::-1, :, ::-1]).tobytes())
        return self._filtered(texture, True)

    def _vertex_format(self):
        core = self.core
        array = core.GeomVertexArrayFormat()
        f32 = core.Geom.NTFloat32
        array.addColumn('vertex', 3, f32, core.Geom.CPoint)
        array.addColumn('normal', 3, f32, core.Geom.CNormal)
        array.addColumn('texcoord', 2, f32, core.Geom.CTexcoord)
        array.addColumn('color', 4, f32, core.Geom.CColor)
        array.addColumn('surface', 4, f32, core.Geom.COther)
        result = core.GeomVertexFormat()
        result.addArray(array)
        return core.GeomVertexFormat.registerFormat(result)

    def geom_node(self, mesh):
        """Make a panda3d GeomNode of a mesh."""
        core = self.core
        data = core.GeomVertexData('mesh', self._format, core.Geom.UHStatic)
        data.uncleanSetNumRows(len(mesh.vertices))
        rows = np.ascontiguousarray(mesh.vertices, np.float32).reshape(-1, WIDTH)
        memoryview(data.modifyArray(0)).cast('B')[:] = rows.tobytes()
        primitive = core.GeomTriangles(core.Geom.UHStatic)
        primitive.setIndexType(core.Geom.NTUint32)
        indices = primitive.modifyVertices()
        indices.uncleanSetNumRows(mesh.triangles.size)
        memoryview(indices).cast('B')[:] = np.ascontiguousarray(mesh.triangles,
                                                                np.uint32).tobytes()
        geom = core.Geom(data)
        geom.addPrimitive(primitive)
        node = core.GeomNode('mesh')
        node.addGeom(geom)
        return node
