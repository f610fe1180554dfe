/**
 * `npm run -s bench -- [--json] [--only NAME,…]`: the figures that say how good Prelude is, one at a time. The figures are
 * in bench/figures.ts; here is the command line.
 */
import { parseArgs } from 'node:util';
import { removeBuild } from './bench/builtPage';
import { type Figure, figures } from './bench/figures';
import { describeError } from './describeError';

const width = Math.max(...figures.map(({ name }) => name.length));
const USAGE = `Usage: npm run -s bench -- [--json] [--only NAME,…]

  --json    one JSON object; a figure that was not taken is null
  --only    take these alone

${figures.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`).join('\n')}
`;

/** Four significant digits; bytes whole. */
const rounded = (value: number | null): number | null => {
  if (value === null || !Number.isFinite(value)) return null;
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
};

function chosen(only: string | undefined): readonly Figure[] {
  if (only === undefined) return figures;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !figures.some((figure) => figure.name === name));
  if (unknown !== undefined) throw new Error(`There is no figure named "${unknown}".\n${USAGE}`);
  return figures.filter(({ name }) => names.includes(name));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const taken: Record<string, number | null> = Object.fromEntries(figures.map(({ name }) => [name, null]));
  let failed = 0;
  for (const { name, unit, measure } of chosen(values.only)) {
    try {
      const value = measure && rounded(await measure());
      taken[name] = value;
      if (!values.json) process.stdout.write(`${name.padEnd(width)}  ${value === null ? '–' : `${value} ${unit}`}\n`);
    } catch (error) {
      failed++;
      process.stderr.write(`${name}: ${describeError(error)}\n`);
    }
  }
  await removeBuild();
  if (values.json) process.stdout.write(`${JSON.stringify(taken)}\n`);
  return failed > 0 ? 1 : 0;
}

// ONNX Runtime's threads keep Node alive, so the end has to be said; what was written is flushed before.
const code = await main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  return 1;
});
process.stdout.write('', () => process.exit(code));
