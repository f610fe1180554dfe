/** What a large dataset costs: a CSV file of a million rows, through the engine as the page has it, once for all its figures. */
import { createWriteStream, openAsBlob } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { defaultModelName, singleModelLibrary } from '../../models';
import { PreludeEngine } from '../../worker/engine';
import type { DatasetSource } from '../../worker/protocol';
import { modelFolder } from '../localFolder';

const ROWS = 1_000_000;
const ROWS_AT_ONCE = 5000;
/** With its numbers and label, a row of 200 bytes. */
const TEXT =
  'The soup came late, but it was warm and the bread was fresh; we stayed for another hour and talked. '.repeat(2);
const TEXT_CHARACTERS = 182;

export const describeDataset = 'a CSV file of 200 MB and a million rows, every third quoted';

const folder = fileURLToPath(new URL(`../../../public/models/${defaultModelName}`, import.meta.url));

interface Measured {
  readonly previewSeconds: number;
  readonly readSeconds: number;
  readonly peakBytes: number;
}

let measured: Promise<Measured> | undefined;

const measure = () => {
  measured ??= measureOnce();
  return measured;
};

export const datasetPreviewSeconds = async () => (await measure()).previewSeconds;
export const datasetReadSeconds = async () => (await measure()).readSeconds;
export const datasetPeakBytes = async () => (await measure()).peakBytes;

async function measureOnce(): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'prelude-bench-'));
  try {
    const path = join(directory, 'reviews.csv');
    await pipeline(lines(), createWriteStream(path));
    const engine = new PreludeEngine({ models: singleModelLibrary(await modelFolder(folder)) });
    await engine.loadModel({ type: 'bundled', name: defaultModelName }, 'wasm', () => {});
    const blob = await openAsBlob(path);
    return await setLarge(engine, { key: path, name: 'reviews.csv', files: [{ path: 'reviews.csv', blob }] });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function setLarge(engine: PreludeEngine, source: DatasetSource): Promise<Measured> {
  const before = heldBytes();
  let peakBytes = 0;
  const look = () => {
    peakBytes = Math.max(peakBytes, heldBytes() - before);
  };
  const timer = setInterval(look, 50);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  let previewSeconds = Number.NaN;
  const { report } = await engine.setDataset(source, {}, ({ type }) => {
    look();
    if (type === 'preview') previewSeconds = seconds();
  });
  const readSeconds = seconds();
  clearInterval(timer);
  if (report.read !== ROWS) throw new Error(`${report.read} of ${ROWS} rows were read`);
  return { previewSeconds, readSeconds, peakBytes };
}

/** What is garbage by now counts, too. */
function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function* lines(): Generator<string> {
  yield 'id,text,label\n';
  for (let first = 0; first < ROWS; first += ROWS_AT_ONCE) {
    let text = '';
    for (let i = first; i < first + ROWS_AT_ONCE; i++) text += line(i);
    yield text;
  }
}

function line(i: number): string {
  const shift = i % (TEXT.length - TEXT_CHARACTERS);
  const text = TEXT.slice(shift, shift + TEXT_CHARACTERS);
  return `${i},${i % 3 ? text.replaceAll(',', '') : `"${text}"`},${i % 2 ? 'good' : 'bad'}\n`;
}
