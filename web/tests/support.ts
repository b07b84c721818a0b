// What every browser test starts from: a page that must stay free of errors.

import { test as base, expect, type Page } from '@playwright/test';

export { expect };

/** Failed requests that a test causes on purpose say so here. */
interface Allowance {
  allowErrors: RegExp[];
}

export const test = base.extend<Allowance>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a pattern here
  allowErrors: async ({}, use) => {
    await use([]);
  },
  page: async ({ page, allowErrors }, use) => {
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await use(page);
    const unexpected = errors.filter((text) => !allowErrors.some((allowed) => allowed.test(text)));
    expect(unexpected, 'console errors and CSP violations').toEqual([]);
  },
});

/** Opens the page and waits for the first picture. */
export async function open(page: Page, address = '/'): Promise<void> {
  await page.goto(address);
  await expect(page.locator('.map .node').first()).toBeVisible();
  await expect(page.locator('.connection')).toHaveAttribute('data-state', 'live');
  await page.evaluate(() => document.fonts.ready);
}

export interface NodeBox {
  readonly x: number;
  readonly y: number;
  readonly compact: boolean;
}

/** Where every node is on the screen, by key. */
export function nodeBoxes(page: Page): Promise<Record<string, NodeBox>> {
  return page.evaluate(() => {
    const boxes: Record<string, { x: number; y: number; compact: boolean }> = {};
    for (const node of document.querySelectorAll<SVGGElement>('.map .node[data-key]')) {
      const body = node.querySelector('.body')?.getBoundingClientRect();
      if (body) {
        const compact = node.classList.contains('compact');
        boxes[node.dataset.key ?? ''] = { x: body.x, y: body.y, compact };
      }
    }
    return boxes;
  });
}

/** The longest way that a node of both pictures went, in pixels. */
export function farthestMove(
  before: Record<string, NodeBox>,
  after: Record<string, NodeBox>,
): { key: string; distance: number; compared: number } {
  let farthest = { key: '', distance: 0, compared: 0 };
  let compared = 0;
  for (const [key, old] of Object.entries(before)) {
    const now = after[key];
    // An idle listener with its first connection leaves the idle grid; it moves for itself.
    if (!now || (old.compact && !now.compact)) continue;
    compared++;
    const distance = Math.hypot(now.x - old.x, now.y - old.y);
    if (distance > farthest.distance) farthest = { key, distance, compared };
  }
  return { ...farthest, compared };
}
