/** What a person types or pastes for a model, and what a link says. */
import { describe, expect, it } from 'vitest';
import { modelAddress, parseModelAddress } from '../../src/state/modelAddress';
import { parseUrl } from '../../src/state/url';

const REPO = 'HuggingFaceTB/SmolLM2-135M-Instruct';
const hub = (revision = 'main', onnxPath?: string) => ({
  type: 'hub',
  repo: REPO,
  revision,
  ...(onnxPath !== undefined && { onnxPath }),
});

describe('a typed or pasted model', () => {
  it.each([
    [REPO, hub()],
    [`  ${REPO}\n`, hub()],
    [`${REPO}@v1.0`, hub('v1.0')],
    [`${REPO}@refs/pr/3`, hub('refs/pr/3')],
    [`https://huggingface.co/${REPO}`, hub()],
    [`huggingface.co/${REPO}/`, hub()],
    [`https://hf.co/${REPO}?library=transformers`, hub()],
    [`https://huggingface.co/${REPO}/tree/abc123`, hub('abc123')],
    [`https://huggingface.co/${REPO}/tree/refs%2Fpr%2F3/onnx`, hub('refs/pr/3')],
    [`https://huggingface.co/${REPO}/blob/main/onnx/model_q4.onnx`, hub('main', 'onnx/model_q4.onnx')],
    [`https://huggingface.co/${REPO}/resolve/v2/onnx/model_q4.onnx?download=true`, hub('v2', 'onnx/model_q4.onnx')],
    [`https://huggingface.co/${REPO}/discussions/4`, hub()],
    ['https://example.org/m/model_q4.onnx', { type: 'url', url: 'https://example.org/m/model_q4.onnx' }],
    ['fable-7m', { type: 'bundled', name: 'fable-7m' }],
  ])('%s is understood', (text, source) => {
    expect(parseModelAddress(text)).toEqual(source);
  });

  it('takes the revision of the field where the text names none', () => {
    expect(parseModelAddress(REPO, ' v3 ')).toEqual(hub('v3'));
    expect(parseModelAddress(`${REPO}@v1`, 'v3')).toEqual(hub('v1'));
    expect(parseModelAddress(`https://huggingface.co/${REPO}/tree/v2`, 'v3')).toEqual(hub('v2'));
  });

  it.each([
    ['', /no name yet/],
    ['gpt2', /not the id of a model/],
    ['a/b/c', /not the id/],
    ['../secret', /not the id/],
    ['two words/name', /not the id/],
    ['https://huggingface.co/datasets/imdb', /one of the hub’s datasets/],
    ['https://huggingface.co/models', /names no model/],
    ['https://example.org/model.bin', /does not end in \.onnx/],
    ['ftp://example.org/model.onnx', /not the address of a web page/],
    ['javascript:alert(1)', /not the address of a web page/],
  ])('"%s" is refused with what it lacks', (text, reason) => {
    expect(() => parseModelAddress(text)).toThrow(
      expect.objectContaining({ kind: 'model', message: expect.stringMatching(reason), hint: expect.any(String) }),
    );
  });

  it('is written back as it can be typed, except for files', () => {
    for (const text of [REPO, `${REPO}@v1`, 'fable-7m', 'https://example.org/model.onnx']) {
      expect(modelAddress(parseModelAddress(text))).toBe(text);
    }
    expect(modelAddress({ type: 'files', files: [] })).toBeNull();
  });
});

describe('the model of a link', () => {
  it('is one of the hub where there is a slash, with its revision and dtype', () => {
    expect(parseUrl(`?model=${REPO}@v1&dtype=q4f16`)).toMatchObject({
      model: hub('v1'),
      dtype: 'q4f16',
      problems: [],
    });
  });

  it('that cannot be read is said, and the bundled one is loaded', () => {
    const { model, problems } = parseUrl('?model=a/b/c');
    expect(model).toEqual({ type: 'bundled', name: 'fable-7m' });
    expect(problems).toEqual(['"a/b/c" is not the id of a model on the hub. fable-7m is loaded.']);
  });
});
