import { expect, open, test } from './support';

test('every process and remote can be asked for, and the address says so', async ({ page }) => {
  await open(page);
  const nodes = page.locator('.map .node[data-key]');
  const joined = await nodes.count();
  await page.getByRole('button', { name: 'How the map is drawn' }).click();
  await page.getByLabel('Every process and every remote, not joined').check();
  await page.keyboard.press('Escape');
  await expect.poll(() => nodes.count()).toBeGreaterThan(joined);
  expect(page.url()).toMatch(/raw|budget/);
  await page.reload();
  await expect.poll(() => nodes.count()).toBeGreaterThan(joined);
  await page.getByRole('button', { name: 'How the map is drawn' }).click();
  await page.getByLabel('Every process and every remote, not joined').uncheck();
  await expect.poll(() => nodes.count()).toBeLessThanOrEqual(joined + 3);
});
