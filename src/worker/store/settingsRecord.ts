/** The settings of runs and sweeps as they are read back: another version of the page may have written them. */
import { z } from 'zod/mini';
import type { MethodSettings, TuneSettings, VirtualInit } from '../protocol';
import type { SweepSettings } from '../runsProtocol';

export const Init = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('vocabulary') }),
  z.object({ type: z.literal('random') }),
  z.object({ type: z.literal('zero') }),
]) satisfies z.ZodMiniType<VirtualInit>;

const Method = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('prefix'),
    length: z.number(),
    init: Init,
    projection: z.nullable(z.number()),
    frozenTokens: z.number(),
  }),
  z.object({ type: z.literal('prompt'), length: z.number(), init: Init, encoder: z.nullable(z.number()) }),
  z.object({
    type: z.literal('lora'),
    rank: z.number(),
    alpha: z.number(),
    dropout: z.number(),
    targets: z.array(z.enum(['q', 'k', 'v', 'o', 'gate', 'up', 'down'])),
  }),
]) satisfies z.ZodMiniType<MethodSettings>;

const numberOrAuto = z.union([z.number(), z.literal('auto')]);

const shared = {
  steps: z.number(),
  batchSize: z.number(),
  microBatchSize: numberOrAuto,
  memoryBudgetMiB: numberOrAuto,
  warmupSteps: z.number(),
  weightDecay: z.number(),
  maxGradNorm: z.number(),
  evalEvery: z.number(),
};

export const Settings = z.object({
  ...shared,
  method: Method,
  learningRate: z.number(),
  seed: z.number(),
}) satisfies z.ZodMiniType<TuneSettings>;

const MethodSpace = z.object({
  method: Method,
  sizes: z.array(z.number()),
  learningRates: z.array(z.number()),
  inits: z.array(Init),
});

export const Sweep = z.object({
  space: z.object({ methods: z.array(MethodSpace), seeds: z.array(z.number()) }),
  strategy: z.discriminatedUnion('type', [
    z.object({ type: z.literal('grid') }),
    z.object({ type: z.literal('random'), runs: z.number(), seed: z.number() }),
  ]),
  halving: z.nullable(z.object({ minSteps: z.number(), eta: z.number() })),
  shared: z.object(shared),
}) satisfies z.ZodMiniType<SweepSettings>;
