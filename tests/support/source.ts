/** Datasets as the page hands them to the engine, from a text. */
import type { ColumnMapping, DatasetSource } from '../../src/worker/protocol';

let sources = 0;

export function textSource(name: string, text: string): DatasetSource {
  return { key: `text-${++sources}`, name, files: [{ path: name, blob: new Blob([text]) }] };
}

/** A mapping with what a test does not care about. */
export const mappingWith = (change: Partial<ColumnMapping>): ColumnMapping => ({
  system: null,
  inputs: ['text'],
  target: 'label',
  kind: 'own',
  template: '{text} {label}',
  task: 'generation',
  words: {},
  ...change,
});

export const ignore = () => {};
