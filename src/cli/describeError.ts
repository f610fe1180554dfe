/** An error as one line for a terminal: what happened, and where, as far as the error knows. */
import { PreludeError } from '../errors';

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = error instanceof PreludeError ? Object.entries(error.where) : [];
  const places = where.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name} ${value}`]));
  return places.length === 0 ? error.message : `${error.message} (${places.join(', ')})`;
}
