import AxeBuilder from '@axe-core/playwright';
import { expect, open, test } from './support';

for (const colorScheme of ['dark', 'light'] as const) {
  test(`no accessibility violations, ${colorScheme}`, async ({ page }) => {
    // Four whole pages are examined, each label's contrast included.
    test.slow();
    await page.emulateMedia({ colorScheme });
    await open(page);
    const violations = async () => {
      // What fades in is fainter than it will be.
      await page.waitForTimeout(700);
      const { violations: found } = await new AxeBuilder({ page }).analyze();
      return found.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join('\n')}`);
    };
    expect(await violations()).toEqual([]);
    await page.locator('.map .node[data-key]:not(.remote):not(.compact)').first().click();
    await expect(page.locator('.details .socket').first()).toBeVisible();
    expect(await violations()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('t');
    await expect(page.getByRole('grid')).toBeVisible();
    expect(await violations()).toEqual([]);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await violations()).toEqual([]);
  });
}
