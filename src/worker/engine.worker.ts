/** The worker's entry: the engine, served to the page. Whatever it throws crosses as a `SerialisedError`. */
import * as Comlink from 'comlink';
import { z } from 'zod/mini';
import { browserLibrary } from '../models';
import { PreludeEngine } from './engine';
import { serialiseError } from './errors';
import type { Engine } from './protocol';
import { openRunStore } from './store';

/** As `client.ts` writes them. */
const Places = z.object({ modelsUrl: z.url(), hubUrl: z.optional(z.url()) });
const { modelsUrl, hubUrl } = z.parse(Places, JSON.parse(self.name));

const models = browserLibrary({ modelsUrl, ...(hubUrl !== undefined && { hubUrl }) });
const engine = new PreludeEngine({ models, store: openRunStore() });

type Method = (...args: unknown[]) => Promise<unknown>;

const served = new Proxy(engine as Engine, {
  get(target, name) {
    const method = target[name as keyof Engine] as Method | undefined;
    if (typeof method !== 'function') return undefined;
    return (...args: unknown[]) =>
      method.apply(target, args).catch((error: unknown) => {
        if (serialiseError(error).kind === 'unexpected') self.reportError(error);
        throw serialiseError(error);
      });
  },
});

Comlink.expose(served);
