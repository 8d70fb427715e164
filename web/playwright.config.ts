import { defineConfig } from '@playwright/test';

// The real program, the real model and a real Chromium. `AEOLIAN_BIN` is the program; its data goes into a folder of
// its own that the run leaves behind for looking into. One worker: the machine that runs this is small.
const program = process.env['AEOLIAN_BIN'] ?? '../target/release/aeolian';
const port = Number(process.env['AEOLIAN_PORT'] ?? 7655);
const data = process.env['AEOLIAN_DATA'] ?? `/tmp/aeolian-e2e-${process.pid}`;
const pace = Number(process.env['AEOLIAN_PACE'] ?? 1);

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'e2e/results',
  workers: 1,
  retries: 0,
  reporter: [['list']],
  // A model on a busy machine takes its time; `AEOLIAN_PACE=3` multiplies every patience by three.
  timeout: 180_000 * pace,
  expect: { timeout: 60_000 * pace },
  use: {
    baseURL: process.env['AEOLIAN_URL'] ?? `http://127.0.0.1:${port}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    browserName: 'chromium',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    },
  },
  ...(process.env['AEOLIAN_URL']
    ? {}
    : {
        webServer: {
          command: `${program} serve --port ${port} --data ${data}`,
          url: `http://127.0.0.1:${port}/api/health`,
          timeout: 60_000 * pace,
          reuseExistingServer: false,
        },
      }),
});
