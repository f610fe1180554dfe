/**
 * What a change in the mapping form asks of the engine. Columns have roles, one each; what is left out of the request is
 * guessed again; a template that the person wrote is theirs until they change the columns it names.
 */
import type { ColumnMapping, Task, TemplateKind } from '../worker';

/** `label` is a target of which there are few: the task is classification then. */
const ROLES = ['unused', 'system', 'input', 'target', 'label'] as const;
export type ColumnRole = (typeof ROLES)[number];

const TASKS: Readonly<Record<Task, true>> = { classification: true, extraction: true, generation: true, persona: true };

/** Whether the value of a field is one. */
export const isRole = (value: string): value is ColumnRole => ROLES.some((role) => role === value);
export const isTask = (value: string): value is Task => Object.hasOwn(TASKS, value);

/** Columns are always said; the rest may be left to the engine. */
export type AskedMapping = Pick<ColumnMapping, 'system' | 'inputs' | 'target'> & Partial<ColumnMapping>;

export type MappingChange =
  | { readonly column: string; readonly role: ColumnRole }
  | { readonly template: string }
  | { readonly kind: TemplateKind }
  | { readonly task: Task }
  /** What stands for a label in the text; nothing, or the label itself: no other word. */
  | { readonly label: string; readonly word: string };

export function rolesOf(mapping: ColumnMapping, columns: readonly string[]): ReadonlyMap<string, ColumnRole> {
  return new Map(columns.map((column) => [column, roleOf(mapping, column)]));
}

function roleOf({ system, inputs, target, task }: AskedMapping, column: string): ColumnRole {
  if (column === target) return task === 'classification' ? 'label' : 'target';
  if (column === system) return 'system';
  return inputs.includes(column) ? 'input' : 'unused';
}

/** Roles that a column can take: there is always one target, so that it changes when another column becomes it. */
export function rolesFor(mapping: AskedMapping, column: string): readonly ColumnRole[] {
  return column === mapping.target ? ['target', 'label'] : ROLES;
}

/** There is one system message and one target; whichever column was that before is not used any more. */
export function withRole(mapping: AskedMapping, column: string, role: ColumnRole): AskedMapping {
  if (!rolesFor(mapping, column).includes(role) || roleOf(mapping, column) === role) return mapping;
  if (column === mapping.target) return { ...mapping, task: taskFor(role, mapping.task) };
  const inputs = mapping.inputs.filter((input) => input !== column);
  const system = mapping.system === column ? null : mapping.system;
  // The template of other columns, and the own words of another label, would be wrong.
  const { template: _template, words, kind, ...rest } = mapping;
  const columns = { ...rest, inputs, system, kind: kind === 'chat' ? kind : ('plain' as const) };
  switch (role) {
    case 'unused':
      return { ...columns, ...(words && { words }) };
    case 'input':
      return { ...columns, inputs: [...inputs, column], ...(words && { words }) };
    case 'system':
      return { ...columns, system: column, ...(words && { words }) };
    case 'target':
    case 'label':
      return { ...columns, target: column, task: taskFor(role, mapping.task) };
  }
}

function taskFor(role: 'label' | ColumnRole, task: Task | undefined): Task {
  if (role === 'label') return 'classification';
  return task === undefined || task === 'classification' ? 'generation' : task;
}

export function nextMapping(now: AskedMapping, change: MappingChange): AskedMapping {
  if ('role' in change) return withRole(now, change.column, change.role);
  if ('task' in change) return { ...now, task: change.task };
  if ('label' in change) return { ...now, words: nextWords(now.words ?? {}, change.label, change.word.trim()) };
  if ('template' in change) {
    const inputs = now.inputs.filter((column) => change.template.includes(`{${column}}`));
    return { ...now, inputs, template: change.template, kind: now.kind === 'chat' ? 'chat' : 'own' };
  }
  if (change.kind === 'own') return { ...now, kind: 'own' };
  const { template: _template, ...rest } = now;
  return { ...rest, kind: change.kind };
}

function nextWords(words: ColumnMapping['words'], label: string, word: string): ColumnMapping['words'] {
  const others = Object.entries(words).filter(([other]) => other !== label);
  return Object.fromEntries(word === '' || word === label ? others : [...others, [label, word]]);
}

/** Columns the template names in braces that the data does not have, e.g. after a slip of the pen. */
export function unknownColumns(template: string, columns: readonly string[]): string[] {
  const named = [...template.matchAll(/\{([^{}\n]+)\}/g)].map((match) => match[1] ?? '');
  return [...new Set(named)].filter((name) => !columns.includes(name));
}

/** The template with a column put where the caret is, or on a line above the target's where nobody put a caret. */
export function withColumn(template: string, column: string, target: string, caret: number | null): string {
  const hole = `{${column}}`;
  const end = template.lastIndexOf(`{${target}}`);
  const at = caret ?? (end < 0 || column === target ? template.length : template.lastIndexOf('\n', end) + 1);
  const isAbove = caret === null && at < template.length;
  return `${template.slice(0, at)}${hole}${isAbove ? '\n' : ''}${template.slice(at)}`;
}
