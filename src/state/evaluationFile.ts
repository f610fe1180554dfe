/**
 * The rows of a report as a CSV file: what was asked, what is right, and what each subject made of it. With a byte order mark,
 * without which spreadsheets take UTF-8 for something else; and what would be a formula there is made text, since a model
 * may write anything.
 */
import type { ExportedFile } from '../worker';
import type { Measured } from './evaluation';

/** Columns of a subject carry its name: `answer (prefix-1)`. The writer is loaded when it is needed. */
export async function reportFile({ report, subjects }: Pick<Measured, 'report' | 'subjects'>): Promise<ExportedFile> {
  const { default: papa } = await import('papaparse');
  const hasFiles = report.rows.some(({ file }) => file !== undefined);
  const fields = [
    ...(hasFiles ? ['file'] : []),
    'line',
    'prompt',
    'target',
    ...subjects.flatMap(({ name }) => [`answer (${name})`, `right (${name})`, `loss (${name})`]),
  ];
  const data = report.rows.map(({ file, line, prompt, target, outcomes }) => [
    ...(hasFiles ? [file ?? ''] : []),
    line,
    prompt,
    target,
    ...outcomes.flatMap(({ answer, right, loss }) => [answer, right ?? '', loss]),
  ]);
  const text = papa.unparse({ fields, data }, { escapeFormulae: true });
  return {
    name: `${report.dataset.replace(/\.\w+$/, '')}-measured.csv`,
    bytes: new TextEncoder().encode(`\uFEFF${text}`),
  };
}
