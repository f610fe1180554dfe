/** What the page knows of a file and the worker would not. */
import { expect, it } from 'vitest';
import { pathOf } from '../../src/worker/client';

const fileWith = (properties: Record<string, string>): File => {
  const file = new File(['x'], 'model.onnx');
  for (const [name, value] of Object.entries(properties)) Object.defineProperty(file, name, { value });
  return file;
};

it.each([
  ['a dropped folder', fileWith({ path: './smol/onnx/model.onnx' }), 'smol/onnx/model.onnx'],
  ['a picked folder', fileWith({ webkitRelativePath: 'smol/onnx/model.onnx' }), 'smol/onnx/model.onnx'],
  ['a file alone', fileWith({ path: './model.onnx' }), 'model.onnx'],
  ['a picked file', fileWith({ webkitRelativePath: '' }), 'model.onnx'],
])('the path of %s', (_, file, path) => {
  expect(pathOf(file)).toBe(path);
});
