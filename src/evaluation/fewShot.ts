/**
 * Few-shot prompts (Brown et al. 2020): training rows with their answers in front of what is asked, the same for all rows.
 * In plain text a blank line stands between them; a chat model sees them as turns that have been answered already.
 */
import type { Example, TokenisedRow, Tokenizer } from '../data';
import { DataError } from '../errors';
import { Random } from '../tuning';

/** Between examples in plain text. */
const SHOT_SEPARATOR = '\n\n';

export type Asked = Pick<Example, 'prompt' | 'messages'>;

/**
 * A seeded choice, each label in turn: the first few of the choice are balanced, too.
 * @returns fewer where there are not as many training rows
 */
export function chooseShots(train: readonly TokenisedRow[], count: number, seed: number): Example[] {
  const byLabel = new Map<string | null, Example[]>();
  for (const { label, example } of new Random(seed).shuffle(train)) {
    const group = byLabel.get(label);
    if (group) group.push(example);
    else byLabel.set(label, [example]);
  }
  const groups = [...byLabel.values()];
  const rounds = Math.max(0, ...groups.map((group) => group.length));
  const inTurn = Array.from({ length: rounds }, (_, round) => groups.flatMap((group) => group[round] ?? []));
  return inTurn.flat().slice(0, count);
}

/** Token ids of a prompt with examples in front. */
export function promptWithShots(asked: Asked, shots: readonly Example[], tokenizer: Tokenizer): number[] {
  const { messages } = asked;
  if (messages === undefined) {
    const texts = [...shots.map(({ prompt, target }) => prompt + target), asked.prompt];
    return tokenizer.encode(texts.join(SHOT_SEPARATOR));
  }
  const spoken = (turns: typeof messages) => turns.filter(({ role }) => role !== 'system');
  const answered = shots.flatMap((shot) => [
    ...spoken(shot.messages ?? []),
    { role: 'assistant' as const, content: shot.target.trim() },
  ]);
  const system = messages.filter(({ role }) => role === 'system');
  return tokenizer.encode(tokenizer.chatPrompt([...system, ...answered, ...spoken(messages)]));
}

/** The prompt of a row as training reads it, as text: without what was cut off to fit. */
export function askedOf({ example, tokenIds, targetStart, cut }: TokenisedRow, tokenizer: Tokenizer): Asked {
  if (cut.length === 0 || example.messages !== undefined) return example;
  const [begin] = tokenizer.encode('');
  const kept = tokenIds.slice(begin !== undefined && tokenIds[0] === begin ? 1 : 0, targetStart);
  return { prompt: tokenizer.decode(kept) };
}

/** What ends an answer beside an end token: in plain text, what separates the examples that the model goes on from. */
export const untilOf = (shots: readonly Example[]): string | null =>
  shots.some(({ messages, target }) => messages !== undefined || target.includes(SHOT_SEPARATOR))
    ? null
    : SHOT_SEPARATOR;

export interface FittingShots {
  readonly shots: readonly Example[];
  /** Of each row, with these in front. */
  readonly prompts: readonly (readonly number[])[];
}

/**
 * As many of the shots as fit in front of every row.
 * @param fits whether a row's prompt leaves room for its answer
 * @throws DataError where not even one fits
 */
export function fitShots(
  rows: readonly Asked[],
  shots: readonly Example[],
  tokenizer: Tokenizer,
  fits: (prompt: readonly number[], row: number) => boolean,
): FittingShots {
  // What does not fit shows in the longest rows first.
  const order = [...rows.keys()].sort((a, b) => lengthOf(rows[b]) - lengthOf(rows[a]));
  for (let count = shots.length; count > 0; count--) {
    const some = shots.slice(0, count);
    const prompts = new Array<readonly number[]>(rows.length);
    const all = order.every((row) => {
      const prompt = promptWithShots(rows[row] as Asked, some, tokenizer);
      prompts[row] = prompt;
      return fits(prompt, row);
    });
    if (all) return { shots: some, prompts };
  }
  throw new DataError(
    'Not one example fits in front of the longest row and its answer.',
    {},
    'Shorten the rows, or let answers have fewer tokens.',
  );
}

const lengthOf = (asked: Asked | undefined): number => asked?.prompt.length ?? 0;
