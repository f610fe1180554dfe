/** Rows and a mapping → prompts and targets: the exact text that trains. */
import { PreludeError } from '../errors';
import type { ColumnMapping, RowProblem } from '../worker/dataProtocol';
import { isSystemName } from './names';
import { promptTemplate, renderPrompt } from './template';
import type { ChatTurn, DataRow, Example, ParsedDataset, Tokenizer } from './types';
import { wordOf } from './words';

export interface Prompt {
  readonly type: 'prompt';
  /** Without the spaces just before the target. */
  readonly prompt: string;
  /** The spaces between the prompt and the target; they are part of the target's tokens. */
  readonly gap: string;
  /** With the chat template: what the prompt was made of. */
  readonly messages?: readonly ChatTurn[];
}

type RowPrompt = Prompt | { readonly type: 'problem'; readonly problem: RowProblem };

/** What is needed of a tokenizer; only the chat template asks it. */
type Chat = Pick<Tokenizer, 'chatPrompt'>;

/** Rows with an empty target, or with inputs that are all empty, become problems. @param mapping from `resolveMapping` */
export function buildExamples(
  { rows, columns }: Pick<ParsedDataset, 'rows' | 'columns'>,
  mapping: ColumnMapping,
  tokenizer: Chat,
): { readonly examples: Example[]; readonly problems: RowProblem[] } {
  const promptOfRow = promptWriter(mapping, columns, tokenizer);
  const examples: Example[] = [];
  const problems: RowProblem[] = [];
  for (const row of rows) {
    const target = cellOf(row, mapping.target);
    if (target === '') {
      problems.push(problemOf(row, 'empty-target', 'the target is empty', mapping.target));
      continue;
    }
    const made = promptOfRow(row);
    if (made.type === 'problem') {
      problems.push(made.problem);
      continue;
    }
    const { file, line, split } = row;
    const label = mapping.task === 'classification' ? target : null;
    examples.push({
      ...(file !== undefined && { file }),
      line,
      ...(split !== undefined && { split }),
      prompt: made.prompt,
      target: made.gap + (label === null ? target : wordOf(mapping, label)),
      label,
      ...(made.messages !== undefined && { messages: made.messages }),
    });
  }
  return { examples, problems };
}

/**
 * The prompt of a row, exactly as in training; the row need not have a target.
 * @param mapping from `resolveMapping` @param columns of the data that the row is from
 */
export function promptOf(row: DataRow, mapping: ColumnMapping, columns: readonly string[], tokenizer: Chat): RowPrompt {
  return promptWriter(mapping, columns, tokenizer)(row);
}

function promptWriter(
  mapping: ColumnMapping,
  columns: readonly string[],
  tokenizer: Chat,
): (row: DataRow) => RowPrompt {
  const { inputs, system } = mapping;
  const [input] = inputs;
  const template = promptTemplate(mapping.template, columns, mapping.target);
  const systemOf = (row: DataRow) => (system === null ? '' : cellOf(row, system));
  const isConversation = input !== undefined && isAlone(mapping, input) && /(^|\.)prompt$/.test(input);
  // A conversation's system message has a column of its own, which counts, also where it is not chosen.
  const ownColumn = system !== null || columns.some(isSystemName);
  return (row) => {
    if (input !== undefined && inputs.every((column) => cellOf(row, column) === '')) {
      const reason = inputs.length === 1 ? 'the input is empty' : 'all inputs are empty';
      return { type: 'problem', problem: problemOf(row, 'empty-input', reason, input) };
    }
    const text = renderPrompt(template, row.cells);
    if (mapping.kind !== 'chat') {
      const prompt = [systemOf(row), text].filter((part) => part !== '').join('\n\n');
      return { type: 'prompt', prompt, gap: prompt === '' ? '' : template.gap };
    }
    const talk: readonly ChatTurn[] =
      isConversation && row.turns !== undefined
        ? row.turns.filter(({ role }) => role !== 'system' || !ownColumn)
        : [{ role: 'user', content: text.trim() }];
    const content = systemOf(row);
    const messages: readonly ChatTurn[] = content === '' ? talk : [{ role: 'system', content }, ...talk];
    try {
      return { type: 'prompt', prompt: tokenizer.chatPrompt(messages), gap: '', messages };
    } catch (error) {
      if (!(error instanceof PreludeError)) throw error;
      const reason = error.message.charAt(0).toLowerCase() + error.message.slice(1).replace(/\.$/, '');
      return { type: 'problem', problem: problemOf(row, 'template', reason) };
    }
  };
}

/** Whether the template adds nothing to the input. */
function isAlone({ template, target }: ColumnMapping, input: string): boolean {
  return template.slice(0, template.lastIndexOf(`{${target}}`)).trim() === `{${input}}`;
}

function cellOf({ cells }: DataRow, column: string): string {
  return Object.hasOwn(cells, column) ? (cells[column] ?? '').trim() : '';
}

function problemOf({ file, line }: DataRow, kind: RowProblem['kind'], reason: string, column?: string): RowProblem {
  return { kind, ...(file !== undefined && { file }), line, ...(column !== undefined && { column }), reason };
}
