// All edges of the map: which there are, which have just come, which are busy.

import type { Rect } from '../layout/frame';
import type { Lane } from '../layout/route';
import type { EdgeLabels, EdgeWidths } from '../scene/picture';
import type { EdgeRow } from '../wire/columns';
import type { Beads } from './beads';
import type { EdgeNews } from './edge';
import { EdgeView, edgeColor, widthScale } from './edge';
import { placeLitLabels, placeQuietLabels } from './labels';
import type { MapScene, MapTarget } from './map';
import type { NodeView } from './node';
import { rateText } from './rate';
import { element, mark } from './svg';
import { Traffic } from './traffic';

/** With more edges than this, labels wait for the pointer. */
const MAX_LABELLED_EDGES = 60;
/** Dots run along so many edges at most: each costs the browser a strip of pixels per step. */
const MAX_BUSY_EDGES = 8;
/** Below this, in bytes per second, an edge is not busy. */
const LEAST_BUSY_RATE = 10_000;
/** What has come is marked for so long. */
export const FRESH_MS = 12_000;
/** And what has changed. */
const CHANGED_MS = 5_000;
/** More changes at once than this are a new picture, not news. */
const MAX_FRESH = 60;
/** Where so many edges change at once, change is no news. */
const MAX_CHANGED = 20;

/** How edges are drawn, beside what the scene says. */
export interface EdgeChoices {
  readonly widths: EdgeWidths;
  readonly labels: EdgeLabels;
  readonly animated: boolean;
}

export class EdgeLayer {
  readonly lines = element('g', { class: 'edges' });
  readonly labels = element('g', { class: 'edge-labels', 'aria-hidden': 'true' });
  private readonly edges = new Map<string, EdgeView>();
  private readonly markers = new Map<string, string>();
  private readonly parallels = new Map<string, Set<number>>();
  /** Which edges are marked, for what, and until when. */
  private readonly marked = new Map<string, { news: EdgeNews; until: number }>();
  private readonly fading = new Set<EdgeView>();
  private readonly traffic = new Traffic();
  private busy: readonly string[] = [];
  private labelsDirty = true;
  private selected: string | undefined;
  private ground: readonly unknown[] = [];
  private lanesBefore: readonly Lane[] = [];
  private syncs = 0;
  private version = -1;
  private largest = 1;
  private anyLit = false;

  constructor(
    private readonly defs: Element,
    private readonly beads: Beads,
  ) {}

  get size(): number {
    return this.edges.size;
  }

  values(): Iterable<EdgeView> {
    return this.edges.values();
  }

  /**
   * Follows the scene; `news` says that what was not there before has just come, `still` that no
   * node has come or moved.
   */
  sync(
    scene: MapScene,
    nodes: ReadonlyMap<string, NodeView>,
    lanes: readonly Lane[],
    choices: EdgeChoices,
    news: boolean,
    still: boolean,
  ): void {
    const now = performance.now();
    const sync = ++this.syncs;
    let present = 0;
    const sameEdges = scene.edgesVersion === this.version;
    this.version = scene.edgesVersion;
    if (!sameEdges) this.largest = largestOf(scene);
    const widths = widthScale(choices.widths, this.largest);
    const ground = [scene.legend, choices.labels, widths.by, widths.largest];
    // What all edges are drawn from is as it was: those whose row is the same look the same, where
    // nothing moved.
    const alike = ground.every((part, i) => part === this.ground[i]);
    const stood = alike && still && lanes === this.lanesBefore;
    this.ground = ground;
    this.lanesBefore = lanes;
    if (stood && sameEdges && widths.by === 'count') {
      this.readTotals(scene, now);
      return;
    }
    const added: EdgeView[] = [];
    const changed: EdgeView[] = [];
    for (const edge of scene.edges.values()) {
      const known = this.edges.get(edge.key);
      const same = known?.edge === edge;
      const drawn = alike && known !== undefined && (same || known.takeAlike(edge));
      if (stood && drawn) {
        if (!same) this.traffic.read(edge, now);
        known.seen = sync;
        present++;
        continue;
      }
      const from = nodes.get(scene.nodes.get(edge.from)?.key ?? '');
      const to = nodes.get(scene.nodes.get(edge.to)?.key ?? '');
      if (!from || !to) continue;
      present++;
      let view = known;
      if (!same) this.traffic.read(edge, now);
      if (view && drawn && view.stands(from, to, lanes)) {
        view.seen = sync;
        continue;
      }
      if (!view) {
        const [a, b] = [from.node.key, to.node.key];
        view = new EdgeView(edge, this.takeParallel(a, b), a, b);
        this.edges.set(edge.key, view);
        this.lines.append(view.root);
        this.labels.append(view.label);
        added.push(view);
        this.labelsDirty = true;
      } else if (news && tellsNews(view.edge, edge)) changed.push(view);
      view.seen = sync;
      const color = edgeColor(edge, scene.legend);
      const markerUrl = this.marker(color);
      const looks = { lanes, color, markerUrl, widths, labels: choices.labels };
      if (view.update(edge, from, to, looks)) this.labelsDirty = true;
      if (edge.stale !== this.fading.has(view)) {
        if (edge.stale) this.fading.add(view);
        else this.fading.delete(view);
        view.fade(now);
      }
    }
    for (const [key, view] of present < this.edges.size ? this.edges : []) {
      if (view.seen === sync) continue;
      this.edges.delete(key);
      this.marked.delete(key);
      this.fading.delete(view);
      this.traffic.forget(key);
      this.labelsDirty = true;
      this.freeParallel(view.from, view.to, view.parallel);
      view.label.remove();
      view.root.remove();
    }
    if (!news) return;
    if (added.length <= MAX_FRESH) this.markAll(added, 'new', now + FRESH_MS);
    if (changed.length <= MAX_CHANGED) this.markAll(changed, 'changed', now + CHANGED_MS);
  }

  /** Takes edges that differ from those that are drawn in nothing that is seen. */
  private readTotals(scene: MapScene, now: number): void {
    for (const edge of scene.edges.values()) {
      const view = this.edges.get(edge.key);
      if (!view || view.edge === edge) continue;
      view.edge = edge;
      this.traffic.read(edge, now);
    }
  }

  private markAll(views: readonly EdgeView[], news: EdgeNews, until: number): void {
    for (const view of views) {
      const { key, stale } = view.edge;
      if (stale) this.unmark(key);
      // What is new is so whatever changes about it.
      else if (this.marked.get(key)?.news !== 'new') {
        view.markNews(news);
        this.marked.set(key, { news, until });
      }
    }
  }

  private unmark(key: string): void {
    this.marked.delete(key);
    this.edges.get(key)?.markNews(undefined);
  }

  /** What goes on without a change of the scene; to be called about once a second. */
  tick(now: number, choices: EdgeChoices): void {
    for (const view of this.fading) view.fade(now);
    for (const [key, { until }] of this.marked) if (now >= until) this.unmark(key);
    const most = Math.min(MAX_BUSY_EDGES, Math.ceil(this.edges.size / 5));
    const busy = choices.animated
      ? this.traffic.busiest(most, LEAST_BUSY_RATE, now, this.busy)
      : [];
    for (const key of this.busy) {
      if (!busy.includes(key)) this.edges.get(key)?.markBusy(false, '');
    }
    for (const key of busy) {
      const view = this.edges.get(key);
      const text = rateText(this.traffic.rate(key, now));
      if (view?.markBusy(!view.edge.stale, text)) this.labelsDirty = true;
    }
    this.busy = busy;
    this.showBeads();
    if (!this.anyLit) return;
    // What is lit tells its rate, busy or not.
    for (const view of this.edges.values()) {
      if (!view.isLit || busy.includes(view.edge.key)) continue;
      view.tellRate(rateText(this.traffic.rate(view.edge.key, now)));
    }
  }

  private showBeads(): void {
    // Always in the same order: which is the busiest changes nothing about their beads.
    const views = this.busy
      .flatMap((key) => this.edges.get(key) ?? [])
      .sort((a, b) => a.edge.id - b.edge.id);
    // What is dimmed has none.
    const lit = this.anyLit ? views.filter((view) => view.isLit) : views;
    this.beads.show(lit.flatMap((view) => view.bead ?? []));
  }

  /** The labels have to be placed anew, when they are shown next. */
  disturbLabels(): void {
    this.labelsDirty = true;
  }

  /** Hides the labels but for lit ones, until they are placed again. */
  hideLabels(): void {
    this.labelsDirty = true;
    for (const view of this.edges.values()) view.showLabel(false);
  }

  /** Shows the labels that have room, if anything about them changed. */
  placeLabels(choices: EdgeChoices, places: () => Rect[]): void {
    if (!this.labelsDirty) return;
    this.labelsDirty = false;
    const { labels } = choices;
    const wanted =
      labels === 'none' || (labels === 'some' && this.edges.size > MAX_LABELLED_EDGES)
        ? this.busy.flatMap((key) => (labels === 'none' ? [] : (this.edges.get(key) ?? [])))
        : [...this.edges.values()].sort((a, b) => b.edge.sockets - a.edge.sockets);
    const chosen = new Set(wanted);
    for (const view of this.edges.values()) {
      if (!chosen.has(view)) view.showLabel(false);
    }
    placeQuietLabels(wanted, places(), 'full');
  }

  /** Lights the edges of `centre`, or the one that `focus` names; the answer is which nodes they join. */
  light(focus: MapTarget | undefined, centre: ReadonlySet<string>): Set<string> {
    const joined = new Set<string>();
    const now = performance.now();
    for (const [key, view] of this.edges) {
      const { from, to } = view;
      const on = focus?.kind === 'edge' ? key === focus.key : centre.has(from) || centre.has(to);
      if (on && !view.isLit) view.tellRate(rateText(this.traffic.rate(key, now)));
      view.light(on);
      if (on) joined.add(from).add(to);
    }
    this.anyLit = joined.size > 0;
    this.showBeads();
    return joined;
  }

  placeLitLabels(places: Rect[], detail: Parameters<typeof placeLitLabels>[2]): void {
    placeLitLabels(this.edges.values(), places, detail);
    // A label may have been moved for its longer text.
    this.labelsDirty = true;
  }

  select(key: string | undefined): void {
    const before = this.edges.get(this.selected ?? '');
    if (before && this.selected !== key) mark(before.root, 'selected', false);
    this.selected = key;
    const view = this.edges.get(key ?? '');
    if (view) mark(view.root, 'selected', true);
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
        element('path', { class: 'arrow', d: 'M0,1L10,5L0,9z', fill: color }),
      ),
    );
    const url = `url(#${id})`;
    this.markers.set(color, url);
    return url;
  }
}

function largestOf(scene: MapScene): number {
  let largest = 1;
  for (const edge of scene.edges.values()) largest = Math.max(largest, liveSockets(edge));
  return largest;
}

/** True if `after` differs in what a person would call a change. */
function tellsNews(before: EdgeRow, after: EdgeRow): boolean {
  return (
    before.sockets !== after.sockets || before.state !== after.state || before.stale !== after.stale
  );
}

function liveSockets(edge: EdgeRow): number {
  return edge.stale ? 0 : edge.sockets;
}

function pairId(from: string, to: string): string {
  return from < to ? `${from}\n${to}` : `${to}\n${from}`;
}
