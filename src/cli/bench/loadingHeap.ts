/**
 * JavaScript memory while a large model loads the way a person's does: from a server through the cache and the reader to
 * the GPU, in the engine's worker in Chromium. Counted is what the worker's isolate holds when its garbage is collected:
 * objects and array buffers. On a GPU the weights themselves lie elsewhere, so nothing has to be taken off.
 *
 * Not counted: garbage (V8 lets about 100 MiB of array buffers lie before it collects), what Chromium's network reads ahead
 * of a slow reader (at most some 60 MiB), and what the device test does afterwards.
 */
import type { CDPSession } from 'playwright-core';
import { z } from 'zod/mini';
import { openBrowser } from '../browser';
import { LARGE_REPO, LARGEST_TENSOR_BYTES, serveLargeModel } from './largeModelServer';

const MiB = 2 ** 20;
const SAMPLE_MS = 15;

/** What the target allows: twice the largest tensor, and the engine itself. */
export const HEAP_LIMIT_RATIO = (2 * LARGEST_TENSOR_BYTES + 64 * MiB) / LARGEST_TENSOR_BYTES;

export async function loadingHeapRatio(): Promise<number> {
  const server = await serveLargeModel();
  const browser = await openBrowser();
  try {
    const session = await browser.page.context().newCDPSession(browser.page);
    const workers = await watchWorkers(session);
    const page = browser.module<typeof import('./loadingHeap.page')>('/src/cli/bench/loadingHeap.page.ts');
    let loading = true;
    const loaded = page.loadWeights(server.url, LARGE_REPO).finally(() => {
      loading = false;
    });
    let [peak, samples] = [0, 0];
    while (loading) {
      const bytes = await Promise.race([workers.heapBytes(), loaded.then(() => 0)]);
      if (bytes > 0) samples++;
      peak = Math.max(peak, bytes);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
    const { usedBytes } = await loaded;
    if (usedBytes < server.bytes) throw new Error('The model did not pass through the cache.');
    process.stderr.write(
      `${mebibytes(server.bytes)} loaded, at most ${mebibytes(peak)} held in ${samples} looks; ` +
        `the largest tensor has ${mebibytes(LARGEST_TENSOR_BYTES)}\n`,
    );
    return peak / LARGEST_TENSOR_BYTES;
  } finally {
    await browser.close();
    await server.close();
  }
}

const mebibytes = (bytes: number) => `${Math.round(bytes / MiB)} MiB`;

const HeapUsage = z.object({ usedSize: z.number(), backingStorageSize: z.number() });
const Reply = z.object({ id: z.number(), result: HeapUsage });

/** Asks the workers of the page how much memory their isolates hold. */
async function watchWorkers(session: CDPSession): Promise<{ heapBytes(): Promise<number> }> {
  const workers = new Set<string>();
  const waiting = new Map<number, (bytes: number) => void>();
  let lastId = 0;
  session.on('Target.attachedToTarget', ({ sessionId }) => workers.add(sessionId));
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const reply = z.safeParse(Reply, JSON.parse(message)).data;
    if (!reply) return;
    waiting.get(reply.id)?.(reply.result.usedSize + reply.result.backingStorageSize);
    waiting.delete(reply.id);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const send = (sessionId: string, id: number, method: string) =>
    session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
  const ask = (sessionId: string) =>
    new Promise<number>((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      send(sessionId, ++lastId, 'HeapProfiler.collectGarbage')
        .then(() => send(sessionId, id, 'Runtime.getHeapUsage'))
        .catch(() => resolve(0));
    });
  return {
    async heapBytes() {
      const all = await Promise.all([...workers].map(ask));
      return all.reduce((sum, bytes) => sum + bytes, 0);
    },
  };
}
