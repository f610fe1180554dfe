/**
 * `npm run -s check-gradients -- FIXTURE_DIR... [--backend wasm|webgpu]`: one JSON line per golden case, whatever happens;
 * exit code 1 if any case fails or is over its bound. What a shell's `fixtures/*` names besides, files and
 * folders of other things, is passed over. The comparison itself is gradientCheck.ts.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BackendKind, createWasmBackend } from '../runtime';
import { describeError } from './describeError';
import { CASE_FILES, type CaseFiles } from './gradientCase';
import { checkGradients, excess, type GradientErrors } from './gradientCheck';

const USAGE = 'Usage: npm run -s check-gradients -- FIXTURE_DIR... [--backend wasm|webgpu]';

/** The line of one case; names are what callers of the command read. */
interface CaseLine {
  case: string;
  backend: BackendKind;
  loss_rel: number | null;
  logits_rel: number | null;
  grad_rel: number | null;
  /** Where the case has golden numbers of the method. */
  prompt_grad_rel?: number;
  lora_grad_rel?: number;
  /** Of the network that makes a prefix, against the chain rule. */
  projection_grad_rel?: number;
  ok: boolean;
  error: string | null;
}

interface Checker {
  check(files: CaseFiles): Promise<GradientErrors>;
  close(): Promise<void>;
}

const openers: Readonly<Record<BackendKind, () => Promise<Checker>>> = {
  wasm: async () => {
    const backend = await createWasmBackend();
    return { check: (files) => checkGradients(backend, files), close: () => backend.dispose() };
  },
  webgpu: openInPage,
};

/** The same check in headless Chromium, where WebGPU is. */
async function openInPage(): Promise<Checker> {
  // Not above: loading Vite and Playwright is half of what it takes to start, and wasm needs neither.
  const { openBrowser } = await import('./browser');
  const { origin, page, module, close } = await openBrowser();
  const { check } = module<typeof import('./gradientCheck.page')>('/src/cli/gradientCheck.page.ts');
  const address = `${origin}/gradient-case`;
  return {
    close,
    check: async ({ model, description, golden }) => {
      await page.route(`${address}/*`, (route, request) => {
        const bodies = new Map([
          [`${address}/${CASE_FILES.model}`, Buffer.from(model)],
          [`${address}/${CASE_FILES.description}`, Buffer.from(description)],
          [`${address}/${CASE_FILES.golden}`, Buffer.from(golden)],
        ]);
        const body = bodies.get(request.url());
        return route.fulfill(body ? { body } : { status: 404 });
      });
      const answer = await check(address);
      await page.unroute(`${address}/*`);
      if ('failure' in answer) throw new Error(answer.failure);
      return answer.errors;
    },
  };
}

/** Why a path that a shell's `*` names is no case; null for a case, and for whatever may have been meant as one. */
async function otherThanCase(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile()) return 'a file, not the folder of a case';
  const names = found?.isDirectory() ? await readdir(path) : [];
  const files: readonly string[] = Object.values(CASE_FILES);
  return names.length > 0 && !names.some((name) => files.includes(name)) ? 'a folder of other things' : null;
}

async function readCase(folder: string): Promise<CaseFiles> {
  const read = async (name: string) => new Uint8Array(await readFile(join(folder, name)));
  // One after the other, so that of several that are missing the same one is named each time.
  const model = await read(CASE_FILES.model);
  const description = await read(CASE_FILES.description);
  const golden = await read(CASE_FILES.golden);
  return { model, description: new TextDecoder().decode(description), golden };
}

async function lineOf(folder: string, backend: BackendKind, checker: () => Promise<Checker>): Promise<CaseLine> {
  const failed = {
    case: basename(resolve(folder)),
    backend,
    loss_rel: null,
    logits_rel: null,
    grad_rel: null,
    ok: false,
  };
  try {
    const files = await readCase(folder);
    const errors = await (await checker()).check(files);
    const error = excess(errors);
    const { prefix, prompt, lora, projection } = errors;
    return {
      ...failed,
      loss_rel: prefix.loss,
      logits_rel: prefix.logits,
      grad_rel: prefix.gradient,
      ...(prompt && { prompt_grad_rel: prompt.gradient }),
      ...(lora && { lora_grad_rel: lora.gradient }),
      projection_grad_rel: projection.gradient,
      ok: error === null,
      error,
    };
  } catch (cause) {
    return { ...failed, error: describeError(cause) };
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { backend: { type: 'string' } } });
  const backend = values.backend ?? 'wasm';
  if (positionals.length === 0 || (backend !== 'wasm' && backend !== 'webgpu')) {
    process.stderr.write(`${USAGE}\n`);
    return 1;
  }
  // Opened by the first case that needs it: where it cannot be, every case says so in its line.
  let opened: Promise<Checker> | undefined;
  const checker = () => {
    opened ??= openers[backend]();
    return opened;
  };
  let [checked, allOk] = [0, true];
  for (const folder of positionals) {
    const other = await otherThanCase(folder);
    if (other !== null) {
      process.stderr.write(`${folder} is ${other}; passed over.\n`);
      continue;
    }
    checked++;
    const line = await lineOf(folder, backend, checker);
    allOk &&= line.ok;
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
  await opened?.then((open) => open.close()).catch(() => {});
  return allOk && checked > 0 ? 0 : 1;
}

// ONNX Runtime's threads keep Node alive, so the end has to be said; what was written is flushed before.
const code = await main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  return 1;
});
process.stdout.write('', () => process.exit(code));
