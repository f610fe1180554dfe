/** The worker's entry: the engine, served to the page. Whatever it throws crosses as a `SerialisedError`. */
import * as Comlink from 'comlink';
import { browserLibrary } from '../models';
import { PreludeEngine } from './engine';
import { serialiseError } from './errors';
import type { Engine } from './protocol';

/** The page says where it lives, since a worker's own address depends on how it was bundled. */
const modelsUrl = new URL(self.name || '/models/', self.location.href).href;

const engine = new PreludeEngine({ models: browserLibrary({ modelsUrl }) });

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
