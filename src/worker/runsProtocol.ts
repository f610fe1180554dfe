/**
 * The part of the protocol about what is kept: runs with their curves, and sweeps, which are several runs made of one
 * search space. Plain data that can be structured-cloned, like all of `protocol.ts`.
 */
import type { MethodName, MethodSettings, TuneEvent, TuneSettings, VirtualInit } from './tuningProtocol';

/** What makes two openings of a model the same one. */
export interface ModelIdentity {
  readonly name: string;
  readonly dtype: string;
  readonly fileBytes: number;
}

/** On the held-out rows. */
export interface Measurement {
  readonly step: number;
  /** Nats per supervised token; null where it was not a number. */
  readonly loss: number | null;
  /** 0..1; null where the task has no labels. */
  readonly accuracy: number | null;
}

export type RunEnding =
  | Extract<TuneEvent, { type: 'done' }>['reason']
  /** A sweep ended it, since others were better after as many steps. */
  | 'stopped-early'
  | 'failed'
  /** The page was closed, or crashed, while it ran; or its sweep was stopped, which begins it again when resumed. */
  | 'interrupted';

export interface KeptRun {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly model: ModelIdentity;
  /** `id` is the hash of its text and options. */
  readonly dataset: { readonly id: string; readonly name: string };
  readonly settings: TuneSettings;
  readonly sweepId: string | null;
  readonly step: number;
  /** The model alone. */
  readonly baseline: Measurement | null;
  /** The latest. */
  readonly validation: Measurement | null;
  /** null while it runs, here or in another tab. */
  readonly ending: RunEnding | null;
  /** How it ended, in a sentence. */
  readonly message: string;
  readonly adapter: { readonly id: string; readonly parameters: number; readonly bytes: number } | null;
}

/** A run's points in the order of steps. */
export interface RunCurve {
  readonly train: { readonly steps: readonly number[]; readonly losses: readonly (number | null)[] };
  readonly validation: readonly Measurement[];
}

export interface RunListing {
  /** Oldest first. */
  readonly runs: readonly KeptRun[];
  /** What could not be read, a sentence each. */
  readonly warnings: readonly string[];
  /** Where it is kept; memory is gone when the page closes. */
  readonly storage: 'indexeddb' | 'memory';
}

export interface MethodSpace {
  /** The method, and what its runs share; the size and the beginning in it are replaced. */
  readonly method: MethodSettings;
  /** Virtual tokens; the rank for LoRA, whose alpha goes with it. */
  readonly sizes: readonly number[];
  readonly learningRates: readonly number[];
  /** Where virtual tokens start from; LoRA has but one way, and none here. */
  readonly inits: readonly VirtualInit[];
}

/** Each method brings its own learning rates: a good one for a prefix is far too high for LoRA. */
export interface SearchSpace {
  readonly methods: readonly MethodSpace[];
  readonly seeds: readonly number[];
}

export type SearchStrategy =
  | { readonly type: 'grid' }
  /** Learning rates are drawn between the least and the greatest of a method, evenly in their logarithm. */
  | { readonly type: 'random'; readonly runs: number; readonly seed: number };

/** Successive halving: runs are compared at minSteps · η^k steps, and the best 1/η of them go on. */
export interface Halving {
  readonly minSteps: number;
  /** A whole number from 2. */
  readonly eta: number;
}

export interface SweepSettings {
  readonly space: SearchSpace;
  readonly strategy: SearchStrategy;
  /** null: every run goes to its end. */
  readonly halving: Halving | null;
  /** What all runs share. */
  readonly shared: Omit<TuneSettings, 'method' | 'learningRate' | 'seed'>;
}

/** What one run of a sweep has of its own. */
export interface SweepPoint {
  readonly method: MethodName;
  /** Virtual tokens, or the rank. */
  readonly size: number;
  readonly learningRate: number;
  readonly init: VirtualInit | null;
  readonly seed: number;
}

export interface SweepResult {
  /** Of the kept run. */
  readonly runId: string;
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number | null;
  readonly parameters: number;
}

export type SweepRunState =
  | { readonly status: 'waiting' | 'running' }
  | { readonly status: 'done' | 'stopped-early'; readonly result: SweepResult }
  | { readonly status: 'failed'; readonly message: string };

export interface SweepRun {
  /** From 1, in the order they are run. */
  readonly id: number;
  readonly point: SweepPoint;
  readonly state: SweepRunState;
}

/** Which losses runs had when they came to this step; null: it was not a number. */
export interface Rung {
  readonly step: number;
  readonly losses: readonly { readonly run: number; readonly loss: number | null }[];
}

export interface SweepState {
  readonly runs: readonly SweepRun[];
  readonly eta: number;
  /** None where every run goes to its end. */
  readonly rungs: readonly Rung[];
}

export interface SweepSeries {
  readonly method: MethodName;
  /** One for each size: the best of its learning rates and beginnings, the mean over seeds. */
  readonly points: readonly { readonly size: number; readonly loss: number; readonly parameters: number }[];
}

/** What a sweep has found so far. */
export interface SweepReport {
  readonly series: readonly SweepSeries[];
  /** The runs with the lowest mean loss, and the smallest ones that are as good within the noise. */
  readonly best: SweepRun['id'] | null;
  readonly advised: SweepRun['id'] | null;
  /** Which method, which length, how small: one sentence. */
  readonly answer: string | null;
}

export interface KeptSweep {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly model: ModelIdentity;
  readonly dataset: KeptRun['dataset'];
  readonly settings: SweepSettings;
  readonly state: SweepState;
  /** Stopped: it has runs left, and can be resumed. Running may mean in another tab. */
  readonly phase: 'running' | 'stopped' | 'finished';
  readonly report: SweepReport;
}

export interface SweepListing {
  /** Oldest first. */
  readonly sweeps: readonly KeptSweep[];
  readonly warnings: readonly string[];
}

export type SweepEvent =
  /** After every change of its state. */
  | { readonly type: 'sweep'; readonly sweep: KeptSweep }
  | { readonly type: 'begins'; readonly run: SweepRun['id']; readonly settings: TuneSettings }
  /** Of the run under way. */
  | { readonly type: 'run'; readonly run: SweepRun['id']; readonly event: TuneEvent };

export interface RunsEngine {
  runs(): Promise<RunListing>;
  /** null where nothing of it was kept. */
  runCurve(id: string): Promise<RunCurve | null>;
  renameRun(id: string, name: string): Promise<void>;
  /** With their curves and adapters; a dataset goes with the last run and sweep that used it. */
  deleteRuns(ids: readonly string[]): Promise<void>;
}

export interface SweepEngine {
  /** The runs that these settings make, without running any. */
  planSweep(settings: SweepSettings): Promise<readonly SweepPoint[]>;
  /** Resolves when all runs have ended or the person has stopped it. */
  sweep(settings: SweepSettings, onEvent: (event: SweepEvent) => void): Promise<KeptSweep>;
  /** Takes up what is left of a sweep, also after a reload; what was cut off begins again. */
  resumeSweep(id: string, onEvent: (event: SweepEvent) => void): Promise<KeptSweep>;
  /** Ends the run under way, which begins again if the sweep is resumed. */
  stopSweep(): Promise<void>;
  sweeps(): Promise<SweepListing>;
  /** The runs stay. */
  deleteSweep(id: string): Promise<void>;
}
