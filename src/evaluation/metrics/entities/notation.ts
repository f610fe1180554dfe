/**
 * In which notation a dataset writes its entities, recognised from all of its targets together, since a single one may not
 * show it (a sentence in which nothing is marked). An answer is then read in that notation, leniently; one that is written
 * otherwise has no entities.
 */
import type { Entity } from './entity';
import { isAbsent, isCommaList, isFields, isList, readCommaList, readFields, readList } from './fields';
import { hasLinks, hasXml, readLinks, readXml } from './inline';
import { isJson, readJson } from './json';
import { isTags, readTags } from './tags';

export type Notation = 'tags' | 'json' | 'xml' | 'links' | 'fields' | 'list' | 'comma-list';

interface Reader {
  readonly notation: Notation;
  /** Whether a target shows that it is written so. */
  readonly shows: (text: string) => boolean;
  readonly read: (text: string) => Entity[];
}

/** From the one that no other text looks like to the one that any text could be. */
const readers: readonly Reader[] = [
  { notation: 'tags', shows: isTags, read: readTags },
  { notation: 'json', shows: isJson, read: readJson },
  { notation: 'xml', shows: hasXml, read: readXml },
  { notation: 'links', shows: hasLinks, read: readLinks },
  { notation: 'fields', shows: isFields, read: readFields },
  { notation: 'list', shows: isList, read: readList },
  { notation: 'comma-list', shows: isCommaList, read: readCommaList },
];

/** Enough to speak for a notation that marks entities: the other targets may have none. */
const ENOUGH = 0.1;

/** The one that most targets show, lists only where hardly any shows another. */
export function notationOf(targets: readonly string[]): Notation {
  const written = targets.filter((target) => target.trim() !== '');
  const votes = new Map<Notation, number>();
  for (const target of written) {
    const shown = readers.find(({ shows }) => shows(target))?.notation;
    if (shown !== undefined) votes.set(shown, (votes.get(shown) ?? 0) + 1);
  }
  const isPlain = (notation: Notation) => notation === 'list' || notation === 'comma-list';
  const [best] = [...votes]
    .filter(([notation, count]) => !isPlain(notation) && count >= ENOUGH * written.length)
    .sort(([, a], [, b]) => b - a);
  if (best !== undefined) return best[0];
  return votes.has('list') || !votes.has('comma-list') ? 'list' : 'comma-list';
}

export function readEntities(text: string, notation: Notation): Entity[] {
  return readers.find((reader) => reader.notation === notation)?.read(text) ?? [];
}

/** Whether an answer says that there is no entity: by a word for nothing, or by what has the notation's form and holds none. */
export function saysNone(text: string, notation: Notation): boolean {
  const reader = readers.find((one) => one.notation === notation);
  return isAbsent(text) || (reader?.shows(text) === true && reader.read(text).length === 0);
}
