import { expect, open, test } from './support';

test('completion knows what occurs', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.fill('redis');
  const option = page.getByRole('option', { name: /^proc=redis-server/ });
  await expect(option).toContainText('socket');
  await option.click();
  await expect(filter).toHaveValue('proc=redis-server ');
  await expect(filter).toBeFocused();
  await expect(page.locator('.map .node[data-key]:has-text("redis-server")')).toHaveCount(1);
  await expect(page.locator('.map .node[data-key]:has-text("sshd")')).toHaveCount(0);
});

test('what occurs is counted, and asked for or left out with a click', async ({ page }) => {
  await open(page);
  await page.keyboard.press('e');
  const panel = page.getByRole('complementary', { name: 'Narrow down' });
  const filter = page.getByRole('combobox', { name: 'Filter' });
  const users = panel.getByRole('list', { name: 'User' });
  const redis = users.getByRole('button', { name: /^redis \d/ });
  await expect(redis).toHaveAttribute('aria-pressed', 'false');
  await redis.click();
  await expect(filter).toHaveValue('user=redis');
  await expect(redis).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.map .node[data-key]:has-text("sshd")')).toHaveCount(0);
  // Whom it is joined to occurs too: another value is an alternative.
  await users.getByRole('button', { name: /^deploy \d/ }).click();
  await expect(filter).toHaveValue('user=redis,deploy');
  await panel.getByRole('button', { name: 'Take away: user=redis,deploy' }).click();
  await expect(filter).toHaveValue('');
  await users.getByRole('button', { name: 'Leave out redis' }).click();
  await expect(filter).toHaveValue('user!=redis');
  await expect(page.locator('.map .node[data-key]:has-text("redis-server")')).toHaveCount(0);
  await panel.getByRole('button', { name: 'Close the panel' }).click();
  await expect(panel).toHaveCount(0);
});

test('filters are saved under a name, and survive a reload', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.fill('proc:redis');
  await expect(page).toHaveURL(/filter=proc:redis/);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Narrow down' }).click();
  const panel = page.getByRole('complementary', { name: 'Narrow down' });
  await panel.getByRole('textbox', { name: 'Name of the filter' }).fill('The cache');
  await panel.getByRole('button', { name: 'Save' }).click();
  await filter.fill('');
  await expect(page).not.toHaveURL(/filter/);
  await page.reload();
  await panel.getByRole('button', { name: 'The cache', exact: true }).click();
  await expect(filter).toHaveValue('proc:redis');
  await panel.getByRole('button', { name: 'Forget The cache' }).click();
  await expect(panel.getByRole('button', { name: 'The cache', exact: true })).toHaveCount(0);
});
