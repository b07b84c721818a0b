// Icons that programs bring along, over scenes that name some.

import { Buffer } from 'node:buffer';
import type { Page } from '@playwright/test';
import { expect, test } from './support';

/** One red dot. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
  'base64',
);

/** Shows the scene, but with these pictures on its first processes. Returns those processes' keys. */
async function openWith(page: Page, images: string[]): Promise<string[]> {
  const scene = await (await page.request.get('/api/v1/scene?listeners=1')).json();
  const kinds: string[] = scene.nodes.kind;
  const first = [...kinds.keys()].filter((at) => kinds[at] === 'process').slice(0, images.length);
  for (const [number, at] of first.entries()) scene.nodes.image[at] = images[number];
  const id = `${scene.epoch}:${scene.revision}`;
  const body = `id: ${id}\nevent: scene\ndata: ${JSON.stringify(scene)}\n\n`;
  await page.route('**/api/v1/stream*', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body }),
  );
  await page.goto('/');
  return first.map((at) => scene.nodes.key[at]);
}

test('a node shows the icon of its program once it is there', async ({ page }) => {
  let asked = 0;
  let answer: (() => void) | undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/api/v1/icons/*', async (route) => {
    asked++;
    await answered;
    if (route.request().url().endsWith('/none')) {
      await route.fulfill({ contentType: 'image/png', body: 'no picture' });
    } else {
      await route.fulfill({ contentType: 'image/png', body: PICTURE });
    }
  });
  const urls = ['/api/v1/icons/red', '/api/v1/icons/red', '/api/v1/icons/none'];
  const keys = await openWith(page, urls);
  const node = (at: number) => page.locator(`.map .node[data-key="${keys[at]}"]`);
  // Until then its type's.
  for (const at of [0, 1, 2]) await expect(node(at).locator('path.icon')).toHaveCount(1);
  await expect.poll(() => asked).toBe(2);

  answer?.();
  for (const at of [0, 1]) {
    await expect(node(at).locator('image')).toHaveAttribute('href', urls[at] ?? '');
    await expect(node(at).locator('path.icon')).toHaveCount(0);
  }
  await page.waitForLoadState('networkidle');
  await expect(node(2).locator('path.icon')).toHaveCount(1);
  await expect(node(2).locator('image')).toHaveCount(0);
  // Two nodes of one program ask once.
  expect(asked).toBe(2);
});
