/**
 * `npm test`: installs what is missing, finds or installs Chromium, then runs every test: unit, in the browser, end to
 * end. Arguments go to Vitest, e.g. `npm test -- tests/onnx` or `npm test -- --project unit`.
 */
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled } from './install.mjs';
import { exitWith, packageFile, runNode } from './node.mjs';

await exitWith(async () => {
  ensureInstalled();
  const chromium = await ensureChromium();
  const args = [packageFile('vitest/vitest.mjs'), 'run', ...process.argv.slice(2)];
  return runNode(args, { env: { CHROME_PATH: chromium } });
});
