/**
 * Examples → token ids with a boundary between prompt and target that is the same in training and in use: the prompt's
 * tokens are always those of the prompt alone.
 */
import type { RowProblem } from '../worker/protocol';
import type { Example, TokenisedRow, Tokenizer } from './types';

/** A prompt is not cut below this; a row whose target leaves less room is skipped. */
const minPromptTokens = 8;

export interface TokeniseOptions {
  /** Tokens per row, end token included. */
  readonly maxTokens: number;
  /** Default: the tokenizer's. */
  readonly endTokenId?: number;
}

export interface TokeniseResult {
  readonly tokenised: TokenisedRow[];
  /** Rows left out. */
  readonly problems: RowProblem[];
  /** Rows that train, with the beginning of their prompt cut off to fit. */
  readonly shortened: RowProblem[];
}

/**
 * Prompt, target and end token of each example. Over-long prompts lose their beginning, since the end of a prompt (the
 * question, `Verdict:`) is what the target follows; a beginning-of-sequence token stays. Targets are never cut.
 */
export function tokeniseExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  { maxTokens, endTokenId = tokenizer.endTokenId }: TokeniseOptions,
): TokeniseResult {
  const tokenised: TokenisedRow[] = [];
  const problems: RowProblem[] = [];
  const shortened: RowProblem[] = [];
  for (const example of examples) {
    const { prompt, target } = encodePair(example.prompt, example.target, tokenizer);
    target.push(endTokenId);
    const room = maxTokens - target.length;
    if (room < Math.min(prompt.length, minPromptTokens)) {
      problems.push({
        kind: 'too-long',
        line: example.line,
        reason: `the target alone is ${target.length} tokens, which leaves no room for the prompt in ${maxTokens}`,
      });
      continue;
    }
    if (prompt.length > room) {
      shortened.push({
        kind: 'shortened',
        line: example.line,
        reason: `${prompt.length + target.length} tokens; the first ${prompt.length - room} of the prompt were cut to fit ${maxTokens}`,
      });
    }
    const { kept, cut } = cutLeft(prompt, room, tokenizer);
    // Nothing comes before the very first token, so nothing can predict it.
    const targetStart = Math.max(1, kept.length);
    const { line, label } = example;
    tokenised.push({ line, tokenIds: [...kept, ...target], targetStart, label, example, cut });
  }
  return { tokenised, problems, shortened };
}

/** Token ids of the prompt as inference sees it, and of the target that follows. */
export function encodePair(
  promptText: string,
  targetText: string,
  tokenizer: Tokenizer,
): { prompt: number[]; target: number[] } {
  const prompt = tokenizer.encode(promptText);
  const whole = tokenizer.encode(promptText + targetText);
  const stable = whole.length > prompt.length && prompt.every((id, i) => whole[i] === id);
  return { prompt, target: stable ? whole.slice(prompt.length) : tokenizer.encode(targetText, { continuation: true }) };
}

function cutLeft(prompt: number[], room: number, tokenizer: Tokenizer): { kept: number[]; cut: number[] } {
  if (prompt.length <= room) return { kept: prompt, cut: [] };
  const added = tokenizer.encode('');
  const head = added.length > 0 && prompt[0] === added[0] ? 1 : 0;
  const end = prompt.length - room + head;
  return { kept: [...prompt.slice(0, head), ...prompt.slice(end)], cut: prompt.slice(head, end) };
}
