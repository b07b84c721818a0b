import { expect, open, test } from './support';

test('UNIX sockets are shown on request, with a look of their own, and say their path', async ({
  page,
}) => {
  test.slow();
  await open(page);
  const toggle = page.getByRole('button', { name: 'UNIX', exact: true });
  const edges = page.locator('.map .edge[data-key$="/unix"]');
  const legend = page.getByRole('complementary', { name: 'Legend' });
  await expect(toggle).toHaveAttribute('aria-pressed', 'false');
  await expect(edges).toHaveCount(0);
  await expect(legend).not.toContainText('UNIX socket');

  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
  await expect(edges.first()).toBeAttached();
  await expect(legend).toContainText('UNIX socket');
  const lines = edges.locator('.line');
  const live = page.locator('.map .edge[data-key$="/unix"]:not(.stale) .line').first();
  await expect(live).toHaveAttribute('stroke-dasharray', '2 3');
  expect(await lines.count()).toBeGreaterThan(3);

  // The filter knows paths.
  await page.getByRole('combobox', { name: 'Filter' }).fill('proto:unix path:dbus');
  const others = page.locator('.map .edge[data-key]:not([data-key$="/unix"])');
  await expect(others).toHaveCount(0);
  await expect(edges.first()).toBeAttached();

  // The table names it, and the details spell it out.
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Show as table' }).click();
  const row = page.getByRole('row').filter({ hasText: 'system_bus_socket' }).first();
  await expect(row).toContainText('UNIX');
  const details = page.getByRole('complementary', { name: 'Details' });
  // Connections end in the meantime: then another one is chosen.
  await expect(async () => {
    await row.click();
    const soon = { timeout: 5_000 };
    await expect(details).toContainText('/run/dbus/system_bus_socket', soon);
    await expect(details.locator('.socket').first()).toContainText('stream', soon);
  }).toPass({ timeout: 60_000 });

  await toggle.click();
  await expect(row).toHaveCount(0);
});
