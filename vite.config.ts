import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** wasm threads need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers: isolation },
  preview: { headers: isolation, port: 4173, strictPort: true },
  build: { target: 'es2022' },
  test: { include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'] },
});
