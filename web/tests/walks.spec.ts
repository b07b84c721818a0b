// What somebody who has never seen the page asks first, each answered by what stands on it.

import { expect, open, test } from './support';

test('what does this machine talk to on the Internet?', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Talks to the Internet' }).click();
  const remotes = page.locator('.map .node.remote[data-key]');
  await expect(page.locator('.map .node[data-key]:has-text("postgres")')).toHaveCount(0);
  await expect(remotes.first()).toBeVisible();
  // Nobody is left who only calls us.
  await expect(page.locator('.map .node[data-key^="in/"]')).toHaveCount(0);
  // Each says its name or address, and who talks to it.
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(async () => {
    // One whose last connection has just ended tells no addresses any more: then another is asked.
    await remotes.first().dispatchEvent('click', { bubbles: true });
    await expect(details).toContainText('Remote server', { timeout: 2_000 });
    const address = details.locator('.members.remotes li').first();
    await expect(address).toContainText(/\d+\.\d+|:/, { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await expect(details.locator('.socket .owner').first()).toContainText(/\w+ \d+: /);
});

test('who uses the database?', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Uses a database' }).click();
  const nodes = page.locator('.map .node[data-key]');
  const database = nodes.filter({ hasText: 'postgres' });
  await expect(database.first()).toBeVisible();
  await expect(nodes.filter({ hasText: 'nginx' })).toHaveCount(0);
  await expect(nodes.filter({ hasText: 'java shop.jar' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Show map and table' }).click();
  await page.getByRole('grid').getByRole('button', { name: 'Server', exact: true }).click();
  const users = page.locator('.rows .row').filter({ hasText: 'postgres' });
  await expect(users.filter({ hasText: 'java shop.jar' }).first()).toContainText('5432');
});

test('why is this process running?', async ({ page }) => {
  await open(page);
  await page
    .locator('.map .node[data-key]:has-text("node_exporter")')
    .dispatchEvent('click', { bubbles: true });
  const why = page.locator('.details .why');
  await expect(why).toContainText('Why it runs');
  await expect(why.locator('.reasons li').first()).toHaveText(
    'Started by systemd as node_exporter.service.',
  );
  // The chain leads on to whoever started it.
  await why.locator('.chain button').first().click();
  await expect(why.locator('.chain .self')).toContainText('systemd');
});

test('what appeared in the last five minutes?', async ({ page }) => {
  // Connections of the simulated machine may take a minute to change.
  test.setTimeout(240_000);
  await open(page);
  const since = page.getByRole('combobox', { name: 'New since' });
  await since.selectOption('5 minutes ago');
  await expect(page.getByRole('combobox', { name: 'Filter' })).toHaveValue(
    /^opened>=\d{4}-\d\d-\d\dT[\d:]+Z$/,
  );
  await expect(page.locator('.filter-error')).toHaveCount(0);
  const nodes = page.locator('.map .node[data-key]');
  await expect(nodes.first()).toBeVisible({ timeout: 60_000 });
  // All of the simulated machine may be younger: what has listened before is not new from now on.
  await since.selectOption('now');
  await expect(nodes.first()).toBeVisible({ timeout: 180_000 });
  await expect(nodes.filter({ hasText: 'node_exporter' })).toHaveCount(0);
  await since.selectOption('any time');
  await expect(nodes.filter({ hasText: 'node_exporter' })).toHaveCount(1);
});
