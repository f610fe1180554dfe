/**
 * Entities marked in the text they stand in: `<person>Ann</person> lives in <place>Oslo</place>`, or
 * `[Ann](person) lives in [Oslo](place)`. What stands around them does not count. Tags may be nested; one that is never
 * closed is no entity.
 */
import { type Entity, entity } from './entity';

const tag = /<(\/?)([\p{L}_][\p{L}\p{N}_.:-]*)(?:\s[^<>]*)?>/gu;
const link = /\[([^[\]]+)\]\(([^()]+)\)/g;

export function hasXml(text: string): boolean {
  return readXml(text).length > 0;
}

export function readXml(text: string): Entity[] {
  const entities: Entity[] = [];
  const open: { readonly type: string; readonly start: number }[] = [];
  for (const { 0: whole, 1: slash, 2: type = '', index } of text.matchAll(tag)) {
    if (slash === '') {
      open.push({ type, start: index + whole.length });
      continue;
    }
    const at = open.findLastIndex((one) => one.type === type);
    if (at < 0) continue;
    // Those opened within it that are still open never close.
    const [closed] = open.splice(at);
    if (closed !== undefined) entities.push(entity(type, text.slice(closed.start, index).replace(tag, '')));
  }
  return entities;
}

export function hasLinks(text: string): boolean {
  return readLinks(text).length > 0;
}

export function readLinks(text: string): Entity[] {
  return [...text.matchAll(link)].map(([, value = '', type = '']) => entity(type, value));
}
