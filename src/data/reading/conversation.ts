/**
 * Conversations as datasets write them: `[{role, content}]`, with OpenAI's content parts, or ShareGPT's `[{from, value}]`.
 * The last turn, if it is the assistant's, is the answer to learn; what stands before it is the prompt.
 */
import type { ChatTurn } from '../types';
import { isObject } from './values';

const assistants = new Set(['assistant', 'gpt', 'model', 'bot', 'chatgpt']);
const users = new Set(['user', 'human', 'prompter']);
const systems = new Set(['system', 'developer']);

interface Turn {
  readonly role: string;
  readonly content: string;
}

export interface Conversation {
  readonly form: 'messages' | 'sharegpt';
  readonly turns: readonly Turn[];
}

/** null where the value is no conversation. */
export function conversationIn(value: unknown): Conversation | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const turns: Turn[] = [];
  let form: Conversation['form'] = 'messages';
  for (const item of value) {
    if (!isObject(item)) return null;
    if ('from' in item) form = 'sharegpt';
    const role = item.role ?? item.from;
    const content = contentOf(item.content ?? item.value);
    if (typeof role !== 'string' || content === null) return null;
    turns.push({ role: plainRole(role.trim().toLowerCase()), content });
  }
  return { form, turns };
}

/** A prompt and its answer that are conversations each; preference data repeats the prompt in front of the answer. */
export function joinConversations(prompt: Conversation, answer: Conversation): Conversation {
  const repeated = prompt.turns.every(({ role, content }, i) => {
    const turn = answer.turns[i];
    return turn?.role === role && turn.content === content;
  });
  return repeated ? answer : { form: prompt.form, turns: [...prompt.turns, ...answer.turns] };
}

export interface Exchange {
  readonly system: string;
  /** What one person said, as it is; with speakers' names where there are several turns. */
  readonly prompt: string;
  /** `''` where the last turn is not the assistant's. */
  readonly response: string;
  /** What stands before the response; null where it has roles that chat templates do not know. */
  readonly before: readonly ChatTurn[] | null;
}

export function exchangeOf({ turns }: Conversation): Exchange {
  const last = turns.at(-1);
  const answered = last?.role === 'assistant';
  const before = answered ? turns.slice(0, -1) : turns;
  const spoken = before.filter(({ role }) => role !== 'system');
  const told = before.filter(({ role }) => role === 'system');
  const prompt =
    spoken.length === 1 && spoken[0]?.role !== 'assistant'
      ? spoken.map(({ content }) => content)
      : spoken.map(({ role, content }) => `${role.charAt(0).toUpperCase()}${role.slice(1)}: ${content}`);
  return {
    system: told
      .map(({ content }) => content)
      .join('\n\n')
      .trim(),
    prompt: prompt.join('\n').trim(),
    response: answered ? last.content : '',
    before: chatTurns(before),
  };
}

function chatTurns(turns: readonly Turn[]): readonly ChatTurn[] | null {
  const known: ChatTurn[] = [];
  for (const { role, content } of turns) {
    if (role !== 'system' && role !== 'user' && role !== 'assistant') return null;
    known.push({ role, content });
  }
  return known;
}

function plainRole(role: string): string {
  if (assistants.has(role)) return 'assistant';
  if (users.has(role)) return 'user';
  return systems.has(role) ? 'system' : role;
}

/** Text, or the text among a message's parts; null where it is neither. */
function contentOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  // A turn that calls a tool says nothing itself.
  if (value === null) return '';
  if (!Array.isArray(value) || !value.every(isObject)) return null;
  const texts = value.flatMap((part) => (typeof part.text === 'string' ? [part.text] : []));
  return texts.length > 0 || value.length === 0 ? texts.join('\n') : null;
}
