/**
 * Token ids → the text of each token. Byte-level and byte-fallback tokens may be a part of a character, and some
 * tokenizers drop a leading space: so text is always read together with what came before, and a character belongs to the
 * token that completes it.
 */
import type { TokenPiece } from '../worker/dataProtocol';
import { headLength } from './tokenise';
import type { TokenisedRow, Tokenizer } from './types';

const replacement = '\uFFFD';
/** A UTF-8 character has at most 4 bytes; a longer wait is for bytes that never become one. */
const maxPending = 4;

/** Turns ids that arrive one by one into text; all pieces together are the decoded sequence. */
export class TextStream {
  /** Ids before `read` have been handed out; those from `from` on give them context. */
  private readonly ids: number[];
  private from: number;
  private read: number;

  /** @param context ids that came before and whose text is not wanted, e.g. a prompt's */
  constructor(
    private readonly tokenizer: Tokenizer,
    context: readonly number[] = [],
  ) {
    this.ids = context.slice(-maxPending);
    this.from = 0;
    this.read = this.ids.length;
  }

  /** The text that this token completes; `''` inside a character. */
  push(id: number): string {
    this.ids.push(id);
    const text = this.pending();
    if (text.endsWith(replacement) && this.ids.length - this.read < maxPending) return '';
    return this.take(text);
  }

  /** What is left of an unfinished character at the end. */
  end(): string {
    return this.ids.length === this.read ? '' : this.take(this.pending());
  }

  private pending(): string {
    const before = this.tokenizer.decode(this.ids.slice(this.from, this.read));
    return this.tokenizer.decode(this.ids.slice(this.from)).slice(before.length);
  }

  private take(text: string): string {
    this.from = this.read;
    this.read = this.ids.length;
    return text;
  }
}

/** Exactly what trains, token by token, and what was cut off where it stood. */
export function tokenPieces(
  { tokenIds, targetStart, cut }: Pick<TokenisedRow, 'tokenIds' | 'targetStart' | 'cut'>,
  tokenizer: Tokenizer,
): TokenPiece[] {
  const head = cut.length === 0 ? targetStart : headLength(tokenIds, tokenizer);
  const pieces = [
    ...tokenIds.slice(0, head).map((id) => ({ id, part: 'context' as const })),
    ...cut.map((id) => ({ id, part: 'cut' as const })),
    ...tokenIds.slice(head, targetStart).map((id) => ({ id, part: 'context' as const })),
    ...tokenIds.slice(targetStart).map((id) => ({ id, part: 'learned' as const })),
  ];
  const stream = new TextStream(tokenizer);
  const last = pieces.length - 1;
  return pieces.map(({ id, part }, i) => ({ id, text: stream.push(id) + (i === last ? stream.end() : ''), part }));
}
