/**
 * `npm run check`: everything that can be said about the code without running it. All checks run, also after one that
 * failed, so that one look shows all there is to mend.
 */
import { ensureInstalled } from './install.mjs';
import { exitWith, packageFile, runNode } from './node.mjs';

await exitWith(async () => {
  ensureInstalled();
  const checks = [
    { name: 'types', args: [packageFile('typescript/bin/tsc'), '--noEmit'] },
    { name: 'types, pure floors', args: [packageFile('typescript/bin/tsc'), '--project', 'tsconfig.pure.json'] },
    { name: 'format and lint', args: [packageFile('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'] },
    { name: 'floors', args: ['scripts/floors.mjs'] },
    { name: 'unused code and packages', args: [packageFile('knip/bin/knip.js')] },
  ];
  const failed = [];
  for (const { name, args } of checks) {
    process.stdout.write(`— ${name}\n`);
    if ((await runNode(args)) !== 0) failed.push(name);
  }
  process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
  return failed.length === 0 ? 0 : 1;
});
