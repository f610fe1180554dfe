/**
 * Who is measured: the model alone, the model with examples in its prompt, and adapters, each with its name and its tone.
 * Without a choice, the adapters are those in Compare, in the tones that they have there.
 */
import type { AdapterSummary, EvaluationSubject } from '../worker';
import { adapterLabel } from './adapters';
import type { Column, Tone } from './columns';

/** As many as can be told apart at a glance. */
export const MAX_SUBJECTS = 4;

/** The name as it was then: an adapter may be renamed, or go. */
export interface NamedSubject {
  readonly subject: EvaluationSubject;
  readonly name: string;
  readonly tone: Tone;
}

export interface SubjectChoice {
  /** null: those in Compare. */
  readonly adapterIds: readonly string[] | null;
  readonly fewShot: boolean;
  readonly examples: number;
}

const ADAPTER_TONES: readonly Tone[] = ['tuned', 'third', 'fourth'];

/** The adapters that are measured, as far as there is room for them. */
export function chosenAdapters(
  { adapterIds, fewShot }: SubjectChoice,
  columns: readonly Column[],
  list: readonly AdapterSummary[],
): AdapterSummary[] {
  const inCompare = columns.flatMap(({ subject }) => (subject.type === 'adapter' ? [subject.id] : []));
  const wanted = new Set(adapterIds ?? inCompare);
  const chosen = [...wanted].flatMap((id) => list.find((adapter) => adapter.id === id) ?? []);
  return chosen.slice(0, MAX_SUBJECTS - (fewShot ? 2 : 1));
}

/** In the order in which they are measured: the model alone first, since the others are compared with it. */
export function namedSubjects(
  choice: SubjectChoice,
  columns: readonly Column[],
  list: readonly AdapterSummary[],
): NamedSubject[] {
  const { fewShot, examples } = choice;
  const model: NamedSubject = { subject: { type: 'model' }, name: 'The model alone', tone: 'base' };
  const shots: NamedSubject[] = fewShot
    ? [{ subject: { type: 'few-shot', examples }, name: `With ${plural(examples)} in the prompt`, tone: 'fifth' }]
    : [];
  const adapters = chosenAdapters(choice, columns, list);
  const inCompare = new Map(
    columns.flatMap(({ subject, tone }) => (subject.type === 'adapter' ? [[subject.id, tone] as const] : [])),
  );
  const taken = new Set<Tone>();
  const toned = adapters.map((adapter): NamedSubject => {
    const present = inCompare.get(adapter.id);
    const tone =
      present !== undefined && present !== 'fifth' && !taken.has(present)
        ? present
        : (ADAPTER_TONES.find((one) => !taken.has(one) && ![...inCompare.values()].includes(one)) ??
          ADAPTER_TONES.find((one) => !taken.has(one)) ??
          'tuned');
    taken.add(tone);
    return { subject: { type: 'adapter', id: adapter.id }, name: adapterLabel(adapter), tone };
  });
  return [model, ...shots, ...toned];
}

/** The same for the same subject, and only for it. */
export function subjectKey(subject: EvaluationSubject): string {
  switch (subject.type) {
    case 'model':
      return 'model';
    case 'few-shot':
      return `few-shot ${subject.examples}`;
    case 'adapter':
      return `adapter ${subject.id}`;
    default:
      return subject satisfies never;
  }
}

/** Whether it was deleted since. Those of models before are still there. */
export function isGone(
  subject: EvaluationSubject,
  { list, others }: { readonly list: readonly AdapterSummary[]; readonly others: readonly AdapterSummary[] },
): boolean {
  return subject.type === 'adapter' && ![...list, ...others].some(({ id }) => id === subject.id);
}

const plural = (count: number): string => `${count} ${count === 1 ? 'example' : 'examples'}`;
