/**
 * The Hugging Face hub's HTTP interface, as far as it is needed: which commit a revision is, which files it has, and where
 * they lie. Plain fetch, since the official client brings its upload code along and has neither retries nor a fetch that
 * can be resumed. A token goes to the hub's own address alone: fetch drops it when it is sent on to another host.
 */
import { z } from 'zod/mini';
import { ModelError } from '../errors';
import type { ListingRecord } from './cache/records';
import type { Digest } from './transfer/download';
import { Connection, type Network, persistently } from './transfer/network';

export interface HubRepo {
  readonly repo: string;
  readonly revision: string;
  readonly token?: string | undefined;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** After a cut. */
  readonly retries: number;
}

const Revision = z.object({ sha: z.string().check(z.regex(/^[0-9a-f]{40,64}$/)) });
const bytes = z.int().check(z.nonnegative());
const Tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: bytes,
    oid: z.string(),
    /** Large files lie in a store of their own; there, `oid` is the SHA-256 of the content. */
    lfs: z.optional(z.object({ oid: z.string().check(z.regex(/^[0-9a-f]{64}$/)), size: bytes })),
  }),
);

/** A repository of many files comes in pages; more than this is no model's repository. */
const MAX_PAGES = 100;

export class HubApi {
  private readonly origin: string;

  /** @param endpoint `https://huggingface.co`, without a slash at the end */
  constructor(
    private readonly endpoint: string,
    private readonly network: Network,
  ) {
    this.origin = new URL(endpoint).origin;
  }

  /** All files of a revision. */
  async listing(at: HubRepo, options: AskOptions): Promise<ListingRecord> {
    const { repo } = checked(at);
    const revision = await this.json(this.api(repo, 'revision', at.revision), at, options);
    const { sha } = parse(Revision, revision.body, repo);
    const files: ListingRecord['files'] = [];
    let next: string | null = `${this.api(repo, 'tree', sha)}?recursive=true`;
    for (let page = 0; next !== null && page < MAX_PAGES; page++) {
      const { body, link } = await this.json(next, at, options);
      for (const { type, path, size, oid, lfs } of parse(Tree, body, repo)) {
        if (type === 'file')
          files.push({ path, bytes: lfs?.size ?? size, blob: lfs ? `sha256-${lfs.oid}` : `git-${oid}` });
      }
      next = link;
    }
    return { commit: sha, files };
  }

  fileUrl(repo: string, commit: string, path: string): string {
    return `${this.endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  /** @throws ModelError where the token cannot stand in a header, which fetch would report as a failed connection */
  headers({ token }: Pick<HubRepo, 'token'>): Record<string, string> {
    const given = token?.trim() ?? '';
    if (/^[!-~]*$/.test(given)) return given === '' ? {} : { authorization: `Bearer ${given}` };
    throw new ModelError(
      'This access token has a character that no token has.',
      { field: 'token' },
      'Copy the whole of it anew: it is shown in full only once, when it is made.',
    );
  }

  /**
   * What the hub means by a refusal, from its status and error code. Where it may let in who says who they are, `field` is
   * what they have to give: a `token`, or their consent to the owner's `terms`.
   */
  refusal({ repo, revision, token }: HubRepo, response: Response, file?: string): ModelError {
    const code = response.headers.get('x-error-code') ?? '';
    const where = file === undefined ? {} : { file };
    const page = `${this.endpoint}/${repo}`;
    if (code === 'RevisionNotFound') {
      return new ModelError(
        `${repo} has no revision "${revision}".`,
        where,
        `Look at ${page}/branches, or take "main".`,
      );
    }
    if (response.status === 404 && (file !== undefined || code === 'EntryNotFound')) {
      return new ModelError(`${file ?? 'A file'} is not in ${repo}.`, where, `Look at the files in ${page}/tree/main.`);
    }
    if (response.status === 404 || code === 'RepoNotFound') {
      const hint = 'Check its name. For a private model, give an access token.';
      const message = `There is no model "${repo}" on the hub, or it is private.`;
      return new ModelError(message, { ...where, field: 'token' }, hint);
    }
    if (response.status === 401 && token) {
      return new ModelError(
        'The hub does not accept this access token.',
        { ...where, field: 'token' },
        `Make a new one in ${this.endpoint}/settings/tokens.`,
      );
    }
    if (response.status === 401 || response.status === 403) {
      const rest = token ? 'with the account of this token' : 'then give an access token of your account';
      return new ModelError(
        `${repo} is gated: its owner lets in only who accepts the licence.`,
        { ...where, field: 'terms' },
        `Accept it at ${page}, ${rest}.`,
      );
    }
    return new ModelError(
      `The hub answers ${response.status} ${response.statusText}`.trim().concat(` for ${file ?? repo}.`),
      where,
      'Try again later.',
    );
  }

  private api(repo: string, what: 'revision' | 'tree', revision: string): string {
    return `${this.endpoint}/api/models/${repo}/${what}/${encodeURIComponent(revision)}`;
  }

  private async json(
    url: string,
    at: HubRepo,
    { signal, retries }: AskOptions,
  ): Promise<{ body: unknown; link: string | null }> {
    const { text, link } = await persistently({ network: this.network, file: at.repo, signal, retries }, async () => {
      const { connection, response } = await Connection.open(this.network, url, { headers: this.headers(at), signal });
      try {
        if (!response.ok) throw this.refusal(at, response);
        return { text: await connection.receive(response.text()), link: this.nextPage(response, url) };
      } finally {
        connection.close();
      }
    });
    return { body: parseJson(text), link };
  }

  /** RFC 8288: `<address>; rel="next"`. Followed on the hub's own address only, since the token goes along. */
  private nextPage({ headers }: Response, url: string): string | null {
    const target = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(headers.get('link') ?? '')?.[1];
    if (target === undefined) return null;
    const next = new URL(target, url);
    if (next.origin === this.origin) return next.href;
    throw new ModelError(
      'The listing of this repository leads to another server.',
      {},
      'The address of the hub may be wrong, or something on the way changes its answers.',
    );
  }
}

/** The hash that a content's name in the cache promises. */
export function digestOf(blob: string): Digest | null {
  const match = /^(sha256|git)-([0-9a-f]+)$/.exec(blob);
  if (!match?.[2]) return null;
  return { algorithm: match[1] === 'git' ? 'git' : 'sha256', hex: match[2] };
}

/** null where it is none: the schemas refuse that. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function checked(at: HubRepo): HubRepo {
  if (/^[\w.-]+(\/[\w.-]+)?$/.test(at.repo) && !/(^|\/)\.+(\/|$)/.test(at.repo) && at.revision !== '') return at;
  throw new ModelError(
    `"${at.repo}" is not the name of a repository.`,
    {},
    'It has the form owner/name, such as onnx-community/Qwen3-0.6B-ONNX.',
  );
}

function parse<T extends z.ZodMiniType>(schema: T, body: unknown, repo: string): z.output<T> {
  const result = z.safeParse(schema, body);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') ?? '';
  throw new ModelError(
    `The hub's answer about ${repo} cannot be understood.`,
    field === '' ? {} : { field },
    'Try again later; the address of the hub may be wrong.',
  );
}
