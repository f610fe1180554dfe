/** The Chromium that tests drive is the one that commands drive. */
export { type ModuleBrowser as TestBrowser, openBrowser, type Remote } from '../../src/cli/browser';
