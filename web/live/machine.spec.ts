// The page over programs that really run. Tests of the program start them, then this, and end the
// client when they are told that it is on the map.

import { expect, open, test } from '../tests/support';

/** What the labels of the two programs begin with, and where the server listens. */
const { server, client, address } = JSON.parse(process.env.PROCNET_LIVE ?? '{}') as {
  server: string;
  client: string;
  address: string;
};

test('programs are on the map while they run (PARITY 5)', async ({ page }) => {
  test.setTimeout(240_000);
  // Where the program can't know who asks, this address lets the browser in from now on.
  await page.goto(process.env.PROCNET_PAGE ?? '/');
  await open(page);
  const node = (name: string) => page.locator('.map .node[data-key]').filter({ hasText: name });
  await expect(node(server)).toBeVisible({ timeout: 60_000 });
  await expect(node(client)).toBeVisible({ timeout: 60_000 });

  // The one connection that the client has.
  await node(client).dispatchEvent('click', { bubbles: true });
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toContainText(client);
  // Not everywhere is it known who holds the other end.
  await expect(details.getByText(server).or(details.getByText(address)).first()).toBeVisible();
  // Why it runs, up to whatever started it.
  await expect(details.locator('.reasons li').first()).not.toBeEmpty();
  await expect(details.locator('.chain .self')).toContainText(client);
  await page.keyboard.press('Escape');

  console.log('both are on the map');
  await expect(node(client)).toHaveClass(/stale/, { timeout: 60_000 });
  await expect(node(client)).toHaveCount(0, { timeout: 120_000 });
  await expect(node(server)).toBeVisible();
});
