import { readFile } from 'node:fs/promises';
import { expect, open, test } from './support';

async function save(page: import('@playwright/test').Page, format: 'PNG' | 'SVG') {
  await page.locator('.share button').first().click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: format, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), path: await download.path() };
}

test('the map as SVG stands alone: legend, time and fonts in it, what it says escaped', async ({
  page,
}, info) => {
  await open(page);
  // What a process calls itself must stay text.
  await page.evaluate(() => {
    const label = document.querySelector('.map .node[data-key] .label');
    if (label) label.textContent = '<script>&"evil</script>';
  });
  const { name, path } = await save(page, 'SVG');
  expect(name).toMatch(/^procnet-[\w.-]+-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.svg$/);
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain('<script');
  expect(text).toContain('&lt;script&gt;&amp;"evil&lt;/script&gt;');
  expect(text).not.toMatch(/ (style|class|onclick)=/);
  expect(text).toContain('font/woff2');
  expect(text).toContain('Procnet Live');
  const seen = await page.evaluate(
    (svg) => {
      const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
      const ids = new Set([...parsed.querySelectorAll('[id]')].map(({ id }) => id));
      const links = [...parsed.querySelectorAll('[marker-end]')].map(
        (line) => /#([\w-]+)/.exec(line.getAttribute('marker-end') ?? '')?.[1] ?? '',
      );
      return {
        error: parsed.querySelector('parsererror')?.textContent,
        missing: links.filter((id) => !ids.has(id)),
        edges: links.length,
        texts: parsed.querySelectorAll('text').length,
      };
    },
    text.replace(/<style>.*?<\/style>/s, ''),
  );
  expect(seen.error).toBeUndefined();
  expect(seen.missing).toEqual([]);
  expect(seen.edges).toBeGreaterThan(5);
  expect(seen.texts).toBeGreaterThan(5);
  await info.attach('map.svg', { path, contentType: 'image/svg+xml' });
});

test('the map as PNG is a picture of what is seen', async ({ page }, info) => {
  await open(page);
  const { name, path } = await save(page, 'PNG');
  expect(name).toMatch(/\.png$/);
  const bytes = await readFile(path);
  expect([...bytes.subarray(1, 4)]).toEqual([...'PNG'].map((letter) => letter.charCodeAt(0)));
  const map = await page.locator('.map').boundingBox();
  // Twice as many pixels as on the screen.
  expect(bytes.readUInt32BE(16)).toBe(Math.round((map?.width ?? 0) * 2));
  expect(bytes.length).toBeGreaterThan(30_000);
  await info.attach('map.png', { path, contentType: 'image/png' });
});

test('a small map of the whole is there while not all is seen, and moves it', async ({ page }) => {
  await open(page);
  const small = page.locator('.minimap');
  await expect(small).toHaveCount(0);
  for (let i = 0; i < 6; i++) await page.keyboard.press('+');
  await expect(small).toBeVisible();
  const world = page.locator('.map .world');
  const before = await world.getAttribute('style');
  await small.click({ position: { x: 12, y: 60 } });
  await expect.poll(() => world.getAttribute('style')).not.toBe(before);
  await page.locator('.outside').click();
  await expect(small).toHaveCount(0);
});

test('z shows the selection and its neighbours as large as can be', async ({ page }) => {
  await open(page);
  await page.locator('.map .node.remote[data-key]').first().click();
  await page.keyboard.press('z');
  await page.waitForTimeout(600);
  const outside = await page.locator('.map .node.lit[data-key] .body').evaluateAll((bodies) => {
    const view = document.querySelector('.map')?.getBoundingClientRect();
    return bodies.filter((body) => {
      const box = body.getBoundingClientRect();
      return !view || box.left < view.left || box.right > view.right || box.top < view.top;
    }).length;
  });
  expect(outside).toBe(0);
});

/** Every format that the server hands out: how the file's name ends, and what it begins with. */
const FORMATS = [
  ['JSON', 'json', /^\{"at":\d+,/],
  ['CSV', 'csv', /^record,id,key,/],
  ['GraphML', 'graphml', /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<graphml /],
  ['DOT', 'dot', /^digraph /],
  ['Mermaid', 'mmd', /^flowchart LR\n/],
] as const;

test('each format is handed out under its name, and holds what is shown', async ({ page }) => {
  await open(page, '/?filter=port:5432');
  const shown = await page.locator('.map .node[data-key] .label').first().textContent();
  const share = page.locator('.share');
  await share.getByRole('button').first().click();
  await expect(share.locator('ul a')).toHaveCount(FORMATS.length);
  for (const [format, ending, beginning] of FORMATS) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      share.getByRole('link', { name: format }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^procnet-demo[\\w.-]*\\.${ending}$`));
    const text = await readFile(await download.path(), 'utf8');
    expect(text, format).toMatch(beginning);
    expect(text, format).toContain(shown?.replace(/ .*$/, '') ?? 'a node');
    // The filter of the page is that of the file.
    expect(text, format).not.toContain('nginx');
  }
});
