/**
 * Turns whatever was thrown into the one shape the page shows: what happened, where, what to do. The engine's client
 * already throws `SerialisedError`s; anything else is a bug or the browser's own error and is marked `unexpected`.
 */
import type { ErrorLocation } from '../errors';
import type { SerialisedError } from '../worker';

const KINDS: ReadonlySet<string> = new Set(['model', 'data', 'device', 'adapter', 'unexpected']);

export function toProblem(thrown: unknown): SerialisedError {
  if (typeof thrown !== 'object' || thrown === null) {
    return { kind: 'unexpected', message: String(thrown), where: {}, hint: null };
  }
  const fields = thrown as { kind?: unknown; message?: unknown; where?: unknown; hint?: unknown };
  return {
    kind: isKind(fields.kind) ? fields.kind : 'unexpected',
    message: typeof fields.message === 'string' && fields.message !== '' ? fields.message : String(thrown),
    where: typeof fields.where === 'object' && fields.where !== null ? readLocation(fields.where) : {},
    hint: typeof fields.hint === 'string' ? fields.hint : null,
  };
}

function isKind(kind: unknown): kind is SerialisedError['kind'] {
  return typeof kind === 'string' && KINDS.has(kind);
}

function readLocation(where: object): ErrorLocation {
  const location: ErrorLocation = {};
  for (const [key, value] of Object.entries(where)) {
    if ((key === 'file' || key === 'field' || key === 'node' || key === 'column') && typeof value === 'string') {
      location[key] = value;
    } else if ((key === 'offset' || key === 'line') && typeof value === 'number') {
      location[key] = value;
    }
  }
  return location;
}
