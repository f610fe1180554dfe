/**
 * Imports an adapter's files into Prelude and measures it on a dataset, mapped and split as `npm run -s tune` does by
 * itself: `node scripts/run.mjs tools/peft-parity/import.ts MODEL DATA FILE...`. Prints {"loss", "accuracy"}.
 */
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { modelFolder } from '../../src/cli/localFolder';
import { singleModelLibrary } from '../../src/models';
import { PreludeEngine } from '../../src/worker/engine';

const [folder = '', data = '', ...paths] = process.argv.slice(2);
const files = await modelFolder(folder);
const engine = new PreludeEngine({ models: singleModelLibrary(files) });
await engine.loadModel({ type: 'bundled', name: files.name }, 'wasm', () => {});
const source = { key: data, name: basename(data), files: [{ path: basename(data), blob: await openAsBlob(data) }] };
await engine.setDataset(source, { validationFraction: 0.2, seed: 0 }, () => {});
const { id } = await engine.importAdapter(
  await Promise.all(paths.map(async (path) => new File([new Uint8Array(await readFile(path))], basename(path)))),
);
process.stdout.write(`${JSON.stringify(await engine.evaluate(id))}\n`);
await engine.unloadModel();
process.exit(0);
