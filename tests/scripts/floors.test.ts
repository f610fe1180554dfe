import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkFloors, floors, readSources } from '../../scripts/floors.mjs';

/** What the check says about these files, as `file:line message`. */
function check(files: Record<string, string>): string[] {
  return checkFloors(new Map(Object.entries(files))).map(({ file, line, message }) => `${file}:${line} ${message}`);
}

describe('the floor check', () => {
  it('finds nothing in this repository', () => {
    const sources = readSources(fileURLToPath(new URL('../..', import.meta.url)));
    expect(sources.has('src/errors.ts')).toBe(true);
    expect(checkFloors(sources)).toEqual([]);
  });

  it('lets a file import its own folder, a lower floor by its index.ts, and the ground', () => {
    const files = {
      'src/errors.ts': '',
      'src/onnx/index.ts': '',
      'src/tuning/adamw.ts': '',
      'src/tuning/methods/prefix.ts':
        "import { a } from '../adamw';\nimport { b } from '../../onnx';\nimport { c } from '../../errors';",
    };
    expect(check(files)).toEqual([]);
  });

  it('catches an import from a higher floor, also of a type alone, and says where', () => {
    const files = {
      'src/tuning/index.ts': '',
      'src/onnx/reader.ts': "import './wire';\nimport type { Trainer } from '../tuning';",
    };
    expect(check(files)).toEqual([
      'src/onnx/reader.ts:2 imports ../tuning from a higher floor: tuning/ is above onnx/',
    ]);
  });

  it.each([
    ['a re-export', "export * from '../ui';"],
    ['a named re-export', "export { App } from '../ui';"],
    ['a dynamic import', "const ui = await import('../ui');"],
    ['an import in a type', "type App = import('../ui').App;"],
  ])('catches %s', (_, source) => {
    expect(check({ 'src/ui/index.ts': '', 'src/data/a.ts': source })).toHaveLength(1);
  });

  it('judges an import of a folder also where its index.ts is missing', () => {
    expect(check({ 'src/ui/a.ts': "import '../worker';" })).toEqual([]);
    expect(check({ 'src/onnx/a.ts': "import '../worker';" })).toHaveLength(1);
  });

  it('knows every pair of floors', () => {
    for (const [low, lower] of floors.entries()) {
      for (const higher of floors.slice(low + 1)) {
        const files = { [`src/${higher}/index.ts`]: '', [`src/${lower}/a.ts`]: `import '../${higher}';` };
        expect(check(files), `${lower} imports ${higher}`).toHaveLength(1);
      }
    }
  });

  it('catches an import of the inside of another folder', () => {
    const files = { 'src/onnx/wire.ts': '', 'src/autodiff/a.ts': "import { varint } from '../onnx/wire';" };
    expect(check(files)).toEqual([
      'src/autodiff/a.ts:1 imports ../onnx/wire, the inside of a folder; import ../onnx (its index.ts)',
    ]);
  });

  it('lets a file of types alone be imported directly, and keeps code out of it', () => {
    const files = {
      'src/runtime/backend.ts': "import type { DataType } from '../onnx';",
      'src/onnx/index.ts': '',
      'src/kernels/a.ts': "import type { Backend } from '../runtime/backend';",
    };
    expect(check(files)).toEqual([]);
    files['src/runtime/backend.ts'] = "import { sizeOf } from '../onnx';";
    expect(check(files)).toEqual(['src/runtime/backend.ts:1 imports code into a file of types']);
  });

  it('keeps what lies on the ground away from every floor', () => {
    const files = { 'src/onnx/index.ts': '', 'src/errors.ts': "import type { Node } from './onnx';" };
    expect(check(files)).toEqual(['src/errors.ts:1 imports ./onnx from a higher floor: onnx/ is above the ground']);
  });

  it('keeps React in ui/, ONNX Runtime in runtime/ and Node in cli/', () => {
    expect(check({ 'src/state/a.ts': "import { useState } from 'react';" })).toEqual([
      'src/state/a.ts:1 imports react; only ui/ may',
    ]);
    expect(check({ 'src/onnx/a.ts': "import * as ort from 'onnxruntime-web/webgpu';" })).toHaveLength(1);
    expect(check({ 'src/models/a.ts': "import { readFile } from 'node:fs/promises';" })).toHaveLength(1);
    const allowed = {
      'src/ui/a.tsx': "import { useState } from 'react';\nimport { Button } from '@mantine/core';",
      'src/runtime/a.ts': "import * as ort from 'onnxruntime-web/webgpu';",
      'src/cli/a.ts': "import { readFile } from 'node:fs/promises';",
    };
    expect(check(allowed)).toEqual([]);
  });

  it('follows the page’s imports to ONNX Runtime through other folders, types left aside', () => {
    const files = {
      'src/runtime/index.ts': "export * from './session';",
      'src/runtime/session.ts': "import * as ort from 'onnxruntime-web/webgpu';",
      'src/state/model.ts': "import type { Session } from '../runtime';",
    };
    expect(check(files)).toEqual([]);
    files['src/state/model.ts'] = "import { open } from '../runtime';";
    expect(check(files)).toEqual([
      'src/runtime/session.ts:1 brings onnxruntime-web/webgpu into the page ' +
        '(src/state/model.ts → src/runtime/index.ts → src/runtime/session.ts)',
    ]);
  });

  it('catches a folder or file that lies on no floor', () => {
    expect(check({ 'src/utils/a.ts': '', 'src/helpers.ts': '' })).toHaveLength(2);
  });

  it('keeps the page out of the command line programs', () => {
    expect(check({ 'src/state/index.ts': '', 'src/cli/a.ts': "import '../state';" })).toHaveLength(1);
  });
});
