/** An error on its way from the worker to the page; `errors.ts` of this folder makes them. */
import type { ErrorKind, ErrorLocation } from '../errors';

export interface SerialisedError {
  readonly kind: ErrorKind | 'unexpected';
  readonly message: string;
  readonly where: ErrorLocation;
  readonly hint: string | null;
}
