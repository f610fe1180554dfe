/**
 * The tones that tell columns apart: legible on the ground, and different to every kind of eye; and the scale of shares,
 * which every eye sees grow.
 */
import { describe, expect, it } from 'vitest';
import { DARK, heatAt, LIGHT } from '../../src/ui/tokens';

type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];

/** What each eye sees of linear RGB: Machado, Oliveira & Fernandes 2009, severity 1. */
const EYES: Readonly<Record<string, Matrix>> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanope: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranope: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanope: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** Linear RGB to XYZ over the white D65. */
const XYZ: Matrix = [
  [0.43387, 0.37622, 0.18991],
  [0.2126, 0.7152, 0.0722],
  [0.01772, 0.10947, 0.87281],
];

const times = (matrix: Matrix, v: Vector): Vector => {
  const dot = (row: Vector) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2];
  return [dot(matrix[0]), dot(matrix[1]), dot(matrix[2])];
};
const linear = (hex: string): Vector => {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
};
const lab = (rgb: Vector): Vector => {
  const f = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * Math.max(0, value) + 16 / 116);
  const [x, y, z] = times(XYZ, rgb);
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
};
const contrast = (a: string, b: string): number => {
  const [dark = 0, light = 0] = [a, b].map((hex) => times(XYZ, linear(hex))[1]).sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the tones of columns, %s', (_scheme, palette) => {
  const { base, tuned, third, fourth, fifth } = palette;
  const tones = { base, tuned, third, fourth, fifth };

  it.each(Object.entries(tones))('%s is legible on the ground (WCAG 2: at least 4.5)', (_name, tone) => {
    expect(contrast(tone, palette.ground)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(tone, palette.surface)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(Object.entries(EYES))('look different to a %s', (_eye, matrix) => {
    const seen = Object.entries(tones).map(([name, hex]) => ({ name, lab: lab(times(matrix, linear(hex))) }));
    for (const [at, a] of seen.entries())
      for (const b of seen.slice(at + 1)) {
        const distance = Math.hypot(...a.lab.map((value, axis) => value - (b.lab[axis] ?? 0)));
        expect(distance, `${a.name} and ${b.name}`).toBeGreaterThan(12);
      }
  });
});

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the scale of shares, %s', (_scheme, { heatLow, heatMid, heatHigh, surface }) => {
  it.each(Object.entries(EYES))('moves away from the ground in lightness, to a %s', (_eye, matrix) => {
    const [ground, ...scale] = [surface, heatLow, heatMid, heatHigh].map((hex) => lab(times(matrix, linear(hex)))[0]);
    const distances = scale.map((lightness) => Math.abs(lightness - (ground ?? 0)));
    const [low = 0, mid = 0, high = 0] = distances;
    expect(mid - low).toBeGreaterThan(20);
    expect(high - mid).toBeGreaterThan(20);
  });
});

it('a share has its colour between the ends of the scale', () => {
  expect(heatAt(0)).toBe('color-mix(in oklab, var(--p-heat-mid) 0.0%, var(--p-heat-low))');
  expect(heatAt(0.25)).toContain('mid) 50.0%');
  expect(heatAt(0.75)).toBe('color-mix(in oklab, var(--p-heat-high) 50.0%, var(--p-heat-mid))');
  expect(heatAt(1)).toContain('high) 100.0%');
});
