// Brand glyphs, from a sprite of their own that is fetched after the first picture.

import { brandSprite } from 'procnet:brands';
import type { NodeRow } from '../wire/columns';
import { iconPath } from './icons';
import { glyphOfProgram } from './programs';

const ICON = 'icon-';

/** Paths by name. */
const glyphs = new Map<string, string>();

/** A program's glyph. */
export interface Glyph {
  readonly path: string;
  /** Filled, and not drawn by its outlines. */
  readonly brand: boolean;
}

/** The glyph of the program that `node` runs, if it is well known and the glyph is here. */
export function glyphOf(node: NodeRow): Glyph | undefined {
  const name = node.kind === 'process' && node.program ? glyphOfProgram(node.program) : undefined;
  if (name === undefined) return undefined;
  if (name.startsWith(ICON)) return { path: iconPath(name.slice(ICON.length)), brand: false };
  const path = glyphs.get(name);
  return path === undefined ? undefined : { path, brand: true };
}

/** Fetches the glyphs; true if there are any. Without them every program shows its type's icon. */
export async function loadBrands(): Promise<boolean> {
  if (glyphs.size > 0) return true;
  try {
    const response = await fetch(brandSprite);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const sprite = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
    for (const symbol of sprite.querySelectorAll('symbol')) {
      glyphs.set(symbol.id, symbol.querySelector('path')?.getAttribute('d') ?? '');
    }
  } catch (error) {
    console.warn(`procnet: brand glyphs could not be read from ${brandSprite}`, error);
  }
  return glyphs.size > 0;
}
