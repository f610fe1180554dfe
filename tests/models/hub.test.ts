/** Models of the hub: what a repository offers, how its files are read, and what is said where it refuses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors';
import { serialiseError } from '../../src/worker/errors';
import type { ModelSource } from '../../src/worker/protocol';
import { type HubServer, type HubServerOptions, startHubServer } from '../support/hubServer';
import { GRAPH, hubSource, REPO, readFile, repoFiles, testLibrary } from './remoteTools';

let server: HubServer;
const start = async (options: Partial<HubServerOptions> = {}) => {
  await server?.close();
  server = await startHubServer({ repo: REPO, files: repoFiles(), ...options });
};
beforeEach(() => start());
afterEach(() => server.close());

const refusal = async (work: Promise<unknown>): Promise<ModelError> => {
  const error = await work.then(
    () => expect.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
};

describe('a repository', () => {
  it('offers its graphs, best first, with the size of their data files', async () => {
    const { name, commit, graphs } = await testLibrary(server.url).library.list(hubSource());
    expect(name).toBe(REPO);
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(graphs).toEqual([
      { onnxPath: GRAPH, dtype: 'q4', bytes: 9500 },
      { onnxPath: 'onnx/model.onnx', dtype: 'fp32', bytes: 3000 + 5000 + 4000 },
    ]);
  });

  it('of many files is listed page by page', async () => {
    await start({ pageSize: 2 });
    const { graphs } = await testLibrary(server.url).library.list(hubSource());
    expect(graphs).toHaveLength(2);
    expect(server.asked.filter(({ path }) => path.includes('/tree/'))).toHaveLength(4);
  });

  it('gives every file, small ones itself and large ones from its file store', async () => {
    const { library } = testLibrary(server.url);
    const files = await library.open(hubSource());
    expect(files).toMatchObject({ name: REPO, onnxPath: GRAPH });
    expect(await files.text('config.json')).toBe('{"seed": 1}');
    expect(await files.text('chat_template.jinja')).toBeNull();
    expect(await readFile(files, GRAPH)).toEqual(repoFiles()[GRAPH]);
    expect(server.contentRequests(GRAPH)).toMatchObject([{ origin: 'cdn', range: undefined }]);
    // Nothing is asked for that the listing does not have.
    expect(server.asked.filter(({ path }) => path.includes('chat_template'))).toEqual([]);
  });

  it('knows all sizes beforehand, those of other graphs left out', async () => {
    const { library } = testLibrary(server.url);
    const { entries } = await library.open(hubSource({ onnxPath: 'onnx/model.onnx' }));
    expect(entries.map(({ path, bytes }) => [path, bytes])).toEqual([
      ['config.json', 11],
      ['tokenizer.json', 2],
      ['onnx/model.onnx', 3000],
      ['onnx/model.onnx_data', 5000],
      ['onnx/model.onnx_data_1', 4000],
    ]);
  });

  it('opens by a branch, by a commit, and by the address of a file', async () => {
    const { library } = testLibrary(server.url);
    const { commit } = await library.list(hubSource());
    const byCommit = await library.open(hubSource({ revision: commit ?? '' }));
    expect(await readFile(byCommit, GRAPH)).toEqual(repoFiles()[GRAPH]);
    const url = `${server.url}/${REPO}/blob/main/onnx/model.onnx`;
    expect(await library.open({ type: 'url', url })).toMatchObject({ name: REPO, onnxPath: 'onnx/model.onnx' });
  });

  it('has its config where the graph is, if not at its root', async () => {
    server.setFiles({ 'cpu/model.onnx': new Uint8Array(10), 'cpu/config.json': new TextEncoder().encode('{}') });
    const files = await testLibrary(server.url).library.open(hubSource());
    expect(files.onnxPath).toBe('model.onnx');
    expect(await files.text('config.json')).toBe('{}');
  });
});

describe('what cannot be had', () => {
  it.each([
    ['a repository that is not there', { repo: 'tales/none' }, /There is no model "tales\/none" on the hub/],
    ['a revision that is not there', { revision: 'v9' }, /tales\/tiny has no revision "v9"/],
    ['a graph that is not there', { onnxPath: 'onnx/none.onnx' }, /has no file onnx\/none.onnx/],
    ['no name of a repository', { repo: '../etc' }, /is not the name of a repository/],
  ])('is said: %s', async (_, change, message) => {
    const { library, clock } = testLibrary(server.url);
    const error = await refusal(library.open({ ...hubSource(), ...change }));
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
    expect(clock.pauses).toEqual([]);
  });

  it('is said of a file that vanished, without trying again', async () => {
    const { library, clock } = testLibrary(server.url);
    const files = await library.open(hubSource());
    server.fail(GRAPH, { type: 'status', status: 404, headers: { 'x-error-code': 'EntryNotFound' } });
    expect((await refusal(readFile(files, GRAPH))).message).toBe(`${GRAPH} is not in ${REPO}.`);
    expect((await refusal(files.open('onnx/weights.bin'))).message).toMatch(/weights.bin is missing/);
    expect(clock.pauses).toEqual([]);
  });

  it('is said of a repository without a graph, and of an answer that is none', async () => {
    server.setFiles({ 'README.md': new Uint8Array(3) });
    const { library } = testLibrary(server.url);
    expect((await refusal(library.open(hubSource()))).message).toMatch(/has no ONNX file of a language model/);
    server.failApi({ type: 'status', status: 200 });
    expect((await refusal(library.open(hubSource({ revision: 'v1' })))).message).toMatch(/cannot be understood/);
  });
});

describe('what a refusal asks for', () => {
  const asked = async (source: ModelSource) =>
    (await refusal(testLibrary(server.url).library.list(source))).where.field;

  it('is a token where the model may be private, or the token is not accepted', async () => {
    expect(await asked({ ...hubSource(), repo: 'tales/none' })).toBe('token');
    await start({ token: 'hf_secret' });
    expect(await asked(hubSource({ token: 'hf_wrong' }))).toBe('token');
  });

  it('is consent where the model is gated, with a token or without', async () => {
    await start({ token: 'hf_secret' });
    expect(await asked(hubSource())).toBe('terms');
    expect(await asked(hubSource({ token: 'stranger' }))).toBe('terms');
  });

  it('is nothing where no token would help', async () => {
    expect(await asked(hubSource({ revision: 'v9' }))).toBeUndefined();
    server.failApi({ type: 'status', status: 400 });
    expect(await asked(hubSource())).toBeUndefined();
  });
});

describe('a gated repository', () => {
  const token = 'hf_secret';
  beforeEach(() => start({ token }));

  it('says where to accept its licence, and that it needs a token', async () => {
    const error = await refusal(testLibrary(server.url).library.open(hubSource()));
    expect(error.message).toMatch(/tales\/tiny is gated/);
    expect(error.hint).toBe(`Accept it at ${server.url}/${REPO}, then give an access token of your account.`);
  });

  it('says that a token is not accepted, or that its account is not let in', async () => {
    const { library } = testLibrary(server.url);
    expect((await refusal(library.open(hubSource({ token: 'hf_wrong' })))).message).toBe(
      'The hub does not accept this access token.',
    );
    expect((await refusal(library.open(hubSource({ token: 'stranger' })))).hint).toMatch(
      /with the account of this token/,
    );
  });

  it.each(['hf_sec…ret', 'hf_sec ret', 'hf_secrét'])('is not asked with what cannot be a token: %s', async (unsent) => {
    const { library, clock } = testLibrary(server.url);
    for (const work of [library.list(hubSource({ token: unsent })), library.open(hubSource({ token: unsent }))]) {
      const error = await refusal(work);
      expect(error).toMatchObject({
        message: 'This access token has a character that no token has.',
        where: { field: 'token' },
      });
      expect(JSON.stringify(serialiseError(error))).not.toContain(unsent);
    }
    expect([server.asked, clock.pauses]).toEqual([[], []]);
  });

  it('opens with the token, which goes to the hub alone', async () => {
    const files = await testLibrary(server.url).library.open(hubSource({ token }));
    expect(await readFile(files, GRAPH)).toEqual(repoFiles()[GRAPH]);
    const origins = new Map(server.asked.map(({ origin, authorization }) => [origin, authorization]));
    expect(origins).toEqual(
      new Map([
        ['hub', `Bearer ${token}`],
        ['cdn', undefined],
      ]),
    );
  });

  it('does not follow its listing to another origin with the token', async () => {
    await start({ token, pageSize: 2, strayPages: true });
    const error = await refusal(testLibrary(server.url).library.list(hubSource({ token })));
    expect(error.message).toMatch(/leads to another server/);
    expect(server.asked.filter(({ origin }) => origin === 'cdn')).toEqual([]);
  });

  it('keeps the token out of the cache, the listing of cached models, and errors', async () => {
    const { library, store } = testLibrary(server.url);
    const files = await library.open(hubSource({ token }));
    await readFile(files, GRAPH);
    expect(JSON.stringify(await library.cached())).not.toContain(token);
    const kept = await Promise.all(
      ['models', 'listings'].map(async (folder) =>
        Promise.all(
          (await store.names(folder)).map(async (name) =>
            new TextDecoder().decode((await store.read(folder, name)) ?? undefined),
          ),
        ),
      ),
    );
    expect(kept.flat()).toHaveLength(2);
    expect(kept.flat().join()).not.toContain(token);
    server.fail('config.json', ...Array.from({ length: 4 }, () => ({ type: 'status', status: 500 }) as const));
    const error = await refusal(files.text('config.json'));
    expect(JSON.stringify(serialiseError(error))).not.toContain(token);
    expect(String(error.cause)).not.toContain(token);
  });

  it('opens from the cache without the token', async () => {
    const { library, store } = testLibrary(server.url);
    const files = await library.open(hubSource({ token }));
    await readFile(files, GRAPH);
    const again = await testLibrary(server.url, store).library.open(hubSource());
    expect(await readFile(again, GRAPH)).toEqual(repoFiles()[GRAPH]);
  });
});
