/**
 * What each column is for: what a person says, completed with guesses and checked. Which guesses is `guess.ts`; what text
 * comes of it is `examples.ts`.
 */
import { DataError } from '../errors';
import type { ColumnMapping } from '../worker/dataProtocol';
import { guessInputs, guessSystem, guessTarget, guessTask, valuesOf } from './guess';
import { chatTemplate, defaultTemplate, templateColumns, trimTemplate } from './template';
import type { ParsedDataset, Tokenizer } from './types';
import { checkWords } from './words';

/** What the mapping depends on of a model. */
type Chat = Pick<Tokenizer, 'hasChatTemplate'>;

/** A mapping for the dataset as it is. @throws DataError where no column can be a target */
export function guessMapping(parsed: ParsedDataset, tokenizer?: Chat): ColumnMapping {
  return resolveMapping(parsed, {}, tokenizer);
}

/**
 * Completes what a person chose with what can be guessed, and checks it. A template alone is enough: its last placeholder
 * is the target. The template of the result ends with the target's placeholder.
 * @param tokenizer the model's; without one, none is known to have a chat template
 * @throws DataError naming the column that does not exist, or what is wrong with the template or the words
 */
export function resolveMapping(
  parsed: ParsedDataset,
  partial: Partial<ColumnMapping>,
  tokenizer: Chat = { hasChatTemplate: false },
): ColumnMapping {
  const known = (column: string) => {
    if (parsed.columns.includes(column)) return column;
    throw new DataError(
      `There is no column "${column}".`,
      { file: parsed.name, column },
      `The columns are: ${parsed.columns.join(', ')}.`,
    );
  };
  const named = partial.template === undefined ? null : templateColumns(partial.template, parsed.columns);
  const said = partial.system == null ? null : known(partial.system);
  const chosen = partial.inputs?.map(known);
  const taken = [...(chosen ?? []), ...(said === null ? [] : [said])];
  const target = known(partial.target ?? named?.at(-1) ?? guessTarget(parsed, taken));
  if (taken.includes(target)) {
    throw new DataError(
      `"${target}" is both ${target === said ? 'the system message' : 'an input'} and the target.`,
      { file: parsed.name, column: target },
      'The model would read the answer before it gives it; choose another column for one of them.',
    );
  }
  // Where a person wrote the template, nothing is put in front of it unasked.
  const guessed = partial.system === undefined && named === null ? guessSystem(parsed, [target, ...taken]) : null;
  const system = named?.includes(said ?? '') ? null : (said ?? guessed);
  const given = named?.filter((column) => column !== target) ?? chosen ?? guessInputs(parsed, target, system);
  const inputs = [...new Set(given)].filter((column) => column !== system);
  const absent = chosen?.find((column) => column !== system && !inputs.includes(column));
  if (absent !== undefined) {
    throw new DataError(
      `The template does not say where the input {${absent}} goes.`,
      { file: parsed.name, column: absent },
      `Write {${absent}} into the template, or leave the column out.`,
    );
  }
  const task = partial.task ?? guessTask(parsed, target);
  const written = partial.template === undefined ? null : trimTemplate(partial.template, parsed.columns, target);
  const { words = {} } = partial;
  const mapping = {
    system,
    inputs,
    target,
    ...form(parsed, partial.kind, written, inputs, target, tokenizer),
    task,
    words,
  };
  if (task === 'classification') checkWords(mapping, new Set(valuesOf(parsed, target)), parsed.name);
  return mapping;
}

/**
 * The kind of template, and the template. What a person wrote is theirs unless it is the default of either kind, which a
 * change of kind exchanges.
 */
function form(
  { name, reading }: ParsedDataset,
  kind: ColumnMapping['kind'] | undefined,
  written: string | null,
  inputs: readonly string[],
  target: string,
  { hasChatTemplate }: Chat,
): Pick<ColumnMapping, 'kind' | 'template'> {
  const plain = defaultTemplate(inputs, target);
  const chat = chatTemplate(inputs, target);
  const isDefault = written === null || written === plain || (kind !== undefined && written === chat);
  switch (kind ?? (written === null && hasChatTemplate && isDialogue(reading.shape) ? 'chat' : 'plain')) {
    case 'own':
      return { kind: 'own', template: written ?? plain };
    case 'plain':
      return isDefault ? { kind: 'plain', template: plain } : { kind: 'own', template: written };
    case 'chat':
      if (!hasChatTemplate) {
        throw new DataError(
          'This model has no chat template.',
          { file: name },
          'Choose the plain template, or a model that was made for chat (its name often ends in Instruct or it).',
        );
      }
      if (inputs.length === 0) {
        throw new DataError(
          'With the chat template there must be an input: it is what the user says.',
          { file: name, column: target },
          'Choose an input column, or the plain template.',
        );
      }
      return { kind: 'chat', template: isDefault ? chat : written };
  }
}

/** Data that was written for chat models. */
function isDialogue(shape: ParsedDataset['reading']['shape']): boolean {
  return shape === 'messages' || shape === 'sharegpt' || shape === 'alpaca';
}
