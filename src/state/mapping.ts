/**
 * What a change in the mapping form asks of the engine. Columns that are left out of the request are guessed again;
 * a template that the person wrote is theirs until they change the columns it names.
 */
import type { ColumnMapping } from '../worker';

export type MappingChange =
  | { readonly target: string }
  | { readonly inputs: readonly string[] }
  | { readonly template: string }
  | { readonly task: ColumnMapping['task'] };

export function nextMapping(now: ColumnMapping, change: MappingChange): Partial<ColumnMapping> {
  if ('template' in change) return { ...now, template: change.template };
  if ('task' in change) return { ...now, task: change.task };
  if ('inputs' in change) return { inputs: change.inputs, target: now.target, task: now.task };
  const inputs = now.inputs.map((column) => (column === change.target ? now.target : column));
  return { inputs: inputs.filter((column) => column !== change.target), target: change.target };
}

/** Columns the template names in braces that the data does not have, e.g. after a slip of the pen. */
export function unknownColumns(template: string, columns: readonly string[]): string[] {
  const named = [...template.matchAll(/\{([^{}\n]+)\}/g)].map((match) => match[1] ?? '');
  return [...new Set(named)].filter((name) => !columns.includes(name));
}
