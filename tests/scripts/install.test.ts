import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { satisfiesNode, staleness } from '../../scripts/install.mjs';

describe('staleness', () => {
  let directory: string;

  function write(file: string, value: unknown): void {
    writeFileSync(join(directory, file), JSON.stringify(value));
  }

  const left = { version: '1.2.0', integrity: 'sha512-left' };
  const native = { version: '3.0.0', integrity: 'sha512-native', optional: true };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'prelude-install-'));
    mkdirSync(join(directory, 'node_modules', 'left'), { recursive: true });
    write('package.json', { dependencies: { left: '1.2.0' } });
    write('package-lock.json', {
      packages: {
        '': { dependencies: { left: '1.2.0' } },
        'node_modules/left': left,
        'node_modules/native-for-another-system': native,
      },
    });
    write('node_modules/.package-lock.json', { packages: { 'node_modules/left': left } });
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('is null when every package is there, without the optional ones of other systems', () => {
    expect(staleness(directory)).toBeNull();
  });

  it('says so when nothing is installed', () => {
    rmSync(join(directory, 'node_modules'), { recursive: true });
    expect(staleness(directory)).toEqual({ reason: 'nothing is installed yet', lockOutdated: false });
  });

  it('does not trust an installation that was interrupted, of which npm left no record', () => {
    rmSync(join(directory, 'node_modules', '.package-lock.json'));
    expect(staleness(directory)).toMatchObject({ reason: 'nothing is installed yet' });
  });

  it('names a package whose version differs', () => {
    write('node_modules/.package-lock.json', { packages: { 'node_modules/left': { ...left, version: '1.1.0' } } });
    expect(staleness(directory)).toEqual({ reason: 'left is 1.1.0, wanted is 1.2.0', lockOutdated: false });
  });

  it('names a package whose folder was deleted', () => {
    rmSync(join(directory, 'node_modules', 'left'), { recursive: true });
    expect(staleness(directory)).toEqual({ reason: 'left is missing', lockOutdated: false });
  });

  it('notices a dependency that was added to package.json by hand', () => {
    write('package.json', { dependencies: { left: '1.2.0', right: '2.0.0' } });
    expect(staleness(directory)).toEqual({ reason: 'dependencies of package.json changed', lockOutdated: true });
  });

  it('does not go by modification times, which a checkout changes', () => {
    utimesSync(join(directory, 'package-lock.json'), new Date(2100, 0), new Date(2100, 0));
    expect(staleness(directory)).toBeNull();
  });
});

describe('satisfiesNode', () => {
  it.each([
    ['20.19.0', true],
    ['20.18.9', false],
    ['18.20.0', false],
    ['24.1.0', true],
  ])('%s with >=20.19: %s', (version, expected) => {
    expect(satisfiesNode(version, '>=20.19')).toBe(expected);
  });
});
