import { describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';

/** A machine on which exactly these programs exist. */
function machine(
  programs: readonly string[],
  env: Record<string, string> = {},
  platform: NodeJS.Platform = 'linux',
): Parameters<typeof findChromium>[0] {
  return {
    env,
    platform,
    isExecutable: (path) => programs.includes(path),
    playwrightBrowser: async () => '/cache/ms-playwright/chromium/chrome',
  };
}

describe('findChromium', () => {
  it('takes CHROME_PATH before everything else', async () => {
    const programs = ['/opt/mine/chrome', '/usr/bin/chromium'];
    expect(await findChromium(machine(programs, { CHROME_PATH: '/opt/mine/chrome', PATH: '/usr/bin' }))).toBe(
      '/opt/mine/chrome',
    );
  });

  it('refuses a CHROME_PATH that is not a program, and names it', async () => {
    const search = findChromium(machine(['/usr/bin/chromium'], { CHROME_PATH: '/opt/gone', PATH: '/usr/bin' }));
    await expect(search).rejects.toThrow('/opt/gone');
  });

  it.each(['chromium', 'chromium-browser', 'google-chrome'])('finds %s on the PATH', async (name) => {
    expect(await findChromium(machine([`/b/${name}`], { PATH: '/a:/b' }))).toBe(`/b/${name}`);
  });

  it('finds /usr/bin/chromium when the PATH leaves it out', async () => {
    expect(await findChromium(machine(['/usr/bin/chromium'], { PATH: '/bin' }))).toBe('/usr/bin/chromium');
  });

  it('finds an application of macOS, the person’s own folder included', async () => {
    const shared = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    expect(await findChromium(machine([shared], {}, 'darwin'))).toBe(shared);
    const own = '/Users/ada/Applications/Chromium.app/Contents/MacOS/Chromium';
    expect(await findChromium(machine([own], { HOME: '/Users/ada' }, 'darwin'))).toBe(own);
  });

  it('takes Playwright’s own browser last, and only if it is there', async () => {
    const own = '/cache/ms-playwright/chromium/chrome';
    expect(await findChromium(machine([own]))).toBe(own);
    expect(await findChromium(machine([own, '/usr/bin/chromium']))).toBe('/usr/bin/chromium');
    expect(await findChromium(machine([]))).toBeNull();
  });

  it('finds a real one here, since the browser tests need it', async () => {
    expect(await findChromium()).not.toBeNull();
  });
});
