/**
 * Examples → token ids with a boundary between prompt and target that is the same in training and in use: the prompt's
 * tokens are always those of the prompt alone.
 */
import type { RowProblem } from '../worker/dataProtocol';
import type { Example, TokenisedRow, Tokenizer } from './types';

/** A prompt is not cut below this; a row whose target leaves less room is skipped. */
const minPromptTokens = 8;

export interface TokeniseOptions {
  /** Tokens per row, end token included. */
  readonly maxTokens: number;
  /** Default: `encodePair`. */
  readonly encode?: (promptText: string, targetText: string, tokenizer: Tokenizer) => EncodedPair;
}

export interface EncodedPair {
  readonly prompt: readonly number[];
  readonly target: readonly number[];
}

export interface TokeniseResult {
  readonly tokenised: TokenisedRow[];
  /** Rows left out. */
  readonly problems: RowProblem[];
  /** Rows that train, with the beginning of their prompt cut off to fit. */
  readonly shortened: RowProblem[];
  /** Tokens of every example before anything is cut, those left out too. */
  readonly lengths: number[];
}

/**
 * Prompt, target and end token of each example. Over-long prompts lose their beginning, since the end of a prompt (the
 * question, `Verdict:`) is what the target follows; a beginning-of-sequence token stays. Targets are never cut.
 */
export function tokeniseExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  { maxTokens, encode = encodePair }: TokeniseOptions,
): TokeniseResult {
  const tokenised: TokenisedRow[] = [];
  const problems: RowProblem[] = [];
  const shortened: RowProblem[] = [];
  const lengths: number[] = [];
  for (const example of examples) {
    const { file, line, label } = example;
    const problem = (kind: RowProblem['kind'], reason: string): RowProblem => ({
      kind,
      ...(file !== undefined && { file }),
      line,
      reason,
    });
    const { prompt, target: answer } = encode(example.prompt, example.target, tokenizer);
    const target = [...answer, endTokenOf(example, tokenizer)];
    lengths.push(prompt.length + target.length);
    const room = maxTokens - target.length;
    if (room < Math.min(prompt.length, minPromptTokens)) {
      const reason = `the target alone is ${target.length} tokens, which leaves no room for the prompt in ${maxTokens}`;
      problems.push(problem('too-long', reason));
      continue;
    }
    if (prompt.length > room) {
      const reason = `${prompt.length + target.length} tokens; the first ${prompt.length - room} of the prompt were cut to fit ${maxTokens}`;
      shortened.push(problem('shortened', reason));
    }
    const { kept, cut } = cutLeft(prompt, room, tokenizer);
    // Nothing comes before the very first token, so nothing can predict it.
    const targetStart = Math.max(1, kept.length);
    tokenised.push({ line, tokenIds: [...kept, ...target], targetStart, label, example, cut });
  }
  return { tokenised, problems, shortened, lengths };
}

/** What follows an answer: with the chat template the end of the assistant's turn, which is what it was taught to write. */
function endTokenOf({ messages }: Pick<Example, 'messages'>, tokenizer: Tokenizer): number {
  return (messages === undefined ? null : tokenizer.turnEndTokenId) ?? tokenizer.endTokenId;
}

/** Token ids of the prompt as inference sees it, and of the target that follows. */
export function encodePair(promptText: string, targetText: string, tokenizer: Tokenizer): EncodedPair {
  const prompt = tokenizer.encode(promptText);
  const whole = tokenizer.encode(promptText + targetText);
  const stable = whole.length > prompt.length && prompt.every((id, i) => whole[i] === id);
  return { prompt, target: stable ? whole.slice(prompt.length) : tokenizer.encode(targetText, { continuation: true }) };
}

/** How many tokens of the beginning stay when a prompt is cut: the one that begins every text, where there is one. */
export function headLength(ids: readonly number[], tokenizer: Tokenizer): number {
  const [first] = tokenizer.encode('');
  return first !== undefined && ids[0] === first ? 1 : 0;
}

function cutLeft(
  prompt: readonly number[],
  room: number,
  tokenizer: Tokenizer,
): { readonly kept: readonly number[]; readonly cut: readonly number[] } {
  if (prompt.length <= room) return { kept: prompt, cut: [] };
  const head = headLength(prompt, tokenizer);
  const end = prompt.length - room + head;
  return { kept: [...prompt.slice(0, head), ...prompt.slice(end)], cut: prompt.slice(head, end) };
}
