import { expect, open, test } from './support';

test.describe('a filter that is being written', () => {
  // Half a term may be refused, which the browser logs by itself.
  test.use({ allowErrors: [[/status of 400/], { scope: 'test' }] });

  test('the filter is completed with the keyboard alone', async ({ page }) => {
    await open(page);
    await page.keyboard.press('/');
    const filter = page.getByRole('combobox', { name: 'Filter' });
    await expect(filter).toBeFocused();
    await expect(filter).toHaveAttribute('aria-expanded', 'false');
    await page.keyboard.press('ArrowDown');
    // Every field is offered where nothing is typed.
    const options = page.getByRole('listbox').getByRole('option');
    await expect(options.filter({ hasText: /^port:/ })).toBeVisible();
    await page.keyboard.type('sta');
    await expect(options.first()).toContainText('state:');
    await expect(filter).toHaveAttribute('aria-expanded', 'true');
    await page.keyboard.press('ArrowDown');
    await expect(options.first()).toHaveAttribute('aria-selected', 'true');
    const active = (await filter.getAttribute('aria-activedescendant')) ?? '';
    await expect(page.locator(`#${active}`)).toContainText('state:');
    await page.keyboard.press('Enter');
    await expect(filter).toHaveValue('state:');
    await page.keyboard.type('LIS');
    await expect(options.first()).toContainText('LISTEN');
    await page.keyboard.press('ArrowDown');
    await expect(options.first()).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Enter');
    await expect(filter).toHaveValue('state:LISTEN ');
    await expect(page).toHaveURL(/filter=state:LISTEN/);
    // Nothing is chosen by itself: Enter applies what stands there.
    await page.keyboard.type('po');
    await expect(options.first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(filter).toHaveAttribute('aria-expanded', 'false');
    await page.keyboard.press('Enter');
    await expect(filter).toHaveValue('state:LISTEN po');
    await page.keyboard.press('Escape');
    await expect(filter).toHaveValue('');
  });
});

test('no key is lost while the filter is applied', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  // The next keys are hit when the filter is in force, before the browser gets to anything else.
  await page.evaluate(() => {
    const push = history.pushState.bind(history);
    const write = async (keys: string) => {
      const field = document.querySelector<HTMLInputElement>('input[role=combobox]');
      if (!field) return;
      for (const key of keys) {
        for (let rendered = 0; rendered < 50; rendered++) await undefined;
        field.value += key;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
    };
    history.pushState = (...state) => {
      history.pushState = push;
      push(...state);
      void write('32');
    };
  });
  await filter.fill('port:54');
  await expect(page).toHaveURL(/filter=port:5432/);
  await expect(filter).toHaveValue('port:5432');
});

test('questions are asked and taken back with one click, and combine', async ({ page }) => {
  await open(page);
  const filter = page.getByRole('combobox', { name: 'Filter' });
  const internet = page.getByRole('button', { name: 'Talks to the Internet' });
  await filter.fill('user:deploy | user:root');
  await expect(page).toHaveURL(/filter=user/);
  // What completes the filter lies over the questions until one has left the field.
  await filter.blur();
  await internet.click();
  await expect(filter).toHaveValue('(user:deploy | user:root) dir:out is:internet');
  await expect(internet).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.map .node.remote[data-key]').first()).toBeVisible();
  await internet.click();
  await expect(filter).toHaveValue('(user:deploy | user:root)');
  await expect(internet).toHaveAttribute('aria-pressed', 'false');
});

test('noise is muted, said, and brought back with one click', async ({ page }) => {
  await open(page);
  const redis = page.locator('.map .node[data-key]:has-text("redis-server")');
  await redis.dispatchEvent('click', { bubbles: true });
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'Mute' }).click();
  await expect(redis).toHaveCount(0);
  await expect(details).toHaveCount(0);
  await expect(page).toHaveURL(/mute=label/);
  const muted = page.getByRole('group', { name: /^Muted: \d+ link/ });
  await expect(muted).toBeVisible();
  await muted.getByRole('button', { name: 'Show again: label=redis-server' }).click();
  await expect(redis).toHaveCount(1);
  await expect(muted).toHaveCount(0);
  await expect(page).not.toHaveURL(/mute/);
});
