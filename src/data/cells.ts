/**
 * JSON values → the flat text cells of a row. Nested objects become `a.b` columns, lists of plain values are joined with
 * commas, everything else is kept as JSON; chat transcripts become a `prompt` and a `response`.
 */

const chatKeys = new Set(['messages', 'conversations', 'conversation', 'chat', 'dialogue', 'dialog']);
const assistants = new Set(['assistant', 'gpt', 'model', 'bot', 'chatgpt']);
const users = new Set(['user', 'human', 'prompter']);
const maxDepth = 4;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Cells of one JSON row, in the order of its keys. */
export function flattenRow(row: JsonObject): Map<string, string> {
  const cells = new Map<string, string>();
  flattenInto(cells, row, '', 0);
  return cells;
}

function flattenInto(cells: Map<string, string>, object: JsonObject, prefix: string, depth: number): void {
  for (const [key, value] of Object.entries(object)) {
    const turns = chatKeys.has(key.toLowerCase()) ? chatTurns(value) : null;
    if (turns !== null) {
      const { prompt, response } = promptAndResponse(turns);
      cells.set(`${prefix}prompt`, prompt);
      cells.set(`${prefix}response`, response);
    } else if (isObject(value) && depth < maxDepth) {
      flattenInto(cells, value, `${prefix}${key}.`, depth + 1);
    } else {
      cells.set(prefix + key.trim(), cellText(value));
    }
  }
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    return value.map(cellText).join(', ');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

interface Turn {
  readonly role: string;
  readonly content: string;
}

/** `[{role, content}]`, or `[{from, value}]` as ShareGPT writes it; null where the value is something else. */
function chatTurns(value: unknown): Turn[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const turns: Turn[] = [];
  for (const item of value) {
    if (!isObject(item)) return null;
    const role = item.role ?? item.from;
    const content = item.content ?? item.value;
    if (typeof role !== 'string' || typeof content !== 'string') return null;
    turns.push({ role: role.toLowerCase(), content });
  }
  return turns;
}

/**
 * The last assistant turn is the response, what stands before it the prompt: as it is when one person speaks once (with
 * the system text in front), with speakers' names when there are several turns.
 */
function promptAndResponse(turns: readonly Turn[]): { prompt: string; response: string } {
  const last = turns.findLastIndex((turn) => assistants.has(turn.role));
  const before = last < 0 ? turns : turns.slice(0, last);
  const spoken = before.filter((turn) => turn.role !== 'system');
  const system = before.filter((turn) => turn.role === 'system').map((turn) => turn.content);
  const talk =
    spoken.length === 1
      ? spoken.map((turn) => turn.content)
      : [spoken.map((turn) => `${speaker(turn.role)}: ${turn.content}`).join('\n')];
  return {
    prompt: [...system, ...talk].join('\n\n').trim(),
    response: last < 0 ? '' : (turns[last]?.content ?? ''),
  };
}

function speaker(role: string): string {
  if (assistants.has(role)) return 'Assistant';
  if (users.has(role)) return 'User';
  return role.charAt(0).toUpperCase() + role.slice(1);
}
