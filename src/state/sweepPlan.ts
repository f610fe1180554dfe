/**
 * The runs that a sweep would make, before any of them: whether one of them could not run with these settings, and about
 * how long all of them take.
 */
import type { SweepPoint } from '../worker';
import type { SettingsState } from './settings';
import { checkSettings, type SettingsContext } from './settingsRules';

/** The first thing that is wrong; a run is named where not all have it. null: nothing is. */
export function whyNotPlan(
  plan: readonly SweepPoint[],
  settings: SettingsState,
  context: SettingsContext,
): string | null {
  const messages = plan.map(
    (point) => checkSettings(formOf(point, settings), context).find(({ level }) => level === 'error')?.message ?? null,
  );
  const at = messages.findIndex((message) => message !== null);
  const [message, point] = [messages[at], plan[at]];
  if (message == null || point === undefined) return null;
  if (messages.every((one) => one === message)) return message;
  const what = point.method === 'lora' ? `LoRA of rank ${point.size}` : `${point.method} of ${point.size}`;
  return `Among the runs is a ${what}, learning rate ${point.learningRate}. ${message}`;
}

/** The form of a single run that asks for the same. */
function formOf({ method, size, learningRate, init, seed }: SweepPoint, settings: SettingsState): SettingsState {
  return {
    ...settings,
    ...{ method, learningRate, seed },
    ...(method === 'lora' ? { rank: size, alpha: (settings.alpha / settings.rank) * size } : { length: size }),
    ...(init !== null && { initType: init.type }),
  };
}
