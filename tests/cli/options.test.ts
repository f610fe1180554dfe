/** The options of `npm run tune`: what is taken, what is filled in, and what is refused by name. */
import { describe, expect, it } from 'vitest';
import { parseOptions, USAGE } from '../../src/cli/options';
import { DataError } from '../../src/errors';

const required = ['--model', 'm', '--data', 'd.jsonl', '--out', 'o'];

describe('options of tune', () => {
  it('fill in what is not said', () => {
    expect(parseOptions(required)).toMatchObject({
      model: 'm',
      data: 'd.jsonl',
      out: 'o',
      method: 'prefix',
      length: 16,
      init: 'text',
      batch: 16,
      seed: 0,
      json: false,
    });
    expect(parseOptions(required).steps).toBeUndefined();
  });

  it('take numbers as numbers', () => {
    const given = '--length 8 --steps 20 --epochs 1.5 --lr 2e-2 --batch 4 --seed 7 --validation 0.25 --json'.split(' ');
    expect(parseOptions([...required, ...given])).toMatchObject({
      length: 8,
      steps: 20,
      epochs: 1.5,
      lr: 0.02,
      batch: 4,
      seed: 7,
      validation: 0.25,
      json: true,
    });
  });

  it('take columns and a template', () => {
    const given = ['--input-column', 'text', '--target-column', 'label', '--template', '{text} → {label}'];
    expect(parseOptions([...required, ...given])).toMatchObject({
      'input-column': 'text',
      'target-column': 'label',
      template: '{text} → {label}',
    });
  });

  it.each([
    ['model', ['--data', 'd', '--out', 'o']],
    ['data', ['--model', 'm', '--out', 'o']],
    ['out', ['--model', 'm', '--data', 'd']],
  ])('say that --%s is missing', (name, args) => {
    expect(() => parseOptions(args)).toThrow(`--${name} is missing.`);
  });

  it.each([
    [['--length', '0'], '--length: must be above zero.'],
    [['--length', '2.5'], '--length: must be a whole number.'],
    [['--steps', 'many'], '--steps: '],
    [['--lr=-1'], '--lr: must be above zero.'],
    [['--validation', '0.9'], '--validation: must be between 0 and 0.5.'],
    [['--init', 'magic'], '--init: '],
    [['--method', 'finetune'], '--method: '],
    [['--learning-rate', '1'], 'learning-rate'],
    [['stray'], 'stray'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions([...required, ...args])).toThrow(message);
    try {
      parseOptions([...required, ...args]);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect((error as DataError).hint).toBe(USAGE);
    }
  });

  it('are all in the usage', () => {
    const names = '--model --data --out --method --length --init --steps --epochs --lr --batch --seed --json'.split(
      ' ',
    );
    const more = '--input-column --target-column --template --validation --init-text'.split(' ');
    for (const name of [...names, ...more]) expect(USAGE).toContain(name);
  });
});
