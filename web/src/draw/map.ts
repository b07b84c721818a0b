// The map: keeps the SVG like the scene, and nothing but what changed is touched.

import type { Detail, Size } from '../layout/frame';
import { detailAt, labelPx, runsDown } from '../layout/frame';
import type { MapLayout } from '../layout/layout';
import { READABLE_PX } from '../layout/plan';
import type { EdgeRow, NodeRow } from '../wire/columns';
import type { Legend } from '../wire/generated';
import { Beads } from './beads';
import { loadBrands } from './brands';
import type { Insets, View } from './camera';
import { Camera, fitView, reducedMotion, topView } from './camera';
import type { EdgeChoices } from './edges';
import { EdgeLayer, FRESH_MS } from './edges';
import { Ground } from './ground';
import { Layers } from './layers';
import { looksOf } from './looks';
import type { Minimap } from './minimap';
import { NodeView } from './node';
import { PortsInUse } from './ports';
import { element, mark, set } from './svg';
import { forgetWidths } from './text';

const TICK_MS = 900;
const GLIDE_MS = 460;
/** Around the map: the headings on top; more where a panel lies over it. */
const MARGIN: Insets = { top: 56, right: 34, bottom: 34, left: 34 };
/** Where requests run down, headings stand in the picture, over the first row too. */
const NARROW_MARGIN: Insets = { top: 38, right: 11, bottom: 16, left: 11 };
/** In a picture that is larger than the window, nodes are at least this large. */
const READABLE_SCALE = 0.58;
/** With more edges than this, lines are fainter. */
const CROWDED_EDGES = 120;
/** More changes at once than this are a new picture, not news. */
const MAX_FRESH = 40;
const NO_PORTS: ReadonlySet<string> = new Set();

/** What the map is drawn from. */
export interface MapScene {
  readonly nodes: ReadonlyMap<number, NodeRow>;
  readonly edges: ReadonlyMap<number, EdgeRow>;
  /** Another one when edges came, went or are drawn in another way. */
  readonly edgesVersion: number;
  readonly legend: Legend;
}

export interface MapTarget {
  readonly kind: 'node' | 'edge';
  readonly key: string;
}

export class MapPainter {
  readonly layers: Layers;
  readonly camera: Camera;
  private readonly ground = new Ground();
  private readonly nodeLayer = element('g', {
    class: 'nodes',
    role: 'group',
    'aria-label': 'Nodes',
  });
  private readonly defs = element('defs');
  private readonly nodes = new Map<string, NodeView>();
  private readonly beads = new Beads();
  private readonly edges = new EdgeLayer(this.defs, this.beads);
  private readonly fresh = new Map<string, number>();
  private readonly ports = new PortsInUse();
  private syncs = 0;
  private used: ReadonlyMap<number, ReadonlySet<string>> = new Map();
  private edgesVersion = -1;
  private drawnFrom: readonly unknown[] = [];
  private choices: EdgeChoices = { widths: 'count', labels: 'some', animated: true };
  private detail: Detail = 'full';
  private tabStop: string | undefined;
  private focus: MapTarget | undefined;
  private anyLit = false;
  private ticked = 0;
  private selected: string | undefined;
  private glideTimer = 0;
  private minimap: Minimap | undefined;
  private outside = 0;
  private size: Size = { width: 1, height: 1 };
  private insets: Insets = MARGIN;

  constructor(
    private readonly layout: { current: MapLayout },
    host: HTMLElement,
    private readonly onOutside: (count: number) => void,
  ) {
    this.layers = new Layers(
      this.defs,
      [this.ground.world, this.edges.lines],
      this.beads.canvas,
      this.nodeLayer,
      this.edges.labels,
      this.ground.headings,
    );
    this.camera = new Camera((view) => this.onView(view));
    host.append(this.root);
    this.nodeLayer.addEventListener('pointerover', ({ target }) => {
      const key = (target as Element).closest<SVGElement>('[data-key]')?.dataset.key;
      this.nodes.get(key ?? '')?.pointAt();
    });
    void loadBrands().then((any) => {
      if (any) this.refreshText();
    });
  }

  /** What takes the pointer, and what the map's state is written on. */
  get root(): HTMLElement {
    return this.layers.root;
  }

  private get flow(): MapLayout {
    return this.layout.current;
  }

  /** How large the map's window is, and what lies over it below and on the right, in pixels. */
  resize(size: Size, coveredBelow: number, coveredRight: number): void {
    this.size = size;
    const margin = runsDown(size) ? NARROW_MARGIN : MARGIN;
    this.insets = {
      ...margin,
      bottom: margin.bottom + coveredBelow,
      right: margin.right + coveredRight,
    };
  }

  /** The room that a layout may fill at full size. */
  get room(): Size {
    return {
      width: Math.max(200, this.size.width - 2 * this.insets.left),
      height: Math.max(200, this.size.height - this.insets.top - this.insets.bottom),
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

  /** Shows what is in the light, as large as it can be. */
  fitSelection(): void {
    const places = [...this.nodes.values()]
      .filter(({ root }) => root.classList.contains('lit') || root.classList.contains('selected'))
      .map(({ place }) => place);
    if (places.length === 0) {
      this.fit(true);
      return;
    }
    const x = Math.min(...places.map((place) => place.x));
    const y = Math.min(...places.map((place) => place.y));
    const right = Math.max(...places.map((place) => place.x + place.width));
    const bottom = Math.max(...places.map((place) => place.y + place.height));
    this.camera.fitted = false;
    const bounds = { x, y, width: right - x, height: bottom - y };
    this.camera.moveTo(fitView(bounds, this.size, this.insets), true);
  }

  /** Puts the point of the map at `x`, `y` into the middle. */
  centre(x: number, y: number): void {
    const { scale } = this.camera.view;
    this.camera.fitted = false;
    this.camera.moveTo(
      { x: this.size.width / 2 - x * scale, y: this.size.height / 2 - y * scale, scale },
      false,
    );
  }

  private drawMinimap(): void {
    if (!this.minimap || this.outside === 0) return;
    const marks = () =>
      [...this.nodes.values()].map((view) => ({ ...view.place, color: view.color }));
    this.minimap.draw(this.flow.bounds(), marks, this.camera.view, this.size);
  }

  /** Gives the map a small one of the whole, or none. */
  attachMinimap(minimap: Minimap | undefined): void {
    this.minimap = minimap;
    this.drawMinimap();
  }

  /** Brings a node into view. */
  reveal(key: string): void {
    const place = this.nodes.get(key)?.place;
    // Nothing moves for what can be seen already.
    if (place) this.camera.reveal(place, this.size, this.insets);
  }

  /** From now on, for a moment, what moves glides. */
  glide(): void {
    this.root.classList.add('gliding');
    window.clearTimeout(this.glideTimer);
    this.glideTimer = window.setTimeout(() => this.root.classList.remove('gliding'), GLIDE_MS);
  }

  private get gliding(): boolean {
    return this.root.classList.contains('gliding') && !reducedMotion();
  }

  /** Writes all nodes anew: a font or glyphs have come. */
  refreshText(): void {
    forgetWidths();
    for (const view of this.nodes.values()) view.rewrite();
    this.edges.disturbLabels();
    this.placeLabels();
  }

  /** How edges are drawn from the next `sync` on. */
  choose(choices: EdgeChoices): void {
    this.choices = { ...choices, animated: choices.animated && !reducedMotion() };
    this.edges.disturbLabels();
    if (!this.choices.animated) this.edges.tick(performance.now(), this.choices);
  }

  /** Takes the map off the page. */
  dispose(): void {
    this.beads.dispose();
    this.root.remove();
  }

  /**
   * Brings the picture up to the scene; `news` says that what is new in it has just come. True if
   * it has also done what goes on without a change.
   */
  sync(scene: MapScene, news: boolean): boolean {
    const looks = looksOf(scene.legend);
    if (scene.edgesVersion !== this.edgesVersion) this.used = this.ports.of(scene.edges, news);
    this.edgesVersion = scene.edgesVersion;
    const { used } = this;
    const look = (node: NodeRow) => ({
      type: looks(node),
      level: this.detail,
      used: used.get(node.id) ?? NO_PORTS,
    });
    const sync = ++this.syncs;
    const ground = [looks, used, this.flow, this.flow.version];
    // What all nodes are drawn from is as it was: those whose row is the same look the same.
    const alike = ground.every((part, i) => part === this.drawnFrom[i]);
    this.drawnFrom = ground;
    let present = 0;
    const added: NodeView[] = [];
    let nodesMoved = false;
    for (const node of scene.nodes.values()) {
      const view = this.nodes.get(node.key);
      if (alike && view?.node === node) {
        view.seen = sync;
        present++;
        continue;
      }
      const place = this.flow.place(node.key);
      if (!place) continue;
      present++;
      if (view) {
        view.seen = sync;
        if (view.place.compact !== place.compact) this.glide();
        const before = view.place;
        view.update(node, place, look(node));
        if (view.place === before) continue;
        nodesMoved = true;
        if (this.gliding) view.glideFrom(before);
      } else {
        const created = new NodeView(node, place, look(node));
        created.seen = sync;
        this.nodes.set(node.key, created);
        this.nodeLayer.append(created.root);
        added.push(created);
        nodesMoved = true;
      }
    }
    for (const [key, view] of present < this.nodes.size ? this.nodes : []) {
      if (view.seen === sync) continue;
      this.nodes.delete(key);
      this.fresh.delete(key);
      view.root.remove();
      nodesMoved = true;
    }
    this.edges.sync(scene, this.nodes, this.flow.lanes, this.choices, news, !nodesMoved);
    if (news && added.length <= MAX_FRESH) {
      for (const view of added) {
        if (view.node.stale) continue;
        view.markFresh(true);
        this.fresh.set(view.node.key, performance.now());
      }
    }
    mark(this.root, 'crowded', this.edges.size > CROWDED_EDGES);
    if (nodesMoved) {
      this.ground.sync(this.flow, this.camera.view);
      this.countOutside();
    }
    const ticked = news && this.goOn();
    if (nodesMoved) this.edges.disturbLabels();
    this.placeLabels();
    if (!this.tabStop || !this.nodes.has(this.tabStop)) {
      this.setTabStop(this.nodes.keys().next().value);
    }
    this.applyFocus();
    return ticked;
  }

  /** What goes on without a change of the scene. */
  tick(): void {
    if (!this.goOn()) return;
    this.placeLabels();
    if (this.anyLit) this.edges.placeLitLabels(this.nodePlaces(), this.detail);
  }

  /** About once a second, with a change if there is one, so that both are painted together. */
  private goOn(): boolean {
    const now = performance.now();
    if (now - this.ticked < TICK_MS) return false;
    this.ticked = now;
    for (const [key, since] of this.fresh) {
      if (now - since < FRESH_MS) continue;
      this.fresh.delete(key);
      this.nodes.get(key)?.markFresh(false);
    }
    this.edges.tick(now, this.choices);
    return true;
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
    this.outside = count;
    this.onOutside(count);
    this.drawMinimap();
  }

  private onView(view: View): void {
    if (this.layers.place(view)) this.ground.placeHeadings(view);
    this.beads.place(view, this.size);
    this.countOutside();
    const detail = detailAt(view.scale);
    if (detail !== this.detail) {
      this.detail = detail;
      this.root.dataset.detail = detail;
      for (const node of this.nodes.values()) node.redraw(detail);
      if (detail === 'full') this.placeLabels();
      else this.edges.hideLabels();
    }
  }

  /** In a smaller picture only what is lit is labelled. */
  private placeLabels(): void {
    if (this.detail === 'full') this.edges.placeLabels(this.choices, () => this.nodePlaces());
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
    mark(this.root, 'hovering', kind === 'hovered');
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
    const lit = new Set([...centre, ...this.edges.light(focus, centre)]);
    for (const [key, view] of this.nodes) mark(view.root, 'lit', lit.has(key));
    this.edges.placeLitLabels(this.nodePlaces(), this.detail);
    if (lit.size === 0) this.placeLabels();
    this.anyLit = lit.size > 0;
    mark(this.root, 'focusing', this.anyLit);
  }

  /** Marks what is selected. */
  select(target: MapTarget | undefined): void {
    const key = target?.kind === 'node' ? target.key : undefined;
    const tell = (view: NodeView | undefined, on: boolean) => {
      if (!view) return;
      mark(view.root, 'selected', on);
      set(view.root, { 'aria-pressed': on ? 'true' : undefined });
    };
    if (this.selected !== key) tell(this.nodes.get(this.selected ?? ''), false);
    this.selected = key;
    tell(this.nodes.get(key ?? ''), true);
    this.edges.select(target?.kind === 'edge' ? target.key : undefined);
  }

  setTabStop(key: string | undefined): void {
    const before = this.nodes.get(this.tabStop ?? '');
    if (before) set(before.root, { tabindex: -1 });
    this.tabStop = key;
    const view = this.nodes.get(key ?? '');
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
