/** Rows and a mapping → prompts and targets: the exact text that trains. */
import type { ColumnMapping, RowProblem } from '../worker/protocol';
import { promptTemplate, renderPrompt } from './template';
import type { Example, ParsedDataset } from './types';

/** Rows with an empty target, or with inputs that are all empty, become problems. @param mapping from `resolveMapping` */
export function buildExamples(
  parsed: ParsedDataset,
  mapping: ColumnMapping,
): { readonly examples: Example[]; readonly problems: RowProblem[] } {
  const template = promptTemplate(mapping.template, parsed.columns, mapping.target);
  const examples: Example[] = [];
  const problems: RowProblem[] = [];
  for (const { line, cells } of parsed.rows) {
    const target = (cells[mapping.target] ?? '').trim();
    if (target === '') {
      problems.push({ kind: 'empty-target', line, column: mapping.target, reason: 'the target is empty' });
      continue;
    }
    const [input] = mapping.inputs;
    if (input !== undefined && mapping.inputs.every((column) => (cells[column] ?? '').trim() === '')) {
      problems.push({
        kind: 'empty-input',
        line,
        column: input,
        reason: mapping.inputs.length === 1 ? 'the input is empty' : 'all inputs are empty',
      });
      continue;
    }
    const prompt = renderPrompt(template, cells);
    const gap = prompt === '' ? '' : template.gap;
    examples.push({ line, prompt, target: gap + target, label: mapping.task === 'classification' ? target : null });
  }
  return { examples, problems };
}

/** The prompt for cells that a person types in: exactly as in training. @param mapping from `resolveMapping` */
export function promptFor(mapping: ColumnMapping, cells: Readonly<Record<string, string>>): string {
  const columns = [...mapping.inputs, mapping.target];
  return renderPrompt(promptTemplate(mapping.template, columns, mapping.target), cells);
}
