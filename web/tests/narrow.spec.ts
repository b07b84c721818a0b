import { expect, open, test } from './support';

/** Whether anything makes the page itself scroll sideways. */
function fits(): boolean {
  return document.documentElement.scrollWidth <= window.innerWidth;
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('requests run down the window, which shows every column', async ({ page }) => {
    await open(page);
    const boxes = await page.locator('.map .node[data-key]:not(.compact)').evaluateAll((nodes) =>
      nodes.map((node) => {
        const { left, right, top } = node.querySelector('.body')?.getBoundingClientRect() ?? {
          left: Number.NaN,
          right: Number.NaN,
          top: Number.NaN,
        };
        const key = (node as SVGElement).dataset.key ?? '';
        const remote = node.classList.contains('remote');
        return { left, right, top, zone: remote ? key.slice(0, 2) : 'here' };
      }),
    );
    expect(boxes.length).toBeGreaterThan(5);
    for (const { left, right } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(390);
    }
    const topsOf = (zone: string) => boxes.filter((box) => box.zone === zone).map((box) => box.top);
    expect(Math.max(...topsOf('in'))).toBeLessThan(Math.min(...topsOf('here')));
    expect(Math.max(...topsOf('here'))).toBeLessThan(
      Math.min(
        ...boxes.filter((box) => box.zone !== 'in' && box.zone !== 'here').map((box) => box.top),
      ),
    );
    await expect(page.locator('.column-title')).toHaveText(['clients', 'this machine', 'remote']);
    // A phone that is turned shows them from left to right.
    await page.setViewportSize({ width: 844, height: 390 });
    await expect
      .poll(() =>
        page
          .locator('.map .node[data-key]:not(.compact) .body')
          .evaluateAll(
            (bodies) =>
              new Set(bodies.map((body) => Math.round(body.getBoundingClientRect().left))).size,
          ),
      )
      .toBeGreaterThan(3);
  });

  test('tools fold away, details come up from below', async ({ page }) => {
    await open(page);
    const freeze = page.getByRole('button', { name: 'Freeze the picture' });
    await expect(freeze).toBeHidden();
    expect(await page.evaluate(fits)).toBe(true);
    const fold = page.getByRole('button', { name: 'Switches and tools' });
    await fold.tap();
    await expect(fold).toHaveAttribute('aria-expanded', 'true');
    await expect(freeze).toBeVisible();
    expect(await page.evaluate(fits)).toBe(true);
    // Fingers need room (WCAG 2.5.8 asks for 24 pixels).
    const small = await page
      .locator('.toolbar button:visible, .questions button:visible')
      .evaluateAll((buttons) =>
        buttons.flatMap((button) => {
          const { width, height } = button.getBoundingClientRect();
          return width < 24 || height < 32 ? [button.textContent || button.ariaLabel] : [];
        }),
      );
    expect(small).toEqual([]);
    await fold.tap();
    await expect(freeze).toBeHidden();

    await page.locator('.map .node[data-key]').first().dispatchEvent('click', { bubbles: true });
    const details = page.getByRole('complementary', { name: 'Details' });
    const box = await details.boundingBox();
    expect(box && box.width >= 380 && box.y > 200).toBe(true);
    // What was chosen stays in sight above them.
    const chosen = page.locator('.map .node.selected .body');
    await expect
      .poll(async () => {
        const [node, sheet] = [await chosen.boundingBox(), await details.boundingBox()];
        return node && sheet && node.y + node.height <= sheet.y;
      })
      .toBe(true);
    expect(await page.evaluate(fits)).toBe(true);
    await details.getByRole('button', { name: 'Close the details' }).tap();
    await expect(details).toHaveCount(0);
  });
});

for (const [what, width, height] of [
  ['200 % of 1440 by 900', 720, 450],
  ['400 % of 1280 by 1024', 320, 256],
] as const) {
  test(`nothing is lost at ${what}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page);
    expect(await page.evaluate(fits)).toBe(true);
    await expect(page.getByRole('combobox', { name: 'Filter' })).toBeInViewport();
    await page.getByRole('button', { name: 'Switches and tools' }).click();
    await expect(page.getByRole('button', { name: 'Help' })).toBeVisible();
    expect(await page.evaluate(fits)).toBe(true);
    await page.getByRole('button', { name: 'Help' }).click();
    await expect(page.getByRole('dialog')).toBeInViewport();
  });
}
