import { expect, open, test } from './support';

const node = (name: string) => `.map .node[data-key]:has-text("${name}")`;

test('the details say why it runs, who may reach it, and how sure that is', async ({ page }) => {
  await open(page);
  const details = page.getByRole('complementary', { name: 'Details' });
  await page.locator(node('sshd')).dispatchEvent('click', { bubbles: true });
  await expect(details.locator('.reasons li').first()).toHaveText(
    'Started by systemd as sshd.service.',
  );
  await expect(details.locator('.chain .self')).toContainText('sshd');
  await expect(details.locator('.listening')).toContainText('everyone');

  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  await expect(details.locator('.reasons')).toContainText('Runs in the container shop-cache-1');
  await expect(details.locator('.listening [data-reach="network"]')).toContainText('this network');
  await expect(details.locator('.socket .owner').first()).toContainText(/found among|seen opening/);
});

test('whom a node talks to is listed, and each opens the connection', async ({ page }) => {
  await open(page);
  const details = page.getByRole('complementary', { name: 'Details' });
  await page.locator(node('postgres')).first().dispatchEvent('click', { bubbles: true });
  const from = details.getByRole('button', { name: /^from +java shop\.jar/ }).first();
  await from.focus();
  await page.keyboard.press('Enter');
  await expect(details.locator('h2')).toContainText('java shop.jar');
  await expect(details.locator('h2')).toContainText('postgres');
  await expect(details).toContainText('Direction');
  await expect(page).toHaveURL(/[?&]edge=/);
});

test('rates are told while the details are open', async ({ page }) => {
  await open(page);
  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  const sockets = page.locator('.details .sockets');
  await expect(sockets.locator('h3 .rates')).toContainText('/s');
  await expect(sockets.locator('h3 .sparkline path').first()).toHaveAttribute('d', /^M.*L/);
});

test('a socket is copied as ss prints it, as JSON and as a filter', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  const socket = page.locator('.details .socket[data-state="ESTABLISHED"]').first();
  await socket.getByRole('button', { name: 'More about this socket' }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await socket.getByRole('button', { name: 'As ss line' }).click();
  await expect.poll(copied).toMatch(/^(tcp|u_str) +ESTAB .*users:\(\("[^"]+",pid=\d+\)/);
  await socket.getByRole('button', { name: 'As JSON' }).click();
  await expect.poll(async () => (await copied()).startsWith('{')).toBe(true);
  expect(JSON.parse(await copied())).toHaveProperty('attribution');
  await socket.getByRole('button', { name: 'As filter' }).click();
  await expect.poll(copied).toMatch(/^proto:\w+ pid:\d+/);
  // The filter finds what it was made from.
  await socket.getByRole('button', { name: 'Only this' }).click();
  await expect(page).toHaveURL(/filter=proto:/);
  await expect(page.locator('.filter-error')).toHaveCount(0);
});

test('what the details name is filtered by with a click', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  const details = page.getByRole('complementary', { name: 'Details' });
  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  await details.getByRole('button', { name: 'shop-cache-1' }).first().click();
  await expect(filter).toHaveValue('container=shop-cache-1');
  await details.locator('.listening .by').first().click();
  await expect(filter).toHaveValue('container=shop-cache-1 port:6379');
  await expect(page.locator(node('redis-server'))).toHaveCount(1);
  await expect(page.locator(node('postgres'))).toHaveCount(0);

  await filter.fill('');
  await expect(page.locator(node('postgres'))).toHaveCount(1);
  await page.locator('.map .node.remote[data-key]').first().dispatchEvent('click', {
    bubbles: true,
  });
  await details.locator('.members.remotes .by').first().click();
  await expect(filter).toHaveValue(/^remote=/);
  await expect(page.locator('.filter-error')).toHaveCount(0);
});

test('secrets stay masked, and a switch shows them where the program allows it', async ({
  page,
}) => {
  let allowed = false;
  await page.route('**/api/v1/processes/*', async (route) => {
    const response = await route.fetch();
    const process = await response.json();
    process.arguments = ['redis-server', '--requirepass', '••••'];
    process.masked = 1;
    if (allowed) process.revealed = ['redis-server', '--requirepass', 'hunter2'];
    await route.fulfill({ response, json: process });
  });
  await open(page);
  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details.locator('.command')).toContainText('••••');
  await expect(details).toContainText('--show-secrets');
  await expect(details.getByRole('checkbox')).toHaveCount(0);
  await page.keyboard.press('Escape');

  allowed = true;
  await page.locator(node('redis-server')).dispatchEvent('click', { bubbles: true });
  const reveal = details.getByRole('checkbox', { name: 'Show 1 masked secret' });
  await expect(details.locator('.command')).not.toContainText('hunter2');
  await reveal.check();
  await expect(details.locator('.command')).toContainText('hunter2');
  await reveal.uncheck();
  await expect(details.locator('.command')).not.toContainText('hunter2');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the heading shows the glyph that the map shows for the program', async ({ page }) => {
  await open(page);
  const node = page
    .locator('.map .node[data-key]', { has: page.locator('path.icon.brand') })
    .first();
  await expect(node).toBeVisible();
  // The same steps, of another length where it is of another size.
  const steps = async (path: import('@playwright/test').Locator) =>
    ((await path.getAttribute('d')) ?? '').replace(/[-\d. ]+/g, ' ');
  const glyph = await steps(node.locator('path.icon'));
  expect(glyph.length).toBeGreaterThan(20);
  await node.click();
  const shown = page.locator('.details .swatch path');
  await expect.poll(() => steps(shown)).toBe(glyph);
  // It is drawn like a brand: filled.
  await expect(shown).toHaveCSS('fill', 'rgb(255, 255, 255)');
  await expect(shown).toHaveCSS('stroke', 'none');
});
