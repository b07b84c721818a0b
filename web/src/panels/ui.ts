// What is open on the page, beside what its address says.

import { signal } from '@preact/signals';

export const helpOpen = signal(false);
/** On small windows the toolbar's second part is folded away. */
export const toolsOpen = signal(false);
export const searchInput = signal<HTMLInputElement | null>(null);
