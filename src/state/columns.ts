/**
 * The columns of Compare, apart from how they are written: what each shows, in which tone, and which of them gives way when
 * an adapter comes or goes.
 */
import type { GenerateResult, SerialisedError } from '../worker';

export const MAX_COLUMNS = 4;

/** What a column writes with; `none` waits for the first adapter. */
export type Subject =
  | { readonly type: 'model' }
  | { readonly type: 'adapter'; readonly id: string }
  | { readonly type: 'none' };

export interface Output {
  readonly status: 'empty' | 'waiting' | 'writing' | 'done' | 'failed';
  readonly text: string;
  readonly result: GenerateResult | null;
  readonly problem: SerialisedError | null;
}

export interface Column {
  readonly id: number;
  readonly subject: Subject;
  readonly tone: Tone;
  readonly output: Output;
}

/** The model alone is `base` everywhere; the rest tell adapters apart. */
export type Tone = 'base' | 'tuned' | 'third' | 'fourth' | 'fifth';

const ADAPTER_TONES: readonly Tone[] = ['tuned', 'third', 'fourth', 'fifth'];

export const EMPTY: Output = { status: 'empty', text: '', result: null, problem: null };

export const isPending = ({ output }: Column): boolean => output.status === 'writing' || output.status === 'waiting';

export function isSame(a: Subject, b: Subject): boolean {
  return a.type === 'adapter' ? b.type === 'adapter' && a.id === b.id : a.type === b.type;
}

/** A column of an adapter keeps its tone, whatever becomes of the others; one that had none takes the first that is free. */
export function toned(columns: readonly Column[]): readonly Column[] {
  return columns.reduce<readonly Column[]>((now, column) => {
    const tone = column.subject.type === 'model' ? 'base' : column.tone === 'base' ? freeTone(now) : column.tone;
    return now.map((one) => (one.id === column.id ? { ...one, tone } : one));
  }, columns);
}

const freeTone = (columns: readonly Column[]): Tone =>
  ADAPTER_TONES.find((tone) => !columns.some((column) => column.subject.type !== 'model' && column.tone === tone)) ??
  'tuned';

export const newColumn = (id: number, subject: Subject): Column => ({ id, subject, tone: 'base', output: EMPTY });

const shows = (columns: readonly Column[], adapterId: string): boolean =>
  columns.some(({ subject }) => subject.type === 'adapter' && subject.id === adapterId);

const newestUnshown = (columns: readonly Column[], adapterIds: readonly string[]): string | undefined =>
  adapterIds.findLast((id) => !shows(columns, id));

/** What one more column would show: the newest adapter that none shows, else the model alone. */
export function nextSubject(columns: readonly Column[], adapterIds: readonly string[]): Subject {
  const id = newestUnshown(columns, adapterIds);
  return id === undefined ? { type: 'model' } : { type: 'adapter', id };
}

/** The columns when these adapters are there: one whose adapter is not takes the newest that no other shows. */
export function fitted(columns: readonly Column[], adapterIds: readonly string[]): readonly Column[] {
  return columns.reduce<readonly Column[]>((now, column) => {
    const { subject } = column;
    if (subject.type === 'model' || (subject.type === 'adapter' && adapterIds.includes(subject.id))) return now;
    const id = newestUnshown(now, adapterIds);
    return replaced(now, column, id === undefined ? { type: 'none' } : { type: 'adapter', id });
  }, columns);
}

/**
 * The columns with an adapter that was just made: in the column that waits for one, or in the only one that shows one; where
 * several are compared, or that one is being written, it comes beside them, as long as there is room.
 */
export function withNewest(columns: readonly Column[], adapterId: string, newId: () => number): readonly Column[] {
  if (shows(columns, adapterId)) return columns;
  const subject: Subject = { type: 'adapter', id: adapterId };
  const waiting = columns.find((column) => column.subject.type === 'none');
  if (waiting) return replaced(columns, waiting, subject);
  const withAdapters = columns.filter((column) => column.subject.type === 'adapter');
  const last = withAdapters.at(-1) ?? columns.at(-1);
  const givesWay = columns.length >= MAX_COLUMNS || (withAdapters.length === 1 && last && !isPending(last));
  if (last && givesWay) return replaced(columns, last, subject);
  return [...columns, newColumn(newId(), subject)];
}

function replaced(columns: readonly Column[], old: Column, subject: Subject): readonly Column[] {
  return columns.map((column) => (column.id === old.id ? { ...column, subject } : column));
}
