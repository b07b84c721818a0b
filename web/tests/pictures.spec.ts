// What the map looks like for machines that are the same at every run: where everything is, and
// which colours are where. Text is drawn a little differently on every machine, so places may differ
// by a few pixels and colours are compared as means of small fields.
//
// After a change that is meant to show: look at the pictures that the report has attached, then
// UPDATE_PICTURES=1 writes what is expected anew, and `npm run format` puts it in order.

import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { frozenDemo } from './demo';
import { expect, open, test } from './support';

const SIZES = [10, 500, 50_000] as const;
const THEMES = ['light', 'dark'] as const;
const WINDOW = { width: 1440, height: 900 };
/** So far may a place be off, in pixels. */
const NEAR = 3;
/** Fields of the window whose mean colours are compared. */
const FIELDS = { across: 48, down: 30 };
/** So much may a field's mean differ in red, green or blue, and so many fields may differ more. */
const SIMILAR = 8;
const MAX_DIFFERENT = 15;

type Box = readonly [x: number, y: number, width: number, height: number];

interface Picture {
  /** Where every node is, by its label and number among those of one label. */
  readonly nodes: Record<string, Box>;
  /** Where every edge begins and ends, by its key. */
  readonly edges: Record<string, Box>;
  /** Mean colours, row by row, by theme. */
  readonly colors: Record<string, readonly string[]>;
}

for (const sockets of SIZES) {
  test(`a machine with ${sockets} sockets looks as it did`, async ({ page }, info) => {
    const demo = await frozenDemo(page, sockets);
    try {
      await page.setViewportSize(WINDOW);
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      await open(page, demo.address);
      await expect(page.locator('.map path.icon.brand').first()).toBeVisible();
      const geometry = await settled(page);
      const colors: Record<string, string[]> = {};
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        const body = await page.screenshot({ animations: 'disabled', caret: 'hide' });
        await info.attach(`${sockets}-${theme}.png`, { body, contentType: 'image/png' });
        colors[theme] = await meanColors(page, body);
      }
      const seen: Picture = { ...geometry, colors };
      const file = new URL(`./pictures/${sockets}.json`, import.meta.url);
      if (process.env.UPDATE_PICTURES) {
        await writeFile(file, `${JSON.stringify(seen, null, 1)}\n`);
        return;
      }
      const expected = JSON.parse(await readFile(file, 'utf8')) as Picture;
      expect(displaced(expected.nodes, seen.nodes), 'nodes').toEqual([]);
      expect(displaced(expected.edges, seen.edges), 'edges').toEqual([]);
      for (const theme of THEMES) {
        const different = differentFields(expected.colors[theme] ?? [], seen.colors[theme] ?? []);
        expect(different.length, `${theme}: ${different.join(' ')}`).toBeLessThan(MAX_DIFFERENT);
      }
    } finally {
      await demo.end();
    }
  });
}

/** Where everything is, once nothing moves any more. */
async function settled(page: Page): Promise<Pick<Picture, 'nodes' | 'edges'>> {
  let last = await geometryOf(page);
  await expect
    .poll(
      async () => {
        const before = JSON.stringify(last);
        last = await geometryOf(page);
        return JSON.stringify(last) === before;
      },
      { intervals: [300] },
    )
    .toBe(true);
  return last;
}

function geometryOf(page: Page): Promise<Pick<Picture, 'nodes' | 'edges'>> {
  return page.evaluate(() => {
    const box = (element: Element | null): [number, number, number, number] => {
      const { x, y, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
      return [Math.round(x), Math.round(y), Math.round(width), Math.round(height)];
    };
    const nodes: Record<string, [number, number, number, number]> = {};
    for (const node of document.querySelectorAll<SVGGElement>('.map .node[data-key]')) {
      const label = node.querySelector('.label')?.textContent ?? '';
      let name = label;
      for (let number = 2; name in nodes; number++) name = `${label} (${number})`;
      nodes[name] = box(node.querySelector('.body'));
    }
    const edges: Record<string, [number, number, number, number]> = {};
    for (const edge of document.querySelectorAll<SVGGElement>('.map .edge[data-key]')) {
      edges[edge.dataset.key ?? ''] = box(edge.querySelector('.line'));
    }
    return { nodes, edges };
  });
}

/** What is not where it is expected, or should not be there. */
function displaced(expected: Picture['nodes'], seen: Picture['nodes']): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(seen)])].flatMap((name) => {
    const [before, now] = [expected[name], seen[name]];
    const near =
      before !== undefined &&
      now !== undefined &&
      before.every((value, at) => Math.abs(value - (now[at] ?? Number.NaN)) <= NEAR);
    return near ? [] : [`${name}: expected ${before ?? 'nothing'}, seen ${now ?? 'nothing'}`];
  });
}

/** The mean colours of the fields of a picture, as hexadecimal digits. */
async function meanColors(page: Page, png: Buffer): Promise<string[]> {
  // A document of its own: the page's policy lets no foreign picture be read back.
  const blank = await page.context().newPage();
  try {
    return await blank.evaluate(
      async ({ source, across, down }) => {
        const picture = new Image();
        picture.src = source;
        await picture.decode();
        const canvas = new OffscreenCanvas(picture.width, picture.height);
        const context = canvas.getContext('2d', { willReadFrequently: true });
        if (!context) throw new Error('there is no canvas');
        context.drawImage(picture, 0, 0);
        const [width, height] = [picture.width / across, picture.height / down];
        const rows: string[] = [];
        for (let row = 0; row < down; row++) {
          let text = '';
          for (let column = 0; column < across; column++) {
            const field = context.getImageData(column * width, row * height, width, height).data;
            const sums = [0, 0, 0];
            for (let at = 0; at < field.length; at++) {
              if (at % 4 < 3) sums[at % 4] = (sums[at % 4] ?? 0) + (field[at] ?? 0);
            }
            const mean = (sum: number) => Math.round(sum / (field.length / 4));
            text += sums.map((sum) => mean(sum).toString(16).padStart(2, '0')).join('');
          }
          rows.push(text);
        }
        return rows;
      },
      { source: `data:image/png;base64,${png.toString('base64')}`, ...FIELDS },
    );
  } finally {
    await blank.close();
  }
}

/** The fields (column, row) whose colours are not what they were. */
function differentFields(expected: readonly string[], seen: readonly string[]): string[] {
  const value = (rows: readonly string[], row: number, at: number) =>
    Number.parseInt((rows[row] ?? '').slice(at, at + 2), 16);
  const different: string[] = [];
  for (let row = 0; row < FIELDS.down; row++) {
    for (let column = 0; column < FIELDS.across; column++) {
      const same = [0, 2, 4].every((offset) => {
        const at = column * 6 + offset;
        return Math.abs(value(expected, row, at) - value(seen, row, at)) <= SIMILAR;
      });
      if (!same) different.push(`${column},${row}`);
    }
  }
  return different;
}
