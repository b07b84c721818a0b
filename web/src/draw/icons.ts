// Icons: 24 × 24, strokes only, one weight, so that they read as one family.

import { icons } from 'procnet:icons';

export function hasIcon(name: string): boolean {
  return Object.hasOwn(icons, name);
}

/** The path of icon `name`, or of the generic one. */
export function iconPath(name: string): string {
  return (hasIcon(name) ? icons[name] : icons.generic) ?? '';
}
