import { expect, open, test } from './support';

test('by container or by unit, one node stands for each, and says which', async ({ page }) => {
  await open(page);
  const choice = page.getByRole('combobox', { name: 'Group' });
  const nodes = page.locator('.map .node[data-key]');
  const containers = page.locator('.map .node[data-key^="c/"]');
  const units = page.locator('.map .node[data-key^="s/"]');
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(containers).toHaveCount(0);
  await expect(units).toHaveCount(0);

  await choice.selectOption({ label: 'Containers' });
  await expect(containers.first()).toBeAttached();
  await expect(units).toHaveCount(0);
  // What runs in none stays what it was.
  await expect(
    nodes.and(page.locator(':not([data-key^="c/"]):not(.remote)')).first(),
  ).toBeAttached();
  const keys = await containers.evaluateAll((all) => all.map((node) => node.dataset.key));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.length).toBeGreaterThan(2);

  // One with several processes names itself, in its details too.
  const group = page.locator('.map .node.group[data-key^="c/"]').first();
  const label = (await group.locator('.label').first().textContent()) ?? '';
  // As much of it as the node has room for.
  const name = label.replace(/ ×[\d,]+$/, '').replace(/…$/, '');
  expect(name).not.toBe('');
  await group.dispatchEvent('click', { bubbles: true });
  await expect(details.getByText('Container', { exact: true })).toBeVisible();
  await expect(details).toContainText(name);
  await page.keyboard.press('Escape');

  await choice.selectOption({ label: 'systemd units' });
  await expect(units.first()).toBeAttached();
  await expect(containers).toHaveCount(0);

  // The choice outlives a reload.
  await page.reload();
  await expect(choice).toHaveValue('unit');
  await expect(units.first()).toBeAttached();

  await choice.selectOption({ label: 'Processes' });
  await expect(nodes.first()).toBeAttached();
  await expect(units).toHaveCount(0);
});
