# Copyright 2026 The instance_seg_ros authors
# SPDX-License-Identifier: Apache-2.0
"""GLSL of the three passes: colour (light), ground truth (label, instance, depth), shadow.

Colour is stored as sqrt(light / 16) in 16 bits, so that the sensor can expose it afterwards.
The ground-truth pass writes three floats: instance number, label id, depth in metres.
"""

RANGE = 16.0  # brightest light the colour pass can store

_VERTEX = """#version 330
uniform mat4 p3d_ModelViewProjectionMatrix; uniform mat4 p3d_ModelViewMatrix;
uniform mat4 p3d_ModelMatrix; uniform mat4 shadow_matrix;
in vec4 p3d_Vertex; in vec3 p3d_Normal; in vec2 p3d_MultiTexCoord0; in vec4 p3d_Color;
in vec4 surface;
out vec2 uv; out vec3 world; out vec3 normal; out vec4 color; out float depth;
flat out vec4 kind; out vec3 shade_at;
void main() {
  gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex;
  depth = -(p3d_ModelViewMatrix * p3d_Vertex).z;
  vec4 w = p3d_ModelMatrix * p3d_Vertex;
  world = w.xyz; normal = mat3(p3d_ModelMatrix) * p3d_Normal;
  vec4 s = shadow_matrix * w; shade_at = s.xyz / s.w * 0.5 + 0.5;
  uv = p3d_MultiTexCoord0; color = p3d_Color; kind = surface;
}
"""

_LAST_INPUT = 'flat in vec4 kind; in vec3 shade_at;\n'

_TEXTURE = """
#ifdef OWN
uniform sampler2D own;
vec4 texel() { return texture(own, uv); }
#else
uniform sampler2DArray bank;
vec4 texel() { return texture(bank, vec3(uv, kind.x)); }
#endif
"""

_COLOR = """
in vec2 uv; in vec3 world; in vec3 normal; in vec4 color; in float depth;
flat in vec4 kind; in vec3 shade_at;
uniform sampler2D sky; uniform sampler2DShadow shadow_map;
uniform vec3 eye; uniform vec3 sun_way; uniform vec3 sun_light; uniform vec3 zenith_light;
uniform vec3 ground_light; uniform vec3 fog_light; uniform vec3 town_light; uniform vec4 air;
uniform vec4 paint; uniform float glow;
uniform int lamps; uniform vec4 lamp_at[8]; uniform vec3 lamp_light[8];
out vec4 pixel;

vec2 sky_uv(vec3 d) { return d.xy / (1.0 + abs(d.z)) * 0.5 + 0.5; }

float lit() {
  vec3 p = shade_at; float s = 0.0;
  if (p.x <= 0.0 || p.x >= 1.0 || p.y <= 0.0 || p.y >= 1.0) return 1.0;
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++)
    s += texture(shadow_map, vec3(p.xy + (vec2(i, j) - 0.5) / 2048.0, p.z - 0.0015));
  return s * 0.25;
}

void main() {
  vec4 t = texel();
  float gloss = kind.y, glass = 0.0;
#ifdef CUT
  if (t.a < 0.45) discard;
  gloss = 0.0;
#elif !defined(OWN)
  glass = 1.0 - t.a; gloss = max(gloss, glass);
#endif
#ifdef BLOB
  pixel = vec4(0.0, 0.0, 0.0, t.a * color.r); return;
#endif
  vec3 base = t.rgb * t.rgb * color.rgb;
#ifdef OWN
  float vivid = max(t.r, max(t.g, t.b)) - min(t.r, min(t.g, t.b));
  base = mix(base, dot(base, vec3(0.34, 0.5, 0.16)) * paint.rgb * 1.6 + paint.rgb * 0.02,
             paint.a * smoothstep(0.0, 0.05, dot(base, vec3(0.33))));
#else
  base = mix(base, base * paint.rgb, color.a);
#endif
  vec3 to_eye = normalize(eye - world), n = normalize(normal);
  if (dot(n, to_eye) < 0.0) n = -n;
  float facing = max(dot(n, sun_way), 0.0);
#ifdef CUT
  float direct = 0.35 + 0.5 * facing;  // light shines through leaves
#else
  float direct = facing;
#endif
  float shade = air.y > 0.0 ? lit() : 1.0;
  float wet = air.z * smoothstep(0.9, 1.0, n.z) * step(world.z, 5.0) * step(-0.5, kind.z);
  base *= 1.0 - 0.5 * wet;
  vec3 light = mix(ground_light, zenith_light, 0.5 + 0.5 * n.z) + sun_light * direct * shade;
  for (int i = 0; i < lamps; i++) {
    vec3 way = lamp_at[i].xyz - world; float d2 = dot(way, way);
    way *= inversesqrt(d2);
    float beam = lamp_at[i].w > 0.5 ? 1.0 : smoothstep(0.86, 0.97, way.y * -1.0);
    light += lamp_light[i] * beam * max(dot(n, way), 0.0) / (1.0 + d2);
  }
  vec3 c = base * light;
  gloss = max(gloss, wet * 0.85);
  if (gloss > 0.01) {
    vec3 r = reflect(-to_eye, n);
    float rough = wet > 0.0 ? 4.0 : 1.0;
    vec3 env = textureLod(sky, sky_uv(vec3(r.xy, max(r.z, 0.0))), rough).rgb;
    env = env * env * 16.0;
    env = mix(town_light, env, smoothstep(0.02, 0.32, r.z));
    env = mix(ground_light * 0.25, env, smoothstep(-0.08, 0.04, r.z));
    float rim = pow(1.0 - max(dot(n, to_eye), 0.0), 5.0);
    float mirror = min(gloss, 1.0) * (0.045 + 0.8 * rim) + glass * 0.05;
    c = c * (1.0 - mirror) + env * mirror;
    if (wet < 0.01) c += sun_light * shade * gloss * 3.0 * pow(max(dot(r, sun_way), 0.0), 180.0);
  }
  if (kind.z > 0.0) c += base * kind.z * glow;
#ifndef OWN
  if (glass > 0.5 && air.w > 0.0) {
    vec2 cell = floor(uv * 4.0) + floor(world.xy * 0.05);
    float h = fract(sin(dot(cell, vec2(12.98, 78.23))) * 43758.5);
    c += step(1.0 - air.w, h) * vec3(0.9, 0.6, 0.28) * (0.4 + 0.6 * fract(h * 7.0));
  }
#endif
  c = mix(c, fog_light, 1.0 - exp(-air.x * length(eye - world)));
  pixel = vec4(sqrt(min(c, 16.0) / 16.0), 1.0);
}
"""

_TRUTH = """
in vec2 uv; in vec3 world; in vec3 normal; in vec4 color; in float depth;
flat in vec4 kind; in vec3 shade_at;
uniform vec2 identity;
out vec4 pixel;
void main() {
#ifdef CUT
  if (texel().a < 0.45) discard;
#endif
  pixel = vec4(identity.y, identity.x > 0.5 ? identity.x : kind.w, depth, 1.0);
}
"""

SKY_VERTEX = """#version 330
uniform mat4 p3d_ModelViewProjectionMatrix; in vec4 p3d_Vertex; out vec3 way;
void main() { way = p3d_Vertex.xyz; gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex; }
"""

SKY_COLOR = """#version 330
uniform sampler2D sky; uniform vec3 fog_light; uniform vec3 sun_way; uniform vec3 sun_disc;
in vec3 way; out vec4 pixel;
void main() {
  vec3 d = normalize(way);
  vec3 e = normalize(vec3(d.xy, max(d.z, 0.0)));
  vec4 c = texture(sky, e.xy / (1.0 + e.z) * 0.5 + 0.5);
  vec3 light = c.rgb * c.rgb * 16.0;
  float s = max(dot(d, sun_way), 0.0);
  light += sun_disc * (pow(s, 1500.0) * 8.0 + 0.25 * pow(s, 60.0));
  pixel = vec4(sqrt(min(light, 16.0) / 16.0), 1.0);
}
"""


def source(part, *flags):
    """Return (vertex, fragment) source of 'color' or 'truth'.

    Flags: OWN uses a texture of its own, CUT leaves out what is transparent (kept apart because
    `discard` costs the early depth test), BLOB draws soft shadows.
    """
    head = '#version 330\n' + ''.join(f'#define {flag}\n' for flag in flags)
    body = {'color': _COLOR, 'truth': _TRUTH}[part]
    inputs, rest = body.split(_LAST_INPUT)
    return _VERTEX, head + inputs + _LAST_INPUT + _TEXTURE + rest
