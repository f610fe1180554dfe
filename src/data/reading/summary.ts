/** How a dataset's files were read, in one: the format of most rows, and a reason a person reads. */
import { DataError } from '../../errors';
import type { Reading, ReadingChoices } from '../../worker/dataProtocol';
import type { Collector } from './collect';
import { type LeftOut, reasonFor } from './plan';
import { contradiction } from './readers';
import { shapeOf } from './shape';
import type { Described } from './sink';

export interface FileReading {
  readonly path: string;
  /** That can be read. */
  readonly rows: number;
  /** null where it could not be read. */
  readonly described: Described | null;
  readonly encoding: Reading['encoding'];
  /** Where it is not plain UTF-8; else ''. */
  readonly encodingReason: string;
  readonly leftOut: DataError | null;
}

/** @throws DataError where no row can be used */
export function readingOf(
  name: string,
  files: readonly FileReading[],
  leftOut: readonly LeftOut[],
  collector: Collector,
  choices: ReadingChoices,
): Reading {
  const [main] = files.filter(({ described }) => described !== null).sort((a, b) => b.rows - a.rows);
  const described = main?.described;
  if (main === undefined || !described || collector.readable === 0) throw noRows(name, files, collector, choices);
  if (collector.columns.length === 0) {
    throw new DataError(
      `The rows of ${name} have no columns.`,
      { file: name, line: 1 },
      'Give each row values with names, such as {"text": "…", "label": "…"}.',
    );
  }
  const { format, delimiter, header, unit } = described;
  const several = files.length > 1 ? `${files.length} files. ${main.path}: ` : '';
  const sentences = [described.reason, main.encodingReason, contradiction(main.path, format, choices)];
  return {
    format,
    encoding: main.encoding,
    delimiter,
    header,
    unit,
    shape: shapeOf(described.shape, collector.columns),
    reason: several + sentences.filter((sentence) => sentence !== '').join(' '),
    files: [
      ...files.map((file) => ({
        path: file.path,
        rows: file.rows,
        leftOut: file.leftOut && reasonFor(file.path, file.leftOut),
      })),
      ...leftOut.map(({ path, reason }) => ({ path, rows: 0, leftOut: reason })),
    ],
  };
}

function noRows(name: string, files: readonly FileReading[], collector: Collector, choices: ReadingChoices): DataError {
  const first = collector.firstProblem;
  const broken = files.find(({ leftOut }) => leftOut !== null)?.leftOut;
  if (first === undefined && broken) return broken;
  const { header, format } = files[0]?.described ?? {};
  const nothing = format === 'csv' && header ? `${name} has a header and no rows.` : `${name} holds no rows.`;
  return new DataError(
    first === undefined ? nothing : `${name} has no row that can be used. Line ${first.line}: ${first.reason}.`,
    { file: name, line: first?.line ?? 1, ...(first?.column !== undefined && { column: first.column }) },
    adviceFor(first !== undefined || format === 'csv', choices),
  );
}

function adviceFor(isTable: boolean, choices: ReadingChoices): string {
  if (Object.values(choices).some((choice) => choice !== undefined)) {
    return 'Choose otherwise how it is read, or let it be recognised by its content.';
  }
  if (!isTable) return 'Drop a file with rows in it.';
  return 'Use a CSV or TSV file with column names in its first line, or one JSON object per line.';
}
