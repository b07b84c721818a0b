// What the map is stacked from. Each layer is a drawing of its own that the browser keeps as it was
// painted: a changed edge repaints no nodes, and panning moves what is there and repaints nothing.

import type { View } from './camera';
import { element, set } from './svg';

/** A drawing as large as the window that shows what lies outside of it too: panning needs it. */
function drawing(name: string, ...children: Element[]): SVGSVGElement {
  return element('svg', { class: `layer ${name}`, role: 'presentation' }, ...children);
}

export class Layers {
  /** All of the map: what takes the pointer, and what the map's state is written on. */
  readonly root = document.createElement('div');
  /** What panning moves. */
  private readonly world = document.createElement('div');
  private readonly headings: SVGSVGElement;
  private readonly scaled: readonly SVGGElement[];
  private readonly drawings: readonly SVGSVGElement[];
  private scale = 0;

  /** `beads` lie over `lines` and under `nodes`; `headings` stay at the window's top. */
  constructor(
    defs: SVGDefsElement,
    lines: readonly Element[],
    beads: Element,
    nodes: Element,
    labels: Element,
    headings: Element,
  ) {
    this.root.className = 'map';
    this.root.setAttribute('role', 'application');
    this.root.setAttribute('aria-label', 'Map of processes and connections');
    this.world.className = 'world';
    this.scaled = [lines, [nodes], [labels]].map((parts) => element('g', {}, ...parts));
    const [under, middle, over] = this.scaled.map((group, i) =>
      drawing(['lines', 'things', 'words'][i] ?? '', ...(i === 0 ? [defs, group] : [group])),
    );
    this.headings = drawing('over', headings);
    if (under && middle && over) this.world.append(under, beads, middle, over);
    this.root.append(this.world, this.headings);
    this.drawings = [...this.root.querySelectorAll('svg')];
  }

  /** Follows the camera. True if the scale is another one. */
  place({ x, y, scale }: View): boolean {
    const [left, top] = [onPixel(x), onPixel(y)];
    this.world.style.transform = `translate(${left}px, ${top}px)`;
    this.headings.style.transform = `translate(${left}px)`;
    if (scale === this.scale) return false;
    this.scale = scale;
    for (const group of this.scaled) set(group, { transform: `scale(${scale.toFixed(4)})` });
    return true;
  }

  /** The drawings, the lowest first, and how far each is moved. */
  moved(): { drawing: SVGSVGElement; by: string }[] {
    return this.drawings.map((one) => {
      const { transform } = (one === this.headings ? this.headings : this.world).style;
      const [, x = '0', y = '0'] =
        /translate\((-?[\d.]+)px(?:, (-?[\d.]+)px)?\)/.exec(transform) ?? [];
      return { drawing: one, by: `translate(${x} ${y})` };
    });
  }
}

/** Where the screen's pixels begin: text between them is blurred. */
export function onPixel(at: number): number {
  const ratio = window.devicePixelRatio || 1;
  return Math.round(at * ratio) / ratio;
}
