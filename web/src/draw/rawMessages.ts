// What page and worker tell each other about the canvas of thousands of nodes.

import type { Rect } from '../layout/frame';

export interface RawScene {
  readonly keys: readonly string[];
  readonly labels: readonly string[];
  /** Two node numbers for each edge. */
  readonly ends: Int32Array;
  /** Numbers of `colors`. */
  readonly nodeColors: Uint16Array;
  readonly edgeColors: Uint16Array;
  /** 1 for other machines. */
  readonly remotes: Uint8Array;
  readonly colors: readonly string[];
  readonly aspect: number;
}

export interface RawView {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly ink: string;
  readonly background: string;
  readonly font: string;
}

export type RawQuestion =
  | { readonly kind: 'canvas'; readonly canvas: OffscreenCanvas }
  | { readonly kind: 'scene'; readonly scene: RawScene }
  | { readonly kind: 'view'; readonly view: RawView }
  | { readonly kind: 'focus'; readonly key: string | undefined }
  | { readonly kind: 'hit'; readonly id: number; readonly x: number; readonly y: number };

export type RawAnswer =
  | { readonly kind: 'placed'; readonly bounds: Rect; readonly first: boolean }
  | { readonly kind: 'hit'; readonly id: number; readonly key: string | undefined };
