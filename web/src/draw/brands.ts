// Brand glyphs, from a sprite of their own that is fetched after the first picture.

import { brandSprite } from 'procnet:brands';
import type { NodeRow } from '../wire/columns';
import { glyphOfProgram } from './programs';

const symbols = new Map<string, Element>();

/** The symbol of the program that `node` runs, if it is well known and the glyph is here. */
export function glyphOf(node: NodeRow): string | undefined {
  if (node.kind !== 'process' || !node.program) return undefined;
  const glyph = glyphOfProgram(node.program);
  return glyph === undefined || glyph.startsWith('icon-') || symbols.has(glyph) ? glyph : undefined;
}

/** Fetches the glyphs; true if there are any. Without them every program shows its type's icon. */
export async function loadBrands(): Promise<boolean> {
  if (symbols.size > 0) return true;
  try {
    const response = await fetch(brandSprite);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const sprite = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
    for (const symbol of sprite.querySelectorAll('symbol')) symbols.set(symbol.id, symbol);
  } catch (error) {
    console.warn(`procnet: brand glyphs could not be read from ${brandSprite}`, error);
  }
  return symbols.size > 0;
}

/** A <symbol> of every glyph, for <use>. */
export function brandSymbols(): Element[] {
  return [...symbols.values()].map((symbol) => document.importNode(symbol, true));
}
