/**
 * What a person types or pastes for a model, as a source: a hub id, an address of the hub's pages, or the address of an
 * .onnx file. The same reading serves the field of the page and `?model=` of a link.
 */
import { ModelError } from '../errors';
import type { ModelSource } from '../worker';

export const BUNDLED_MODEL = 'fable-7m';
const MAIN_REVISION = 'main';

const HUB_HOSTS: ReadonlySet<string> = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);
const EXAMPLE = 'e.g. "HuggingFaceTB/SmolLM2-135M-Instruct".';

/**
 * @param revision of the hub, where the text itself names none
 * @throws ModelError that says what the text lacks
 */
export function parseModelAddress(text: string, revision = ''): ModelSource {
  const given = text.trim();
  if (given === '') throw new ModelError('There is no name yet.', {}, `Write a hub id, ${EXAMPLE}`);
  if (given === BUNDLED_MODEL) return { type: 'bundled', name: given };
  const asUrl = /^(www\.)?(huggingface|hf)\.co\//.test(given) ? `https://${given}` : given;
  if (/^[a-z][a-z\d+.-]*:/i.test(asUrl)) return parseWebAddress(asUrl, revision);
  const [repo = '', inText = ''] = splitOnce(given, '@');
  if (!isRepo(repo)) {
    throw new ModelError(
      `"${given}" is not the id of a model on the hub.`,
      {},
      `An id is the owner and the name with a slash between them, ${EXAMPLE}`,
    );
  }
  return hub(repo, inText || revision);
}

/** The text that stands for a source in the field and in a link; null for files, which no text can name. */
export function modelAddress(source: ModelSource): string | null {
  switch (source.type) {
    case 'bundled':
      return source.name;
    case 'hub':
      return source.revision === MAIN_REVISION ? source.repo : `${source.repo}@${source.revision}`;
    case 'url':
      return source.url;
    case 'files':
      return null;
    default:
      return source satisfies never;
  }
}

function parseWebAddress(text: string, revision: string): ModelSource {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ModelError(`"${text}" is not the address of a web page.`, {}, 'An address begins with https://');
  }
  if (HUB_HOSTS.has(url.hostname)) return parseHubPage(url, revision);
  if (/\.onnx$/i.test(url.pathname)) return { type: 'url', url: url.href };
  throw new ModelError(
    'The address does not end in .onnx.',
    {},
    'Give the address of the .onnx file itself; config.json and tokenizer.json are looked for beside it.',
  );
}

/** `/owner/name`, `/owner/name/tree/revision/…`, `/owner/name/resolve/revision/onnx/model_q4.onnx`. */
function parseHubPage(url: URL, revision: string): ModelSource {
  const [owner = '', name = '', page, inPath, ...path] = url.pathname.split('/').filter(Boolean).map(decode);
  if (owner === 'datasets' || owner === 'spaces') {
    throw new ModelError(`This is the address of one of the hub’s ${owner}.`, {}, 'Give the address of a model.');
  }
  const repo = `${owner}/${name}`;
  if (!isRepo(repo)) {
    throw new ModelError('This address of the hub names no model.', {}, `Open the model’s page and copy its address.`);
  }
  if (inPath === undefined || !/^(tree|blob|resolve|raw|commit)$/.test(page ?? '')) return hub(repo, revision);
  const onnxPath = path.join('/');
  return { ...hub(repo, inPath), ...(/\.onnx$/i.test(onnxPath) && { onnxPath }) };
}

function hub(repo: string, revision: string): Extract<ModelSource, { type: 'hub' }> {
  return { type: 'hub', repo, revision: revision.trim() || MAIN_REVISION };
}

function isRepo(text: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(text) && !/(^|\/)\.+(\/|$)/.test(text);
}

/** A revision such as `refs/pr/1` is written with %2F in an address. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + at.length)];
}
