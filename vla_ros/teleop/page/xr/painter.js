// SPDX-License-Identifier: Apache-2.0
// The least WebGL that shows pictures, plain squares and a grid in a headset.

import { multiply } from "./matrix.js";

const VERTEX = `
attribute vec2 corner;
uniform mat4 place;
varying vec2 spot;
void main() {
  spot = corner + 0.5;
  gl_Position = place * vec4(corner, 0.0, 1.0);
}`;
// kind 0: picture; 1: plain; 2: floor grid that fades with distance.
const FRAGMENT = `
precision mediump float;
uniform sampler2D picture;
uniform vec4 colour;
uniform int kind;
varying vec2 spot;
void main() {
  if (kind == 0) {
    gl_FragColor = texture2D(picture, vec2(spot.x, 1.0 - spot.y)) * colour;
  } else if (kind == 1) {
    gl_FragColor = colour;
  } else {
    vec2 line = abs(fract(spot * 24.0) - 0.5);
    float near = 1.0 - smoothstep(0.1, 0.5, distance(spot, vec2(0.5)));
    float on = smoothstep(0.48, 0.495, max(line.x, line.y));
    gl_FragColor = vec4(colour.rgb, colour.a * near * (0.15 + 0.85 * on));
  }
}`;

export class Painter {
  #textures = new Map();

  constructor(gl) {
    this.gl = gl;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    this.at = Object.fromEntries(["place", "colour", "kind"].map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Put a new picture (ImageBitmap or canvas) into a texture. */
  load(name, picture) {
    const { gl } = this;
    let texture = this.#textures.get(name);
    if (!texture) {
      texture = gl.createTexture();
      this.#textures.set(name, texture);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      for (const [key, value] of [
        [gl.TEXTURE_MIN_FILTER, gl.LINEAR], [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
        [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE], [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
      ]) gl.texParameteri(gl.TEXTURE_2D, key, value);
    }
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  }

  /** Begin one eye. */
  setCamera(projection, view) {
    this.eye = multiply(projection, view);
  }

  picture(name, place, shade = 1) {
    const texture = this.#textures.get(name);
    if (!texture) return;
    this.gl.bindTexture(this.gl.TEXTURE_2D, texture);
    this.#draw(0, place, [shade, shade, shade, 1]);
  }

  plain(place, colour) {
    this.#draw(1, place, colour);
  }

  floor(place, colour) {
    this.#draw(2, place, colour);
  }

  #draw(kind, place, colour) {
    const { gl, at } = this;
    gl.uniform1i(at.kind, kind);
    gl.uniform4fv(at.colour, colour);
    gl.uniformMatrix4fv(at.place, false, multiply(this.eye, place));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}
