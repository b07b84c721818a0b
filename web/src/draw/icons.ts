// Icons: 24 × 24, strokes only, one weight, so that they read as one family.

import { icons } from 'procnet:icons';
import { element } from './svg';

export function hasIcon(name: string): boolean {
  return Object.hasOwn(icons, name);
}

/** The path of icon `name`, or of the generic one. */
export function iconPath(name: string): string {
  return (hasIcon(name) ? icons[name] : icons.generic) ?? '';
}

/** A <symbol> of every icon, for <use>. */
export function iconSymbols(): SVGSymbolElement[] {
  return Object.entries(icons).map(([name, d]) =>
    element('symbol', { id: `icon-${name}`, viewBox: '0 0 24 24' }, element('path', { d })),
  );
}
