/**
 * Makes `node_modules` match `package-lock.json`. Every command of package.json calls this first, so a fresh clone needs
 * no set-up step. It uses Node alone, since it runs before anything is installed, and writes to stderr only, since the
 * stdout of some commands is read by programs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} LockedPackage
 * @typedef {Record<string, Record<string, string> | undefined>} Manifest
 */

/** The manifest fields that a lock file repeats in its root entry. */
const dependencyFields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** @param {Record<string, string>} [versions] */
function sorted(versions = {}) {
  return JSON.stringify(Object.entries(versions).sort());
}

/**
 * Why the packages in `directory` are not the ones its lock file names, in a few words; null when they are.
 * npm leaves a record of what it installed in `node_modules/.package-lock.json`. The two are compared by content, because
 * a checkout or a copy changes modification times without changing packages, and the other way round.
 *
 * @param {string} directory
 * @returns {{ reason: string, lockOutdated: boolean } | null}
 */
export function staleness(directory) {
  const record = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return { reason: 'nothing is installed yet', lockOutdated: false };

  const manifest = /** @type {Manifest} */ (readJson(join(directory, 'package.json')));
  const locked = /** @type {Record<string, LockedPackage>} */ (readJson(join(directory, 'package-lock.json')).packages);
  const installed = /** @type {Record<string, LockedPackage>} */ (readJson(record).packages);

  const lockedRoot = /** @type {Manifest} */ (locked['']);
  for (const field of dependencyFields) {
    if (sorted(manifest[field]) !== sorted(lockedRoot[field])) {
      return { reason: `${field} of package.json changed`, lockOutdated: true };
    }
  }
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === '' || wanted.link) continue;
    const found = installed[path];
    // An optional package that is absent belongs to another operating system.
    if (!found && wanted.optional) continue;
    const name = path.replace(/^.*node_modules\//, '');
    if (!found || !existsSync(join(directory, path))) return { reason: `${name} is missing`, lockOutdated: false };
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) {
      return { reason: `${name} is ${found.version}, wanted is ${wanted.version}`, lockOutdated: false };
    }
  }
  return null;
}

/**
 * Whether a Node version is one that package.json's `engines` allows, where that says `>=MAJOR.MINOR`.
 * @param {string} version e.g. `20.19.0`
 * @param {string} range
 */
export function satisfiesNode(version, range) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = range.replace('>=', '').split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/**
 * Installs what is missing or stale in the repository.
 * @throws {Error} if Node is too old or npm fails
 */
export function ensureInstalled() {
  const { engines } = readJson(join(root, 'package.json'));
  if (!satisfiesNode(process.versions.node, engines.node)) {
    throw new Error(`Prelude needs Node ${engines.node}; this is ${process.versions.node}. See https://nodejs.org.`);
  }
  const stale = staleness(root);
  if (!stale) return;
  // Not `npm ci`: it refuses a lock file that was written where a package's builds for other operating systems could not
  // be seen. `--no-save` installs what is locked and leaves the lock file as it is.
  const args = stale.lockOutdated ? ['install'] : ['install', '--no-save'];
  process.stderr.write(`Installing packages (${stale.reason}): npm ${args.join(' ')}\n`);
  run('npm', args);
}

/**
 * Runs a command to its end in the repository, with its output on stderr.
 * @param {string} command
 * @param {readonly string[]} args
 * @throws {Error} if it cannot start or does not exit with 0
 */
export function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    // npm is a .cmd file on Windows, which only a shell starts.
    shell: process.platform === 'win32',
  });
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed with exit code ${result.status}.`);
}
