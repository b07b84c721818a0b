// What page and worker tell each other about the beads along busy edges.

export interface Bead {
  /** The edge's path, in the map's own units. */
  readonly d: string;
  readonly color: string;
  readonly size: number;
}

export interface BeadView {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

export type BeadOrder =
  | { readonly kind: 'canvas'; readonly canvas: OffscreenCanvas }
  | { readonly kind: 'view'; readonly view: BeadView }
  /** None stop the motion. */
  | { readonly kind: 'beads'; readonly beads: readonly Bead[] };
