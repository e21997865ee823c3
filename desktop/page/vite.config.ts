import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  server: { host: '127.0.0.1' },
  build: {
    // The server's policy forbids data: addresses.
    assetsInlineLimit: 0,
    target: 'es2022',
    // The two SDKs are most of it, and an agent's browser loads them once a release.
    chunkSizeWarningLimit: 2000,
  },
  test: { include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0])
