/**
 * An object → the flat cells of a row. Nested objects become `a.b` columns, lists of plain values are joined with commas,
 * everything else is kept as JSON; conversations become `system`, `prompt` and `response`.
 */
import type { ChatTurn } from '../types';
import { type Conversation, conversationIn, exchangeOf, joinConversations } from './conversation';
import { cellText, isObject, type JsonObject } from './values';

const conversationKeys = new Set(['messages', 'conversations', 'conversation', 'chat', 'dialogue', 'dialog', 'chosen']);
/** Beside a `prompt` that is a conversation, too. */
const answerKeys = ['completion', 'chosen', 'response'];
const maxDepth = 4;

export interface FlatRow {
  /** In the order of the object's keys. */
  readonly cells: ReadonlyMap<string, string>;
  /** What comes before the answer, where the row is a conversation. */
  readonly turns: readonly ChatTurn[] | null;
  readonly form: Conversation['form'] | null;
}

export function flattenRow(row: JsonObject): FlatRow {
  const flat: Flat = { cells: new Map(), turns: null, form: null };
  flattenInto(flat, withWholeConversation(row), '', 0);
  const system = flat.cells.get('system');
  // ShareGPT's relatives have the system message beside the conversation.
  if (flat.turns && system && flat.turns.every(({ role }) => role !== 'system')) {
    flat.turns = [{ role: 'system', content: system }, ...flat.turns];
  }
  return flat;
}

interface Flat {
  readonly cells: Map<string, string>;
  turns: readonly ChatTurn[] | null;
  form: Conversation['form'] | null;
}

function flattenInto(flat: Flat, object: JsonObject, prefix: string, depth: number): void {
  const { cells } = flat;
  for (const [key, value] of Object.entries(object)) {
    const conversation = Array.isArray(value) ? conversationIn(value) : null;
    if (conversation !== null && conversationKeys.has(key.toLowerCase())) {
      const { system, prompt, response, before } = exchangeOf(conversation);
      if (system !== '') cells.set(`${prefix}system`, system);
      cells.set(`${prefix}prompt`, prompt);
      cells.set(`${prefix}response`, response);
      if (depth > 0) continue;
      flat.turns = before;
      flat.form = conversation.form;
    } else if (conversation !== null && key === 'rejected') {
      cells.set(`${prefix}${key}`, exchangeOf(conversation).response);
    } else if (isObject(value) && depth < maxDepth) {
      flattenInto(flat, value, `${prefix}${key}.`, depth + 1);
    } else {
      cells.set(prefix + key.trim(), cellText(value));
    }
  }
}

/** `{"prompt": [{role, content}], "completion": [{role, content}]}` are halves of one conversation. */
function withWholeConversation(row: JsonObject): JsonObject {
  if (!Array.isArray(row.prompt)) return row;
  const prompt = conversationIn(row.prompt);
  const answerKey = answerKeys.find((key) => conversationIn(row[key]) !== null);
  const answer = answerKey === undefined ? null : conversationIn(row[answerKey]);
  if (prompt === null || answer === null) return row;
  const others = Object.entries(row).filter(([key]) => key !== 'prompt' && key !== answerKey);
  return { messages: joinConversations(prompt, answer).turns, ...Object.fromEntries(others) };
}
