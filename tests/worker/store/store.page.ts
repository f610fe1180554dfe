/** Runs in the page: the browser's own database as the store. */
import { openRunStore } from '../../../src/worker/store/openStore';
import { CURVE, keptAdapter, keptRun, REVIEWS } from '../../support/keptRun';

/** Keeps a run that has ended, one that is under way, and an adapter. */
export async function keep(): Promise<unknown> {
  const store = await openRunStore();
  await store.begin(keptRun('ended'), CURVE, REVIEWS);
  await store.claim('live');
  await store.begin(keptRun('live', { begun: 2_000, ending: null }), CURVE, REVIEWS);
  await store.putAdapter(keptAdapter('adapter', { runId: 'ended' }), new Uint8Array(300_000).fill(7));
  return store.runs();
}

export async function kept(): Promise<unknown> {
  const store = await openRunStore();
  const weights = await store.weights('adapter');
  return {
    listing: await store.runs(),
    curve: await store.curve('ended'),
    dataset: await store.dataset('data-1'),
    adapters: (await store.adapters()).records,
    weights: [weights?.length, weights?.at(-1)],
  };
}

export async function forget(): Promise<unknown> {
  const store = await openRunStore();
  await store.removeRuns(['ended', 'live']);
  return [(await store.runs()).runs, (await store.adapters()).records, await store.dataset('data-1')];
}
