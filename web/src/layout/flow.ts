// The flow layout with sticky slots: a node keeps its slot while it lives, so nothing else moves.

import type { Frame, Place, Rect, Size, Slot } from './frame';
import {
  CHIP_HEIGHT,
  CHIP_PITCH_X,
  CHIP_PITCH_Y,
  CHIP_WIDTH,
  IDLE,
  idleTop,
  laneX,
  metricsOf,
  placeOf,
  rowY,
  runsDown,
  STEPS_PER_ROW,
  slotId,
} from './frame';
import type { LayoutGraph, LayoutNode } from './graph';
import { Adjacency } from './graph';
import type { MapLayout } from './layout';
import { componentsOf, orderColumns, spread } from './order';
import type { Berth } from './plan';
import { planFrame } from './plan';
import { rankProcesses } from './rank';
import type { Lane } from './route';

/** Slots of nodes that are gone are remembered for so many, in case they come back. */
const MAX_REMEMBERED = 2000;
/** A slot above the frame costs so many steps of distance more than one inside. */
const OUTSIDE_COST = 8;
/** And one in another tier than a node belongs to so many. */
const BESIDE_COST = 10;

/** What is kept across reloads. */
export interface SavedLayout {
  readonly frame: Frame;
  readonly slots: readonly (readonly [key: string, slot: Slot])[];
}

export class FlowLayout implements MapLayout {
  private frame: Frame | undefined;
  version = 0;
  private readonly slots = new Map<string, Slot>();
  /** Where the frame's slots are, as far as somebody asked: it is asked with every change. */
  private places = new WeakMap<Slot, Place>();
  private readonly taken = new Set<string>();
  /** Where nodes that are not here now once stood, the latest last. */
  private readonly memory = new Map<string, Slot>();
  private adjacency = new Adjacency({ nodes: [], edges: [] });
  private laneList: readonly Lane[] = [];
  private lanesDirty = true;

  /** Starts from a saved layout, if there is one. */
  constructor(saved?: SavedLayout) {
    if (!saved) return;
    this.frame = saved.frame;
    for (const [key, slot] of saved.slots.slice(-MAX_REMEMBERED)) this.memory.set(key, slot);
  }

  /** Where `key` stands. */
  place(key: string): Place | undefined {
    const slot = this.slots.get(key);
    return slot && this.frame && this.placed(this.frame, slot);
  }

  private placed(frame: Frame, slot: Slot): Place {
    let place = this.places.get(slot);
    if (!place) {
      place = placeOf(frame, slot);
      this.places.set(slot, place);
    }
    return place;
  }

  get currentFrame(): Frame | undefined {
    return this.frame;
  }

  /**
   * Follows the graph: frees the slots of nodes that are gone, finds slots for new ones. Nothing
   * else moves, with one exception: an idle listener that gets its first connection leaves the
   * idle grid for the flow, where its edges can be read; it moves once in its life, alone.
   * Returns true if everything was laid out anew.
   */
  update(graph: LayoutGraph, viewport: Size): boolean {
    this.adjacency = new Adjacency(graph);
    const begins = this.slots.size === 0;
    if (!this.frame || (begins && (this.turned(viewport) || !this.mostlyRemembered(graph)))) {
      if (graph.nodes.length === 0) return false;
      this.layOut(graph, viewport);
      return true;
    }
    for (const key of [...this.slots.keys()]) {
      if (!this.adjacency.nodes.has(key)) this.free(key);
    }
    const arriving: LayoutNode[] = [];
    for (const node of graph.nodes) {
      const slot = this.slots.get(node.key);
      if (!slot) arriving.push(node);
      else if (slot.column === IDLE && this.adjacency.connected(node.key)) {
        this.free(node.key);
        this.memory.delete(node.key);
        arriving.push(node);
      }
    }
    this.admit(arriving);
    return false;
  }

  /** True if requests run another way here than `viewport` asks for. */
  turned(viewport: Size): boolean {
    return this.frame !== undefined && this.frame.down !== runsDown(viewport);
  }

  /** Lays everything out anew. */
  tidy(graph: LayoutGraph, viewport: Size): void {
    this.adjacency = new Adjacency(graph);
    this.layOut(graph, viewport);
  }

  /** Every lane of the flow, from left to right, with what stands in it. */
  get lanes(): readonly Lane[] {
    if (this.lanesDirty) {
      this.lanesDirty = false;
      this.laneList = this.lanesNow();
    }
    return this.laneList;
  }

  private lanesNow(): readonly Lane[] {
    const { frame } = this;
    if (!frame) return [];
    const spans = new Map<string, number[]>();
    for (const slot of this.slots.values()) {
      if (slot.column === IDLE) continue;
      const id = `${slot.column}:${slot.lane}`;
      const tops = spans.get(id);
      const top = rowY(frame, slot);
      if (tops) tops.push(top);
      else spans.set(id, [top]);
    }
    const { nodeWidth } = frame;
    const { nodeHeight } = metricsOf(frame);
    const fresh = frame.columns.flatMap((column, i) =>
      Array.from({ length: column.lanes }, (_, lane): Lane => {
        const tops = (spans.get(`${i}:${lane}`) ?? []).sort((a, b) => a - b);
        return { x: laneX(frame, column, lane), width: nodeWidth, nodeHeight, tops };
      }),
    );
    fresh.sort((a, b) => a.x - b.x);
    // What did not change stays the same object, so that edges past it need not be looked at.
    const before = new Map(this.laneList.map((lane) => [lane.x, lane]));
    return fresh.map((lane) => {
      const old = before.get(lane.x);
      return old && sameLane(old, lane) ? old : lane;
    });
  }

  /** What the nodes cover. */
  bounds(): Rect {
    const flow = this.flowBounds();
    const idle = this.idleBounds();
    if (!flow || !idle) return flow ?? idle ?? { x: 0, y: 0, width: 1, height: 1 };
    const x = Math.min(flow.x, idle.x);
    const right = Math.max(flow.x + flow.width, idle.x + idle.width);
    return { x, y: flow.y, width: right - x, height: idle.y + idle.height - flow.y };
  }

  /** The flow above the idle grid; what of the frame's width is in use, outer columns included. */
  flowBounds(): Rect | undefined {
    return this.boundsOf(() => true);
  }

  /** What the nodes of the columns that `wanted` picks cover. */
  boundsOf(wanted: (column: number) => boolean): Rect | undefined {
    const { frame } = this;
    if (!frame) return undefined;
    let [left, right] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let [top, bottom] = [left, right];
    for (const slot of this.slots.values()) {
      if (slot.column === IDLE || !wanted(slot.column)) continue;
      const place = this.placed(frame, slot);
      left = Math.min(left, place.x);
      right = Math.max(right, place.x + place.width);
      top = Math.min(top, place.y);
      bottom = Math.max(bottom, place.y + place.height);
    }
    if (top > bottom) return undefined;
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  /** The idle grid in use, if there is one. */
  idleBounds(): Rect | undefined {
    const frame = this.frame;
    if (!frame) return undefined;
    let [rows, columns] = [0, 0];
    for (const slot of this.slots.values()) {
      if (slot.column !== IDLE) continue;
      rows = Math.max(rows, slot.row + 1);
      columns = Math.max(columns, slot.lane + 1);
    }
    if (rows === 0) return undefined;
    return {
      x: 0,
      y: idleTop(frame),
      width: (columns - 1) * CHIP_PITCH_X + CHIP_WIDTH,
      height: (rows - 1) * CHIP_PITCH_Y + CHIP_HEIGHT,
    };
  }

  save(): SavedLayout | undefined {
    if (!this.frame) return undefined;
    const slots = [...this.memory, ...this.slots].slice(-MAX_REMEMBERED);
    return { frame: this.frame, slots };
  }

  private mostlyRemembered(graph: LayoutGraph): boolean {
    const known = graph.nodes.filter((node) => this.memory.has(node.key)).length;
    return known * 2 >= graph.nodes.length;
  }

  private free(key: string): void {
    const slot = this.slots.get(key);
    if (!slot) return;
    this.version++;
    this.slots.delete(key);
    this.taken.delete(slotId(slot.column, slot.lane, slot.row));
    this.lanesDirty = true;
    this.memory.delete(key);
    this.memory.set(key, slot);
    for (const oldest of this.memory.keys()) {
      if (this.memory.size <= MAX_REMEMBERED) break;
      this.memory.delete(oldest);
    }
  }

  private take(key: string, slot: Slot): void {
    this.version++;
    this.slots.set(key, slot);
    this.taken.add(slotId(slot.column, slot.lane, slot.row));
    this.lanesDirty = true;
    this.memory.delete(key);
  }

  /** A node in the flow takes two steps; nothing may stand half over it. */
  private isFree({ column, lane, row }: Slot): boolean {
    const reach = column === IDLE ? 0 : STEPS_PER_ROW - 1;
    for (let other = row - reach; other <= row + reach; other++) {
      if (this.taken.has(slotId(column, lane, other))) return false;
    }
    return true;
  }

  /** Finds a slot for each of `arriving`: remembered ones first, then the best connected. */
  private admit(arriving: readonly LayoutNode[]): void {
    const waiting = new Map<string, LayoutNode>();
    for (const node of arriving) {
      const slot = this.memory.get(node.key);
      if (slot && this.fits(node, slot) && this.isFree(slot)) this.take(node.key, slot);
      else waiting.set(node.key, node);
    }
    while (waiting.size > 0) {
      let next: LayoutNode | undefined;
      let most = -1;
      for (const node of waiting.values()) {
        const placed = this.placedNeighbours(node.key).length;
        if (placed > most) {
          next = node;
          most = placed;
        }
      }
      if (!next) return;
      waiting.delete(next.key);
      this.insert(next);
    }
  }

  private fits(node: LayoutNode, slot: Slot): boolean {
    if (slot.column === IDLE) {
      return node.zone === 'process' && !this.adjacency.connected(node.key);
    }
    return this.frame?.columns[slot.column]?.zone === node.zone;
  }

  private placedNeighbours(key: string): Slot[] {
    return this.adjacency.neighbours(key).flatMap((neighbour) => {
      const slot = this.slots.get(neighbour);
      return slot && slot.column !== IDLE ? [slot] : [];
    });
  }

  private insert(node: LayoutNode): void {
    if (!this.frame) return;
    if (node.zone === 'process' && !this.adjacency.connected(node.key)) {
      this.take(node.key, this.freeIdleSlot(this.frame));
      return;
    }
    const neighbours = this.placedNeighbours(node.key);
    const strand = this.strandFor(this.frame, neighbours);
    const column = this.columnFor(this.frame, node, strand);
    const rows = neighbours.map((slot) => slot.row);
    const wanted =
      rows.length > 0
        ? rows.reduce((a, b) => a + b, 0) / rows.length
        : this.frame.steps - STEPS_PER_ROW;
    let best = this.nearestFree(this.frame, column, wanted);
    // A slot nearby in a column beside it is better than one far above.
    for (const beside of [column - 1, column + 1]) {
      const there = this.frame.columns[beside];
      if (node.zone !== 'process' || there?.zone !== 'process' || there.strand !== strand) continue;
      const other = this.nearestFree(this.frame, beside, wanted);
      if (other.cost + BESIDE_COST < best.cost) best = other;
    }
    this.take(node.key, best.slot);
  }

  /** The strand in which most of `neighbours` stand; without any, the emptiest. */
  private strandFor(frame: Frame, neighbours: readonly Slot[]): number {
    const strands = Math.max(0, ...frame.columns.map((column) => column.strand)) + 1;
    const counts = Array<number>(strands).fill(0);
    const near = neighbours.length > 0;
    for (const slot of near ? neighbours : this.slots.values()) {
      const strand = frame.columns[slot.column]?.strand;
      if (strand !== undefined) counts[strand] = (counts[strand] ?? 0) + (near ? -1 : 1);
    }
    return counts.indexOf(Math.min(...counts));
  }

  private columnFor(frame: Frame, node: LayoutNode, strand: number): number {
    const numbered = frame.columns.map((column, number) => ({ ...column, number }));
    const own = numbered.filter((column) => column.strand === strand);
    if (node.zone !== 'process') {
      const fits = (column: { zone: string }) => column.zone === node.zone;
      const candidates = own.some(fits) ? own.filter(fits) : numbered.filter(fits);
      return (node.zone === 'client' ? candidates[0] : candidates.at(-1))?.number ?? 0;
    }
    const mine = own.filter((column) => column.zone === 'process');
    const tiers = mine.length > 0 ? mine : numbered.filter((column) => column.zone === 'process');
    const [first, last] = [tiers[0]?.number ?? 0, tiers.at(-1)?.number ?? 0];
    const stands = (keys: ReadonlySet<string>) =>
      [...keys].flatMap((key) => {
        const column = this.slots.get(key)?.column ?? IDLE;
        return column >= first && column <= last ? [column] : [];
      });
    const callers = stands(this.adjacency.into(node.key));
    const callees = stands(this.adjacency.outOf(node.key));
    const clamp = (column: number) => Math.min(last, Math.max(first, column));
    if (callers.length > 0) return clamp(Math.max(...callers) + 1);
    if (callees.length > 0) return clamp(Math.min(...callees) - 1);
    return this.adjacency.touches(this.adjacency.into(node.key), 'client') ? first : last;
  }

  private nearestFree(frame: Frame, column: number, wanted: number): { slot: Slot; cost: number } {
    const lanes = frame.columns[column]?.lanes ?? 1;
    let top = 0;
    for (const slot of this.slots.values()) {
      if (slot.column === column) top = Math.min(top, slot.row);
    }
    top -= STEPS_PER_ROW;
    let best: Slot = { column, lane: 0, row: top };
    let bestCost = Number.POSITIVE_INFINITY;
    for (let row = top; row <= frame.steps - STEPS_PER_ROW; row++) {
      for (let lane = 0; lane < lanes; lane++) {
        const slot: Slot = { column, lane, row };
        if (!this.isFree(slot)) continue;
        const cost = Math.abs(row - wanted) + (row < 0 ? OUTSIDE_COST - row : 0) + lane * 0.01;
        if (cost < bestCost) {
          best = slot;
          bestCost = cost;
        }
      }
    }
    return { slot: best, cost: bestCost };
  }

  private freeIdleSlot(frame: Frame): Slot {
    for (let i = 0; ; i++) {
      const slot: Slot = {
        column: IDLE,
        lane: i % frame.idleColumns,
        row: Math.floor(i / frame.idleColumns),
      };
      if (this.isFree(slot)) return slot;
    }
  }

  private layOut(graph: LayoutGraph, viewport: Size): void {
    this.version++;
    this.slots.clear();
    this.taken.clear();
    this.memory.clear();
    const tiers = rankProcesses(this.adjacency);
    const width = tiers.count + 2;
    const columnOf = ({ key, zone }: LayoutNode) =>
      zone === 'client' ? 0 : zone === 'server' ? width - 1 : (tiers.of.get(key) ?? 0) + 1;
    const idle = graph.nodes.filter(
      (node) => node.zone === 'process' && !this.adjacency.connected(node.key),
    );
    const resting = new Set(idle.map((node) => node.key));
    const keys = graph.nodes.flatMap(({ key }) => (resting.has(key) ? [] : [key]));
    const parts = componentsOf(keys, this.adjacency).map((component) => {
      const columns: string[][] = Array.from({ length: width }, () => []);
      for (const key of component) {
        const node = this.adjacency.nodes.get(key);
        if (node) columns[columnOf(node)]?.push(key);
      }
      return orderColumns(columns, this.adjacency, component);
    });
    const tallest = (columns: readonly (readonly string[])[]) =>
      Math.max(...columns.map((column) => column.length));
    parts.sort((a, b) => tallest(b) - tallest(a));
    const shapes = parts.map((columns) => columns.map((column) => column.length));
    const { frame, berths } = planFrame(shapes, idle.length, viewport);
    this.frame = frame;
    this.places = new WeakMap();
    parts.forEach((columns, i) => {
      const berth = berths[i];
      if (berth) this.settle(frame, berth, columns);
    });
    idle.sort((a, b) => a.label.localeCompare(b.label) || (a.key < b.key ? -1 : 1));
    for (const node of idle) this.take(node.key, this.freeIdleSlot(frame));
  }

  /** Gives the ordered nodes of a component's columns slots near their neighbours'. */
  private settle(frame: Frame, berth: Berth, columns: readonly (readonly string[])[]): void {
    const steps = berth.rows * STEPS_PER_ROW;
    const height = new Map<string, number>();
    for (const column of columns) {
      for (const [i, key] of column.entries()) {
        height.set(key, (steps * (i + 0.5)) / column.length - 1);
      }
    }
    const lanesOf = (i: number) => frame.columns[berth.columns[i] ?? -1]?.lanes ?? 1;
    const positions: { lane: number; row: number }[][] = columns.map(() => []);
    for (let sweep = 0; sweep < 8; sweep++) {
      const indices = columns.map((_, i) => i);
      if (sweep % 2 === 1) indices.reverse();
      for (const i of indices) {
        const column = columns[i] ?? [];
        const wanted = column.map((key) => {
          const rows = this.adjacency.neighbours(key).flatMap((n) => height.get(n) ?? []);
          return rows.length > 0
            ? rows.reduce((a, b) => a + b, 0) / rows.length
            : (height.get(key) ?? 0);
        });
        const slots = inLanes(wanted, steps, lanesOf(i), frame.down);
        positions[i] = slots;
        for (const [j, key] of column.entries()) height.set(key, slots[j]?.row ?? 0);
      }
    }
    columns.forEach((column, i) => {
      column.forEach((key, j) => {
        const { lane, row } = positions[i]?.[j] ?? { lane: 0, row: 0 };
        this.take(key, { column: berth.columns[i] ?? 0, lane, row: berth.top + row });
      });
    });
  }
}

/** Lanes and rows for nodes that want to be at `wanted`, in their order. */
function inLanes(
  wanted: readonly number[],
  steps: number,
  lanes: number,
  down: boolean,
): { lane: number; row: number }[] {
  // A column that needs one lane only uses one, though another component's is wider.
  const needed = Math.min(lanes, Math.max(1, Math.ceil((wanted.length * STEPS_PER_ROW) / steps)));
  if (needed === 1) {
    return spread(wanted, steps, STEPS_PER_ROW).map((row) => ({ lane: 0, row }));
  }
  const rows = Math.floor(steps / STEPS_PER_ROW);
  const spots = spread(
    wanted.map((step) => (step / STEPS_PER_ROW) * needed),
    rows * needed,
  );
  // Every other lane stands a step lower, so that an edge out of the lane behind it passes between
  // two nodes; in a narrow window there is no room for that.
  return spots.map((spot) => ({
    lane: spot % needed,
    row: Math.floor(spot / needed) * STEPS_PER_ROW + (down ? 0 : (spot % needed) % 2),
  }));
}

function sameLane(a: Lane, b: Lane): boolean {
  return (
    a.width === b.width &&
    a.nodeHeight === b.nodeHeight &&
    a.tops.length === b.tops.length &&
    a.tops.every((top, i) => top === b.tops[i])
  );
}
