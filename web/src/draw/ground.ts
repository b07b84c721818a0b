// What lies under the nodes: this machine's bands, and the headings.

import type { Zone } from '../layout/frame';
import { laneX } from '../layout/frame';
import type { MapLayout } from '../layout/layout';
import { words } from '../words';
import type { View } from './camera';
import { element, set, setText } from './svg';

const BAND_PAD = 20;
/** On a narrow window's sides there is less room. */
const SIDE_PAD = 8;
const HEADING_Y = 22;
const ZONES: readonly Zone[] = ['client', 'process', 'server'];
/** Half of what a heading covers, about. */
const HALF_HEADING = 48;

interface Heading {
  readonly text: string;
  readonly middle: number;
}

export class Ground {
  /** Moves with the map. */
  readonly world = element('g', { class: 'ground', 'aria-hidden': 'true' });
  /** Stays at the window's top, over its columns. */
  readonly headings = element('g', { class: 'headings', 'aria-hidden': 'true' });
  private readonly bands = element('g');
  /** Where requests run down, the headings stand over what they head. */
  private readonly titles = element('g');
  private readonly idleTitle = element('text', { class: 'idle-title' });
  private list: Heading[] = [];

  constructor() {
    setText(this.idleTitle, words.map.idle);
    this.world.append(this.bands, this.titles, this.idleTitle);
  }

  /** Follows the layout. */
  sync(flow: MapLayout, view: View): void {
    const frame = flow.currentFrame;
    const columns = frame?.columns ?? [];
    const strands = new Set(columns.map((column) => column.strand));
    this.list = [];
    this.titles.replaceChildren();
    const down = frame?.down ?? false;
    const left = flow.flowBounds()?.x ?? 0;
    let number = 0;
    for (const strand of strands) {
      for (const [zoneNumber, zone] of ZONES.entries()) {
        const mine = columns.filter((column) => column.strand === strand && column.zone === zone);
        const [first, last] = [mine[0], mine.at(-1)];
        const bounds = flow.boundsOf((i) => {
          const column = columns[i];
          return column?.strand === strand && column.zone === zone;
        });
        if (!frame || !first || !last || !bounds) continue;
        const right = laneX(frame, last, last.lanes - 1) + frame.nodeWidth;
        const text = words.map.columns[zoneNumber] ?? '';
        if (down) this.addTitle(text, left, first.x - (zone === 'process' ? 30 : 12));
        else this.list.push({ text, middle: (first.x + right) / 2 });
        if (zone !== 'process') continue;
        const [along, long] = [first.x - BAND_PAD, right - first.x + 2 * BAND_PAD];
        const pad = down ? SIDE_PAD : BAND_PAD;
        set(this.band(number++), {
          x: down ? bounds.x - pad : along,
          y: down ? along : bounds.y - pad,
          width: down ? bounds.width + 2 * pad : long,
          height: down ? long : bounds.height + 2 * pad,
        });
      }
    }
    while (this.bands.childElementCount > number) this.bands.lastElementChild?.remove();
    const idle = flow.idleBounds();
    set(this.idleTitle, {
      display: idle ? undefined : 'none',
      x: (idle?.x ?? 0) + 2,
      y: (idle?.y ?? 0) - 10,
    });
    this.placeHeadings(view);
  }

  private addTitle(text: string, x: number, y: number): void {
    const title = element('text', { class: 'column-title beside', x, y });
    setText(title, text);
    this.titles.append(title);
  }

  private band(number: number): Element {
    const known = this.bands.children[number];
    if (known) return known;
    const band = element('rect', { class: 'band', rx: 18 });
    this.bands.append(band);
    return band;
  }

  /** Follows the camera's scale: their layer moves with the map. */
  placeHeadings({ scale }: View): void {
    let right = Number.NEGATIVE_INFINITY;
    this.list.forEach(({ text, middle }, i) => {
      const title =
        this.headings.children[i] ??
        this.headings.appendChild(element('text', { class: 'column-title', y: HEADING_Y }));
      setText(title, text);
      const at = Math.round(middle * scale);
      // In a small picture one heading leaves the next one room.
      const shown = at - HALF_HEADING > right;
      if (shown) right = at + HALF_HEADING;
      set(title, { x: at, display: shown ? undefined : 'none' });
    });
    while (this.headings.childElementCount > this.list.length) {
      this.headings.lastElementChild?.remove();
    }
  }
}
