// What lies under the nodes: this machine's band, and the headings.

import type { FlowLayout } from '../layout/flow';
import type { Column } from '../layout/frame';
import { LANE_GAP, NODE_WIDTH } from '../layout/frame';
import type { View } from './camera';
import { element, set } from './svg';

const BAND_PAD = 16;
const HEADING_Y = 22;
const HEADINGS = ['clients', 'this machine', 'remote'];

export class Ground {
  /** Moves with the map. */
  readonly world = element('g', { class: 'ground', 'aria-hidden': 'true' });
  /** Stays at the window's top, over its columns. */
  readonly headings = element('g', { class: 'headings', 'aria-hidden': 'true' });
  private readonly band = element('rect', { class: 'band', rx: 16 });
  private readonly idleTitle = element('text', { class: 'idle-title' });
  private readonly titles = HEADINGS.map((text) => {
    const title = element('text', { class: 'column-title', y: HEADING_Y });
    title.textContent = text;
    return title;
  });

  constructor() {
    this.idleTitle.textContent = 'Listening, nobody connected';
    this.world.append(this.band, this.idleTitle);
    this.headings.append(...this.titles);
  }

  /** Follows the layout. */
  sync(flow: FlowLayout, view: View): void {
    const tiers = flow.currentFrame?.columns.slice(1, -1) ?? [];
    const [first, last] = [tiers[0], tiers.at(-1)];
    const bounds = flow.flowBounds();
    if (first && last && bounds) {
      set(this.band, {
        x: first.x - BAND_PAD,
        y: bounds.y - BAND_PAD,
        width: rightOf(last) - first.x + 2 * BAND_PAD,
        height: bounds.height + 2 * BAND_PAD,
        display: undefined,
      });
    } else {
      set(this.band, { display: 'none' });
    }
    const idle = flow.idleBounds();
    set(this.idleTitle, {
      display: idle ? undefined : 'none',
      x: (idle?.x ?? 0) + 2,
      y: (idle?.y ?? 0) - 9,
    });
    this.placeHeadings(flow, view);
  }

  /** Follows the camera. */
  placeHeadings(flow: FlowLayout, { x, scale }: View): void {
    const columns = flow.currentFrame?.columns ?? [];
    const [client, server] = [columns[0], columns.at(-1)];
    const [first, last] = [columns[1], columns.at(-2)];
    if (!client || !server || !first || !last) return;
    const middles = [
      (client.x + rightOf(client)) / 2,
      (first.x + rightOf(last)) / 2,
      (server.x + rightOf(server)) / 2,
    ];
    middles.forEach((middle, i) => {
      const title = this.titles[i];
      if (title) set(title, { x: Math.round(middle * scale + x) });
    });
  }
}

function rightOf(column: Column): number {
  return column.x + column.lanes * (NODE_WIDTH + LANE_GAP) - LANE_GAP;
}
