import { expect, test } from './support';

// The simulated machine loses nothing: the server's answer is given what a busy one's has.
test('what was lost and what cannot be seen is said, with the remedy', async ({ page }) => {
  await page.route('**/api/v1/stream*', () => {
    // Left open: the picture stays as it is.
  });
  await page.route('**/api/v1/scene*', async (route) => {
    const response = await route.fetch();
    const scene = await response.json();
    scene.summary.lost_events = 1204;
    scene.summary.gaps = 3;
    scene.degradations = [
      { id: 'events.lost', message: 'Events were lost: short connections may be missing.' },
      { id: 'descriptors', message: "Other users' programs are not named." },
    ];
    await route.fulfill({ response, json: scene });
  });
  await page.route('**/api/v1/capabilities', async (route) => {
    const response = await route.fetch();
    const list = await response.json();
    list.capabilities = [
      {
        id: 'descriptors',
        title: 'Whose a socket is',
        state: 'partial',
        reason: 'It runs as a plain user.',
        remedy: 'sudo procnet',
      },
    ];
    await route.fulfill({ response, json: list });
  });
  await page.goto('/');
  const status = page.locator('.status');
  await expect(status).toContainText('1,204 events lost');
  await expect(status.getByText('1,204 events lost')).toHaveAttribute('title', /3 gaps/);
  const notice = status.getByRole('button', { name: /Events were lost/ });
  await expect(notice).toContainText('+1');
  await expect(notice).toHaveAttribute('aria-expanded', 'false');
  await notice.click();
  const panel = page.getByRole('region', { name: 'What cannot be seen' });
  await expect(panel).toContainText('short connections may be missing');
  await expect(panel).toContainText("Other users' programs are not named.");
  await expect(panel).toContainText('partly seen');
  await expect(panel.getByText('sudo procnet')).toBeVisible();
  await expect(panel.getByRole('button', { name: 'Copy the command' })).toBeVisible();
  await panel.getByRole('button', { name: 'Close' }).click();
  await expect(panel).toHaveCount(0);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
