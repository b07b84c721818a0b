// What is open on the page.

import { signal } from '@preact/signals';

export const tableOpen = signal(false);
export const helpOpen = signal(false);
export const searchInput = signal<HTMLInputElement | null>(null);
