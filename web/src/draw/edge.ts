// One edge on the map.

import type { Place } from '../layout/frame';
import type { Route } from '../layout/route';
import { route } from '../layout/route';
import type { EdgeRow } from '../wire/columns';
import type { Legend } from '../wire/types';
import { element, set, setText } from './svg';

export const STALE_COLOR = '#8a8f98';
const STALE_WIDTH = 2.5;
const FALLBACK_COLOR = '#7f7f7f';

/** Dashes by TCP state; other states are drawn solid. */
export const STATE_DASHES: Readonly<Record<string, string>> = {
  SYN_SENT: '2 6',
  SYN_RECEIVED: '6 6',
  TIME_WAIT: '10 6',
  CLOSE_WAIT: '4 6',
};

export function edgeColor(edge: EdgeRow, legend: Legend): string {
  if (edge.stale) return STALE_COLOR;
  if (edge.protocol === 'udp') return legend.udp_color;
  return legend.classes.find((info) => info.name === edge.class)?.color ?? FALLBACK_COLOR;
}

export function edgeWidth(edge: EdgeRow): number {
  if (edge.stale) return STALE_WIDTH;
  return Math.min(7, 1.5 + Math.log2(Math.max(1, edge.sockets)) * 0.8);
}

/** `:5432`, `:443 ×12`, `×3`: the port, and how many sockets if there are several. */
export function edgeLabel(edge: EdgeRow): string {
  const port = edge.port > 0 ? `:${edge.port}` : '';
  const count = edge.sockets > 1 ? `×${edge.sockets}` : '';
  return [port, count].filter(Boolean).join(' ');
}

export class EdgeView {
  readonly root: SVGGElement;
  readonly label = element('text', { class: 'edge-label' });
  edge: EdgeRow;
  private route: Route | undefined;
  private color = '';
  private readonly line = element('path', { class: 'line' });
  private readonly hit = element('path', { class: 'hit' });

  constructor(
    edge: EdgeRow,
    readonly parallel: number,
  ) {
    this.edge = edge;
    this.root = element('g', { class: 'edge', 'data-key': edge.key }, this.hit, this.line);
  }

  update(edge: EdgeRow, from: Place, to: Place, color: string, markerUrl: string): void {
    const next = route(from, to, this.parallel);
    const moved = next.path !== this.route?.path;
    if (!moved && edge === this.edge && color === this.color && this.root.isConnected) return;
    this.edge = edge;
    this.route = next;
    this.color = color;
    set(this.line, {
      d: next.path,
      stroke: color,
      'stroke-width': Math.round(edgeWidth(edge) * 100) / 100,
      'stroke-dasharray': edge.stale ? undefined : STATE_DASHES[edge.state],
      'marker-end': markerUrl,
    });
    set(this.hit, { d: next.path });
    this.root.classList.toggle('stale', edge.stale);
    set(this.label, { x: Math.round(next.middleX), y: Math.round(next.middleY) + 4 });
    setText(this.label, edgeLabel(edge));
  }

  get middle(): { x: number; y: number } {
    return { x: this.route?.middleX ?? 0, y: this.route?.middleY ?? 0 };
  }
}
