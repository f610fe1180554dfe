/** The settings of runs and sweeps as they are read back: another version of the page may have written them. */
import { z } from 'zod/mini';
import type { TuneSettings } from '../protocol';
import type { SweepSettings } from '../runsProtocol';

const numberOrAuto = z.union([z.number(), z.literal('auto')]);

export const Settings = z.object({
  method: z.literal('prefix'),
  length: z.number(),
  init: z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('vocabulary') }),
    z.object({ type: z.literal('random') }),
    z.object({ type: z.literal('zero') }),
  ]),
  steps: z.number(),
  learningRate: z.number(),
  batchSize: z.number(),
  microBatchSize: numberOrAuto,
  memoryBudgetMiB: numberOrAuto,
  warmupSteps: z.number(),
  weightDecay: z.number(),
  maxGradNorm: z.number(),
  evalEvery: z.number(),
  seed: z.number(),
}) satisfies z.ZodMiniType<TuneSettings>;

export const Method = z.enum(['prefix', 'prompt', 'lora']);
export const Init = z.enum(['text', 'vocabulary', 'random', 'zero']);

export const Sweep = z.object({
  space: z.object({
    methods: z.array(
      z.object({
        method: Method,
        sizes: z.array(z.number()),
        learningRates: z.array(z.number()),
        inits: z.array(Init),
      }),
    ),
    seeds: z.array(z.number()),
  }),
  strategy: z.discriminatedUnion('type', [
    z.object({ type: z.literal('grid') }),
    z.object({ type: z.literal('random'), runs: z.number(), seed: z.number() }),
  ]),
  halving: z.nullable(z.object({ minSteps: z.number(), eta: z.number() })),
  base: Settings,
}) satisfies z.ZodMiniType<SweepSettings>;
