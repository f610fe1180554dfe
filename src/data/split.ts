/**
 * Training and validation rows: seeded, with the labels in proportion, and never the same text on both sides, so that
 * the validation loss measures what was learned and not what was memorised.
 */
import { DataError } from '../errors';
import { Random } from '../tuning';
import type { TokenisedExample } from './types';

export interface SplitOptions {
  /** 0..0.5 of the rows; at least one row is held out whatever it says. */
  readonly validationFraction?: number;
  readonly seed?: number;
}

type Splittable = Pick<TokenisedExample, 'tokenIds' | 'targetStart' | 'label'>;

/** Rows with the same prompt go to the same side. */
interface Group<T> {
  readonly items: T[];
  readonly label: string | null;
}

/** Both sides keep the order of the file. @throws DataError where all rows are the same text */
export function splitExamples<T extends Splittable>(
  items: readonly T[],
  { validationFraction = 0.1, seed = 0 }: SplitOptions = {},
): { readonly train: T[]; readonly validation: T[] } {
  const byPrompt = groupBy(items, (item) => item.tokenIds.slice(0, item.targetStart).join());
  const groups = byPrompt.length > 1 ? byPrompt : groupBy(items, (item) => item.tokenIds.join());
  if (groups.length < 2) {
    throw new DataError(
      items.length === 0
        ? 'No row is left to train on.'
        : items.length === 1
          ? 'There is one usable row, and two are the least: one to learn from, and one held out for validation.'
          : 'All rows are the same text, so none can be held out for validation.',
      {},
      'Add rows: a few dozen different ones is a beginning, a few hundred are good.',
    );
  }
  const random = new Random(seed);
  const wanted = Math.max(1, Math.round(items.length * Math.min(0.5, Math.max(0, validationFraction))));
  const held = new Set(hold(strata(groups, random), wanted, items.length));
  return { train: items.filter((item) => !held.has(item)), validation: items.filter((item) => held.has(item)) };
}

function groupBy<T extends Splittable>(items: readonly T[], key: (item: T) => string): Group<T>[] {
  const groups = new Map<string, Group<T>>();
  for (const item of items) {
    const k = key(item);
    const group = groups.get(k);
    if (group === undefined) groups.set(k, { items: [item], label: item.label });
    else group.items.push(item);
  }
  return [...groups.values()];
}

/** Groups of each label in random order, texts that come several times first: groups are taken from the end. */
function strata<T>(groups: readonly Group<T>[], random: Random): Group<T>[][] {
  const byLabel = new Map<string | null, Group<T>[]>();
  for (const group of groups) {
    const stratum = byLabel.get(group.label);
    if (stratum === undefined) byLabel.set(group.label, [group]);
    else stratum.push(group);
  }
  return [...byLabel.values()].map((stratum) =>
    random.shuffle(stratum).sort((a, b) => b.items.length - a.items.length),
  );
}

/**
 * Takes whole groups until `wanted` rows are held out, each time from the label that is furthest behind its share. The
 * last group of a label stays in training: what is never seen cannot be learned.
 */
function hold<T>(labels: readonly Group<T>[][], wanted: number, rows: number): T[] {
  const sizes = labels.map((groups) => groups.reduce((sum, group) => sum + group.items.length, 0));
  const taken = labels.map(() => 0);
  const held: T[] = [];
  while (held.length < wanted) {
    let behind = -1;
    let worst = Number.NEGATIVE_INFINITY;
    labels.forEach((groups, i) => {
      const lag = (wanted * (sizes[i] ?? 0)) / rows - (taken[i] ?? 0);
      if (groups.length > 1 && lag > worst) {
        behind = i;
        worst = lag;
      }
    });
    const group = labels[behind]?.pop() ?? (held.length === 0 ? labels[0]?.pop() : undefined);
    if (group === undefined) break;
    taken[behind] = (taken[behind] ?? 0) + group.items.length;
    held.push(...group.items);
  }
  return held;
}
