import { expect, open, test } from './support';

const placesOf = (page: import('@playwright/test').Page) =>
  page
    .locator('.map .node[data-key]')
    .evaluateAll((nodes) =>
      Object.fromEntries(
        nodes.map((node) => [
          (node as SVGElement).dataset.key ?? '',
          ['x', 'y'].map((name) => node.querySelector('.body')?.getAttribute(name)).join(),
        ]),
      ),
    );

test('the free layout is one choice away, stays put, lets nodes be dragged and remembers it', async ({
  page,
}) => {
  test.slow();
  await open(page);
  const flow = await placesOf(page);
  const layout = async (name: string) => {
    await page.getByRole('button', { name: 'How the map is drawn' }).click();
    await page.getByLabel('Layout').selectOption(name);
    await page.keyboard.press('Escape');
  };
  await layout('free');
  await expect
    .poll(async () => {
      const now = await placesOf(page);
      return (
        Object.keys(now).length > 5 && Object.keys(flow).every((key) => flow[key] !== now[key])
      );
    })
    .toBe(true);
  await page.waitForTimeout(1200);
  const node = page.locator('.map .node[data-key]', { hasText: 'nginx' }).first();
  const box = await node.locator('.body').boundingBox();
  const before = await placesOf(page);
  if (!box) throw new Error('nginx is not on the map');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 - 30, { steps: 4 });
  await page.mouse.up();
  const after = await placesOf(page);
  const key = await node.getAttribute('data-key');
  expect(after[key ?? '']).not.toBe(before[key ?? '']);
  const others = Object.keys(before).filter((other) => other !== key && other in after);
  expect(others.length).toBeGreaterThan(5);
  for (const other of others) expect(after[other], other).toBe(before[other]);

  await page.waitForTimeout(1500);
  // The choice is in the page's address.
  await page.reload();
  await expect.poll(async () => (await placesOf(page))[key ?? '']).toBe(after[key ?? '']);

  await layout('flow');
  await expect(page.locator('.map .band').first()).toBeVisible();
});
