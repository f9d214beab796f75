# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""Set one scene up for the renderer, draw it, and read light, labels and depth back."""

from typing import NamedTuple

import cv2
import numpy as np

from . import shaders
from .mesh import box, split_cut
from .renderer import (
    COLOR_EYE,
    FAR,
    LOOKS,
    NEAR,
    TRUTH_EYE,
    Renderer,
)
from .scene import LABEL_IDS

SHADOW_AHEAD, SHADOW_SPAN = 38.0, 110.0
MAX_LAMPS = 8


class Drawing(NamedTuple):
    """Light (H, W, 3) float32 linear RGB, instance numbers and label ids, depth in metres."""

    light: np.ndarray
    instance: np.ndarray
    label: np.ndarray
    depth: np.ndarray


class Stage(Renderer):
    """A renderer that draws whole scenes."""

    def draw(self, scene):
        """Draw a scene; returns a Drawing of the renderer's size."""
        root, eyes = self._build(scene)
        try:
            self.engine.renderFrame()
            return self._read()
        finally:
            for buffer in (self._color, self._truth_buffer, self._shadow_buffer):
                buffer.removeAllDisplayRegions()
            for eye in eyes:
                eye.removeNode()
            root.removeNode()
            self.core.TransformState.garbageCollect()
            self.core.RenderState.garbageCollect()

    def _build(self, scene):
        core = self.core
        root = core.NodePath('scene')
        self._upload_sky(scene.weather.sky)
        eyes = self._eyes(root, scene.camera)
        eyes.append(self._shadow_eye(root, scene))
        self._set_light(root, scene)
        for look, node, own in self._looks(scene.static, None):
            self._add(root, look, node, own, 'cut' if look == 'cut' else 'wide')
        for thing in scene.things:
            self._place(root, thing)
        self._add_shadows(root, scene.shadows)
        self._add_dome(root, eyes[0])
        return root, eyes

    def _upload_sky(self, sky):
        code = np.sqrt(np.clip(sky / shaders.RANGE, 0, 1)) * 65535
        rgba = np.full(sky.shape[:2] + (4,), 65535, np.uint16)
        rgba[..., :3] = code[::-1, :, ::-1]
        self._sky.setRamImage(rgba.tobytes())

    def _eyes(self, root, camera):
        core = self.core
        lens = core.PerspectiveLens()
        lens.setAspectRatio(self.size[0] / self.size[1])
        lens.setFov(camera.fov)
        lens.setNearFar(NEAR, FAR)
        eyes = []
        for name, bit, buffer in (('color', COLOR_EYE, self._color),
                                  ('truth', TRUTH_EYE, self._truth_buffer)):
            node = core.Camera(name, lens)
            node.setCameraMask(core.BitMask32.bit(bit))
            eye = root.attachNewNode(node)
            eye.setPos(*camera.position)
            eye.setHpr(camera.heading, camera.pitch, camera.roll)
            region = buffer.makeDisplayRegion()
            region.setClearDepthActive(True)
            region.setClearColorActive(True)
            region.setClearColor((0, LABEL_IDS['sky'], 0, 1) if name == 'truth' else (0, 0, 0, 1))
            region.setCamera(eye)
            eyes.append(eye)
        self._show_truth(eyes[1].node())
        return eyes

    def _show_truth(self, camera):
        camera.setTagStateKey('look')
        for look in LOOKS:
            state = self.core.NodePath('state')
            state.setShader(self._shaders['truth', look], 100)
            camera.setTagState(look, state.getState())

    def _shadow_eye(self, root, scene):
        core, weather = self.core, scene.weather
        lens = core.OrthographicLens()
        lens.setFilmSize(SHADOW_SPAN, SHADOW_SPAN)
        lens.setNearFar(1, 400)
        node = core.Camera('shadow', lens)
        node.setCameraMask(core.BitMask32.bit(3))
        eye = root.attachNewNode(node)
        x, y, z = scene.camera.position
        middle = core.Point3(x, y + SHADOW_AHEAD, z)
        way = core.Vec3(*weather.sun_way.tolist())
        eye.setPos(middle + way * 200)
        eye.lookAt(middle)
        if np.max(weather.sun_light) > 0.2:
            region = self._shadow_buffer.makeDisplayRegion()
            region.setClearDepthActive(True)
            region.setCamera(eye)
            self._show_truth(node)
        matrix = root.getMat(eye) * lens.getProjectionMat()
        root.setShaderInput('shadow_matrix', matrix)
        root.setShaderInput('shadow_map', self._shadow)
        return eye

    def _set_light(self, root, scene):
        core, weather = self.core, scene.weather
        root.setShader(self._shaders['color', 'solid'])
        root.setShaderInput('bank', self._bank)
        root.setShaderInput('sky', self._sky)
        root.setShaderInput('identity', core.LVecBase2f(0, 0))
        root.setShaderInput('paint', core.LVecBase4f(0.5, 0.5, 0.5, 0))
        root.setShaderInput('eye', core.LVecBase3f(*scene.camera.position))
        for name in ('sun_way', 'sun_light', 'zenith_light', 'ground_light', 'fog_light'):
            root.setShaderInput(name, core.LVecBase3f(*map(float, getattr(weather, name))))
        town = weather.zenith_light * 0.3 + weather.sun_light * 0.12
        root.setShaderInput('town_light', core.LVecBase3f(*map(float, town)))
        sunny = float(np.max(weather.sun_light) > 0.2)
        root.setShaderInput('air', core.LVecBase4f(weather.fog, sunny, weather.wet,
                                                   weather.night))
        root.setShaderInput('sun_disc', core.LVecBase3f(
            *map(float, weather.sun_light * weather.sun_disc)))
        dark = {'night': 0.25, 'dusk': 1.0}.get(weather.name, 1.0)
        root.setShaderInput('glow', dark * (1.0 + 6.0 * min(weather.night * 4, 1.0)))
        self._set_lamps(root, scene.lamps)
        root.setTwoSided(True)

    def _set_lamps(self, root, lamps):
        core = self.core
        places, lights = core.PTALVecBase4f(), core.PTALVecBase3f()
        for i in range(MAX_LAMPS):
            lamp = lamps[i] if i < len(lamps) else None
            places.pushBack(core.LVecBase4f(*(lamp.position if lamp else (0, 0, 0)),
                                            0.0 if lamp and lamp.beam else 1.0))
            lights.pushBack(core.LVecBase3f(*(lamp.light if lamp else (0, 0, 0))))
        root.setShaderInput('lamps', min(len(lamps), MAX_LAMPS))
        root.setShaderInput('lamp_at', places)
        root.setShaderInput('lamp_light', lights)

    def _add(self, root, look, node, own, order):
        path = root.attachNewNode(node)
        path.setTag('look', look)
        path.setBin(order, 0)
        if look != 'solid':
            path.setShader(self._shaders['color', look])
        if own is not None:
            path.setShaderInput('own', own)
        return path

    def _looks(self, mesh, image):
        """Return [(look, node, own texture)] of a mesh."""
        if image is not None:
            return [('own', self.geom_node(mesh), self._own_texture(image))]
        return [(look, self.geom_node(part), None)
                for look, part in zip(('solid', 'cut'), split_cut(mesh), strict=True)
                if len(part.triangles)]

    def _place(self, root, thing):
        core = self.core
        place = root.attachNewNode('thing')
        place.setPos(*map(float, thing.position))
        place.setHpr(float(np.degrees(thing.heading)), float(np.degrees(thing.pitch)),
                     float(np.degrees(thing.lean)))
        place.setScale(thing.scale)
        place.setShaderInput('identity', core.LVecBase2f(thing.label, thing.instance))
        place.setShaderInput('paint', core.LVecBase4f(
            *[float(c) ** 2 for c in thing.paint], thing.model.tint))
        for look, node, own in self._nodes(thing.model):
            self._add(place, look, node, own, 'cut' if look == 'cut' else 'near')

    def _nodes(self, model):
        if model not in self._geoms:
            self._geoms[model] = [entry for part in model.parts
                                  for entry in self._looks(part.mesh, part.image)]
        return self._geoms[model]

    def _own_texture(self, image):
        if id(image) not in self._own:
            self._own[id(image)] = self.image_texture(image)
        return self._own[id(image)]

    def _add_shadows(self, root, mesh):
        if not len(mesh.triangles):
            return
        path = self._add(root, 'blob', self.geom_node(mesh), None, 'transparent')
        path.setTransparency(self.core.TransparencyAttrib.MAlpha)
        path.setDepthWrite(False)
        path.setDepthOffset(1)
        path.hide(self.core.BitMask32.bit(TRUTH_EYE) | self.core.BitMask32.bit(3))

    def _add_dome(self, root, eye):
        path = root.attachNewNode(self.geom_node(box((1600, 1600, 1600))))
        path.setPos(eye.getPos())
        path.setShader(self._sky_shader, 1)
        path.setBin('sky', 0)
        path.setDepthWrite(False)
        path.hide(self.core.BitMask32.bit(TRUTH_EYE) | self.core.BitMask32.bit(3))

    def _read(self):
        width, height = self.light_size
        raw = np.frombuffer(self._light.getRamImage(), np.float32).reshape(height, width, 4)
        code = cv2.resize(raw, self.size, interpolation=cv2.INTER_AREA)[::-1, :, 2::-1]
        width, height = self.size
        truth = np.frombuffer(self._truth.getRamImage(), np.float32).reshape(height, width, 4)
        truth = truth[::-1]
        return Drawing(code * code * shaders.RANGE, truth[..., 2].astype(np.int32),
                       truth[..., 1].astype(np.uint8), truth[..., 0].copy())

    def close(self):
        """Give the buffers back; leaving that to the end of the process crashes some drivers."""
        self._geoms.clear()
        self._own.clear()
        self.engine.removeAllWindows()
