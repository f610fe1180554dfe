/**
 * `npm start`: installs what is missing, builds the page and serves it on http://localhost:4173 (vite.config.ts sets the
 * port and the headers). Arguments go to `vite preview`, e.g. `npm start -- --port 8080 --open`.
 */
import { ensureInstalled } from './install.mjs';
import { exitWith, packageFile, runNode } from './node.mjs';

await exitWith(async () => {
  ensureInstalled();
  const vite = packageFile('vite/bin/vite.js');
  const built = await runNode([vite, 'build', '--logLevel', 'warn']);
  return built === 0 ? runNode([vite, 'preview', ...process.argv.slice(2)]) : built;
});
