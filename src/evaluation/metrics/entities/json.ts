/**
 * Entities in JSON:
 *
 *   {"person": ["Ann", "Bo"], "place": "Oslo"}              a key is a type, what is under it its values
 *   {"person": {"name": "Ann"}}                             … nested: the type is `person.name`
 *   [{"type": "person", "text": "Ann"}]                     objects with a type and a text, alone, in a list or under any key
 *
 * null, "" and empty lists are no entity. A model may write around the JSON, or be cut off within it: what counts, from the
 * first bracket on, are the values and the items of lists that are complete. What may be one half of a type and a text counts
 * only once its object is closed. So a text that is cut off has the first entities of the whole one and no others.
 */
import { visit } from 'jsonc-parser';
import { type Entity, entity } from './entity';

/** Which key holds the type, and which the text; `entity` is either, depending on what else there is. */
const typeKeys = ['type', 'label', 'entity_type', 'entity_group', 'tag', 'category', 'class'];
const textKeys = ['text', 'value', 'word', 'span', 'mention', 'name'];
const halves = new Set([...typeKeys, ...textKeys, 'entity']);

type Json =
  | { readonly type: 'plain'; readonly value: string; readonly complete: boolean }
  | { readonly type: 'list'; readonly items: Json[]; complete: boolean }
  | { readonly type: 'object'; readonly entries: { readonly key: string; readonly value: Json }[]; complete: boolean };

/** Whether a text is an object or a list in JSON from beginning to end. */
export function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text) && parse(text).errors === 0;
}

/** None where there is no bracket in it. */
export function readJson(text: string): Entity[] {
  const start = text.search(/[[{]/);
  if (start < 0) return [];
  const { root } = parse(text.slice(start));
  return root === undefined ? [] : entitiesOf(root, '');
}

/** Deeper than any row is, and what the parser, which calls itself for every level, has stack for. */
const MAX_DEPTH = 200;

/** Whether brackets are opened so often that it is no JSON but a model that cannot stop. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** The first value of a text, as much of it as there is. (`parseTree` loses what lies around the place where a text ends.) */
function parse(text: string): { readonly root: Json | undefined; readonly errors: number } {
  const open: { readonly container: Exclude<Json, { type: 'plain' }>; key: string }[] = [];
  let root: Json | undefined;
  let errors = 0;
  if (isTooDeep(text)) return { root, errors: 1 };
  const add = (value: Json) => {
    const parent = open.at(-1);
    if (parent === undefined) root = value;
    else if (parent.container.type === 'list') parent.container.items.push(value);
    else parent.container.entries.push({ key: parent.key, value });
  };
  const begin = (container: Exclude<Json, { type: 'plain' }>) => {
    add(container);
    open.push({ container, key: '' });
  };
  /** `length` of its bracket: 0 at the end of a text without it. */
  const end = (_: number, length: number) => {
    const closed = open.pop();
    if (closed !== undefined) closed.container.complete = length > 0;
  };
  visit(
    text,
    {
      onObjectBegin: () => begin({ type: 'object', entries: [], complete: false }),
      onObjectProperty: (key) => {
        const parent = open.at(-1);
        if (parent !== undefined) parent.key = key;
      },
      onObjectEnd: end,
      onArrayBegin: () => begin({ type: 'list', items: [], complete: false }),
      onArrayEnd: end,
      onLiteralValue: (value: unknown, offset, length) => {
        const complete = offset + length < text.length || (text[offset] === '"' && length > 1 && closes(text));
        add({ type: 'plain', value: value === null ? '' : String(value), complete });
      },
      onError: () => errors++,
    },
    { allowTrailingComma: true },
  );
  return { root, errors };
}

/** Whether the text ends with a quote, and not with `\"`. A number at the end might go on. */
function closes(text: string): boolean {
  const backslashes = /(\\*)"$/.exec(text)?.[1];
  return backslashes !== undefined && backslashes.length % 2 === 0;
}

function entitiesOf(json: Json, type: string): Entity[] {
  switch (json.type) {
    case 'plain':
      return json.complete && json.value.trim() !== '' ? [entity(type, json.value)] : [];
    case 'list':
      return json.items.flatMap((item) => (item.type === 'object' && !item.complete ? [] : entitiesOf(item, type)));
    case 'object': {
      const single = typedEntity(json.entries);
      if (single !== null) return json.complete ? [single] : [];
      return json.entries.flatMap(({ key, value }) => {
        if (!json.complete && value.type === 'plain' && halves.has(key.toLowerCase())) return [];
        return entitiesOf(value, type === '' ? key : `${type}.${key}`);
      });
    }
  }
}

/** Of `{"type": …, "text": …}`; null where the object is something else. */
function typedEntity(entries: readonly { readonly key: string; readonly value: Json }[]): Entity | null {
  const values = new Map<string, string>();
  for (const { key, value } of entries) {
    if (value.type === 'plain' && value.value !== '') values.set(key.toLowerCase(), value.value);
  }
  const first = (keys: readonly string[]) => keys.find((key) => values.has(key));
  const typeKey = first(typeKeys) ?? 'entity';
  const textKey = first(textKeys) ?? 'entity';
  const type = values.get(typeKey);
  const text = values.get(textKey);
  return type === undefined || text === undefined || typeKey === textKey ? null : entity(type, text);
}
