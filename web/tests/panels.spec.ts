import { expect, open, test } from './support';

test('the filter narrows the map, and emptying it brings everything back', async ({ page }) => {
  await open(page);
  const nodes = page.locator('.map .node[data-key]');
  const all = await nodes.count();
  await page.keyboard.press('/');
  await page.keyboard.type('nginx');
  await expect.poll(() => nodes.count()).toBeLessThan(all);
  await expect(nodes.filter({ hasText: 'nginx' }).first()).toBeAttached();
  await expect(page.locator('.status')).toContainText('hidden');
  // The first closes the suggestions, the second empties the field.
  await expect(page.locator('.suggestions')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.suggestions')).toBeHidden();
  await page.keyboard.press('Escape');
  await expect.poll(() => nodes.count()).toBeGreaterThan(all / 2);
});

test.describe('a bad filter', () => {
  // The browser logs the server's 400 by itself.
  test.use({ allowErrors: [[/status of 400/], { scope: 'test' }] });

  test('is explained beneath the field, and the map stays', async ({ page }) => {
    await open(page);
    await page.getByRole('combobox', { name: 'Filter' }).fill('port:"');
    await expect(page.locator('.filter-error')).toBeVisible();
    await expect(page.getByRole('combobox', { name: 'Filter' })).toHaveAttribute(
      'aria-invalid',
      'true',
    );
    await expect(page.locator('.map .node[data-key]').first()).toBeVisible();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect(page.locator('.filter-error')).toHaveCount(0);
  });
});

test('a node opens its details: why it runs, its command, its sockets', async ({ page }) => {
  await open(page);
  await page.locator('.map .node[data-key]:not(.remote):not(.compact):not(.group)').first().click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toBeVisible();
  await expect(details.locator('.chain .self')).toBeVisible();
  await expect(details).toContainText('Sockets (');
  await expect(details.locator('.socket').first()).toBeVisible();
  await expect(page.locator('.map.focusing .node.lit').first()).toBeAttached();
  await page.keyboard.press('Escape');
  await expect(details).toHaveCount(0);
  await expect(page.locator('.map .node.selected')).toHaveCount(0);
});

test('a group shows its members in place, and goes back into one', async ({ page }) => {
  await open(page);
  const group = page.locator('.map .node.group[data-key]:not(.remote)').first();
  const key = (await group.getAttribute('data-key')) ?? '';
  const count = await page.locator('.map .node[data-key]').count();
  await group.click();
  await page.getByRole('button', { name: 'Show its members' }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toContainText('Shown as its members');
  await expect(page.locator(`.map [data-key="${key}"]`)).toHaveCount(0);
  await expect.poll(() => page.locator('.map .node[data-key]').count()).toBeGreaterThan(count);
  await details.getByRole('button', { name: 'Back into one' }).click();
  await expect(page.locator(`.map [data-key="${key}"]`)).toHaveCount(1);
});

test('an edge opens its details', async ({ page }) => {
  await open(page);
  await page
    .locator('.map .edge[data-key]:not(.stale) .hit')
    .first()
    .dispatchEvent('click', { bubbles: true });
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details).toContainText('To server');
  await expect(details).toContainText('Direction');
});

test('keys go from node to node and open one', async ({ page }) => {
  await open(page);
  await page.locator('.map .node[tabindex="0"]').focus();
  const focused = () =>
    page.evaluate(() => (document.activeElement as SVGElement | null)?.dataset.key ?? '');
  const first = await focused();
  expect(first).not.toBe('');
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) {
    await page.keyboard.press(key);
    if ((await focused()) !== first) break;
  }
  expect(await focused()).not.toBe(first);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
});

test('the table shows the same scene, sorts, and selects', async ({ page }) => {
  await open(page);
  await page.keyboard.press('t');
  const grid = page.getByRole('grid', { name: 'Connections' });
  await expect(grid).toBeVisible();
  const total = Number(await grid.getAttribute('aria-rowcount')) - 1;
  expect(total).toBeGreaterThan(3);
  await grid.getByRole('button', { name: 'Sockets' }).click();
  await expect(grid.getByRole('columnheader', { name: 'Sockets' })).toHaveAttribute(
    'aria-sort',
    'descending',
  );
  const sockets = await grid.locator('.rows .row').evaluateAll((rows) =>
    rows
      .map((row) => ({
        at: Number(row.getAttribute('aria-rowindex')),
        sockets: Number(row.children[5]?.textContent?.replaceAll(',', '')),
      }))
      .sort((a, b) => a.at - b.at)
      .map((row) => row.sockets),
  );
  expect(sockets).toEqual([...sockets].sort((a, b) => b - a));
  await grid.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
  await page.getByRole('tab', { name: /Processes/ }).click();
  await expect(page.getByRole('grid', { name: 'Processes and remotes' })).toBeVisible();
});

test('the toggles and the grouping change the view', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Local only', exact: true }).click();
  await expect(page.locator('.map .node.remote[data-key]')).toHaveCount(0);
  await page.getByRole('button', { name: 'Local only', exact: true }).click();
  await expect(page.locator('.map .node.remote[data-key]').first()).toBeVisible();
  await page.getByRole('combobox', { name: 'Group' }).selectOption('user');
  await expect(page.locator('.map .node[data-key]').first()).toBeVisible();
  const users = await page.locator('.map .node[data-key]:not(.remote)').count();
  await page.getByRole('combobox', { name: 'Group' }).selectOption('process');
  await expect
    .poll(() => page.locator('.map .node[data-key]:not(.remote)').count())
    .toBeGreaterThan(users);
});

test('help tells the keys and the filter fields', async ({ page }) => {
  await open(page);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog');
  await expect(help).toContainText('tidy');
  await expect(help.locator('.fields tr').first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(help).toHaveCount(0);
});

test('the theme follows the choice and is remembered', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Theme: auto' }).click();
  await page.getByRole('button', { name: 'Theme: dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});
