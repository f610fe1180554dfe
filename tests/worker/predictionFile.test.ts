/** Files with predictions: what is added, what stays, and what a spreadsheet would make of it. */
import { expect, it } from 'vitest';
import { parseDataset } from '../../src/data';
import { type Prediction, predictionFile } from '../../src/worker/predictionFile';
import { textSource } from '../support/source';

const written = (...texts: readonly (string | null)[]): (Prediction | null)[] =>
  texts.map((text) => (text === null ? null : { text, probability: null }));

async function fileOf(name: string, text: string, predictions: readonly (Prediction | null)[]) {
  const task = predictions.some((one) => one?.probability != null) ? 'choose' : 'write';
  const file = await predictionFile(textSource(name, text), parseDataset(name, text), predictions, task);
  return { name: file.name, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.bytes) };
}

it('a table is CSV that spreadsheets read as UTF-8, whatever its delimiter was', async () => {
  const { name, text } = await fileOf(
    'places/my.cities.tsv',
    'city\tn\nKöln, am Rhein\t1\nUlm\t2\n',
    written('a "b"', 'c'),
  );
  expect(name).toBe('my.cities-predictions.csv');
  expect(text).toBe('\uFEFFcity,n,prediction\r\n"Köln, am Rhein",1,"a ""b"""\r\nUlm,2,c\r\n');
});

it('rows without a prediction have an empty one, and labels have a probability', async () => {
  const predictions = [{ text: 'good', probability: 0.75 }, null];
  const { text } = await fileOf('a.csv', 'text,n\nx,1\ny,2\nz,3\n', predictions);
  expect(text).toBe('\uFEFFtext,n,prediction,probability\r\nx,1,good,0.75\r\ny,2,,\r\nz,3,,\r\n');
});

it('a formula that the model wrote is text; numbers, and what the file came with, stay', async () => {
  const { text } = await fileOf('a.csv', 'text,n\n=1+1,1\nx,2\ny,3\n', written('=HYPERLINK("x")', '-5.5', '@me'));
  const cells = text.split('\r\n').slice(1, 4);
  expect(cells).toEqual(['=1+1,1,"\'=HYPERLINK(""x"")"', 'x,2,-5.5', "y,3,'@me"]);
});

it('JSON Lines keeps its objects, whatever they hold, and their order', async () => {
  const lines = ['{"text":"x","deep":{"a":[1,null]}}', '', '{"text":"y","prediction":true}'];
  const { name, text } = await fileOf('a.jsonl', lines.join('\n'), written('=1', null));
  expect(name).toBe('a-predictions.jsonl');
  expect(text).toBe(
    '{"text":"x","deep":{"a":[1,null]},"prediction_2":"=1"}\n{"text":"y","prediction":true,"prediction_2":null}\n',
  );
});

it('in JSON Lines an empty answer is not the same as none', async () => {
  const { text } = await fileOf('a.jsonl', '{"t":1}\n{"t":2}\n', written('', null));
  expect(text).toBe('{"t":1,"prediction":""}\n{"t":2,"prediction":null}\n');
});
