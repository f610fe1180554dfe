/** The README as it is and as it should be, given the rules and the golden cases of this checkout. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { familyTable, type GoldenCase, operatorTable, withTable } from './tables';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../../tests/fixtures/', import.meta.url));

const config = z.object({ model_type: z.string() });

const goldenCases = (): GoldenCase[] =>
  readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(`${FIXTURES}${entry.name}/case.json`))
    .map(({ name }) => ({
      name,
      family: config.parse(JSON.parse(readFileSync(`${FIXTURES}${name}/config.json`, 'utf8'))).model_type,
    }));

export const currentReadme = (): string => readFileSync(README, 'utf8');

export function expectedReadme(): string {
  const operators = withTable(currentReadme(), 'operators', operatorTable());
  return withTable(operators, 'families', familyTable(goldenCases()));
}
