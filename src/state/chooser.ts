/**
 * Choosing another model: what was typed, what the source offers, which of its graphs is taken. Looking up loads nothing,
 * so the model in use stays until the person says "Load".
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { Engine, ModelListing, ModelSource, ModelVariant, SerialisedError } from '../worker';
import type { HubToken } from './hubToken';
import type { Model } from './model';
import { modelAddress, parseModelAddress } from './modelAddress';
import { toProblem } from './problem';

export type Lookup =
  | { readonly status: 'idle' }
  | { readonly status: 'looking'; readonly source: ModelSource }
  | {
      readonly status: 'found';
      readonly source: ModelSource;
      readonly listing: ModelListing;
      /** The graph that is chosen. */
      readonly onnxPath: string;
      /** Why nothing was loaded by itself, where the person might have expected it. */
      readonly note: string | null;
    }
  /** `source` is null where the text names none. */
  | { readonly status: 'failed'; readonly source: ModelSource | null; readonly problem: SerialisedError };

export interface ChooserState {
  /** A hub id or an address. */
  readonly text: string;
  /** Of the hub; empty is the main branch. */
  readonly revision: string;
  readonly lookup: Lookup;
}

export interface Chooser {
  readonly store: StoreApi<ChooserState>;
  setText(text: string): void;
  setRevision(revision: string): void;
  /** Looks up what the fields say. */
  lookUp(): void;
  /** A well-known id: fills the field and looks it up. */
  suggest(repo: string): void;
  /** Files of one graph are loaded at once; of several, one is chosen first. */
  drop(files: readonly File[]): void;
  /** As a link asks for it: loads the graph of this dtype, and lists what there is where it is not among them. */
  open(source: ModelSource, dtype: string): void;
  choose(onnxPath: string): void;
  load(): void;
}

interface Request {
  readonly source: ModelSource;
  /** Decides what is loaded without being asked; null: nothing. */
  readonly pick: (listing: ModelListing) => ModelVariant | null;
  readonly note: (listing: ModelListing) => string | null;
}

export function createChooser(engine: Engine, model: Model, { attach }: Pick<HubToken, 'attach'>): Chooser {
  const store = createStore<ChooserState>(() => ({ text: '', revision: '', lookup: { status: 'idle' } }));

  /** Rises with every wish; a slow answer to an older one is dropped when it comes, and nobody waits for it. */
  let turn = 0;

  const run = async ({ source, pick, note }: Request, mine: number) => {
    try {
      const listing = await engine.listModel(attach(source), model.store.getState().device);
      if (mine !== turn) return;
      const picked = pick(listing);
      const [first] = listing.variants;
      if (picked !== null) {
        store.setState({ lookup: { status: 'idle' } });
        model.load(withGraph(source, picked.onnxPath));
      } else if (first === undefined) {
        fail(source, noGraph(listing.name));
      } else {
        const named = source.type === 'hub' ? listing.variants.find((one) => one.onnxPath === source.onnxPath) : null;
        const { onnxPath } = named ?? first;
        store.setState({ lookup: { status: 'found', source, listing, onnxPath, note: note(listing) } });
      }
    } catch (thrown) {
      if (mine === turn) fail(source, toProblem(thrown));
    }
  };
  const fail = (source: ModelSource | null, problem: SerialisedError) => {
    turn++;
    store.setState({ lookup: { status: 'failed', source, problem } });
  };
  const request = (source: ModelSource, { pick = () => null, note = () => null }: Partial<Request> = {}) => {
    store.setState({ lookup: { status: 'looking', source } });
    void run({ source, pick, note }, ++turn);
  };
  const lookUp = () => {
    const { text, revision } = store.getState();
    try {
      request(parseModelAddress(text, revision));
    } catch (thrown) {
      fail(null, toProblem(thrown));
    }
  };
  return {
    store,
    setText: (text) => store.setState({ text }),
    setRevision: (revision) => store.setState({ revision }),
    lookUp,
    suggest: (repo) => {
      store.setState({ text: repo, revision: '' });
      lookUp();
    },
    drop: (files) => {
      const source = { type: 'files', files } as const;
      const missing = missingBeside(files);
      if (missing.length > 0) fail(source, incomplete(missing));
      else request(source, { pick: ({ variants }) => (variants.length === 1 ? variants[0] : null) ?? null });
    },
    open: (source, dtype) => {
      store.setState({ text: modelAddress(source) ?? '' });
      request(source, {
        pick: ({ variants }) => variants.find((variant) => variant.dtype === dtype) ?? null,
        note: ({ name }) => `The link asks for ${dtype}, which ${name} does not have. It has these:`,
      });
    },
    choose: (onnxPath) => {
      const { lookup } = store.getState();
      if (lookup.status === 'found') store.setState({ lookup: { ...lookup, onnxPath } });
    },
    load: () => {
      const { lookup } = store.getState();
      if (lookup.status === 'found') model.load(withGraph(lookup.source, lookup.onnxPath));
    },
  };
}

/** Only a folder or a repository has several graphs. */
function withGraph(source: ModelSource, onnxPath: string): ModelSource {
  return source.type === 'hub' || source.type === 'files' ? { ...source, onnxPath } : source;
}

/** What a dropped graph cannot be loaded without: told before the model in use makes room for it. */
function missingBeside(files: readonly File[]): string[] {
  if (!files.some(({ name }) => /\.onnx$/i.test(name))) return [];
  return ['config.json', 'tokenizer.json'].filter((needed) => !files.some(({ name }) => name === needed));
}

function incomplete(missing: readonly string[]): SerialisedError {
  return {
    kind: 'model',
    message: `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
    where: {},
    hint: `A model needs its .onnx file, config.json and tokenizer.json; drop them together, or the folder they lie in.${
      missing.includes('tokenizer.json')
        ? ' Where the folder has another tokenizer file instead, save_pretrained of its AutoTokenizer writes tokenizer.json.'
        : ''
    }`,
  };
}

function noGraph(name: string): SerialisedError {
  return {
    kind: 'model',
    message: `${name} has no ONNX file of a language model.`,
    where: {},
    hint: 'Look for a repository with an onnx folder; onnx-community has many.',
  };
}
