/** Memory that runs out while a run is under way: the step is done again in smaller parts, and the run is the same run. */
import { describe, expect, it } from 'vitest';
import { pastGraft } from '../../src/autodiff';
import { DeviceError } from '../../src/errors';
import {
  NOTHING_FROZEN,
  Random,
  RunControl,
  type TrainerEvent,
  type TrainerResult,
  type TrainerSettings,
  train,
} from '../../src/tuning';
import { initialPrefix } from '../support/prefixes';
import { type GraphSize, type Scarcity, scarceBackend } from '../support/scarceBackend';
import { openTiny, randomIds } from '../support/tinyModel';

const LENGTH = 4;
const examples = Array.from({ length: 12 }, (_, i) => ({
  tokenIds: [...randomIds(i + 10, 4 + (i % 5)), 17, 42, 17, 99],
  targetStart: 4 + (i % 5),
}));

const defaults: TrainerSettings = {
  steps: 5,
  learningRate: 0.02,
  warmupSteps: 1,
  batchSize: 4,
  microBatchSize: 4,
  recompute: false,
  weightDecay: 0,
  maxGradNorm: 1,
  evalEvery: 100,
};

interface Ran {
  readonly result: TrainerResult;
  readonly losses: readonly number[];
  readonly smaller: readonly Extract<TrainerEvent, { type: 'smaller' }>[];
}

/**
 * @param scarcity null: memory for everything
 * @param stopAfter the step after which the person presses Stop
 */
async function run(
  scarcity: Scarcity | null,
  settings: Partial<TrainerSettings> = {},
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Ran> {
  const { backend, loaded, kernels, dispose } = await openTiny('llama_q4', {}, (whole) =>
    scarcity ? scarceBackend(whole, scarcity) : whole,
  );
  const events: TrainerEvent[] = [];
  const control = new RunControl();
  const initial = await initialPrefix(loaded, LENGTH, { type: 'text', tokenIds: [5, 6, 7, 8] }, new Random(0));
  const result = await train({
    loaded,
    kernels,
    examples,
    graft: pastGraft(loaded.decoder, LENGTH),
    initial: { values: initial, frozen: NOTHING_FROZEN },
    settings: { ...defaults, ...settings },
    random: new Random(1),
    control,
    validate: async () => ({ loss: 1, accuracy: null }),
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'step' && event.step >= stopAfter) control.stop();
    },
  });
  await dispose();
  expect(backend.live()).toEqual({ tensors: 0, bytes: 0, sessions: 0 });
  return {
    result,
    losses: events.flatMap((event) => (event.type === 'step' ? [event.loss] : [])),
    smaller: events.filter((event) => event.type === 'smaller'),
  };
}

function expectSameCurve(ran: Ran, undisturbed: Ran): void {
  expect(ran.losses).toHaveLength(undisturbed.losses.length);
  ran.losses.forEach((loss, i) => {
    expect(Math.abs(loss - (undisturbed.losses[i] as number))).toBeLessThanOrEqual(1e-5);
  });
  expect(ran.result).toMatchObject({ reason: undisturbed.result.reason, steps: undisturbed.result.steps });
}

/** Refuses a training graph from its nth run on, whatever ran before. */
function fromRun(nth: number, graph: (size: GraphSize) => boolean): Scarcity {
  let runs = 0;
  return { refuses: (size) => size.training && ++runs >= nth && graph(size) };
}

describe('memory that runs out', () => {
  it.each(['opening', 'running'] as const)('while %s a graph halves the micro-batch until it fits', async (when) => {
    const scarce = await run({ refuses: ({ training, batch }) => training && batch > 1, when });
    expect(scarce.smaller).toEqual([
      { type: 'smaller', step: 1, microBatchSize: 2, recompute: false },
      { type: 'smaller', step: 1, microBatchSize: 1, recompute: false },
    ]);
    expectSameCurve(scarce, await run(null));
  });

  it('in the middle of a step repeats the whole step, with nothing of it applied twice', async () => {
    // Two parts a step: the sixth run is the second part of the third step.
    const scarce = await run(
      fromRun(6, ({ batch }) => batch > 1),
      { microBatchSize: 2 },
    );
    expect(scarce.smaller).toEqual([{ type: 'smaller', step: 3, microBatchSize: 1, recompute: false }]);
    expectSameCurve(scarce, await run(null));
  });

  it('even with one row turns recomputation on', async () => {
    const scarce = await run(fromRun(3, ({ recompute }) => !recompute));
    expect(scarce.smaller.at(-1)).toEqual({ type: 'smaller', step: 3, microBatchSize: 1, recompute: true });
    expectSameCurve(scarce, await run(null));
  });

  it('for good ends the run with the prefix of the last whole step', async () => {
    const scarce = await run(fromRun(4, () => true));
    const stopped = await run(null, {}, 3);
    expect(scarce.result).toMatchObject({ reason: 'out-of-memory', steps: 3 });
    expect(scarce.losses).toEqual(stopped.losses);
    expect(scarce.result.values).toEqual(stopped.result.values);
  });

  it('before the first step, for what is frozen, leaves nothing on the device', async () => {
    const frozen = new Float32Array(3);
    const { backend, loaded, kernels, dispose } = await openTiny('llama_q4', {}, (whole) => ({
      ...whole,
      upload(dtype, dims, bytes) {
        if (bytes.byteLength === frozen.byteLength) {
          throw new DeviceError('std::bad_alloc', {}, undefined, { outOfMemory: true });
        }
        return whole.upload(dtype, dims, bytes);
      },
    }));
    const idle = backend.live();
    const begun = train({
      loaded,
      kernels,
      examples,
      graft: pastGraft(loaded.decoder, LENGTH),
      initial: { values: new Float32Array(8), frozen },
      settings: defaults,
      random: new Random(1),
      control: new RunControl(),
      validate: async () => ({ loss: 1, accuracy: null }),
      onEvent: () => {},
    });
    await expect(begun).rejects.toMatchObject({ outOfMemory: true });
    expect(backend.live()).toEqual(idle);
    await dispose();
  });

  it('does not hide another error of the device', async () => {
    const broken = run({
      refuses: () => {
        throw new Error('the graph is wrong');
      },
    });
    await expect(broken).rejects.toThrow('the graph is wrong');
  });
});
