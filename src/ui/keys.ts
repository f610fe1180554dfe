/** Which key does what, apart from the browser: 1–5 go to steps, space pauses, ? shows the keys. */

export const STEPS = ['Model', 'Data', 'Tune', 'Compare', 'Export'] as const;
export type StepName = (typeof STEPS)[number];

/** Where the adapters are listed: a place of its own, within Export. */
export const LIBRARY = 'adapters';

/** What an adapter learned: below Compare, and no step of its own. */
export const LEARNED = 'learned';

/** Where the runs are listed: a place of its own, after the steps. */
export const RUNS = 'runs';

export type Place = StepName | typeof LIBRARY | typeof RUNS | typeof LEARNED;

export type KeyAction =
  | { readonly type: 'go'; readonly step: StepName }
  | { readonly type: 'pause' }
  | { readonly type: 'help' };

export interface KeyPress {
  readonly key: string;
  /** Ctrl, Alt or Meta is held: not ours. */
  readonly modified: boolean;
  /** Where the keyboard is: a field takes every key, a control takes the space bar. */
  readonly focus: 'field' | 'control' | 'page';
}

export function keyAction({ key, modified, focus }: KeyPress): KeyAction | null {
  if (modified || focus === 'field') return null;
  if (key === '?') return { type: 'help' };
  if (key === ' ') return focus === 'page' ? { type: 'pause' } : null;
  const step = /^[1-5]$/.test(key) ? STEPS[Number(key) - 1] : undefined;
  return step === undefined ? null : { type: 'go', step };
}

export function focusOf(element: Element | null): KeyPress['focus'] {
  if (element === null) return 'page';
  if (
    element.closest('input:not([type=radio], [type=checkbox], [type=file]), textarea, select, [contenteditable=true]')
  ) {
    return 'field';
  }
  return element.closest('button, a, input, summary, [role=slider], [role=radio], [role=option]') ? 'control' : 'page';
}

export function goTo(place: Place): void {
  const section = document.getElementById(place.toLowerCase());
  section?.scrollIntoView();
  section?.querySelector<HTMLElement>('h2, h3')?.focus({ preventScroll: true });
}
