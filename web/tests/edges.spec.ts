import { expect, open, test } from './support';

test('an edge tells port, service and rate on demand, and the busiest carry beads', async ({
  page,
}) => {
  test.slow();
  await open(page);
  const busy = page.locator('.edge .flow');
  await expect(busy.first()).toBeAttached({ timeout: 60_000 });
  expect(await busy.count()).toBeLessThanOrEqual(8);
  const beads = () =>
    page.locator('.beads').evaluate((canvas) => {
      const copy = document.createElement('canvas');
      if (!(canvas instanceof HTMLCanvasElement) || canvas.hidden) return 'none';
      [copy.width, copy.height] = [canvas.width, canvas.height];
      const context = copy.getContext('2d');
      context?.drawImage(canvas, 0, 0);
      const pixels = context?.getImageData(0, 0, copy.width, copy.height).data ?? [];
      return pixels.some((value) => value > 0) ? copy.toDataURL() : 'none';
    });
  await expect.poll(beads).not.toBe('none');
  const before = await beads();
  await expect.poll(beads).not.toBe(before);
  const postgres = page.locator('.map .node[data-key]', { hasText: 'postgres' }).first();
  await postgres.click();
  await expect(
    page.locator('.edge-label.lit').filter({ hasText: ':5432 postgresql' }).first(),
  ).toBeVisible();
});

test('what came, changed and ended is told apart without motion or colour', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  let asked = 0;
  let scene: { revision: number; at: number; edges: Record<string, unknown[]> };
  await page.route('**/api/v1/scene*', async (route) => {
    const response = await route.fetch();
    scene = await response.json();
    // What had ended before would bear a cross too.
    scene.edges.stale = scene.edges.stale?.map(() => false) ?? [];
    await route.fulfill({ response, json: scene });
  });
  await page.route('**/api/v1/stream*', async (route) => {
    // The stream ends after its one change; no other one begins.
    if (asked++ > 0) return;
    await page.locator('.map .edge').first().waitFor({ state: 'attached' });
    const { revision, at, edges } = scene;
    const [changed, ended] = edges.id as number[];
    const add = Object.fromEntries(
      Object.entries(edges).map(([name, values]) => [name, [values[2]]]),
    );
    const delta = {
      from: revision,
      to: revision + 1,
      at,
      nodes: {},
      edges: {
        set: {
          sockets: { id: [changed], value: [77] },
          stale: { id: [ended], value: [true] },
        },
        add: { ...add, id: [1_000_000], key: ['came'] },
      },
    };
    const body = `event: delta\ndata: ${JSON.stringify(delta)}\n\n`;
    await route.fulfill({ contentType: 'text/event-stream', body });
  });
  await page.goto('/');
  const came = page.locator('.edge[data-key="came"]');
  await expect(came.locator('.halo')).toHaveCSS('stroke-dasharray', 'none');
  await expect(page.locator('.halo')).not.toHaveCount(0);
  const changed = page.locator('.edge > .halo.changed');
  await expect(changed).toHaveCount(1);
  await expect(changed).toHaveCSS('stroke-dasharray', /\d/);
  const ended = page.locator('.edge:has(.cross)');
  await expect(ended).toHaveCount(1);
  await expect(ended).toHaveClass(/stale/);
  await expect(ended.locator('.halo')).toHaveCount(0);
  for (const text of ['just came', 'just changed', 'just ended']) {
    await expect(page.locator('.legend')).toContainText(text);
  }
  // Nothing is marked for ever; what is new is so for longer.
  await expect(changed).toHaveCount(0);
  await expect(came.locator('.halo')).toHaveCount(0);
  await expect(page.locator('.edge .halo')).toHaveCount(0);
});

test('no beads for those who want no motion, nor in a frozen picture', async ({ page }) => {
  test.slow();
  await open(page);
  const busy = page.locator('.edge .flow');
  await expect(busy.first()).toBeAttached({ timeout: 60_000 });
  await page.keyboard.press(' ');
  await expect(page.locator('.banner.frozen')).toBeVisible();
  await expect(busy).toHaveCount(0);
  await page.keyboard.press(' ');
  await expect(busy.first()).toBeAttached({ timeout: 60_000 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.reload();
  await open(page);
  await page.waitForTimeout(6000);
  await expect(busy).toHaveCount(0);
});

test('labels of edges never lie over each other nor over a node', async ({ page }) => {
  await open(page);
  await page.waitForTimeout(1500);
  const clashes = await page.evaluate(() => {
    const boxOf = (element: Element) => element.getBoundingClientRect();
    const labels = [...document.querySelectorAll('.edge-label.roomy')].map(boxOf);
    const nodes = [...document.querySelectorAll('.map .node[data-key] .body')].map(boxOf);
    const overlap = (a: DOMRect, b: DOMRect) =>
      a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const pairs = labels.flatMap((label, i) => [
      ...labels.slice(i + 1).filter((other) => overlap(label, other)),
      ...nodes.filter((node) => overlap(label, node)),
    ]);
    return { labels: labels.length, clashes: pairs.length };
  });
  expect(clashes.labels).toBeGreaterThan(0);
  expect(clashes.clashes).toBe(0);
});

test('ports without clients are told apart from those in use', async ({ page }) => {
  await open(page);
  const postgres = page.locator('.map .node[data-key]', { hasText: 'postgres' }).first();
  await expect(postgres.locator('.port.used')).toHaveText(':5432');
  const idle = page.locator('.map .node.compact[data-key] .port').first();
  await expect(idle).toBeVisible();
  await expect(idle).not.toHaveClass(/used/);
});
