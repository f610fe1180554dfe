/**
 * The design tokens, all of them: Mantine's theme and the page's own CSS variables (`--p-…`), light and dark. `base` and
 * `tuned` are the colour-blind-safe pair (ochre and blue) that stands for the model alone and the model with an
 * adapter everywhere; `tuned` is also the one accent. `third` to `fifth` tell further adapters apart, in hue and lightness.
 * `heatLow` to `heatHigh` are the one scale of shares: it moves away from the ground in lightness alone, so every eye reads it.
 */
import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';
import { createTheme } from '@mantine/core';

export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly base: string;
  readonly tuned: string;
  readonly tunedSoft: string;
  readonly third: string;
  readonly fourth: string;
  readonly fifth: string;
  readonly tokenOdd: string;
  readonly tokenEven: string;
  readonly heatLow: string;
  readonly heatMid: string;
  readonly heatHigh: string;
  readonly problem: string;
  readonly problemSoft: string;
}

export const LIGHT: Palette = {
  ground: '#fbfbf9',
  surface: '#ffffff',
  sunken: '#f4f4f0',
  line: '#e1e1db',
  text: '#1c1d1f',
  muted: '#62656a',
  base: '#a35200',
  tuned: '#1a5fb4',
  tunedSoft: '#dce9f8',
  third: '#007d66',
  fourth: '#7c2a70',
  fifth: '#3a3d42',
  tokenOdd: '#f1f1ec',
  tokenEven: '#e7e7e1',
  heatLow: '#f1f4f8',
  heatMid: '#6ba0dc',
  heatHigh: '#0b2f63',
  problem: '#a8201a',
  problemSoft: '#fbeceb',
};

export const DARK: Palette = {
  ground: '#14161a',
  surface: '#1a1d22',
  sunken: '#202429',
  line: '#30343b',
  text: '#e5e6e8',
  muted: '#9da2a9',
  base: '#eda85a',
  tuned: '#7db3f5',
  tunedSoft: '#1f3650',
  third: '#5ed3b2',
  fourth: '#cf86bd',
  fifth: '#eceae6',
  tokenOdd: '#22262b',
  tokenEven: '#2b3036',
  heatLow: '#1f242b',
  heatMid: '#3b78bd',
  heatHigh: '#dcecff',
  problem: '#f2958f',
  problemSoft: '#3a2222',
};

const tuned: MantineColorsTuple = [
  '#edf4fc',
  '#dce9f8',
  '#b8d4f2',
  '#94c0f3',
  '#7db3f5',
  '#4d8fdb',
  '#2f75c8',
  '#1a5fb4',
  '#154e95',
  '#103d75',
];

/** Mantine's dark shades, in the hue of our own: 4 is borders, 6 fields, 7 the ground. */
const dark: MantineColorsTuple = [
  '#e5e6e8',
  '#c3c6cb',
  '#9da2a9',
  '#6b7078',
  '#3a3f47',
  '#2b3036',
  '#1d2126',
  '#14161a',
  '#101215',
  '#0b0c0e',
];

export const theme = createTheme({
  primaryColor: 'tuned',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  colors: { tuned, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans KR", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace',
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Tooltip: {
      defaultProps: { multiline: true, maw: 320, withArrow: true, events: { hover: true, focus: true, touch: true } },
    },
    Button: { defaultProps: { size: 'sm' }, styles: { root: { fontWeight: 500 } } },
    Transition: { defaultProps: { duration: 120 } },
  },
});

function variables(palette: Palette): Record<string, string> {
  const own = Object.entries(palette).map(([name, value]) => [
    `--p-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    value,
  ]);
  return {
    ...Object.fromEntries(own),
    '--mantine-color-body': palette.ground,
    '--mantine-color-text': palette.text,
    '--mantine-color-dimmed': palette.muted,
    '--mantine-color-default': palette.surface,
    '--mantine-color-default-border': palette.line,
    '--mantine-color-error': palette.problem,
    '--mantine-color-default-hover': palette.sunken,
    '--mantine-color-tuned-light-color': palette.tuned,
    '--mantine-color-tuned-light-hover': palette.tunedSoft,
  };
}

export const resolveVariables: CSSVariablesResolver = () => ({
  variables: { '--p-header': '3.25rem', '--p-strip': '3.5rem' },
  light: variables(LIGHT),
  // White letters stand on what is filled, in the dark as well, and need a deeper blue than the accent there.
  dark: {
    ...variables(DARK),
    '--mantine-color-tuned-filled': 'var(--mantine-color-tuned-6)',
    '--mantine-color-tuned-filled-hover': 'var(--mantine-color-tuned-7)',
  },
});

/** The colour of a share: 0 is `heatLow`, 1 is `heatHigh`. Mixed in Oklab, where equal steps look equal. */
export function heatAt(share: number): string {
  const [from, to, part] = share < 0.5 ? ['low', 'mid', 2 * share] : ['mid', 'high', 2 * share - 1];
  return `color-mix(in oklab, var(--p-heat-${to}) ${(100 * Math.max(0, Math.min(1, part))).toFixed(1)}%, var(--p-heat-${from}))`;
}
