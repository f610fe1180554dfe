/** Objects, whatever file they come from → rows of a sink. */
import type { RowShape } from '../../worker/dataProtocol';
import { type FlatRow, flattenRow } from './cells';
import { type RowSink, splitColumn } from './sink';
import { isObject } from './values';

/** What form most rows have. */
export class ShapeCount {
  private readonly counts = { messages: 0, sharegpt: 0, columns: 0 };

  add(form: FlatRow['form']): void {
    this.counts[form ?? 'columns']++;
  }

  /** `columns` where the rows are no conversations: what their names say is for others to see. */
  get shape(): RowShape {
    const { messages, sharegpt, columns } = this.counts;
    if (columns >= messages + sharegpt) return 'columns';
    return messages >= sharegpt ? 'messages' : 'sharegpt';
  }
}

export function addObject(value: unknown, line: number, sink: RowSink, shapes: ShapeCount): void {
  if (!isObject(value)) {
    const reason = `a row must be an object like {"text": "…"}, this is ${described(value)}`;
    sink.problem({ kind: 'unreadable', line, reason });
    return;
  }
  // The rows API of the Hugging Face hub wraps each row: {"row_idx": 0, "row": {…}}.
  const { cells, turns, form } = flattenRow('row_idx' in value && isObject(value.row) ? value.row : value);
  shapes.add(form);
  sink.columns(cells.keys());
  sink.row(line, cells.get(splitColumn) ?? null, () => (turns ? { cells, turns } : { cells }));
}

function described(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
