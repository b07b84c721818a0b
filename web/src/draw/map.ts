// The map: keeps the SVG like the scene, and nothing but what changed is touched.

import type { FlowLayout } from '../layout/flow';
import type { Detail, Size } from '../layout/frame';
import { detailAt, labelPx } from '../layout/frame';
import { READABLE_PX } from '../layout/plan';
import type { EdgeRow, NodeRow } from '../wire/columns';
import type { Legend } from '../wire/generated';
import { brandSymbols, loadBrands } from './brands';
import type { Insets, View } from './camera';
import { Camera, fitView, topView } from './camera';
import { EdgeView, edgeColor } from './edge';
import { Ground } from './ground';
import { iconSymbols } from './icons';
import { placeLitLabels, placeQuietLabels } from './labels';
import { looksOf } from './looks';
import { NodeView } from './node';
import { element, set } from './svg';
import { forgetWidths } from './text';

const LEAVE_MS = 260;
const GLIDE_MS = 460;
/** Around the map: the headings on top; more where a panel lies over it. */
const MARGIN: Insets = { top: 56, right: 34, bottom: 34, left: 34 };
/** With more edges than this, labels wait for the pointer. */
const MAX_LABELLED_EDGES = 60;
/** In a picture that is larger than the window, nodes are at least this large. */
const READABLE_SCALE = 0.58;
/** With more edges than this, lines are fainter. */
const CROWDED_EDGES = 120;
const NO_PORTS: ReadonlySet<string> = new Set();

/** What the map is drawn from. */
export interface MapScene {
  readonly nodes: ReadonlyMap<number, NodeRow>;
  readonly edges: ReadonlyMap<number, EdgeRow>;
  readonly legend: Legend;
}

export interface MapTarget {
  readonly kind: 'node' | 'edge';
  readonly key: string;
}

export class MapPainter {
  readonly svg: SVGSVGElement;
  readonly camera: Camera;
  private readonly world = element('g', { class: 'world' });
  private readonly ground = new Ground();
  private readonly edgeLayer = element('g', { class: 'edges' });
  private readonly labelLayer = element('g', { class: 'edge-labels', 'aria-hidden': 'true' });
  private readonly nodeLayer = element('g', {
    class: 'nodes',
    role: 'group',
    'aria-label': 'Nodes',
  });
  private readonly defs = element('defs');
  private readonly nodes = new Map<string, NodeView>();
  private readonly edges = new Map<string, EdgeView>();
  private readonly markers = new Map<string, string>();
  private readonly parallels = new Map<string, Set<number>>();
  private detail: Detail = 'full';
  private tabStop: string | undefined;
  private focus: MapTarget | undefined;
  private anyLit = false;
  private glideTimer = 0;
  private size: Size = { width: 1, height: 1 };
  private insets: Insets = MARGIN;

  constructor(
    private readonly layout: FlowLayout | { current: FlowLayout },
    host: HTMLElement,
    private readonly onOutside: (count: number) => void,
  ) {
    this.defs.append(...iconSymbols());
    this.world.append(this.ground.world, this.edgeLayer, this.nodeLayer, this.labelLayer);
    this.svg = element(
      'svg',
      { class: 'map', role: 'application', 'aria-label': 'Map of processes and connections' },
      this.defs,
      this.world,
      this.ground.headings,
    );
    this.camera = new Camera((view) => this.onView(view));
    host.append(this.svg);
    void loadBrands().then((any) => {
      if (!any) return;
      this.defs.append(...brandSymbols());
      this.refreshText();
    });
  }

  private get flow(): FlowLayout {
    return 'current' in this.layout ? this.layout.current : this.layout;
  }

  /** How large the map's window is, and what lies over it below and on the right, in pixels. */
  resize(size: Size, coveredBelow: number, coveredRight: number): void {
    this.size = size;
    this.insets = {
      ...MARGIN,
      bottom: MARGIN.bottom + coveredBelow,
      right: MARGIN.right + coveredRight,
    };
  }

  /** The room that a layout may fill at full size. */
  get room(): Size {
    return {
      width: Math.max(200, this.size.width - MARGIN.left - MARGIN.right),
      height: Math.max(200, this.size.height - MARGIN.top - this.insets.bottom),
    };
  }

  /** Shows everything. */
  fit(glide: boolean): void {
    this.camera.fitted = true;
    this.camera.moveTo(fitView(this.flow.bounds(), this.size, this.insets), glide);
  }

  /** Shows everything, if that leaves it readable; else its upper part at a readable size. */
  start(glide: boolean): void {
    const bounds = this.flow.bounds();
    const whole = fitView(bounds, this.size, this.insets);
    const density = this.flow.currentFrame?.density ?? 'regular';
    if (labelPx(density, whole.scale) >= READABLE_PX * 0.95) {
      this.fit(glide);
      return;
    }
    const width = this.size.width - this.insets.left - this.insets.right;
    const scale = Math.max(READABLE_SCALE, Math.min(1, width / bounds.width));
    this.camera.fitted = false;
    this.camera.moveTo(topView(bounds, this.size, this.insets, scale), glide);
  }

  /** Brings a node into view. */
  reveal(key: string): void {
    const place = this.nodes.get(key)?.place;
    // Nothing moves for what can be seen already.
    if (place) this.camera.reveal(place, this.size, this.insets);
  }

  /** From now on, for a moment, what moves glides. */
  glide(): void {
    this.svg.classList.add('gliding');
    window.clearTimeout(this.glideTimer);
    this.glideTimer = window.setTimeout(() => this.svg.classList.remove('gliding'), GLIDE_MS);
  }

  /** Writes all nodes anew: a font or glyphs have come. */
  refreshText(): void {
    forgetWidths();
    for (const view of this.nodes.values()) view.rewrite();
    this.placeLabels();
  }

  /** Brings the picture up to the scene. */
  sync(scene: MapScene): void {
    const looks = looksOf(scene.legend);
    const used = portsInUse(scene);
    const look = (node: NodeRow) => ({
      type: looks(node),
      level: this.detail,
      used: used.get(node.id) ?? NO_PORTS,
    });
    const present = new Set<string>();
    for (const node of scene.nodes.values()) {
      const place = this.flow.place(node.key);
      if (!place) continue;
      present.add(node.key);
      const view = this.nodes.get(node.key);
      if (view) {
        if (view.place.compact !== place.compact) this.glide();
        view.update(node, place, look(node));
      } else {
        const created = new NodeView(node, place, look(node));
        enter(created.root);
        this.nodes.set(node.key, created);
        this.nodeLayer.append(created.root);
      }
    }
    for (const [key, view] of this.nodes) {
      if (present.has(key)) continue;
      this.nodes.delete(key);
      leave(view.root);
    }
    this.syncEdges(scene);
    this.fade();
    this.svg.classList.toggle('crowded', this.edges.size > CROWDED_EDGES);
    this.ground.sync(this.flow, this.camera.view);
    this.placeLabels();
    this.countOutside();
    if (!this.tabStop || !this.nodes.has(this.tabStop)) this.setTabStop([...present][0]);
    this.applyFocus();
  }

  /** Fades what has ended; to be called about once a second. */
  fade(): void {
    const now = performance.now();
    for (const view of this.edges.values()) view.fade(now);
  }

  private syncEdges(scene: MapScene): void {
    const present = new Set<string>();
    const { lanes } = this.flow;
    for (const edge of scene.edges.values()) {
      const from = this.nodes.get(scene.nodes.get(edge.from)?.key ?? '');
      const to = this.nodes.get(scene.nodes.get(edge.to)?.key ?? '');
      if (!from || !to) continue;
      present.add(edge.key);
      let view = this.edges.get(edge.key);
      const color = edgeColor(edge, scene.legend);
      if (!view) {
        view = new EdgeView(edge, this.takeParallel(from.node.key, to.node.key));
        view.update(edge, from, to, lanes, color, this.marker(color));
        enter(view.root);
        this.edges.set(edge.key, view);
        this.edgeLayer.append(view.root);
        this.labelLayer.append(view.label);
        view.root.dataset.from = from.node.key;
        view.root.dataset.to = to.node.key;
      } else {
        view.update(edge, from, to, lanes, color, this.marker(color));
      }
    }
    for (const [key, view] of this.edges) {
      if (present.has(key)) continue;
      this.edges.delete(key);
      const { from = '', to = '' } = view.root.dataset;
      this.freeParallel(from, to, view.parallel);
      view.label.remove();
      leave(view.root);
    }
  }

  /** The lowest free number among the edges between two nodes, either way. */
  private takeParallel(from: string, to: string): number {
    const id = pairId(from, to);
    let taken = this.parallels.get(id);
    if (!taken) {
      taken = new Set();
      this.parallels.set(id, taken);
    }
    let number = 0;
    while (taken.has(number)) number++;
    taken.add(number);
    return number;
  }

  private freeParallel(from: string, to: string, number: number): void {
    const id = pairId(from, to);
    const taken = this.parallels.get(id);
    taken?.delete(number);
    if (taken?.size === 0) this.parallels.delete(id);
  }

  private marker(color: string): string {
    const known = this.markers.get(color);
    if (known) return known;
    const id = `arrow-${this.markers.size}`;
    this.defs.append(
      element(
        'marker',
        {
          id,
          viewBox: '0 0 10 10',
          refX: 1,
          refY: 5,
          markerWidth: 10,
          markerHeight: 10,
          markerUnits: 'userSpaceOnUse',
          orient: 'auto',
        },
        element('path', { d: 'M0,1L10,5L0,9z', fill: color }),
      ),
    );
    const url = `url(#${id})`;
    this.markers.set(color, url);
    return url;
  }

  /** How many nodes lie outside of the window. */
  private countOutside(): void {
    const { x, y, scale } = this.camera.view;
    let count = 0;
    for (const { place } of this.nodes.values()) {
      const left = place.x * scale + x;
      const top = place.y * scale + y;
      const inside =
        left + place.width * scale > 0 &&
        left < this.size.width &&
        top + place.height * scale > 0 &&
        top < this.size.height;
      if (!inside) count++;
    }
    this.onOutside(count);
  }

  private onView(view: View): void {
    set(this.world, {
      transform: `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.scale.toFixed(4)})`,
    });
    this.ground.placeHeadings(view);
    this.countOutside();
    const detail = detailAt(view.scale);
    if (detail !== this.detail) {
      this.detail = detail;
      this.svg.dataset.detail = detail;
      for (const node of this.nodes.values()) node.redraw(detail);
    }
  }

  private placeLabels(): void {
    if (this.edges.size <= MAX_LABELLED_EDGES) {
      placeQuietLabels(this.edges.values(), this.nodePlaces());
    } else {
      for (const view of this.edges.values()) view.label.classList.remove('roomy');
    }
  }

  private nodePlaces() {
    return [...this.nodes.values()].map(({ place }) => place);
  }

  /**
   * Lights the neighbourhood of `target` and dims the rest; a group that is shown as its members
   * stands for them. Undefined, or what is not on the map, lights everything.
   */
  highlight(target: MapTarget | undefined, kind: 'selected' | 'hovered'): void {
    this.focus = target;
    this.svg.classList.toggle('hovering', kind === 'hovered');
    this.applyFocus();
  }

  private applyFocus(): void {
    const { focus } = this;
    if (!focus && !this.anyLit) return;
    const centre = new Set<string>();
    if (focus?.kind === 'node') {
      for (const [key, { node }] of this.nodes) {
        if (key === focus.key || node.parent === focus.key) centre.add(key);
      }
    }
    const lit = new Set(centre);
    for (const [key, view] of this.edges) {
      const { from = '', to = '' } = view.root.dataset;
      const on = focus?.kind === 'edge' ? key === focus.key : centre.has(from) || centre.has(to);
      view.light(on);
      if (on) lit.add(from).add(to);
    }
    for (const [key, view] of this.nodes) view.root.classList.toggle('lit', lit.has(key));
    placeLitLabels(this.edges.values(), this.nodePlaces(), this.detail);
    this.anyLit = lit.size > 0;
    this.svg.classList.toggle('focusing', this.anyLit);
  }

  /** Marks what is selected. */
  select(target: MapTarget | undefined): void {
    for (const [key, view] of this.nodes) {
      const on = target?.kind === 'node' && target.key === key;
      view.root.classList.toggle('selected', on);
      set(view.root, { 'aria-pressed': on ? 'true' : undefined });
    }
    for (const [key, view] of this.edges) {
      view.root.classList.toggle('selected', target?.kind === 'edge' && target.key === key);
    }
  }

  setTabStop(key: string | undefined): void {
    if (this.tabStop) set(this.nodes.get(this.tabStop)?.root ?? this.svg, { tabindex: -1 });
    this.tabStop = key;
    const view = key === undefined ? undefined : this.nodes.get(key);
    if (view) set(view.root, { tabindex: 0 });
  }

  focusNode(key: string | undefined): void {
    const view = this.nodes.get(key ?? this.tabStop ?? '');
    if (!view) return;
    this.setTabStop(view.node.key);
    view.root.focus({ preventScroll: true });
    this.reveal(view.node.key);
  }

  /** The nearest node from `key` in a direction. */
  neighbourOf(key: string, dx: number, dy: number): string | undefined {
    const here = this.nodes.get(key)?.place;
    if (!here) return undefined;
    let best: string | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const [other, { place }] of this.nodes) {
      const x = place.x - here.x;
      const y = place.y - here.y;
      const along = x * dx + y * dy;
      const across = Math.abs(x * dy) + Math.abs(y * dx);
      if (along <= 1 || other === key) continue;
      const cost = along + across * 2.2;
      if (cost < bestCost) {
        best = other;
        bestCost = cost;
      }
    }
    return best;
  }
}

/** Ports (`:443`) and paths that edges lead to, by the server's node. */
function portsInUse(scene: MapScene): Map<number, Set<string>> {
  const used = new Map<number, Set<string>>();
  for (const edge of scene.edges.values()) {
    if (edge.stale) continue;
    const port = edge.path || `:${edge.port}`;
    const ports = used.get(edge.to);
    if (ports) ports.add(port);
    else used.set(edge.to, new Set([port]));
  }
  return used;
}

function pairId(from: string, to: string): string {
  return from < to ? `${from}\n${to}` : `${to}\n${from}`;
}

function enter(root: SVGElement): void {
  root.classList.add('entering');
  root.addEventListener('animationend', () => root.classList.remove('entering'), { once: true });
}

function leave(root: SVGElement): void {
  root.removeAttribute('data-key');
  root.setAttribute('aria-hidden', 'true');
  root.classList.add('leaving');
  window.setTimeout(() => root.remove(), LEAVE_MS);
}
