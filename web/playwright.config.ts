import { defineConfig } from '@playwright/test';

/** The program to test; without it, PROCNET_URL says where one runs. */
const program = process.env.PROCNET_BINARY;

if (!program && !process.env.PROCNET_URL) {
  throw new Error('set PROCNET_BINARY to a procnet program, or PROCNET_URL to where one serves');
}

export default defineConfig({
  // Of the live page only what tests of the program ask for, which run one.
  testDir: process.env.PROCNET_LIVE ? 'live' : 'tests',
  outputDir: 'test-results',
  forbidOnly: process.env.CI !== undefined,
  workers: 1,
  // The simulated machine lives on while it is looked at, and may end just what was clicked. What
  // holds only when asked again is told as flaky.
  retries: process.env.CI === undefined ? 0 : 1,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env.PROCNET_URL ?? '',
    viewport: { width: 1400, height: 900 },
    colorScheme: 'dark',
    launchOptions: {
      // Debian's own browser: nothing is downloaded.
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Chromium's sandbox refuses to run as root, which containers do.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
  ...(program && !process.env.PROCNET_URL
    ? {
        webServer: {
          command: `"${program}" demo --size small --port 0`,
          // The program says where it serves; the group becomes PROCNET_URL.
          wait: { stderr: /serving (?<procnet_url>http:\/\/[^/\s]+)/ },
          gracefulShutdown: { signal: 'SIGTERM', timeout: 3000 },
        },
      }
    : {}),
});
