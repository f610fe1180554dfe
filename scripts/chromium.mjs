/**
 * Finds the Chromium that the browser tests drive, or installs one. Any Chromium of the last two years does; WebGPU on
 * its software adapter needs no GPU.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './install.mjs';

/** Names under which distributions put it on the PATH. */
const commandNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const applications = [
  'Chromium.app/Contents/MacOS/Chromium',
  'Google Chrome.app/Contents/MacOS/Google Chrome',
  'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
];

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where Playwright would put its own browser; null when playwright-core is not installed. */
async function playwrightBrowser() {
  try {
    const { chromium } = await import('playwright-core');
    return chromium.executablePath();
  } catch {
    return null;
  }
}

/**
 * @typedef {object} Machine What the search looks at; the defaults are this machine.
 * @property {Record<string, string | undefined>} [env]
 * @property {NodeJS.Platform} [platform]
 * @property {(path: string) => boolean} [isExecutable]
 * @property {() => Promise<string | null>} [playwrightBrowser]
 */

/**
 * The path of a Chromium or Chrome, or null. Looks at CHROME_PATH, the PATH, the usual places, then Playwright's own.
 *
 * @param {Machine} [machine]
 * @returns {Promise<string | null>}
 * @throws {Error} if CHROME_PATH is set to something that cannot be run: to use another browser than the one asked for
 *   would be a surprise
 */
export async function findChromium(machine = {}) {
  const env = machine.env ?? process.env;
  const platform = machine.platform ?? process.platform;
  const runs = machine.isExecutable ?? isExecutable;

  const asked = env.CHROME_PATH;
  if (asked) {
    if (runs(asked)) return asked;
    throw new Error(`CHROME_PATH is ${asked}, which is not a program. Correct it, or unset it to let Prelude search.`);
  }

  const directories = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = directories.flatMap((directory) => commandNames.map((name) => join(directory, name)));
  if (platform === 'darwin') {
    const folders = ['/Applications', join(env.HOME ?? homedir(), 'Applications')];
    candidates.push(...folders.flatMap((folder) => applications.map((name) => join(folder, name))));
  } else if (platform === 'linux') {
    // A service or a container may run with a PATH that leaves these out.
    candidates.push('/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium');
  }
  const found = candidates.find(runs);
  if (found) return found;

  const own = await (machine.playwrightBrowser ?? playwrightBrowser)();
  return own && runs(own) ? own : null;
}

/**
 * The path of a Chromium; installs one if there is none: Debian's package where that is possible, else Playwright's own
 * build. The packages of package.json must be installed.
 *
 * @returns {Promise<string>}
 * @throws {Error} that says how to install one by hand
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;

  const isRoot = process.getuid?.() === 0;
  /** @type {[string, string[]][][]} */
  const ways = [];
  if (isRoot && existsSync('/etc/debian_version')) {
    ways.push([
      ['apt-get', ['update']],
      ['apt-get', ['install', '-y', '--no-install-recommends', 'chromium']],
    ]);
  }
  ways.push([[process.execPath, ['node_modules/playwright-core/cli.js', 'install', '--no-shell', 'chromium']]]);

  /** @type {unknown} */
  let lastError;
  for (const way of ways) {
    try {
      process.stderr.write(`Installing Chromium for the browser tests: ${way.map(describe).join(' && ')}\n`);
      for (const [command, args] of way) run(command, args);
      const installed = await findChromium();
      if (installed) return installed;
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error(
    'The browser tests need Chromium, and it could not be installed. Install Chromium or Google Chrome ' +
      '(Debian: `sudo apt-get install chromium`; macOS: `brew install --cask chromium`), ' +
      'or set CHROME_PATH to an existing one.',
    { cause: lastError },
  );
}

/** @param {[string, string[]]} step */
function describe([command, args]) {
  return [command === process.execPath ? 'node' : command, ...args].join(' ');
}
