// Icons out of maintained sets: Lucide's strokes for what a thing is and for buttons, brand glyphs of
// Simple Icons for well-known programs. Only what is named here is bundled.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { BRANDS } from '../src/draw/programs';

/** Our names for Lucide's icons. */
const LUCIDE: Readonly<Record<string, string>> = {
  app: 'box',
  service: 'cog',
  database: 'database',
  message_broker: 'mail',
  cache: 'zap',
  load_balancer: 'network',
  external: 'globe',
  client: 'laptop',
  qt_desktop: 'monitor',
  browser: 'compass',
  desktop: 'app-window',
  monitoring: 'activity',
  container: 'container',
  remote_access: 'square-terminal',
  terminal: 'square-terminal',
  unknown: 'circle-question-mark',
  generic: 'circle-dot',
  java: 'coffee',
  apache: 'feather',
  ruby: 'gem',
  printer: 'printer',
  names: 'signpost',
  search: 'search',
  close: 'x',
  help: 'circle-question-mark',
  map: 'workflow',
  table: 'table-2',
  fit: 'maximize',
  tidy: 'sparkles',
  download: 'download',
  pause: 'pause',
  play: 'play',
  theme_auto: 'sun-moon',
  theme_dark: 'moon',
  theme_light: 'sun',
  copy: 'copy',
  expand: 'plus',
  collapse: 'minus',
  legend: 'list-tree',
  warning: 'triangle-alert',
  up: 'chevron-up',
  down: 'chevron-down',
};

/** Simple Icons is CC0; a glyph with a licence of its own would need that licence's text beside it. */
const SET_LICENCE = 'CC0-1.0';

const ICONS_ID = '\0procnet:lucide-static';
const BRANDS_ID = '\0procnet:brands';
const DEV_SPRITE = '/brands.svg';

/** The vendor chunk of generated module `id`, if it is one. */
export function glyphChunkOf(id: string): string | undefined {
  return id === ICONS_ID ? 'lucide-static' : undefined;
}

function attribute(tag: string, name: string): number {
  return Number(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? 0);
}

/** A path that may follow another: its first step is from nowhere but the origin. */
function absolute(d: string): string {
  return d.replace(
    /^m\s*(-?(?:\d+\.?\d*|\.\d+))[\s,]*(-?(?:\d+\.?\d*|\.\d+))[\s,]*(?=(.?))/,
    (_, x: string, y: string, next: string) => `M${x} ${y}${/[-.\d]/.test(next) ? 'l' : ''}`,
  );
}

const NUMBER = /^[\s,]*([-+]?(?:\d+\.?\d*|\.\d+))/;
const FLAG = /^[\s,]*([01])/;

/** The path `d` with a space between all numbers, so that the page need not know how to read it. */
function spaced(d: string): string {
  let written = '';
  for (const [, command = '', text = ''] of d.matchAll(/([a-z])([^a-z]*)/gi)) {
    const numbers: string[] = [];
    let rest = text;
    for (;;) {
      const flag = command.toLowerCase() === 'a' && [3, 4].includes(numbers.length % 7);
      const found = (flag ? FLAG : NUMBER).exec(rest);
      if (!found?.[1]) break;
      numbers.push(found[1]);
      rest = rest.slice(found[0].length);
    }
    if (rest.trim() || !/[mlhvcsqtaz]/i.test(command)) {
      throw new Error(`an icon's path that cannot be read: ${d}`);
    }
    written += command + numbers.join(' ');
  }
  return written;
}

/** One path of everything that `svg` draws: all of Lucide's shapes are strokes. */
export function pathOf(svg: string): string {
  const paths: string[] = [];
  for (const [tag, kind] of svg.matchAll(
    /<(path|circle|ellipse|rect|line|polyline|polygon)\b[^>]*>/g,
  )) {
    const get = (name: string) => attribute(tag, name);
    if (kind === 'path') paths.push(absolute(/\bd="([^"]*)"/.exec(tag)?.[1] ?? ''));
    else if (kind === 'circle' || kind === 'ellipse') {
      const [x, y] = [get('cx'), get('cy')];
      const [rx, ry] = kind === 'circle' ? [get('r'), get('r')] : [get('rx'), get('ry')];
      paths.push(`M${x - rx} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0z`);
    } else if (kind === 'rect') {
      const [x, y, w, h] = [get('x'), get('y'), get('width'), get('height')];
      const r = get('rx');
      const corner = (dx: number, dy: number) => (r ? `a${r} ${r} 0 0 1 ${dx} ${dy}` : '');
      paths.push(
        `M${x + r} ${y}h${w - 2 * r}${corner(r, r)}v${h - 2 * r}${corner(-r, r)}` +
          `h${2 * r - w}${corner(-r, -r)}v${2 * r - h}${corner(r, -r)}z`,
      );
    } else if (kind === 'line') {
      paths.push(`M${get('x1')} ${get('y1')}L${get('x2')} ${get('y2')}`);
    } else {
      const points = /\bpoints="([^"]*)"/.exec(tag)?.[1] ?? '';
      paths.push(`M${points}${kind === 'polygon' ? 'z' : ''}`);
    }
  }
  if (paths.length === 0) throw new Error('an icon without shapes');
  return spaced(paths.join(''));
}

function icons(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LUCIDE).map(([name, file]) => {
      const path = join('node_modules', 'lucide-static', 'icons', `${file}.svg`);
      return [name, pathOf(readFileSync(path, 'utf8'))];
    }),
  );
}

interface BrandFacts {
  title: string;
  slug?: string;
  license?: { type: string };
}

/** A sprite of every brand that programs.ts names. */
function brandSprite(): string {
  const directory = join('node_modules', 'simple-icons');
  const facts = JSON.parse(
    readFileSync(join(directory, 'data', 'simple-icons.json'), 'utf8'),
  ) as BrandFacts[];
  const symbols = BRANDS.map((slug) => {
    const svg = readFileSync(join(directory, 'icons', `${slug}.svg`), 'utf8');
    const title = /<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? '';
    const licence = facts.find((fact) => fact.slug === slug || fact.title === title)?.license?.type;
    if (licence !== undefined && licence !== SET_LICENCE) {
      throw new Error(`the glyph ${slug} has a licence of its own, ${licence}`);
    }
    return `<symbol id="brand-${slug}" viewBox="0 0 24 24"><path d="${pathOf(svg)}"/></symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`;
}

/** Serves `procnet:icons` (paths by name) and `procnet:brands` (the sprite's address). */
export function glyphs(): Plugin {
  let building = false;
  return {
    name: 'procnet-glyphs',
    configResolved(config) {
      building = config.command === 'build';
    },
    resolveId(id) {
      if (id === 'procnet:icons') return ICONS_ID;
      return id === 'procnet:brands' ? BRANDS_ID : undefined;
    },
    load(id) {
      if (id === ICONS_ID) return `export const icons = ${JSON.stringify(icons())};`;
      if (id !== BRANDS_ID) return undefined;
      if (!building) return `export const brandSprite = ${JSON.stringify(DEV_SPRITE)};`;
      const file = this.emitFile({
        type: 'asset',
        name: 'simple-icons.svg',
        source: brandSprite(),
      });
      return `export const brandSprite = import.meta.ROLLUP_FILE_URL_${file};`;
    },
    configureServer(server) {
      server.middlewares.use(DEV_SPRITE, (_, response) => {
        response.setHeader('content-type', 'image/svg+xml');
        response.end(brandSprite());
      });
    },
  };
}
