/** Entities of answers: tag sequences against seqeval, every other notation by hand. */
import { describe, expect, it } from 'vitest';
import {
  countEntities,
  countsByType,
  type Entity,
  type EntityCounts,
  entityMeasures,
} from '../../../src/evaluation/metrics/entities/entity';
import { type Notation, notationOf, readEntities } from '../../../src/evaluation/metrics/entities/notation';
import { tagSequences } from './goldens';

const pairs = (entities: readonly Entity[]) => entities.map(({ type, value }) => [type, value]);
const read = (text: string, notation: Notation) => pairs(readEntities(text, notation));

const scores = (rows: readonly EntityCounts[]) => {
  const { precision, recall, f1 } = entityMeasures(rows);
  return [precision, recall, f1].map((measure) => measure.of(rows.map(() => 1)));
};
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12));

describe('sequences of tags', () => {
  const cases = tagSequences();

  it('have the entities that seqeval finds in them, in all schemes', () => {
    expect(cases.length).toBeGreaterThan(100);
    for (const { targets, entities } of cases) {
      targets.forEach((target, i) => {
        expect(read(target, 'tags'), target).toEqual(entities[i]);
      });
    }
  });

  it('are scored as seqeval does, together and by type', () => {
    for (const { targets, answers, precision, recall, f1, by_type } of cases) {
      const rows = targets.map((target, i) => ({
        target: readEntities(target, 'tags'),
        answer: readEntities(answers[i] ?? '', 'tags'),
      }));
      const counts = rows.map(({ answer, target }) => countEntities(answer, target));
      expect(scores(counts)).toEqual(close([precision, recall, f1]));
      const byType = [...countsByType(rows)].map(([type, counted]) => [type, scores([counted])]);
      const expected = Object.entries(by_type).map(([type, values]) => [type, close(values)]);
      expect(Object.fromEntries(byType)).toEqual(Object.fromEntries(expected));
    }
  });

  it('are read with whatever stands between them, up to the first word that is no tag', () => {
    expect(read("['B-PER', 'I-PER', 'O']", 'tags')).toEqual([['PER', '0-1']]);
    expect(read('B-PER\nO\nB-LOC', 'tags')).toEqual([
      ['PER', '0-0'],
      ['LOC', '2-2'],
    ]);
    expect(read('B-PER O and so on B-LOC', 'tags')).toEqual([['PER', '0-0']]);
  });
});

describe('entities in JSON', () => {
  it('are values under their type', () => {
    expect(
      read('{"person": ["Ann", " Bo "], "place": "Oslo", "year": 1999, "none": null, "no": [], "": ""}', 'json'),
    ).toEqual([
      ['person', 'Ann'],
      ['person', 'Bo'],
      ['place', 'Oslo'],
      ['year', '1999'],
    ]);
    expect(read('{"person": {"name": "Ann", "age": 7}}', 'json')).toEqual([
      ['person.name', 'Ann'],
      ['person.age', '7'],
    ]);
  });

  it.each([
    '[{"type": "person", "text": "Ann"}]',
    '[{"label": "person", "value": "Ann", "start": 0, "end": 3}]',
    '[{"entity": "person", "word": "Ann", "score": 0.9}]',
    '[{"entity": "Ann", "type": "person"}]',
    '{"entities": [{"Type": "person", "Text": "Ann"}]}',
    '{"entity_group": "person", "word": "Ann"}',
  ])('are objects with a type and a text: %s', (text) => {
    expect(read(text, 'json')).toEqual([['person', 'Ann']]);
  });

  it('are read out of what a model writes around them', () => {
    expect(read('Sure!\n```json\n{"person": "Ann"}\n```\nAnything else?', 'json')).toEqual([['person', 'Ann']]);
    expect(read('{"person": "Ann"} {"person": "Bo"}', 'json')).toEqual([['person', 'Ann']]);
    expect(read('{"person": ["Ann",],}', 'json')).toEqual([['person', 'Ann']]);
    expect(read('There are none.', 'json')).toEqual([]);
    expect(read('['.repeat(100_000), 'json')).toEqual([]);
  });

  it('count as far as they are complete where a text is cut off', () => {
    const whole = '{"person": ["Ann", "B\\"o"], "year": 1999, "list": [{"type": "place", "text": "Oslo"}]}';
    const entities = read(whole, 'json');
    expect(entities).toHaveLength(4);
    let counted = 0;
    for (let length = 0; length <= whole.length; length++) {
      const cut = read(whole.slice(0, length), 'json');
      expect(cut).toEqual(entities.slice(0, cut.length));
      expect(cut.length).toBeGreaterThanOrEqual(counted);
      counted = cut.length;
    }
    expect(read('{"person": ["Ann", "B', 'json')).toEqual([['person', 'Ann']]);
    expect(read('{"person": ["Ann", "B\\"', 'json')).toEqual([['person', 'Ann']]);
    expect(read('{"person": ["Ann", "Bo"', 'json')).toEqual([
      ['person', 'Ann'],
      ['person', 'Bo'],
    ]);
    expect(read('{"year": 19', 'json')).toEqual([]);
    expect(read('[{"type": "place", "text": "Os', 'json')).toEqual([]);
    expect(read('[{"type": "place", "text": "Oslo"', 'json')).toEqual([]);
    expect(read('[{"entity": "place", "score": 0.9, "wo', 'json')).toEqual([]);
    expect(read('{"type": "place", "city": "Oslo", "na', 'json')).toEqual([['city', 'Oslo']]);
  });
});

describe('entities marked in text', () => {
  it('are what stands between tags, also nested ones', () => {
    expect(read('<person>Ann</person> lives in <place id="1">Oslo</place>.', 'xml')).toEqual([
      ['person', 'Ann'],
      ['place', 'Oslo'],
    ]);
    expect(read('<org>University of <place>Oslo</place></org>', 'xml')).toEqual([
      ['place', 'Oslo'],
      ['org', 'University of Oslo'],
    ]);
  });

  it('need both tags', () => {
    expect(read('<person>Ann lives in <place>Oslo</place></b> 3 < 5 <person>Bo', 'xml')).toEqual([['place', 'Oslo']]);
    expect(read('<a><b>x</a></b>', 'xml')).toEqual([['a', 'x']]);
  });

  it('are links with the type as address', () => {
    expect(read('[Ann](person) lives in [New York](place), [sic]', 'links')).toEqual([
      ['person', 'Ann'],
      ['place', 'New York'],
    ]);
  });
});

describe('entities in fields and lists', () => {
  it('are one value a field, commas and all, and several in brackets', () => {
    expect(read('person: Ann; place: Oslo, Norway; year:1999', 'fields')).toEqual([
      ['person', 'Ann'],
      ['place', 'Oslo, Norway'],
      ['year', '1999'],
    ]);
    expect(read('- person: [Ann, "Bo"]\n- person: Cy\n\n- place: none', 'fields')).toEqual([
      ['person', 'Ann'],
      ['person', 'Bo'],
      ['person', 'Cy'],
    ]);
    expect(read('person: Ann, place: Oslo, Norway, time: 10:30', 'fields')).toEqual([
      ['person', 'Ann'],
      ['place', 'Oslo, Norway'],
      ['time', '10:30'],
    ]);
  });

  it('leave out what is no field', () => {
    expect(read('Here they are; person: Ann; see https://example.org', 'fields')).toEqual([['person', 'Ann']]);
  });

  it('are, in a list, told apart by their place, also after an empty one', () => {
    expect(read('Ann; ; Oslo, Norway', 'list')).toEqual([
      ['1', 'Ann'],
      ['3', 'Oslo, Norway'],
    ]);
    expect(read('Ann, -, Oslo', 'comma-list')).toEqual([
      ['1', 'Ann'],
      ['3', 'Oslo'],
    ]);
  });
});

describe('the notation of a dataset', () => {
  it.each<[Notation, string[]]>([
    ['json', ['{"person": "Ann"}', '{}', '']],
    ['json', ['[]', '[{"type": "a", "text": "b"}]']],
    ['tags', ['O O O', 'B-PER I-PER O', 'B-LOC']],
    ['tags', ['["O", "B-PER"]', "['O' 'O']"]],
    ['xml', ['Nobody here', 'It rains; nothing else', '<person>Ann</person> is in <place>Oslo</place>']],
    ['links', ['Nobody here', '[Ann](person)']],
    ['fields', ['person: Ann; place: Oslo', 'person: Bo', 'none']],
    ['list', ['Ann; Oslo', 'Bo', 'Cy; Rome, Italy']],
    ['list', ['Ann', 'Bo']],
    ['comma-list', ['Ann, Oslo', 'Bo']],
    ['list', []],
  ])('is %s for %j', (notation, targets) => {
    expect(notationOf(targets)).toBe(notation);
  });

  it('is not that of a single odd one among many', () => {
    const lists = new Array<string>(20).fill('Ann; Oslo');
    expect(notationOf([...lists, '<b>Ann</b>; Oslo'])).toBe('list');
    expect(notationOf(['{"person": "Ann"}', '{"person": "Bo"}', 'person: Cy'])).toBe('json');
  });

  it('is the only one in which an answer counts', () => {
    expect(read('person: Ann; place: Oslo', 'json')).toEqual([]);
    expect(read('{"person": "Ann"}', 'xml')).toEqual([]);
    expect(read('Ann lives in Oslo', 'fields')).toEqual([]);
  });
});

describe('counting', () => {
  const entity = (type: string, value: string): Entity => ({ type, value });

  it('takes the type and the value to the letter, in any order, and repetitions as often as the target has them', () => {
    const target = [entity('a', 'x'), entity('a', 'x'), entity('b', 'y')];
    expect(countEntities([...target].reverse(), target)).toEqual({ found: 3, written: 3, inTarget: 3 });
    const answer = [entity('a', 'x'), entity('a', 'x'), entity('a', 'x'), entity('b', 'Y'), entity('a', 'y')];
    expect(countEntities(answer, target)).toEqual({ found: 2, written: 5, inTarget: 3 });
  });

  it('gives 0 where there is nothing to divide by', () => {
    expect(scores([{ found: 0, written: 0, inTarget: 0 }])).toEqual([0, 0, 0]);
    expect(scores([{ found: 0, written: 2, inTarget: 0 }])).toEqual([0, 0, 0]);
  });
});
