/**
 * What is kept, record by record, as it is parsed when it is read: another version of the page may have written it, or a
 * crash damaged it. Adapters are kept as the files that leave and enter Prelude, in PEFT's formats.
 */
import { z } from 'zod/mini';
import type { AdapterSummary } from '../protocol';
import type { KeptRun, KeptSweep, ModelIdentity, RunCurve, SweepState } from '../runsProtocol';
import { Init, Settings, Sweep } from './settingsRecord';

export interface KeptAdapter {
  readonly summary: AdapterSummary;
  readonly model: ModelIdentity;
  /** Milliseconds since 1970. */
  readonly made: number;
  /** The run it came of. */
  readonly runId: string | null;
  /** All but the weights, by name: adapter_config.json, prelude.json. */
  readonly files: Readonly<Record<string, string>>;
}

/** Phase and report follow from the state. */
export type StoredSweep = Omit<KeptSweep, 'phase' | 'report'>;

const number = z.nullable(z.number());
const Method = z.enum(['prefix', 'prompt', 'lora']);
const Model = z.object({ name: z.string(), dtype: z.string(), fileBytes: z.number() });
const Dataset = z.object({ id: z.string(), name: z.string() });
const Measurement = z.object({ step: z.number(), loss: number, accuracy: number });

export const RunRecord = z.object({
  id: z.string(),
  name: z.string(),
  begun: z.number(),
  model: Model,
  dataset: Dataset,
  settings: Settings,
  sweepId: z.nullable(z.string()),
  step: z.number(),
  baseline: z.nullable(Measurement),
  validation: z.nullable(Measurement),
  ending: z.nullable(
    z.enum(['finished', 'stopped', 'diverged', 'out-of-memory', 'stopped-early', 'failed', 'interrupted']),
  ),
  message: z.string(),
  adapter: z.nullable(z.object({ id: z.string(), parameters: z.number(), bytes: z.number() })),
}) satisfies z.ZodMiniType<KeptRun>;

export const CurveRecord = z.object({
  train: z.object({ steps: z.array(z.number()), losses: z.array(number) }),
  validation: z.array(Measurement),
}) satisfies z.ZodMiniType<RunCurve>;

const Shape = z.discriminatedUnion('method', [
  z.object({ method: z.enum(['prefix', 'prompt']), length: z.number() }),
  z.object({
    method: z.literal('lora'),
    rank: z.number(),
    alpha: z.number(),
    modules: z.number(),
    targets: z.array(z.string()),
  }),
]);

const Summary = z.object({
  id: z.string(),
  name: z.string(),
  model: z.string(),
  shape: Shape,
  parameters: z.number(),
  bytes: z.number(),
  steps: z.number(),
  baseLoss: number,
  loss: number,
  baseAccuracy: number,
  accuracy: number,
  origin: z.enum(['tuned', 'imported', 'composed']),
  template: z.nullable(z.string()),
}) satisfies z.ZodMiniType<AdapterSummary>;

export const AdapterRecord = z.object({
  summary: Summary,
  model: Model,
  made: z.number(),
  runId: z.nullable(z.string()),
  files: z.record(z.string(), z.string()),
}) satisfies z.ZodMiniType<KeptAdapter>;

/** adapter_model.safetensors; it may be large, so it lies in a table of its own. */
export const WeightsRecord = z.object({ bytes: z.instanceof(Uint8Array<ArrayBuffer>) });

const Result = z.object({
  runId: z.string(),
  step: z.number(),
  loss: z.number(),
  accuracy: number,
  parameters: z.number(),
});

const State = z.object({
  runs: z.array(
    z.object({
      id: z.number(),
      point: z.object({
        method: Method,
        size: z.number(),
        learningRate: z.number(),
        init: z.nullable(Init),
        seed: z.number(),
      }),
      state: z.discriminatedUnion('status', [
        z.object({ status: z.enum(['waiting', 'running']) }),
        z.object({ status: z.enum(['done', 'stopped-early']), result: Result }),
        z.object({ status: z.literal('failed'), message: z.string() }),
      ]),
    }),
  ),
  eta: z.number(),
  rungs: z.array(z.object({ step: z.number(), losses: z.array(z.object({ run: z.number(), loss: number })) })),
}) satisfies z.ZodMiniType<SweepState>;

export const SweepRecord = z.object({
  id: z.string(),
  name: z.string(),
  begun: z.number(),
  model: Model,
  dataset: Dataset,
  settings: Sweep,
  state: State,
}) satisfies z.ZodMiniType<StoredSweep>;

/** The last number that was given to a run, an adapter or a sweep. */
export const CounterRecord = z.object({ last: z.number() });
