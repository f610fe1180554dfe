import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defaultClientConditions } from 'vite';
import { configDefaults, defineConfig } from 'vitest/config';

const require = createRequire(import.meta.url);

/** wasm threads need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * A static host such as GitHub Pages cannot send the headers above. There, a service worker adds them; where the server
 * sends them, its script does nothing. It must be a file of its own beside index.html, since its place is its scope.
 */
function isolationOnStaticHosts(): Plugin {
  const fileName = 'coi-serviceworker.js';
  return {
    name: 'isolation-on-static-hosts',
    apply: 'build',
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `./${fileName}` }, injectTo: 'head-prepend' }],
    generateBundle() {
      const source = readFileSync(require.resolve('coi-serviceworker'));
      this.emitFile({ type: 'asset', fileName, source });
    },
  };
}

/**
 * ONNX Runtime loads its wasm and the glue code for it from beside its own script. In development that is its folder in
 * node_modules; for the build, this puts the files of those variants that are in use beside the scripts. Nothing comes
 * from another host.
 */
function onnxRuntimeFiles(): Plugin {
  let assetsDir = '';
  return {
    name: 'onnx-runtime-files',
    apply: 'build',
    // The bare package is for Node; without this, the branch that imports it would bring a variant of its own along.
    config: () => ({ resolve: { alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }] } }),
    configResolved(config) {
      assetsDir = config.build.assetsDir;
    },
    async writeBundle({ dir = 'dist' }, bundle) {
      const scripts = Object.values(bundle).map((file) => (file.type === 'chunk' ? file.code : String(file.source)));
      const glue = scripts.flatMap((text) => text.match(/ort-wasm-simd-threaded(\.[a-z]+)?(?=\.mjs)/g) ?? []);
      const files = [...new Set(glue)].flatMap((name) => [`${name}.mjs`, `${name}.wasm`]);
      const source = dirname(require.resolve('onnxruntime-web'));
      await Promise.all(files.map((file) => copyFile(join(source, file), join(dir, assetsDir, file))));
    },
  };
}

export default defineConfig({
  // Relative addresses, so that the page works in any folder of a host.
  base: './',
  plugins: [react(), isolationOnStaticHosts(), onnxRuntimeFiles()],
  resolve: {
    // The variants of onnxruntime-web that load their glue code by address. The others start their threads from
    // whatever file they were bundled into, which here would be the whole engine.
    conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
  },
  worker: { format: 'es' },
  optimizeDeps: {
    exclude: ['onnxruntime-web'],
    // The scan does not follow workers by itself; a package found late reloads the page.
    entries: ['index.html', 'src/worker/*.ts'],
  },
  server: { headers: isolation },
  preview: { headers: isolation, port: 4173, strictPort: true },
  build: {
    target: 'es2022',
    // Shaders and icons may be inlined, wasm never is: its files are far larger.
    chunkSizeWarningLimit: 1000,
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.{ts,tsx}'],
          exclude: [...configDefaults.exclude, 'tests/**/*.browser.test.ts', 'tests/e2e/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Vitest leaves one core out, which on two is half of them.
          maxWorkers: '100%',
        },
      },
      {
        // Node drives a real Chromium through playwright-core, so these are not Vitest's "browser mode".
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/**/*.browser.test.ts'],
          exclude: [...configDefaults.exclude, 'tests/e2e/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A software GPU keeps every core busy, so one file at a time, after the unit tests.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: ['tests/support/servePage.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
