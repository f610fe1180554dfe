/**
 * The network, for a visitor's browser: what the page asks of huggingface.co, and of a plain web server with the same
 * files, is answered by a local server, or by nobody while the network is down. The page itself knows nothing of it.
 */
import { readFileSync } from 'node:fs';
import type { Page, Route } from 'playwright-core';
import { type HubServer, startHubServer } from '../support/hubServer';

const FIXTURES = 'tests/fixtures/';
const TOKENIZER = 'tests/e2e/byte_tokenizer/';

/** A repository as exporters lay it out, of a tiny decoder with random weights in two precisions. */
const FILES = {
  'README.md': Buffer.from('# Tiny'),
  'config.json': readFileSync(`${FIXTURES}llama_q4/config.json`),
  'tokenizer.json': readFileSync(`${TOKENIZER}tokenizer.json`),
  'tokenizer_config.json': readFileSync(`${TOKENIZER}tokenizer_config.json`),
  'onnx/model.onnx': readFileSync(`${FIXTURES}llama_fp32/model.onnx`),
  'onnx/model_q4.onnx': readFileSync(`${FIXTURES}llama_q4/model.onnx`),
};

/** Has the files of the first repository. */
export const PLAIN_SERVER = 'https://models.example.org/tiny/';

export class BrowserHub {
  online = true;
  /** Answers to these addresses wait until `release`. */
  private held: RegExp | null = null;
  private waiting: (() => void)[] = [];
  /** Connections for these addresses fail. */
  cut: RegExp | null = null;

  private constructor(private readonly servers: ReadonlyMap<string, HubServer>) {}

  /** @param repos their names; those with a token are gated */
  static async start(page: Page, repos: Readonly<Record<string, { readonly token?: string }>>): Promise<BrowserHub> {
    const servers = new Map<string, HubServer>();
    for (const [repo, { token }] of Object.entries(repos)) {
      const access = token === undefined ? {} : { token };
      servers.set(repo, await startHubServer({ repo, files: FILES, noRedirect: true, ...access }));
    }
    const hub = new BrowserHub(servers);
    await page.route('https://huggingface.co/**', (route) => hub.answer(route));
    await page.route(`${PLAIN_SERVER}**`, (route) => hub.answer(route));
    return hub;
  }

  /** What was asked of one repository. */
  asked(repo: string): HubServer['asked'] {
    return this.servers.get(repo)?.asked ?? [];
  }

  hold(addresses: RegExp): void {
    this.held = addresses;
  }

  release(): void {
    this.held = null;
    for (const go of this.waiting.splice(0)) go();
  }

  async close(): Promise<void> {
    this.release();
    for (const server of this.servers.values()) await server.close();
  }

  private async answer(route: Route): Promise<void> {
    const request = route.request();
    const [first] = this.servers.keys();
    const address = request.url().replace(PLAIN_SERVER, `https://huggingface.co/${first}/resolve/main/`);
    const { pathname, search } = new URL(address);
    if (!this.online || this.cut?.test(pathname)) return route.abort('internetdisconnected');
    if (this.held?.test(pathname)) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const [repo] = [...this.servers.keys()].filter((name) => pathname.includes(`/${name}/`));
    const server = this.servers.get(repo ?? '') ?? [...this.servers.values()][0];
    if (server === undefined) return route.abort();
    const { authorization, range } = request.headers();
    const response = await fetch(`${server.url}${pathname}${search}`, {
      method: request.method(),
      headers: { ...(authorization && { authorization }), ...(range && { range }) },
    });
    const body = Buffer.from(await response.arrayBuffer());
    // A request that was cancelled meanwhile cannot be answered any more.
    await route
      .fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body })
      .catch(() => {});
  }
}
