import { expect, open, test } from './support';

test('the address says what is shown, and shows it again to whoever opens it', async ({ page }) => {
  await open(page);
  await page.getByRole('combobox', { name: 'Filter' }).fill('port:5432,443');
  await page.getByRole('combobox', { name: 'Group' }).selectOption('process');
  await page.getByRole('button', { name: 'Listeners', exact: true }).click();
  await page.getByRole('button', { name: 'Show map and table' }).click();
  await page.getByRole('tab', { name: /Processes/ }).click();
  const grid = page.getByRole('grid', { name: 'Processes and remotes' });
  await grid.getByRole('button', { name: 'Connections' }).click();
  await expect(page).toHaveURL(/filter=port:5432,443&group=process&listeners=0/);
  await expect(page).toHaveURL(/show=both&list=node&sort=sockets&order=desc/);
  await grid.locator('.rows .row').first().click();
  const name = (await page.locator('.details h2').textContent()) ?? '';
  await expect(page).toHaveURL(/[?&]node=/);

  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(other.getByRole('combobox', { name: 'Filter' })).toHaveValue('port:5432,443');
  await expect(other.getByRole('combobox', { name: 'Group' })).toHaveValue('process');
  await expect(other.getByRole('button', { name: 'Listeners', exact: true })).toHaveAttribute(
    'aria-pressed',
    'false',
  );
  await expect(other.locator('.details h2')).toHaveText(name);
  await expect(
    other.getByRole('columnheader', { name: 'Connections', exact: true }),
  ).toHaveAttribute('aria-sort', 'descending');
  await expect(other.locator('.map .node').first()).toBeVisible();
  expect(other.url()).toBe(page.url());
  await other.close();
});

test('back and forward go through what was shown', async ({ page }) => {
  await open(page);
  const group = page.getByRole('combobox', { name: 'Group' });
  const details = page.getByRole('complementary', { name: 'Details' });
  await group.selectOption('user');
  await expect(page).toHaveURL(/group=user/);
  await page.locator('.map .node[data-key]').first().dispatchEvent('click', { bubbles: true });
  await expect(details).toBeVisible();
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/show=table/);

  await page.goBack();
  await expect(page.getByRole('grid')).toHaveCount(0);
  await expect(details).toBeVisible();
  await page.goBack();
  await expect(details).toHaveCount(0);
  await expect(group).toHaveValue('user');
  await page.goBack();
  await expect(group).toHaveValue('auto');
  await expect(page).not.toHaveURL(/group/);
  await page.goForward();
  await expect(group).toHaveValue('user');
  await page.goForward();
  await expect(details).toBeVisible();
});

test('typing a filter is one step back', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  await filter.pressSequentially('nginx', { delay: 300 });
  await expect(page).toHaveURL(/filter=nginx/);
  await page.goBack();
  await expect(filter).toHaveValue('');
  await expect(page).not.toHaveURL(/filter/);
});

test('the link is copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, '/?group=user&show=both');
  await page.getByRole('button', { name: 'Share and export' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Copied')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Copy link' })).toHaveCount(0);
});

test.describe('addresses of strangers', () => {
  // The browser logs the server's 400 by itself.
  test.use({ allowErrors: [[/status of 400/], { scope: 'test' }] });

  const long = 'x'.repeat(3000);
  for (const [what, address] of [
    ['wrong filter', '/?filter=port%3A%22'],
    ['no filter at all', `/?filter=${'('.repeat(900)}`],
    ['too long', `/?filter=${long}&expand=${long}&mute=${long}&node=${long}`],
    ['made up', '/?group=__proto__&remotes=x&udp=2&show=alert(1)&sort=%3Cb%3E&list=constructor'],
    ['of nothing', '/?node=no/such&expand=no/such&expand=%00'],
    ['not text', '/?filter=%ff%fe&node=%c3%28&group=%zz'],
    ['markup', '/?node=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&show=both'],
    ['many', `/?${Array.from({ length: 900 }, (_, i) => `expand=k${i}`).join('&')}`],
  ] as const) {
    test(`do no harm: ${what}`, async ({ page }) => {
      await page.goto(address);
      await expect(page.locator('.connection')).toHaveAttribute('data-state', 'live');
      await page.keyboard.press('Escape');
      await page.getByRole('combobox', { name: 'Filter' }).fill('');
      await expect(page.locator('.filter-error')).toHaveCount(0);
      await expect(page.locator('.map .node').first()).toBeVisible();
    });
  }

  test('a wrong filter is explained beside the whole map, with what was meant', async ({
    page,
  }) => {
    await open(page, '/?filter=prt%3A443');
    const filter = page.getByRole('combobox', { name: 'Filter' });
    await expect(filter).toHaveValue('prt:443');
    await expect(filter).toHaveAttribute('aria-invalid', 'true');
    await expect(page.locator('.search .wrong mark')).toHaveText('prt');
    const line = page.locator('.search .wrong mark');
    const input = await filter.boundingBox();
    const marked = await line.boundingBox();
    expect(marked && input && marked.x > input.x && marked.y >= input.y).toBe(true);
    await page.getByRole('button', { name: 'Replace by port' }).click();
    await expect(filter).toHaveValue('port:443');
    await expect(page.locator('.filter-error')).toHaveCount(0);
    await expect(filter).toHaveAttribute('aria-invalid', 'false');
  });

  test('a wrong mute is told apart from the filter, and taken away', async ({ page }) => {
    await open(page, '/?filter=proc%3Anginx&mute=%28');
    await expect(page.locator('.filter-error')).toContainText('mute=(');
    const filter = page.getByRole('combobox', { name: 'Filter' });
    await expect(filter).toHaveAttribute('aria-invalid', 'false');
    await page.getByRole('button', { name: 'Show again: (' }).click();
    await expect(page.locator('.filter-error')).toHaveCount(0);
    await expect(filter).toHaveValue('proc:nginx');
  });
});
