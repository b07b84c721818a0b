import { gzipSync } from 'node:zlib';
import { expect, open, test } from './support';

const BUDGET_BYTES = 100_000;

test('all JavaScript together stays within its budget', async ({ page }) => {
  const scripts = new Map<string, number>();
  page.on('response', async (response) => {
    if (!/\.js$/.test(new URL(response.url()).pathname)) return;
    scripts.set(response.url(), gzipSync(await response.body(), { level: 9 }).length);
  });
  await open(page);
  await page.waitForLoadState('load');
  // What is loaded when it is first asked for counts too.
  await page.keyboard.press('b');
  await expect(page.getByRole('grid')).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  const total = [...scripts.values()].reduce((sum, size) => sum + size, 0);
  expect(scripts.size).toBeGreaterThan(1);
  expect(total).toBeLessThanOrEqual(BUDGET_BYTES);
});

for (const [width, height] of [
  [1400, 900],
  [800, 600],
] as const) {
  for (const colorScheme of ['dark', 'light'] as const) {
    test(`picture at ${width}x${height}, ${colorScheme}`, async ({ page }, info) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await open(page);
      await page.waitForTimeout(600);
      const fits = await page.evaluate(
        () => document.documentElement.scrollWidth <= window.innerWidth,
      );
      expect(fits, 'the page is no wider than the window').toBe(true);
      await info.attach(`map-${width}-${colorScheme}`, {
        body: await page.screenshot({ path: info.outputPath(`map-${width}-${colorScheme}.png`) }),
        contentType: 'image/png',
      });
    });
  }
}
