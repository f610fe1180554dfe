/** A dataset as the engine holds it, by what the page shows of it. */
import { expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import { prepareDataset } from '../../src/worker/preparedDataset';
import { fableTokenizer } from '../models/fableTokenizer';

it('offers the held-out rows themselves as examples, also where all rows stand on one line', async () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({ text: `Story number ${i}.`, label: i % 2 ? 'odd' : 'even' }));
  const options = { mapping: { template: 'Text: {text}\nLabel: {label}' }, validationFraction: 0.5 };
  const tokenizer = fableTokenizer();
  const { summary, heldOut } = await prepareDataset(
    parseDataset('rows.json', JSON.stringify(rows)),
    options,
    tokenizer,
    64,
  );
  expect(summary.examples).toHaveLength(heldOut.length);
  summary.examples.forEach(({ prompt, target }, i) => {
    const { tokenIds, targetStart, label } = heldOut[i] ?? expect.fail(`there is no row ${i}`);
    expect(tokenIds.slice(0, targetStart)).toEqual(tokenizer.encode(prompt));
    expect(target).toBe(` ${label}`);
  });
});
