/**
 * The sample datasets beside the page (`samples/index.json`): their cards, listed on the first visit, and their text,
 * fetched when asked for.
 */
import { z } from 'zod/mini';
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import { DataError } from '../errors';
import type { ColumnMapping, SerialisedError } from '../worker';
import { toProblem } from './problem';

const Sample = z.object({
  name: z.string(),
  file: z.string(),
  title: z.string(),
  description: z.string(),
  task: z.enum(['classification', 'extraction', 'generation', 'persona']),
  rows: z.int().check(z.positive()),
  /** Where the target is one of a few words. */
  labels: z.optional(z.array(z.string())),
  /** Who wrote it, and when. */
  source: z.string(),
  licence: z.string(),
  /** What the columns are for, where their names do not tell. */
  inputs: z.optional(z.array(z.string())),
  target: z.optional(z.string()),
  /** Text to start a prefix from. */
  initText: z.optional(z.string()),
  /** Steps that are enough for this data. */
  steps: z.optional(z.number()),
});

export type Sample = z.infer<typeof Sample>;

export interface SamplesState {
  /** null until the list is there. */
  readonly list: readonly Sample[] | null;
  readonly opening: string | null;
  readonly problem: SerialisedError | null;
}

export interface Samples {
  readonly store: StoreApi<SamplesState>;
  list(): Promise<void>;
  /** The sample's text; null where it cannot be had, which `problem` then explains. */
  open(sample: Sample): Promise<string | null>;
  /** A link asked for a sample that is not in the list. */
  reject(name: string): void;
}

/** Fetches a file of the page's own `samples/` folder as text. */
export type FetchSample = (file: string) => Promise<string>;

export function createSamples(fetchSample: FetchSample): Samples {
  const store = createStore<SamplesState>(() => ({ list: null, opening: null, problem: null }));
  return {
    store,
    async list() {
      try {
        store.setState({ list: parseSamples(await fetchSample('index.json')), problem: null });
      } catch (thrown) {
        store.setState({ list: [], problem: toProblem(thrown) });
      }
    },
    async open(sample) {
      store.setState({ opening: sample.name, problem: null });
      try {
        return await fetchSample(sample.file);
      } catch (thrown) {
        store.setState({ problem: toProblem(thrown) });
        return null;
      } finally {
        store.setState({ opening: null });
      }
    },
    reject(name) {
      const names = store.getState().list?.map((sample) => sample.name) ?? [];
      if (names.length === 0) return;
      const problem = new DataError(`There is no sample "${name}".`, {}, `The samples are ${names.join(', ')}.`);
      store.setState({ problem: toProblem(problem) });
    },
  };
}

/** What the author of a sample knows of its columns, and no guess can tell for certain. */
export function sampleMapping({ task, inputs, target }: Sample): Partial<ColumnMapping> {
  return { task, ...(inputs !== undefined && { inputs }), ...(target !== undefined && { target }) };
}

export function parseSamples(text: string): Sample[] {
  const parsed = z.safeParse(z.array(Sample), JSON.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DataError(
    `The list of samples is not as expected: ${issue?.message ?? 'unknown reason'}.`,
    { file: 'samples/index.json', field: issue?.path.join('.') ?? '' },
    'Drop a dataset of your own.',
  );
}
