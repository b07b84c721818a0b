import { configDefaults, defineConfig } from 'vitest/config';
import { glyphChunkOf, glyphs } from './build/glyphs';
import { vendorFileName, vendorLibraryOf, vendorManifest } from './build/vendor';

/** Where `npm run dev` finds a running procnet. */
const backend = { target: process.env.PROCNET_URL ?? 'http://127.0.0.1:8765', changeOrigin: true };

export default defineConfig({
  plugins: [glyphs(), vendorManifest()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows no data: fonts or scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: 'ui/[name].[hash].js',
        chunkFileNames: (chunk) => vendorFileName(chunk.name) ?? 'ui/[name].[hash].js',
        assetFileNames: (asset) => {
          const library = ['inter', 'simple-icons'].find((chunk) =>
            asset.names.some((name) => name.startsWith(chunk)),
          );
          return vendorFileName(library ?? '', '[extname]') ?? 'ui/[name].[hash][extname]';
        },
        manualChunks: (id) =>
          id.endsWith('?url') ? undefined : (glyphChunkOf(id) ?? vendorLibraryOf(id)),
      },
    },
  },
  worker: {
    format: 'es',
    rollupOptions: {
      output: {
        entryFileNames: 'ui/[name].[hash].js',
        chunkFileNames: (chunk) => vendorFileName(chunk.name) ?? 'ui/[name].[hash].js',
        manualChunks: (id) => vendorLibraryOf(id),
      },
    },
  },
  server: { proxy: { '/api': backend, '/assets': backend, '/vendor/manifest.json': backend } },
  // `vite preview` shows the built page over a running procnet.
  preview: { proxy: { '/api': backend, '/assets': backend } },
  test: {
    include: ['src/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'tests/**'],
    testTimeout: 60_000,
  },
});
