import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, open, test } from './support';

/** What axe finds on the page as it is now, with the places. */
async function violations(page: Page): Promise<string[]> {
  // What fades in is fainter than it will be.
  await page.waitForTimeout(700);
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join('\n')}`);
}

for (const colorScheme of ['dark', 'light'] as const) {
  test.describe(`no accessibility violations, ${colorScheme}`, () => {
    test.use({ colorScheme });
    // Several whole pages are examined, each label's contrast included.
    test.slow();

    test('the map, its details, the table, the help', async ({ page }) => {
      await open(page);
      expect(await violations(page)).toEqual([]);
      await page
        .locator('.map .node[data-key]:not(.remote):not(.compact)')
        .first()
        .dispatchEvent('click', { bubbles: true });
      const socket = page.locator('.details .socket').first();
      await socket.getByRole('button', { name: 'More about this socket' }).click();
      await expect(socket.locator('.evidence')).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('t');
      await page.getByRole('grid').focus();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test('asking: suggestions, menus, counts, what is muted', async ({ page }) => {
      await open(page, '/?show=both&mute=proc%3Dsshd');
      await page.keyboard.press('/');
      await page.keyboard.type('po');
      await expect(page.locator('.suggestions [role="option"]').first()).toBeVisible();
      await page.keyboard.press('ArrowDown');
      await expect(page.locator('.suggestions [role="option"]').first()).toHaveAttribute(
        'aria-selected',
        'true',
      );
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Narrow down' }).click();
      await expect(page.locator('.facet').first()).toBeVisible();
      await page.locator('.facet .value').first().click();
      await expect(page.locator('.terms .chip')).toHaveCount(1);
      await page.getByRole('button', { name: 'Columns of the table' }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Share and export' }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'How the map is drawn' }).click();
      expect(await violations(page)).toEqual([]);
    });

    test('a phone, with tools and details open', async ({ page }) => {
      await page.setViewportSize({ width: 390, height: 844 });
      await open(page);
      await page.getByRole('button', { name: 'Switches and tools' }).click();
      await page.locator('.map .node[data-key]').first().dispatchEvent('click', { bubbles: true });
      await expect(page.locator('.details .socket').first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });
  });
}

test.describe('a wrong filter', () => {
  // The browser logs the server's 400 by itself.
  test.use({ allowErrors: [[/status of 400/], { scope: 'test' }] });

  test('has no accessibility violations', async ({ page }) => {
    await open(page, '/?filter=prt%3A443');
    await expect(page.locator('.filter-error')).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
});
