/** Errors across the worker's border, where only plain data passes. */
import { PreludeError } from '../errors';
import type { SerialisedError } from './protocol';

export function serialiseError(error: unknown): SerialisedError {
  if (error instanceof PreludeError) {
    return { kind: error.kind, message: error.message, where: error.where, hint: error.hint ?? null };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'unexpected', message, where: {}, hint: null };
}
