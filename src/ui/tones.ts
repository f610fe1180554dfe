/** What tells several lines of one chart apart: a colour each, and after the last colour again from the first, dashed. */
import type { Palette } from './tokens';

const TONES = ['tuned', 'third', 'fourth', 'fifth'] as const satisfies readonly (keyof Palette)[];

export interface Tone {
  readonly name: (typeof TONES)[number];
  /** Of the page's style sheet. */
  readonly color: string;
  /** In pixels, on and off; absent: a line without gaps. */
  readonly dash?: readonly [number, number];
}

export function toneOf(index: number): Tone {
  const name = TONES[index % TONES.length] ?? 'tuned';
  return { name, color: `var(--p-${name})`, ...(index >= TONES.length && { dash: [5, 3] }) };
}
