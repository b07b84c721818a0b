// What is selected and what the pointer is on.

import { signal } from '@preact/signals';

export interface Target {
  readonly kind: 'node' | 'edge';
  readonly key: string;
}

export const selected = signal<Target | undefined>(undefined);
export const hovered = signal<Target | undefined>(undefined);

export function sameTarget(a: Target | undefined, b: Target | undefined): boolean {
  return a?.kind === b?.kind && a?.key === b?.key;
}
