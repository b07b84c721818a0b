// The map as a picture that stands alone: nothing in it depends on the page's style sheet.

import inter from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import type { Layers } from './layers';

const SVG = 'http://www.w3.org/2000/svg';
const FAMILY = 'Inter Variable';
const FALLBACKS = 'Inter, system-ui, Segoe UI, sans-serif';
const FOOTER_HEIGHT = 54;
const PNG_SCALE = 2;
/** Browsers refuse canvases that are much larger. */
const MAX_PIXELS = 60_000_000;

/** What of a computed style a picture needs, as presentation attributes. */
const SHOWN = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'fill-opacity',
  'opacity',
  'paint-order',
];
const SHOWN_OF_TEXT = ['font-size', 'font-weight', 'letter-spacing', 'text-anchor'];
/** Attributes of the page's own that mean nothing in a picture. */
const KEPT = new Set(
  (
    'd x y width height rx x1 y1 x2 y2 cx cy r href viewBox id refX refY markerWidth markerHeight ' +
    'markerUnits orient marker-end stroke-dashoffset transform'
  ).split(' '),
);
const LEFT_OUT = new Set(['title', 'image']);

export interface ExportedLine {
  readonly text: string;
  readonly color: string;
  readonly dashes?: string | undefined;
}

export interface ExportText {
  /** What it shows, and when: the last line of the picture. */
  readonly caption: string;
  readonly legend: readonly ExportedLine[];
}

/** The map that `layers` show now, with legend and time, as the text of an SVG file. */
export async function exportedSvg(layers: Layers, text: ExportText): Promise<string> {
  const shown = layers.root;
  const { width, height } = shown.getBoundingClientRect();
  const images = await imagesOf(shown);
  const picture = document.implementation.createDocument(SVG, 'svg');
  const root = picture.documentElement;
  root.setAttribute('width', String(Math.round(width)));
  root.setAttribute('height', String(Math.round(height + FOOTER_HEIGHT)));
  root.setAttribute('viewBox', `0 0 ${Math.round(width)} ${Math.round(height + FOOTER_HEIGHT)}`);
  root.setAttribute('font-family', `'${FAMILY}', ${FALLBACKS}`);
  const make = (name: string, attributes: Record<string, string | number>, content?: string) => {
    const element = picture.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    if (content !== undefined) element.textContent = content;
    return element;
  };
  const background = getComputedStyle(shown).backgroundColor;
  root.append(make('rect', { width: '100%', height: '100%', fill: background }));
  const map = make('svg', { width, height, viewBox: `0 0 ${width} ${height}`, overflow: 'hidden' });
  root.append(map);
  const used = new Set<string>();
  for (const { drawing, by } of layers.moved()) {
    const layer = make('g', { transform: by });
    for (const child of drawing.children) {
      const copy = copied(child, picture, images, used);
      if (copy) layer.append(copy);
    }
    map.append(layer);
  }
  for (const unused of map.querySelectorAll('marker')) {
    if (!used.has(unused.id)) unused.remove();
  }
  root.append(footer(shown, text, height, make));
  const written = new XMLSerializer().serializeToString(picture);
  const font = await dataUrl(inter);
  if (!font) return written;
  // As text, for a <style> element is refused by the page's policy, wherever it is made.
  const style =
    `<style>@font-face{font-family:'${FAMILY}';font-weight:100 900;` +
    `src:url(${font}) format('woff2')}</style>`;
  return written.replace('>', `>${style}`);
}

/** `source` with everything that it looks like written into it; undefined if it is not seen. */
function copied(
  source: Element,
  picture: Document,
  images: ReadonlyMap<string, string>,
  used: Set<string>,
): Element | undefined {
  const name = source.localName;
  const style = getComputedStyle(source);
  // Beads are drawn elsewhere on the page.
  const absent = style.display === 'none' && !source.classList.contains('flow');
  const hidden = absent || style.opacity === '0';
  const definition = source.closest('defs') !== null;
  if (!definition && (hidden || source.classList.contains('hit'))) return undefined;
  const image = name === 'image' ? images.get(source.getAttribute('href') ?? '') : undefined;
  if (LEFT_OUT.has(name) && image === undefined) return undefined;
  const copy = picture.createElementNS(SVG, name);
  for (const { name: attribute, value } of source.attributes) {
    if (KEPT.has(attribute)) copy.setAttribute(attribute, value);
  }
  if (image !== undefined) copy.setAttribute('href', image);
  const marker = /#([\w-]+)/.exec(source.getAttribute('marker-end') ?? '')?.[1];
  if (marker) used.add(marker);
  const isText = name === 'text';
  if (source.childElementCount === 0 || style.opacity !== '1') {
    const leaf = source.childElementCount === 0;
    for (const property of leaf ? SHOWN : ['opacity']) {
      const value = style.getPropertyValue(property);
      if (value && value !== 'normal') copy.setAttribute(property, value);
    }
  }
  if (isText) {
    for (const property of SHOWN_OF_TEXT) {
      const value = style.getPropertyValue(property);
      if (value && value !== 'normal') copy.setAttribute(property, value);
    }
    if (style.textDecorationLine !== 'none') {
      copy.setAttribute('text-decoration', style.textDecorationLine);
    }
    const upper = style.textTransform === 'uppercase';
    const content = source.textContent ?? '';
    copy.textContent = upper ? content.toUpperCase() : content;
    return copy.textContent ? copy : undefined;
  }
  for (const child of source.children) {
    const inner = copied(child, picture, images, used);
    if (inner) copy.append(inner);
  }
  return copy;
}

type Make = (
  name: string,
  attributes: Record<string, string | number>,
  content?: string,
) => Element;

function footer(shown: Element, text: ExportText, top: number, make: Make): Element {
  const style = getComputedStyle(shown);
  const ink = style.getPropertyValue('--text-2').trim();
  const group = make('g', { transform: `translate(20 ${top})`, fill: ink, 'font-size': 12 });
  let x = 0;
  for (const { text: label, color, dashes } of text.legend) {
    group.append(
      make('path', {
        d: `M${x} 14h24`,
        fill: 'none',
        stroke: color,
        'stroke-width': 2.5,
        ...(dashes ? { 'stroke-dasharray': dashes } : {}),
      }),
      make('text', { x: x + 31, y: 18 }, label),
    );
    x += 48 + label.length * 7;
  }
  group.append(make('text', { x: 0, y: 40, 'font-weight': 500 }, text.caption));
  return group;
}

/** The pictures in `shown`, as data. What cannot be read is left out. */
async function imagesOf(shown: Element): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  const addresses = [...shown.querySelectorAll('image')].map((image) => image.getAttribute('href'));
  for (const href of new Set(addresses)) {
    const data = href ? await dataUrl(href) : undefined;
    if (href && data) images.set(href, data);
  }
  return images;
}

async function dataUrl(address: string): Promise<string | undefined> {
  try {
    const response = await fetch(address);
    if (!response.ok) return undefined;
    const blob = await response.blob();
    return await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : undefined);
      reader.onerror = () => resolve(undefined);
      reader.readAsDataURL(blob);
    });
  } catch {
    return undefined;
  }
}

/** The picture that the SVG file `text` shows, as a PNG file. */
export async function pngOf(text: string): Promise<Blob> {
  const image = new Image();
  // As data, which the page's policy allows; a blob's address it does not.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const pixels = image.width * image.height;
  const scale = Math.min(PNG_SCALE, Math.sqrt(MAX_PIXELS / Math.max(1, pixels)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('the browser made no PNG of the map'))),
      'image/png',
    );
  });
}

/** Offers `content` to the person as a file. */
export function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
