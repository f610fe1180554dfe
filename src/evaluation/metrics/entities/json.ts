/**
 * Entities in JSON:
 *
 *   {"person": ["Ann", "Bo"], "place": "Oslo"}              a key is a type, what is under it its values
 *   {"person": {"name": "Ann"}}                             … nested: the type is `person.name`
 *   [{"type": "person", "text": "Ann"}]                     objects with a type and a text, alone, in a list or under any key
 *
 * null, "" and empty lists are no entity. A model may write around the JSON, or be cut off within it: what counts are the
 * values that are complete, from the first bracket on.
 */
import { type Node, type ParseError, parseTree } from 'jsonc-parser';
import { type Entity, entity } from './entity';

/** Which key holds the type, and which the text; `entity` is either, depending on what else there is. */
const typeKeys = ['type', 'label', 'entity_type', 'entity_group', 'tag', 'category', 'class'];
const textKeys = ['text', 'value', 'word', 'span', 'mention', 'name'];

/** Whether a text is an object or a list in JSON from beginning to end. */
export function isJson(text: string): boolean {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return false;
  const errors: ParseError[] = [];
  parseTree(trimmed, errors);
  return errors.length === 0;
}

/** null where there is no bracket in it. */
export function readJson(text: string): Entity[] | null {
  const start = text.search(/[[{]/);
  if (start < 0) return null;
  const json = text.slice(start);
  const root = parseTree(json, [], { allowTrailingComma: true });
  if (root === undefined) return [];
  return entitiesOf(root, '', (node) => isComplete(node, json));
}

/** A text at the very end lacks its closing quote, and a number there may go on. */
function isComplete(node: Node, json: string): boolean {
  const end = node.offset + node.length;
  return end < json.length || (node.type === 'string' && node.length > 1 && closes(json));
}

/** Whether the last quote of the text is one, and no `\"`. */
function closes(json: string): boolean {
  const backslashes = /(\\*)"$/.exec(json)?.[1];
  return backslashes !== undefined && backslashes.length % 2 === 0;
}

function entitiesOf(node: Node, type: string, complete: (node: Node) => boolean): Entity[] {
  switch (node.type) {
    case 'array':
      return (node.children ?? []).flatMap((child) => entitiesOf(child, type, complete));
    case 'object': {
      const single = typedEntity(node, complete);
      if (single !== null) return single;
      return (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
        key === undefined || value === undefined
          ? []
          : entitiesOf(value, type === '' ? key.value : `${type}.${key.value}`, complete),
      );
    }
    case 'null':
      return [];
    default: {
      const value = String(node.value);
      return value.trim() === '' || !complete(node) ? [] : [entity(type, value)];
    }
  }
}

/** The entity of `{"type": …, "text": …}`, none when one of them is cut off; null where the object is something else. */
function typedEntity(node: Node, complete: (node: Node) => boolean): Entity[] | null {
  const values = new Map<string, Node>();
  for (const { children: [key, value] = [] } of node.children ?? []) {
    if (key !== undefined && value !== undefined) values.set(String(key.value).toLowerCase(), value);
  }
  const first = (keys: readonly string[]) => keys.map((key) => values.get(key)).find((value) => value !== undefined);
  const named = values.get('entity');
  const type = first(typeKeys) ?? named;
  const text = first(textKeys) ?? named;
  if (type === undefined || text === undefined || type === text) return null;
  if (!isPlain(type) || !isPlain(text)) return null;
  return complete(type) && complete(text) ? [entity(String(type.value), String(text.value))] : [];
}

const isPlain = ({ type }: Node) => type === 'string' || type === 'number' || type === 'boolean';
