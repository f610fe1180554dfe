/**
 * What people and servers give us instead of a model: an error page, JSON, a Git LFS pointer, another model format.
 * Recognised by the first bytes, so that the message can say what it is.
 */

import type { ByteSource } from './byteSource';

const EXPECTED = 'Give the .onnx file itself; if it was downloaded, check its address.';

export async function rejectOtherFormats(source: ByteSource): Promise<void> {
  const start = new TextDecoder('latin1').decode(await source.beginning(64));
  if (start === '') source.fail('The file is empty.', EXPECTED);
  const text = start.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  const is = formats.find(([pattern]) => pattern.test(text))?.[1];
  if (is) source.fail(`This is ${is}, not an ONNX model.`, EXPECTED);
  // An ONNX file begins with tags and small numbers, which are control characters.
  if (/^[\t\n\r\x20-\x7e]+$/.test(start)) {
    source.fail(`This is a text, not an ONNX model. It begins with "${text.split('\n')[0]}".`, EXPECTED);
  }
}

const formats: readonly (readonly [RegExp, string])[] = [
  [/^<(!doctype|html|\?xml|head|!--)/i, 'a web page (perhaps the error page of a server)'],
  [/^[{[]\s*["{[\]}]/, 'a JSON file'],
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer (the large file itself was not fetched)'],
  [/^GGUF/, 'a GGUF file'],
  [/^PK\W\W/, 'a zip archive'],
];
