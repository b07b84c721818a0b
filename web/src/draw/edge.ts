// One edge on the map.

import type { Place, Rect } from '../layout/frame';
import type { LabelPoint, Lane, Point, Route } from '../layout/route';
import { route, straight } from '../layout/route';
import type { EdgeLabels, EdgeWidths } from '../scene/picture';
import type { EdgeRow, NodeRow } from '../wire/columns';
import type { Legend } from '../wire/generated';
import type { Bead } from './beadMessages';
import type { NodeView } from './node';
import { element, mark, set, setText } from './svg';
import { roomFor, shortPath } from './text';

export const STALE_COLOR = '#8a8f98';
const STALE_WIDTH = 2.5;
/** The server keeps what has ended for so long. */
const STALE_MS = 15_000;
/** How long and high the cross on an ended edge is. */
const CROSS = 9;
const FALLBACK_COLOR = '#7f7f7f';

/** Dashes by TCP state; other states are drawn solid. */
export const STATE_DASHES: Readonly<Record<string, string>> = {
  SYN_SENT: '2 6',
  SYN_RECEIVED: '6 6',
  TIME_WAIT: '10 6',
  CLOSE_WAIT: '4 6',
};

/** The dots of UNIX sockets, which have no state worth a dash. */
export const UNIX_DASHES = '2 3';

export function edgeDashes(edge: EdgeRow): string | undefined {
  if (edge.stale) return undefined;
  return edge.protocol === 'unix' ? UNIX_DASHES : STATE_DASHES[edge.state];
}

export function edgeColor(edge: EdgeRow, legend: Legend): string {
  if (edge.stale) return STALE_COLOR;
  if (edge.protocol === 'udp') return legend.udp_color;
  if (edge.protocol === 'unix') return legend.unix_color;
  return legend.classes.find((info) => info.name === edge.class)?.color ?? FALLBACK_COLOR;
}

const LEAST_WIDTH = 1.4;
const MOST_WIDTH = 6;
/** A picture whose largest edge is smaller than this has no thick edges. */
const LEAST_LARGEST = 32;
/** Widths by traffic run from a kilobyte to ten gigabytes. */
const LEAST_EXPONENT = 3;
const MOST_EXPONENT = 10;

/** What the widths of a picture mean. */
export interface WidthScale {
  readonly by: EdgeWidths;
  /** The largest count of a picture, rounded up so that it seldom changes. */
  readonly largest: number;
}

export function widthScale(by: EdgeWidths, largest: number): WidthScale {
  return {
    by,
    largest: Math.max(LEAST_LARGEST, 4 ** Math.ceil(Math.log2(Math.max(1, largest)) / 2)),
  };
}

export function edgeWidth(edge: EdgeRow, scale: WidthScale): number {
  if (edge.stale) return STALE_WIDTH;
  const bytes = edge.to_client + edge.to_server;
  const share =
    scale.by === 'count'
      ? Math.log2(Math.max(1, edge.sockets)) / Math.log2(scale.largest)
      : (Math.log10(Math.max(1, bytes)) - LEAST_EXPONENT) / (MOST_EXPONENT - LEAST_EXPONENT);
  return LEAST_WIDTH + (MOST_WIDTH - LEAST_WIDTH) * Math.max(0, Math.min(1, share));
}

/**
 * `:5432`, `:443 ×12`, `docker.sock`, `×3`: the port or path, and how many sockets if there are
 * several; with everything `:5432 postgresql ×4`.
 */
export function edgeLabel(edge: EdgeRow, what: 'count' | 'port' | 'all'): string {
  const port = edge.port > 0 && what !== 'count' ? `:${edge.port}` : '';
  const service = what === 'all' ? edge.service : '';
  const count = edge.sockets > 1 ? `×${edge.sockets}` : '';
  return [edge.path ? shortPath(edge.path) : port, service, count].filter(Boolean).join(' ');
}

/** What an edge is drawn from, beside its row and its ends. */
export interface EdgeLooks {
  readonly lanes: readonly Lane[];
  readonly color: string;
  readonly markerUrl: string;
  readonly widths: WidthScale;
  readonly labels: EdgeLabels;
}

/** What is marked about an edge. */
export type EdgeNews = 'new' | 'changed';

export class EdgeView {
  readonly root: SVGGElement;
  readonly label = element('text', { class: 'edge-label' });
  edge: EdgeRow;
  /** Which sync saw it last. */
  seen = 0;
  private route: Route | undefined;
  private fromPlace: Place | undefined;
  private toPlace: Place | undefined;
  private lanes: readonly Lane[] = [];
  private looks: EdgeLooks | undefined;
  /** What is written where there is room: not the port, if the server's node shows it. */
  quietLabel = '';
  private lit = false;
  private roomy = false;
  private busy = false;
  private rate = '';
  private staleSince: number | undefined;
  private flowWidth = 0;
  private readonly line = element('path', { class: 'line' });
  private readonly hit = element('path', { class: 'hit' });
  private readonly halo = element('path', { class: 'halo' });
  private readonly flow = element('path', { class: 'flow' });
  private readonly cross = element('path', { class: 'cross', stroke: STALE_COLOR });

  constructor(
    edge: EdgeRow,
    readonly parallel: number,
    /** The keys of the nodes that it joins. */
    readonly from: string,
    readonly to: string,
  ) {
    this.edge = edge;
    this.root = element(
      'g',
      { class: 'edge', 'data-key': edge.key, 'data-from': from, 'data-to': to },
      this.hit,
      this.line,
    );
  }

  /** Takes `edge` if it is drawn as what is shown is, all else being as it was; false if not. */
  takeAlike(edge: EdgeRow): boolean {
    if (!this.looks || !drawnAlike(edge, this.edge, this.looks.widths.by)) return false;
    this.edge = edge;
    return true;
  }

  /** True if it runs as it did: neither its ends nor what it bends around have moved. */
  stands(from: NodeView, to: NodeView, lanes: readonly Lane[]): boolean {
    if (from.place !== this.fromPlace || to.place !== this.toPlace) return false;
    if (this.lanesChanged(lanes)) return false;
    this.lanes = lanes;
    return true;
  }

  /** Writes what differs from before; true if labels may have to be placed anew. */
  update(edge: EdgeRow, from: NodeView, to: NodeView, looks: EdgeLooks): boolean {
    const before = this.looks;
    const moved =
      from.place !== this.fromPlace || to.place !== this.toPlace || this.lanesChanged(looks.lanes);
    const same =
      before !== undefined &&
      drawnAlike(edge, this.edge, looks.widths.by) &&
      looks.color === before.color &&
      looks.labels === before.labels &&
      looks.widths.by === before.widths.by &&
      looks.widths.largest === before.widths.largest;
    this.looks = looks;
    this.edge = edge;
    if (!moved && same) return false;
    if (moved || !this.route) {
      this.route = from.place.free
        ? straight(from.place, to.place, this.parallel)
        : route(from.place, to.place, looks.lanes, this.parallel, shadeOf(from.node.key));
      this.fromPlace = from.place;
      this.toPlace = to.place;
    }
    this.lanes = looks.lanes;
    const { path: d, labels } = this.route;
    if (moved) for (const path of [this.line, this.hit, this.halo, this.flow]) set(path, { d });
    set(this.line, {
      stroke: looks.color,
      'stroke-width': Math.round(edgeWidth(edge, looks.widths) * 10) / 10,
      'stroke-dasharray': edgeDashes(edge),
      // Neither end of a socket pair is the server.
      'marker-end': edge.evidence === 'none' ? undefined : looks.markerUrl,
    });
    this.flowWidth = Math.round((edgeWidth(edge, looks.widths) + 3) * 10) / 10;
    set(this.flow, { stroke: looks.color, 'stroke-width': this.flowWidth });
    mark(this.root, 'stale', edge.stale);
    if (edge.stale || this.cross.isConnected) this.crossOut();
    if (moved) this.placeLabel(labels[0] ?? { x: 0, y: 0 });
    const all = looks.labels === 'all';
    const quiet = edge.stale
      ? ''
      : edgeLabel(edge, all ? 'all' : showsPort(to.node, edge.port) ? 'count' : 'port');
    const relabelled = quiet.length !== this.quietLabel.length;
    this.quietLabel = quiet;
    this.writeLabel();
    return moved || relabelled;
  }

  /** Marks the edge as one that has just come, or just changed, or as neither. */
  markNews(news: EdgeNews | undefined): void {
    mark(this.halo, 'changed', news === 'changed');
    if (!news) this.halo.remove();
    else if (!this.halo.isConnected) this.root.prepend(this.halo);
  }

  /** A cross on what has ended: its grey alone would be a matter of colour. */
  private crossOut(): void {
    const { x, y } = this.route?.labels[0] ?? { x: 0, y: 0 };
    const arm = CROSS / 2;
    set(this.cross, {
      d: `M${x - arm} ${y - arm}l${CROSS} ${CROSS}m0 ${-CROSS}l${-CROSS} ${CROSS}`,
    });
    if (this.edge.stale) this.root.append(this.cross);
    else this.cross.remove();
  }

  /** Dots run along it, and its rate is written; true if the label's length changed. */
  markBusy(on: boolean, rate: string): boolean {
    if (on !== this.busy) {
      this.busy = on;
      if (on) this.root.append(this.flow);
      else this.flow.remove();
    }
    return this.tellRate(on ? rate : '');
  }

  /** What runs along it while it is busy. */
  get bead(): Bead | undefined {
    if (!this.busy || !this.route || !this.looks) return undefined;
    return { d: this.route.path, color: this.looks.color, size: this.flowWidth };
  }

  /** Writes the rate beside the label; true if the label's length changed. */
  tellRate(rate: string): boolean {
    if (rate === this.rate) return false;
    const changed = rate.length !== this.rate.length;
    this.rate = rate;
    this.writeLabel();
    return changed;
  }

  /**
   * Fades what has ended, in steps. An animation would be smoother, but keeps the browser painting;
   * opacity of the whole would give every such edge a layer of its own.
   */
  fade(now: number): void {
    if (!this.edge.stale) {
      this.staleSince = undefined;
      this.dim(undefined);
      return;
    }
    this.staleSince ??= now;
    const gone = Math.min(1, (now - this.staleSince) / STALE_MS);
    this.dim((0.9 - 0.7 * gone).toFixed(2));
  }

  private dim(opacity: string | undefined): void {
    for (const path of [this.line, this.cross]) set(path, { 'stroke-opacity': opacity });
  }

  /** Says everything while it is in the light. */
  light(on: boolean): void {
    mark(this.root, 'lit', on);
    if (on !== this.lit) {
      this.lit = on;
      this.writeLabel();
    }
  }

  /** Shows its label, or not while it isn't lit. */
  showLabel(on: boolean): void {
    if (on === this.roomy) return;
    this.roomy = on;
    mark(this.label, 'roomy', on);
    this.writeLabel();
  }

  /** What is not shown is not written: a busy edge's rate changes all the time. */
  private writeLabel(): void {
    if (!this.lit && !this.roomy) return;
    setText(this.label, this.lit ? this.fullLabel : this.busyLabel);
  }

  get isLit(): boolean {
    return this.lit;
  }

  get fullLabel(): string {
    return [edgeLabel(this.edge, 'all'), this.rate].filter(Boolean).join(' · ');
  }

  /** Where a label may stand, the best point first. */
  get labelPoints(): readonly LabelPoint[] {
    return this.route?.labels ?? [];
  }

  /** What `text` would cover as this edge's label at `at`. */
  labelBox(text: string, size: number, at: Point): Rect {
    const width = roomFor(text, size, 500) + 8;
    const height = size + 6;
    return { x: at.x - width / 2, y: at.y - height / 2, width, height };
  }

  placeLabel(at: Point): void {
    set(this.label, { x: Math.round(at.x), y: Math.round(at.y) + 4 });
  }

  /** What is written while it is not lit. */
  get busyLabel(): string {
    return [this.quietLabel, this.rate].filter(Boolean).join(' · ');
  }

  private lanesChanged(lanes: readonly Lane[]): boolean {
    if (lanes === this.lanes) return false;
    if (lanes.length !== this.lanes.length) return true;
    return this.route?.passes.some((i) => lanes[i] !== this.lanes[i]) ?? true;
  }
}

/** True if nothing differs that an edge is drawn from: most changes are of its totals alone. */
function drawnAlike(a: EdgeRow, b: EdgeRow, by: EdgeWidths): boolean {
  return (
    a === b ||
    (a.sockets === b.sockets &&
      a.state === b.state &&
      a.stale === b.stale &&
      a.class === b.class &&
      a.service === b.service &&
      a.evidence === b.evidence &&
      (by === 'count' || a.to_client + a.to_server === b.to_client + b.to_server))
  );
}

function showsPort(node: NodeRow, port: number): boolean {
  const suffix = `:${port}`;
  return node.label.endsWith(suffix) || node.listeners.some((text) => text.endsWith(suffix));
}

/** A number from -1 to 1 that stays the same for node `key`: its edges run together. */
function shadeOf(key: string): number {
  let hash = 7;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return ((hash >>> 4) % 201) / 100 - 1;
}
