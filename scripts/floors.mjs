/**
 * The floor check: `src/` is a house with floors, and a file imports only from its own floor or a lower one. Run it with
 * `node scripts/floors.mjs`; `npm run check` does. It looks at imports alone: what a browser global is used for, the
 * second project of the type check (tsconfig.pure.json) finds out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

/** The folders of `src/` from the ground up. `src/errors.ts` lies below them all. */
export const floors = [
  'onnx',
  'autodiff',
  'runtime',
  'kernels',
  'tuning',
  'inference',
  'data',
  'evaluation',
  'models',
  'adapters',
  'worker',
  'state',
  'ui',
  'cli',
];

/** Below all floors: what every floor may speak of. */
const ground = new Set([
  'src/errors.ts',
  // Types of plain data alone, which the engine's floors fill in and the page shows. They lie where their interface is served.
  'src/worker/dataProtocol.ts',
  'src/worker/errorsProtocol.ts',
  'src/worker/evaluationProtocol.ts',
  'src/worker/learnedProtocol.ts',
  'src/worker/modelsProtocol.ts',
  'src/worker/protocol.ts',
  'src/worker/runsProtocol.ts',
  'src/worker/tuningProtocol.ts',
]);

/** Files of types alone that other folders import directly, since their folder's index.ts brings code along. */
const seams = new Set(['src/worker/protocol.ts', 'src/worker/runsProtocol.ts', 'src/runtime/backend.ts']);

/** What the page consists of. The engine runs in a worker, so that the page stays responsive and opens fast. */
const page = new Set(['state', 'ui']);

/** Packages that have a home: only these folders import them. `node:` stands for Node's own modules. */
const homes = [
  { packages: ['react', 'react-dom', '@mantine/', 'uplot'], folders: ['ui'] },
  { packages: ['onnxruntime-'], folders: ['runtime'] },
  { packages: ['onnx-buf', '@bufbuild/'], folders: ['onnx'] },
  { packages: ['idb'], folders: ['worker'] },
  { packages: ['hyparquet', '@zip.js/', '@streamparser/'], folders: ['data'] },
  { packages: ['node:'], folders: ['cli'] },
];

/** Packages that must not be part of the page, not even by way of another folder. */
const engineOnly = ['onnxruntime-', '@xenova/transformers', '@huggingface/'];

/**
 * @typedef {{ specifier: string, line: number, typeOnly: boolean }} Import
 * @typedef {{ file: string, line: number, message: string }} Violation
 */

/**
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
function importsOf(file, text) {
  /** @type {Import[]} */
  const imports = [];
  const { program, errors } = parseSync(file, text);
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);

  /** @param {{ start: number }} node @param {unknown} source @param {boolean} typeOnly */
  const add = (node, source, typeOnly) => {
    const value = /** @type {{ value?: unknown } | null} */ (source)?.value;
    // A computed specifier cannot be checked; Vite refuses most of them as well.
    if (typeof value !== 'string') return;
    imports.push({ specifier: value, line: text.slice(0, node.start).split('\n').length, typeOnly });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node, node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node, node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node, node.source, false),
    TSImportType: (node) => add(node, node.source, true),
  }).visit(program);
  return imports;
}

/** The folder of `src/` a file lies in; '' for a file directly in `src/`. @param {string} file */
function folderOf(file) {
  const parts = file.split('/');
  return parts.length > 2 ? (parts[1] ?? '') : '';
}

/** @param {string} specifier @param {readonly string[]} packages */
function isOneOf(specifier, packages) {
  return packages.some((name) =>
    /[/:-]$/.test(name) ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/**
 * The file that a relative specifier means, or the plain path if none of the given files is it (a style sheet, a shader).
 * @param {string} from
 * @param {string} specifier
 * @param {ReadonlyMap<string, unknown>} files
 */
function target(from, specifier, files) {
  const path = posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ''));
  // A folder is its face, whether that is written yet or not: the type check reports a file that is missing.
  if (floors.includes(path.replace(/^src\//, ''))) return `${path}/index.ts`;
  const candidates = [path, `${path}.ts`, `${path}.tsx`, path.replace(/\.js$/, '.ts'), `${path}/index.ts`];
  return candidates.find((candidate) => files.has(candidate)) ?? path;
}

/**
 * Checks source texts by path (`src/tuning/trainer.ts`).
 * @param {ReadonlyMap<string, string>} sources
 * @returns {Violation[]} in the order of the files
 */
export function checkFloors(sources) {
  /** @type {Violation[]} */
  const violations = [];
  const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));

  for (const [file, found] of imports) {
    if (file.endsWith('.d.ts')) continue;
    const folder = folderOf(file);
    // What lies on the ground reaches no floor.
    const floor = ground.has(file) ? -1 : floors.indexOf(folder);
    /** @param {number} line @param {string} message */
    const report = (line, message) => violations.push({ file, line, message });
    if (seams.has(file)) {
      for (const { line } of found.filter(({ typeOnly }) => !typeOnly))
        report(line, 'imports code into a file of types');
    }
    if (floor < 0 && !ground.has(file)) {
      report(1, `lies on no floor; the folders of src/ are ${floors.join(', ')}`);
      continue;
    }
    for (const { specifier, line } of found) {
      if (!specifier.startsWith('.')) {
        const home = homes.find(({ packages }) => isOneOf(specifier, packages));
        if (home && !home.folders.includes(folder)) {
          report(line, `imports ${specifier}; only ${home.folders.join(' and ')}/ may`);
        }
        continue;
      }
      const path = target(file, specifier, imports);
      const other = folderOf(path);
      if (ground.has(path) || (other === folder && floor >= 0)) continue;
      // The commands are Node's, like the scripts, and use them: to find Chromium, for one.
      if (folder === 'cli' && path.startsWith('scripts/')) continue;
      // And they run the engine themselves, which the face of worker/ hides from the page.
      if (folder === 'cli' && path === 'src/worker/engine.ts') continue;
      if (!path.startsWith('src/')) {
        report(line, `imports ${specifier}, which lies outside src/`);
      } else if (floors.indexOf(other) > floor) {
        report(
          line,
          `imports ${specifier} from a higher floor: ${other}/ is above ${floor < 0 ? 'the ground' : `${folder}/`}`,
        );
      } else if (folder === 'cli' && page.has(other)) {
        report(line, `imports ${specifier}, a part of the page, which does not exist in Node`);
      } else if (path !== `src/${other}/index.ts` && !seams.has(path)) {
        report(line, `imports ${specifier}, the inside of a folder; import ../${other} (its index.ts)`);
      }
    }
  }
  return [...violations, ...checkPage(imports)];
}

/**
 * Follows the imports that are left when types are gone, from the page's files on, to packages of the engine.
 * @param {ReadonlyMap<string, Import[]>} imports
 * @returns {Violation[]}
 */
function checkPage(imports) {
  /** @type {Violation[]} */
  const violations = [];
  const queue = [...imports.keys()].filter((file) => page.has(folderOf(file)));
  /** How each file was reached first. @type {Map<string, string>} */
  const routes = new Map(queue.map((file) => [file, file]));
  // The list grows while it is walked.
  for (const file of queue) {
    const route = routes.get(file) ?? file;
    for (const { specifier, line, typeOnly } of imports.get(file) ?? []) {
      if (typeOnly) continue;
      if (!specifier.startsWith('.')) {
        if (!isOneOf(specifier, engineOnly)) continue;
        violations.push({ file, line, message: `brings ${specifier} into the page (${route})` });
        continue;
      }
      const path = target(file, specifier, imports);
      if (!imports.has(path) || routes.has(path)) continue;
      routes.set(path, `${route} → ${path}`);
      queue.push(path);
    }
  }
  return violations;
}

/**
 * The TypeScript files of the repository's `src/`, by path.
 * @param {string} directory the repository
 */
export function readSources(directory) {
  const names = readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' });
  const files = names
    .map((name) => posix.join('src', name.replaceAll('\\', '/')))
    .filter((name) => /\.tsx?$/.test(name));
  return new Map(files.sort().map((file) => [file, readFileSync(join(directory, file), 'utf8')]));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const violations = checkFloors(readSources(fileURLToPath(new URL('..', import.meta.url))));
  for (const { file, line, message } of violations) process.stdout.write(`${file}:${line} ${message}\n`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
