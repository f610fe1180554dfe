/**
 * Training and held-out rows, never the same text on both sides, so that what is measured is what was learned and not
 * what was memorised. Where the data brings a split of its own, that is it; else a seeded draw, labels in proportion.
 */
import { DataError } from '../errors';
import { Random } from '../tuning';
import type { RowProblem } from '../worker/dataProtocol';
import type { TokenisedRow } from './types';

export interface SplitOptions {
  /** 0..0.5 of the rows; at least one row is held out whatever it says. */
  readonly validationFraction?: number;
  readonly seed?: number;
}

export interface Split<T> {
  readonly train: readonly T[];
  readonly validation: readonly T[];
  /** Held-out rows of the data's own split that are left out, since their input is learned from as well. */
  readonly leaked: readonly RowProblem[];
  readonly from: 'random' | 'column' | 'files';
}

type Splittable = Pick<TokenisedRow, 'tokenIds' | 'targetStart' | 'cut' | 'label' | 'example'>;

/** Rows with the same prompt go to the same side. */
interface Group<T> {
  readonly items: T[];
  readonly label: string | null;
}

/** All sides keep the order of the data. @throws DataError where all rows are the same text */
export function splitExamples<T extends Splittable>(items: readonly T[], options: SplitOptions = {}): Split<T> {
  const { train, validation, leaked } = ownSplit(items);
  if (train.length > 0 && validation.length > 0) {
    const severalFiles = items.some(({ example }) => example.file !== undefined);
    return { train, validation, leaked, from: severalFiles ? 'files' : 'column' };
  }
  // One side is missing, or the same as the other: what there is, is divided.
  return { ...randomSplit(train.length > 0 ? train : items, options), leaked, from: 'random' };
}

/** As the rows say; a row that does not say is learned from. */
function ownSplit<T extends Splittable>(items: readonly T[]): Pick<Split<T>, 'train' | 'validation' | 'leaked'> {
  const isHeldOut = ({ example }: T) => example.split === 'validation';
  const train = items.filter((item) => !isHeldOut(item));
  if (train.length === items.length) return { train, validation: [], leaked: [] };
  const key = keyOf(items);
  const learned = new Set(train.map(key));
  const validation: T[] = [];
  const leaked: RowProblem[] = [];
  for (const item of items.filter(isHeldOut)) {
    const { file, line } = item.example;
    if (!learned.has(key(item))) validation.push(item);
    else {
      const reason = 'it is held out, but a row with the same input is learned from';
      leaked.push({ kind: 'in-both-splits', ...(file !== undefined && { file }), line, reason });
    }
  }
  return { train, validation, leaked };
}

function randomSplit<T extends Splittable>(
  items: readonly T[],
  { validationFraction = 0.1, seed = 0 }: SplitOptions,
): Pick<Split<T>, 'train' | 'validation'> {
  const groups = groupBy(items, keyOf(items));
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

/** What must not be on both sides: the prompt as the model sees it, or the whole text where all prompts are the same. */
function keyOf<T extends Splittable>(items: readonly T[]): (item: T) => string {
  const prompt = ({ example, cut, tokenIds, targetStart }: T) =>
    cut.length === 0 ? example.prompt : tokenIds.slice(0, targetStart).join();
  const [first] = items;
  const alike = first === undefined || items.every((item) => prompt(item) === prompt(first));
  return alike ? (item) => `${prompt(item)}${item.example.target}` : prompt;
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
