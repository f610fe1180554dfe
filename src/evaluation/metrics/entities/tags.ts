/**
 * Sequences of tags, one a word: `B-PER I-PER O B-LOC`, as IOB2, IOB1, BIOES (IOBES) or BILOU write them. Read as seqeval
 * does by default (and conlleval before it), which is lenient: an `I-` after `O`, or of another type than the tag before,
 * begins an entity. Words are not in the text, so the value of an entity is where it stands: `0-1`.
 */
import { type Entity, entity } from './entity';

const tag = /^(?:O|[BIESLU](?:-\S+)?)$/;

/** Also with commas, brackets and quotes between the tags, as lists of them are printed. */
function split(text: string): string[] {
  return text.split(/[\s,'"[\]]+/).filter((word) => word !== '');
}

/** Whether a text is tags from beginning to end. A lone `I`, `E` … is rather a word. */
export function isTags(text: string): boolean {
  const words = split(text);
  return words.every((word) => tag.test(word)) && words.some((word) => word === 'O' || word.includes('-'));
}

/** Up to the first word that is no tag: after it the places no longer count. */
export function readTags(text: string): Entity[] {
  const words = split(text);
  const end = words.findIndex((word) => !tag.test(word));
  return entitiesOf(end < 0 ? words : words.slice(0, end));
}

function entitiesOf(tags: readonly string[]): Entity[] {
  const entities: Entity[] = [];
  let before = { position: 'O', type: '' };
  let begin = 0;
  [...tags, 'O'].forEach((one, place) => {
    const position = one.charAt(0);
    const type = one.slice(2) || '_';
    const changes = before.type !== type;
    const afterLast = before.position === 'E' || before.position === 'S';
    const ends =
      afterLast || ('BI'.includes(before.position) && 'BSO'.includes(position)) || (before.position !== 'O' && changes);
    const begins =
      'BS'.includes(position) ||
      ((afterLast || before.position === 'O') && 'EI'.includes(position)) ||
      (position !== 'O' && changes);
    if (ends) entities.push(entity(before.type, `${begin}-${place - 1}`));
    if (begins) begin = place;
    before = { position, type };
  });
  return entities;
}
