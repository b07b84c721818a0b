import { expect, farthestMove, nodeBoxes, open, test } from './support';

test('the map shows the machine, and says which libraries it uses (PARITY 22)', async ({
  page,
}) => {
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  await open(page);
  await expect(page.locator('.column-title')).toHaveText(['clients', 'this machine', 'remote']);
  await expect(page.locator('.map .edge[data-key]').first()).toBeAttached();
  await expect(page.locator('.status')).toContainText('sockets');
  await expect
    .poll(() => lines.filter((line) => line.includes('using LOCAL: /vendor/preact-')).length)
    .toBeGreaterThan(0);
});

test('nothing moves while other connections come and go', async ({ page }) => {
  // Connections of the simulated machine may take a minute to change.
  test.setTimeout(240_000);
  await open(page);
  // A moment for what glides after the first picture.
  await page.waitForTimeout(1000);
  const before = await nodeBoxes(page);
  const edges = () =>
    page.locator('.map .edge[data-key]').evaluateAll((all) =>
      all
        .map((edge) => `${edge.getAttribute('data-key')} ${edge.classList.contains('stale')}`)
        .sort()
        .join('\n'),
    );
  const first = await edges();
  // Until the machine has changed: connections have come, gone stale, or gone.
  await expect.poll(async () => (await edges()) !== first, { timeout: 180_000 }).toBe(true);
  await page.waitForTimeout(3000);
  const { key, distance, compared } = farthestMove(before, await nodeBoxes(page));
  expect(compared).toBeGreaterThan(5);
  expect(distance, `${key} moved`).toBe(0);
});

test('nothing moves when UDP and idle listeners are shown or left out', async ({ page }) => {
  await open(page);
  await page.waitForTimeout(1000);
  const before = await nodeBoxes(page);
  const listeners = page.getByRole('button', { name: 'Listeners', exact: true });
  const udp = page.getByRole('button', { name: 'UDP', exact: true });
  const idle = page.locator('.map .node.compact[data-key]');
  await expect(idle.first()).toBeVisible();
  const steps = [
    async () => {
      await listeners.click();
      await expect(idle).toHaveCount(0);
    },
    async () => {
      await udp.click();
      await expect(udp).toHaveAttribute('aria-pressed', 'true');
    },
    async () => {
      await listeners.click();
      await expect(idle.first()).toBeVisible();
    },
    async () => {
      await udp.click();
      await expect(udp).toHaveAttribute('aria-pressed', 'false');
    },
  ];
  for (const step of steps) {
    await step();
    await page.waitForTimeout(600);
    const { key, distance, compared } = farthestMove(before, await nodeBoxes(page));
    expect(compared).toBeGreaterThan(5);
    expect(distance, `${key} moved`).toBe(0);
  }
});

test('positions survive a reload', async ({ page }) => {
  await open(page);
  // Positions are saved a moment after a change.
  await page.waitForTimeout(2000);
  const places = () =>
    page
      .locator('.map .node[data-key]')
      .evaluateAll((nodes) =>
        Object.fromEntries(
          nodes.map((node) => [
            (node as SVGElement).dataset.key,
            (node as SVGElement).style.transform,
          ]),
        ),
      );
  const before = await places();
  await page.reload();
  await open(page);
  const after = await places();
  const common = Object.keys(before).filter((key) => key in after);
  expect(common.length).toBeGreaterThan(5);
  for (const key of common) expect(after[key], key).toBe(before[key]);
});

test('every label stays inside its node', async ({ page }) => {
  await open(page);
  const overflowing = await page.locator('.map .node[data-key]').evaluateAll((nodes) =>
    nodes.flatMap((node) => {
      const body = node.querySelector('.body')?.getBoundingClientRect();
      const label = node.querySelector('.label')?.getBoundingClientRect();
      const out = body && label && label.right > body.right - 2;
      return out ? [node.textContent] : [];
    }),
  );
  expect(overflowing).toEqual([]);
});

test('tidy, fit and zoom keep every node on the map', async ({ page }) => {
  await open(page);
  const count = await page.locator('.map .node[data-key]').count();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await page.keyboard.press('y');
  await page.waitForTimeout(900);
  expect(await page.locator('.map .node[data-key]').count()).toBeGreaterThan(count / 2);
  const outside = await page.locator('.map .node[data-key] .body').evaluateAll((bodies) => {
    const view = document.querySelector('.map')?.getBoundingClientRect();
    return bodies.filter((body) => {
      const box = body.getBoundingClientRect();
      return !view || box.left < view.left || box.right > view.right || box.top < view.top;
    }).length;
  });
  expect(outside).toBe(0);
});

test('the picture freezes and goes on', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Freeze the picture' }).click();
  await expect(page.locator('.banner.frozen')).toBeVisible();
  const picture = () =>
    page
      .locator('.map .node[data-key]')
      .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('aria-label')));
  const before = await picture();
  await expect(page.locator('.banner.frozen')).toContainText('updates wait', { timeout: 60_000 });
  expect(await picture()).toEqual(before);
  await page.locator('.banner.frozen').getByRole('button').click();
  await expect(page.locator('.banner')).toHaveCount(0);
});
