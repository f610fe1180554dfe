/** The README's tables say what the rules and the golden cases say. */
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/rules';
import { currentReadme, expectedReadme } from '../../tools/docs/readme';
import { familyTable, operatorTable, withTable } from '../../tools/docs/tables';
import { knownCases } from '../autodiff/knownCases';
import { loweredCases } from '../autodiff/loweredCases';

describe('the README', () => {
  it('is up to date (else: npm run docs)', () => {
    expect(currentReadme()).toBe(expectedReadme());
  });
});

describe('the table of operators', () => {
  it('names every operator once', () => {
    const named = [...operatorTable().matchAll(/`([^`]+)`/g)].map(([, op]) =>
      (op as string).replace('ms.', 'com.microsoft.'),
    );
    expect(named.sort()).toEqual(Object.keys(rules).sort());
  });

  it('calls known when the graph is built what is never run', () => {
    const known = Object.keys(rules).filter((op) => rules[op]?.folds);
    const ran = new Set(loweredCases.map(({ op }) => op));
    expect(known.filter((op) => ran.has(op) || !knownCases.some((line) => line.op === op))).toEqual([]);
  });
});

describe('the table of families', () => {
  it('counts the cases of each precision', () => {
    const cases = ['llama_q4', 'llama_sep_q4', 'llama_q4f16', 'dyn_llama_op18'].map((name) => ({
      name,
      family: 'llama',
    }));
    expect(familyTable(cases).split('\n')[2]).toBe('| llama | 1 |  |  |  | 2 | 1 |  |  |');
  });

  it('takes the place of what stood between its marks', () => {
    expect(withTable('a <!-- t --> old <!-- /t --> b', 't', 'new')).toBe('a <!-- t -->\n\nnew\n\n<!-- /t --> b');
    expect(() => withTable('no marks', 't', 'new')).toThrow('<!-- t -->');
  });
});
