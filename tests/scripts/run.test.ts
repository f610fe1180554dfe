import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/run.mjs', import.meta.url));

describe('scripts/run.mjs', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'prelude-run-'));
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function run(source: string, ...args: string[]) {
    const program = join(directory, 'program.ts');
    writeFileSync(program, source);
    return spawnSync(process.execPath, [script, program, ...args], { cwd: directory, encoding: 'utf8' });
  }

  it('prints what the program prints and nothing else, and hands over its arguments', () => {
    const { stdout, status } = run(
      'const args: string[] = process.argv.slice(2);\nconsole.log(args.join());',
      'a',
      '-b',
    );
    expect(stdout).toBe('a,-b\n');
    expect(status).toBe(0);
  });

  it('ends with the program’s exit code', () => {
    expect(run('process.exit(3);').status).toBe(3);
  });

  it('keeps the working directory, so that relative paths mean what the person meant', () => {
    writeFileSync(join(directory, 'data.txt'), 'here');
    const { stdout } = run("import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('data.txt', 'utf8'));");
    expect(stdout).toBe('here\n');
  });

  it('loads a shader’s text as Vite does', () => {
    writeFileSync(join(directory, 'add.wgsl'), 'override n: u32;\n');
    const { stdout } = run("import text from './add.wgsl?raw';\nconsole.log(JSON.stringify(text));");
    expect(stdout).toBe('"override n: u32;\\n"\n');
  });
});
