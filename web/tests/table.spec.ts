import { readFile } from 'node:fs/promises';
import { frozenDemo } from './demo';
import { expect, open, test } from './support';

test('the table is walked cell by cell, sorted and opened with the keyboard', async ({ page }) => {
  await open(page, '/?show=both&list=node');
  const grid = page.getByRole('grid', { name: 'Processes and remotes' });
  await grid.focus();
  const active = async () => {
    const id = (await grid.getAttribute('aria-activedescendant')) ?? 'none';
    return page.locator(`[id="${id}"]`);
  };
  await expect(await active()).toHaveAttribute('aria-colindex', '1');
  await page.keyboard.press('ArrowRight');
  await expect(await active()).toHaveAttribute('aria-colindex', '2');
  await page.keyboard.press('End');
  const columns = Number(await grid.getAttribute('aria-colcount'));
  await expect(await active()).toHaveAttribute('aria-colindex', String(columns));
  await page.keyboard.press('Control+End');
  const rows = Number(await grid.getAttribute('aria-rowcount'));
  await expect((await active()).locator('..')).toHaveAttribute('aria-rowindex', String(rows));
  await page.keyboard.press('Control+Home');
  await expect((await active()).locator('..')).toHaveAttribute('aria-rowindex', '2');
  await page.keyboard.press('ArrowUp');
  await expect(await active()).toHaveRole('columnheader');
  await expect(await active()).toHaveAttribute('aria-sort', 'ascending');
  await page.keyboard.press('Enter');
  await expect(await active()).toHaveAttribute('aria-sort', 'descending');
  await expect(page).toHaveURL(/sort=label&order=desc/);
  await page.keyboard.press('ArrowDown');
  const name = (await (await active()).textContent()) ?? '';
  await page.keyboard.press('Enter');
  await expect(page.locator('.details h2')).toHaveText(name);
  // Beside the table the map shows it too.
  await expect(page.locator('.map .node.selected')).toHaveCount(1);
});

test('columns are chosen, and the choice is remembered', async ({ page }) => {
  await open(page, '/?show=both');
  const heading = page.getByRole('columnheader', { name: 'Protocol' });
  await expect(heading).toBeVisible();
  await page.getByRole('button', { name: 'Columns of the table' }).click();
  await page.getByRole('checkbox', { name: 'Protocol' }).uncheck();
  await expect(heading).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('checkbox', { name: 'Protocol' })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('columnheader', { name: 'Client', exact: true })).toBeVisible();
  await expect(heading).toHaveCount(0);
});

test('the table is saved as it is shown', async ({ page }) => {
  await open(page, '/?show=both&list=node&sort=label&order=asc');
  const first = await page.locator('.rows .row [aria-colindex="1"]').first().textContent();
  const [csv] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(csv.suggestedFilename()).toMatch(/^procnet-demo-nodes-\d{4}-.*\.csv$/);
  const lines = (await readFile(await csv.path(), 'utf8')).split('\n');
  expect(lines[0]).toBe('Name,Type,Detail,User,Count,Connections,Listens on,Age');
  expect(lines[1]).toContain(first ?? 'nothing');
  const [json] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'JSON', exact: true }).click(),
  ]);
  const rows = JSON.parse(await readFile(await json.path(), 'utf8')) as { label: string }[];
  expect(rows.length).toBe(lines.length - 2);
});

test('all sockets are listed, in the order of the server', async ({ page }) => {
  await open(page, '/?show=both');
  await page.getByRole('tab', { name: 'All sockets' }).click();
  const grid = page.getByRole('grid', { name: 'All sockets' });
  await expect(grid.locator('.rows .row').first()).toBeVisible();
  const total = Number(await grid.getAttribute('aria-rowcount')) - 1;
  expect(total).toBeGreaterThan(20);
  await grid.getByRole('button', { name: 'Sent', exact: true }).click();
  await expect(grid.getByRole('columnheader', { name: 'Sent', exact: true })).toHaveAttribute(
    'aria-sort',
    'descending',
  );
  const response = await page.waitForResponse((r) => r.url().includes('/api/v1/sockets?'));
  expect(response.url()).toContain('sort=sent&order=desc&offset=0');
  const sent = ((await response.json()) as { sockets: { tx_bytes: number }[] }).sockets.map(
    (socket) => socket.tx_bytes,
  );
  expect(sent).toEqual([...sent].sort((a, b) => b - a));
  await grid.focus();
  await page.keyboard.press('Control+End');
  await expect(grid.locator(`.row[aria-rowindex="${total + 1}"]`)).toBeVisible();
  await expect(grid.locator('.row[aria-busy]')).toHaveCount(0);
});

test('fifty thousand sockets are walked to the end with the keyboard', async ({ page }) => {
  const demo = await frozenDemo(page, 50_000);
  try {
    await open(page, `${demo.address}/?show=both&list=socket&sort=local&order=asc&udp=1`);
    const grid = page.getByRole('grid', { name: 'All sockets' });
    await expect(grid.locator('.rows .row').first()).toBeVisible();
    await expect(grid.locator('.row[aria-busy]')).toHaveCount(0);
    const total = Number(await grid.getAttribute('aria-rowcount')) - 1;
    expect(total).toBeGreaterThan(40_000);
    const cell = async () => (await grid.getAttribute('aria-activedescendant')) ?? 'none';
    // Loaded, in sight, and one of few rows that exist.
    const arrivesAt = async (row: number) => {
      const active = grid.locator(`.row.active[aria-rowindex="${row + 1}"]`);
      await expect(active).toBeInViewport();
      await expect(active).not.toHaveAttribute('aria-busy');
      await expect(page.locator(`[id="${await cell()}"]`)).toBeInViewport();
      expect(await grid.locator('.rows .row').count()).toBeLessThan(80);
    };
    await grid.focus();
    await arrivesAt(1);
    await page.keyboard.press('Control+End');
    await arrivesAt(total);
    await page.keyboard.press('ArrowDown');
    await arrivesAt(total);
    for (let i = 0; i < 3; i++) await page.keyboard.press('PageUp');
    const up = Number(await grid.locator('.row.active').getAttribute('aria-rowindex')) - 1;
    expect(up).toBeLessThan(total - 20);
    await arrivesAt(up);
    for (let i = 0; i < 4; i++) await page.keyboard.press('PageDown');
    await arrivesAt(total);
    // It is the server's last row.
    const last = await page.request.get(
      `${demo.address}/api/v1/sockets?sort=local&order=asc&udp=1&limit=1&offset=${total - 1}`,
    );
    const { sockets, total: told } = (await last.json()) as {
      sockets: { local: { port: number } }[];
      total: number;
    };
    expect(told).toBe(total);
    const row = grid.locator('.row.active');
    await expect(row).toContainText(`:${sockets[0]?.local.port}`);
    await page.keyboard.press('Control+Home');
    await arrivesAt(1);
    await page.keyboard.press('Enter');
    await expect(page.locator('.details')).toBeVisible();
  } finally {
    await demo.end();
  }
});

test('interfaces are told, and places where there are any', async ({ page }) => {
  await page.route('**/api/v1/sockets?*', async (route) => {
    const response = await route.fetch();
    const list = await response.json();
    // What --geoip would tell.
    const placed = list.sockets.find(
      (socket: { direction: string }) => socket.direction === 'outbound',
    );
    if (placed && page.url().includes('sort=country')) {
      placed.country = 'DE';
      placed.network = 'AS64500 Example';
    }
    await route.fulfill({ response, json: list });
  });
  const demo = await frozenDemo(page, 500);
  try {
    await open(page, `${demo.address}/?show=both&list=socket&sort=interface&order=asc`);
    const grid = page.getByRole('grid', { name: 'All sockets' });
    await expect(grid.getByRole('columnheader', { name: 'Interface' })).toBeVisible();
    await expect(grid.getByRole('gridcell', { name: 'eth0' }).first()).toBeVisible();
    await expect(grid.getByRole('columnheader', { name: 'Country' })).toHaveCount(0);
    await open(page, `${demo.address}/?show=both&list=socket&sort=country&order=asc`);
    await expect(grid.getByRole('columnheader', { name: 'Country' })).toHaveAttribute(
      'aria-sort',
      'ascending',
    );
    await expect(grid.getByRole('gridcell', { name: 'AS64500 Example' }).first()).toBeAttached();
    // In the details too.
    await page.locator('.map .node[data-key]', { hasText: 'postgres' }).first().click();
    const socket = page.locator('.details .socket', { hasText: 'eth0' }).first();
    await socket.getByRole('button', { name: 'More about this socket' }).click();
    await expect(socket.locator('.evidence')).toContainText('Interface');
  } finally {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await demo.end();
  }
});
