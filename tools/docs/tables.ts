/**
 * The README's tables: which operators the compiler knows, from the table of rules, and which models are held against
 * PyTorch, from the golden cases. Pure text; reading and writing files is write.ts.
 */
import { families } from '../../src/autodiff/rules';
import type { OperatorRule } from '../../src/autodiff/types';

export interface GoldenCase {
  /** Folder name, which ends in the precision. */
  readonly name: string;
  /** `model_type` of config.json. */
  readonly family: string;
}

type Kind = 'gradient' | 'opens' | 'folds' | 'runs';

function kindOf(rule: OperatorRule): Kind {
  if (rule.vjp) return 'gradient';
  if (rule.folds) return 'folds';
  return rule.infer ? 'runs' : 'opens';
}

const HEADINGS: Readonly<Record<Kind, string>> = {
  gradient: 'has a gradient rule',
  opens: 'opens into others',
  runs: 'runs, without a gradient',
  folds: 'known when the graph is built',
};
const KINDS = Object.keys(HEADINGS) as readonly Kind[];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heading), row(heading.map(() => '---')), ...rows.map(row)].join('\n');

/** `com.microsoft.X` as `ms.X`: the table is wide enough. */
const shortName = (op: string): string => `\`${op.replace('com.microsoft.', 'ms.')}\``;

export function operatorTable(): string {
  const rows = Object.entries(families).map(([family, rules]) => [
    family,
    ...KINDS.map((kind) =>
      Object.entries(rules)
        .filter(([, rule]) => kindOf(rule) === kind)
        .map(([op]) => shortName(op))
        .join(' '),
    ),
  ]);
  return table(['family', ...KINDS.map((kind) => HEADINGS[kind])], rows);
}

/** Precisions by how a case's name spells them, longest first; a name without one is a float32 export. */
const PRECISIONS: readonly (readonly [string, string])[] = [
  ['q4f16', 'q4f16'],
  ['qdq8', 'int8 QDQ'],
  ['qdq', 'int4 QDQ'],
  ['uint8', 'q8'],
  ['bnb4', 'bnb4'],
  ['fp16', 'fp16'],
  ['q8', 'q8'],
  ['q4', 'q4'],
];
const COLUMNS = ['fp32', 'fp16', 'q8', 'int8 QDQ', 'q4', 'q4f16', 'int4 QDQ', 'bnb4'];

const precisionOf = (name: string): string => {
  const parts = name.split('_');
  return PRECISIONS.find(([spelt]) => parts.includes(spelt))?.[1] ?? 'fp32';
};

/** Number of golden cases by family and precision. */
export function familyTable(cases: readonly GoldenCase[]): string {
  const named = [...new Set(cases.map(({ family }) => family))].sort();
  const rows = named.map((family) => [
    family,
    ...COLUMNS.map((precision) => {
      const count = cases.filter((it) => it.family === family && precisionOf(it.name) === precision).length;
      return count === 0 ? '' : String(count);
    }),
  ]);
  return table(['`model_type`', ...COLUMNS], rows);
}

/** The document with what stands between `<!-- name -->` and `<!-- /name -->` replaced. @throws Error where one is missing */
export function withTable(document: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [document.indexOf(open), document.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`The document has no ${open} … ${close}.`);
  return `${document.slice(0, start + open.length)}\n\n${content}\n\n${document.slice(end)}`;
}
