// How the map is drawn, as the person chose.

import { signal } from '@preact/signals';

export type PictureLayout = 'flow' | 'free';
export type EdgeWidths = 'count' | 'traffic';
export type EdgeLabels = 'some' | 'all' | 'none';

/** In columns as a request goes, or pulled together by forces. */
export const pictureLayout = signal<PictureLayout>('flow');
/** Every process and remote endpoint, on a canvas. */
export const rawMode = signal(false);
/** A small map of the whole, while it is larger than the window. */
export const minimap = signal(true);
/** Dots run along the busiest edges. */
export const flowAnimation = signal(true);
/** What a line's width tells. */
export const edgeWidths = signal<EdgeWidths>('count');
/** Which edges are labelled without being asked: those with room, with their service or not; none. */
export const edgeLabels = signal<EdgeLabels>('some');
