import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// During development the page is served by Vite and everything under /api goes to a running studio:
// the mock (npm run mock) or the real program (AEOLIAN=http://127.0.0.1:PORT npm run dev).
const server = process.env['AEOLIAN'] ?? 'http://127.0.0.1:8174';

// As in crates/serve/src/guard.rs.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; " +
  "img-src 'self' data: blob:; media-src 'self' blob: data:; font-src 'self' data:; connect-src 'self' blob: data:; " +
  "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    // The content-security policy of the server allows scripts, styles and fonts from files only, so nothing may
    // be folded into the page as a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    // Names without content hashes: `dist` is committed, and a stable name keeps the history readable. They lie in
    // studio/, not assets/: what the server finds in assets/ it lets browsers keep for ever; for all else it sends
    // entity tags, so that a browser notices a new build.
    rollupOptions: {
      output: {
        entryFileNames: 'studio/[name].js',
        chunkFileNames: 'studio/[name].js',
        assetFileNames: 'studio/[name][extname]',
      },
    },
  },
  server: { port: 5174, proxy: { '/api': { target: server, changeOrigin: false } } },
  // The built page before a real server that does not have it inside yet, under the same policy.
  preview: {
    port: 5175,
    proxy: { '/api': { target: server, changeOrigin: false } },
    headers: { 'Content-Security-Policy': POLICY },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
} as Parameters<typeof defineConfig>[0]);
