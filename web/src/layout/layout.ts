import type { Frame, Place, Rect, Size } from './frame';
import type { LayoutGraph } from './graph';
import type { Lane } from './route';

/** What the map asks of a layout. */
export interface MapLayout {
  /** Counts up whenever something may have got, changed or lost its place. */
  readonly version: number;
  /** Where `key` stands; undefined while it has no place. */
  place(key: string): Place | undefined;
  /** The grid, if there is one. */
  readonly currentFrame: Frame | undefined;
  /** Rows of nodes that edges bend around. */
  readonly lanes: readonly Lane[];
  /** Follows the graph; true if everything was laid out anew. */
  update(graph: LayoutGraph, viewport: Size): boolean;
  /** True if it was made for a window of quite another shape than `viewport`. */
  turned(viewport: Size): boolean;
  /** Lays everything out anew. */
  tidy(graph: LayoutGraph, viewport: Size): void;
  /** What the nodes cover. */
  bounds(): Rect;
  flowBounds(): Rect | undefined;
  /** What the nodes of the frame's columns that `wanted` picks cover. */
  boundsOf(wanted: (column: number) => boolean): Rect | undefined;
  idleBounds(): Rect | undefined;
}
