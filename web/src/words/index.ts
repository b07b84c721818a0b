// Every string that a person reads stands in one module per language; this chooses the language.

import { english } from './en';

/** What any language must say. */
export type Words = typeof english;

export const words: Words = english;
