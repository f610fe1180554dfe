/**
 * What all files of a dataset give: as many rows as may be used, drawn at random where there are more, the columns of all
 * rows, and the problems of those that cannot be read. Memory is bounded by the rows that stay.
 */

import { Random } from '../../tuning';
import type { Reading, RowProblem, RowProblemKind } from '../../worker/dataProtocol';
import type { DataRow, ParsedDataset } from '../types';
import { Reservoir } from './reservoir';
import type { RowContent, RowSink } from './sink';
import { type Split, splitNamed } from './splitNames';

const keptProblems = 1000;
/** Of the rows that stay, so many are held out at least, where the data says which. */
const heldOutShare = 0.1;

interface Kept extends RowContent {
  readonly file: string | undefined;
  readonly line: number;
  readonly order: number;
}

/** Of one file; `damaged` is asked whether its text may hold what nobody wrote. */
export interface FileOptions {
  /** Where there are several files. */
  readonly path: string | undefined;
  /** What the file's place says. */
  readonly split: Split | null;
  readonly damaged: () => boolean;
}

export class Collector {
  private readonly names = new Set<string>();
  private readonly problems: { readonly file: number; readonly problem: RowProblem }[] = [];
  private files = 0;
  private readonly problemCounts: Partial<Record<RowProblemKind, number>> = {};
  private readonly reservoirs: Record<Split, Reservoir<Kept>>;
  private readonly random: Random;
  /** Rows whose column `split` says something else than a split: then it is a column like others. */
  private otherwise = 0;
  private byPlace = false;
  read = 0;

  constructor(
    private readonly maxRows: number,
    seed: number,
  ) {
    this.random = new Random(seed);
    const reservoir = () => new Reservoir<Kept>(maxRows, this.random);
    this.reservoirs = { train: reservoir(), validation: reservoir() };
  }

  /** Rows that can be read. */
  get readable(): number {
    return this.reservoirs.train.offered + this.reservoirs.validation.offered;
  }

  get firstProblem(): RowProblem | undefined {
    return this.sortedProblems()[0];
  }

  get columns(): readonly string[] {
    return [...this.names];
  }

  /** Where the rows of one more file go. */
  file({ path, split, damaged }: FileOptions): RowSink {
    const file = path === undefined ? {} : { file: path };
    const number = this.files++;
    if (split !== null) this.byPlace = true;
    const problem: RowSink['problem'] = (found) => {
      this.read++;
      this.problemCounts[found.kind] = (this.problemCounts[found.kind] ?? 0) + 1;
      if (this.problems.length < keptProblems) this.problems.push({ file: number, problem: { ...found, ...file } });
    };
    return {
      problem,
      columns: (names) => {
        for (const name of names) this.names.add(name);
      },
      row: (line, said, content) => {
        if (damaged() && isDamaged(content())) {
          problem({ kind: 'unreadable', line, reason: 'it holds bytes that are no text' });
          return;
        }
        const named = said === null ? null : splitNamed(said);
        if (said !== null && named === null) this.otherwise++;
        const order = this.read++;
        this.reservoirs[split ?? named ?? 'train'].offer(() => ({ file: path, line, order, ...content() }));
      },
    };
  }

  /** What there is by now. */
  dataset(name: string, reading: Reading): ParsedDataset {
    const columns = this.columns;
    const { train, validation } = this.reservoirs;
    const brought = train.offered > 0 && validation.offered > 0 && (this.byPlace || this.otherwise === 0);
    const rows = this.chosen().map(([kept, split]): [Kept, DataRow] => [
      kept,
      this.filled(kept, brought ? split : null, columns),
    ]);
    rows.sort(([a], [b]) => a.order - b.order);
    return {
      name,
      reading,
      columns,
      rows: rows.map(([, row]) => row),
      read: this.read,
      drawn: this.readable > this.maxRows,
      problems: this.sortedProblems(),
      problemCounts: { ...this.problemCounts },
    };
  }

  /** Ragged rows of a file's head are found out after what follows them. */
  private sortedProblems(): RowProblem[] {
    return [...this.problems]
      .sort((a, b) => a.file - b.file || a.problem.line - b.problem.line)
      .map(({ problem }) => problem);
  }

  private chosen(): [Kept, Split][] {
    const { maxRows } = this;
    const { train, validation } = this.reservoirs;
    const share = Math.max(validation.offered / Math.max(this.readable, 1), heldOutShare);
    const room = Math.max(Math.round(maxRows * share), maxRows - train.offered);
    const heldOut = this.some(validation.items, this.readable > maxRows ? room : maxRows);
    const learned = this.some(train.items, maxRows - heldOut.length);
    return [
      ...learned.map((kept): [Kept, Split] => [kept, 'train']),
      ...heldOut.map((kept): [Kept, Split] => [kept, 'validation']),
    ];
  }

  /** A reservoir's items are a sample, but their places are not random: the first of them are no sample. */
  private some(items: readonly Kept[], count: number): readonly Kept[] {
    return items.length <= count ? items : new Random(items.length).shuffle(items).slice(0, count);
  }

  private filled({ file, line, turns, cells }: Kept, split: Split | null, columns: readonly string[]): DataRow {
    return {
      ...(file !== undefined && { file }),
      line,
      ...(split !== null && { split }),
      ...(turns && { turns }),
      cells: Object.fromEntries(columns.map((name) => [name, cells.get(name) ?? ''])),
    };
  }
}

function isDamaged({ cells }: RowContent): boolean {
  for (const cell of cells.values()) if (/[\uFFFD\0]/.test(cell)) return true;
  return false;
}
