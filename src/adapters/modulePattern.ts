/**
 * The keys of PEFT's `alpha_pattern`: regular expressions for the end of a module's path. They come with a file, and a
 * regular expression can be written so that it never ends; so only the plain ones are read, and they are matched with the
 * set of all places where a match can stand instead of trying one after another (Thompson 1968): time grows with the
 * length of the pattern times that of the path, whatever the pattern.
 *
 *   pattern = sequence ('|' sequence)*
 *   item    = character ('+' | '*')? | '(' pattern ')'      character = name | '.' | '\.' | '\d' | '[0-9a-z]'
 */

/** Where in a text a match can stand, given where it can begin. */
type Matcher = (text: string, from: ReadonlySet<number>) => ReadonlySet<number>;

/** A character, one escaped, a class of them, or a sign. */
const TOKEN = /\\[.d]|\[[\w-]+\]|[\w-]|\(\?:|[.()|+*]/gy;
const SIGNS = new Set(['(', '(?:', ')', '|', '+', '*']);
/** Groups in groups are read by recursion. */
const MAX_LENGTH = 500;
const NOWHERE: ReadonlySet<number> = new Set();

/** @returns whether the end of a path matches; null for a pattern that is not as plain as above */
export function modulePattern(pattern: string): ((path: string) => boolean) | null {
  if (pattern.length > MAX_LENGTH) return null;
  const isWhole = pattern.startsWith('^');
  const tokens = tokensOf(pattern.slice(isWhole ? 1 : 0).replace(/\$$/, ''));
  if (tokens === null) return null;
  const reader = new Reader(tokens);
  const matcher = reader.alternatives();
  if (matcher === null || !reader.isAtEnd) return null;
  return (path) => matcher(path, isWhole ? new Set([0]) : segmentStarts(path)).has(path.length);
}

function tokensOf(pattern: string): string[] | null {
  const tokens = [...pattern.matchAll(TOKEN)].map(([token]) => token);
  return tokens.join('').length === pattern.length ? tokens : null;
}

class Reader {
  private next = 0;

  constructor(private readonly tokens: readonly string[]) {}

  get isAtEnd(): boolean {
    return this.next === this.tokens.length;
  }

  alternatives(): Matcher | null {
    const found: Matcher[] = [];
    do {
      const sequence = this.sequence();
      if (sequence === null) return null;
      found.push(sequence);
    } while (this.takes('|'));
    return (text, from) => new Set(found.flatMap((matcher) => [...matcher(text, from)]));
  }

  private sequence(): Matcher | null {
    const items: Matcher[] = [];
    while (!this.isAtEnd && this.tokens[this.next] !== '|' && this.tokens[this.next] !== ')') {
      const item = this.takes('(') || this.takes('(?:') ? this.group() : this.character();
      if (item === null) return null;
      items.push(item);
    }
    if (items.length === 0) return null;
    return (text, from) => items.reduce((at, item) => (at.size === 0 ? NOWHERE : item(text, at)), from);
  }

  private group(): Matcher | null {
    const inside = this.alternatives();
    return this.takes(')') ? inside : null;
  }

  private character(): Matcher | null {
    const token = this.tokens[this.next++] as string;
    if (SIGNS.has(token)) return null;
    const fits = characterTest(token);
    if (fits === null) return null;
    const once: Matcher = (text, from) =>
      new Set([...from].filter((at) => at < text.length && fits(text.charAt(at))).map((at) => at + 1));
    if (this.takes('+')) return (text, from) => onwards(text, once(text, from), fits);
    if (this.takes('*')) return (text, from) => onwards(text, from, fits);
    return once;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.next] !== token) return false;
    this.next++;
    return true;
  }
}

/** One character against one token: nothing in it can repeat. */
function characterTest(token: string): ((character: string) => boolean) | null {
  try {
    const single = new RegExp(`^${token}$`);
    return (character) => single.test(character);
  } catch {
    return null;
  }
}

/** All places that more of the same characters lead to. */
function onwards(text: string, from: ReadonlySet<number>, fits: (character: string) => boolean): ReadonlySet<number> {
  const places = new Set(from);
  for (const at of places) if (at < text.length && fits(text.charAt(at))) places.add(at + 1);
  return places;
}

/** PEFT puts `(.*\.)?` in front. */
function segmentStarts(path: string): ReadonlySet<number> {
  const behindDots = [...path].flatMap((character, i) => (character === '.' ? [i + 1] : []));
  return new Set([0, ...behindDots]);
}
