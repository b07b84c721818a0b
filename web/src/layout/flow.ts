// The flow layout with sticky slots: a node keeps its slot while it lives, so nothing else moves.

import type { Frame, Place, Rect, Size, Slot, Zone } from './frame';
import { CHIP_HEIGHT, CHIP_PITCH_Y, IDLE, idleTop, placeOf, planFrame, slotId } from './frame';
import type { LayoutGraph, LayoutNode } from './graph';
import { Adjacency } from './graph';
import { orderColumns, spread } from './order';
import { rankProcesses } from './rank';

/** Slots of nodes that are gone are remembered for so many, in case they come back. */
const MAX_REMEMBERED = 2000;
/** A slot above the frame costs so many rows of distance more than one inside. */
const OUTSIDE_COST = 4;

/** What is kept across reloads. */
export interface SavedLayout {
  readonly frame: Frame;
  readonly slots: readonly (readonly [key: string, slot: Slot])[];
}

export class FlowLayout {
  private frame: Frame | undefined;
  private readonly slots = new Map<string, Slot>();
  private readonly taken = new Set<string>();
  /** Where nodes that are not here now once stood, the latest last. */
  private readonly memory = new Map<string, Slot>();
  private adjacency = new Adjacency({ nodes: [], edges: [] });

  /** Starts from a saved layout, if there is one. */
  constructor(saved?: SavedLayout) {
    if (!saved) return;
    this.frame = saved.frame;
    for (const [key, slot] of saved.slots.slice(-MAX_REMEMBERED)) this.memory.set(key, slot);
  }

  /** Where `key` stands. */
  place(key: string): Place | undefined {
    const slot = this.slots.get(key);
    return slot && this.frame && placeOf(this.frame, slot);
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
    if (!this.frame || (this.slots.size === 0 && !this.mostlyRemembered(graph))) {
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

  /** Lays everything out anew. */
  tidy(graph: LayoutGraph, viewport: Size): void {
    this.adjacency = new Adjacency(graph);
    this.layOut(graph, viewport);
  }

  /** What the nodes cover, over the frame's whole width. */
  bounds(): Rect {
    const flow = this.flowBounds();
    const idle = this.idleBounds();
    if (!flow || !idle) return flow ?? idle ?? { x: 0, y: 0, width: 1, height: 1 };
    return { ...flow, height: idle.y + idle.height - flow.y };
  }

  /** The rows in use above the idle grid. */
  flowBounds(): Rect | undefined {
    const frame = this.frame;
    if (!frame) return undefined;
    let top = Number.POSITIVE_INFINITY;
    let bottom = Number.NEGATIVE_INFINITY;
    for (const slot of this.slots.values()) {
      if (slot.column === IDLE) continue;
      const place = placeOf(frame, slot);
      top = Math.min(top, place.y);
      bottom = Math.max(bottom, place.y + place.height);
    }
    if (top > bottom) return undefined;
    return { x: 0, y: top, width: frame.width, height: bottom - top };
  }

  /** The idle grid in use, if there is one. */
  idleBounds(): Rect | undefined {
    const frame = this.frame;
    if (!frame) return undefined;
    let last = -1;
    for (const slot of this.slots.values()) {
      if (slot.column === IDLE) last = Math.max(last, slot.row);
    }
    if (last < 0) return undefined;
    const height = last * CHIP_PITCH_Y + CHIP_HEIGHT;
    return { x: 0, y: idleTop(frame), width: frame.width, height };
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
    this.slots.delete(key);
    this.taken.delete(slotId(slot));
    this.memory.delete(key);
    this.memory.set(key, slot);
    for (const oldest of this.memory.keys()) {
      if (this.memory.size <= MAX_REMEMBERED) break;
      this.memory.delete(oldest);
    }
  }

  private take(key: string, slot: Slot): void {
    this.slots.set(key, slot);
    this.taken.add(slotId(slot));
    this.memory.delete(key);
  }

  private isFree(slot: Slot): boolean {
    return !this.taken.has(slotId(slot));
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
    const column = this.columnFor(this.frame, node);
    const neighbours = this.placedNeighbours(node.key);
    const rows = neighbours.map((slot) => slot.row);
    const wanted =
      rows.length > 0 ? rows.reduce((a, b) => a + b, 0) / rows.length : this.frame.rows - 1;
    this.take(node.key, this.nearestFree(this.frame, column, wanted));
  }

  private columnFor(frame: Frame, node: LayoutNode): number {
    const last = frame.columns.length - 1;
    if (node.zone === 'client') return 0;
    if (node.zone === 'server') return last;
    const tiers = (keys: ReadonlySet<string>) =>
      [...keys].flatMap((key) => {
        const slot = this.slots.get(key);
        const isTier = slot && slot.column !== IDLE && slot.column > 0 && slot.column < last;
        return isTier ? [slot.column] : [];
      });
    const callers = tiers(this.adjacency.into(node.key));
    const callees = tiers(this.adjacency.outOf(node.key));
    const clamp = (column: number) => Math.min(last - 1, Math.max(1, column));
    if (callers.length > 0) return clamp(Math.max(...callers) + 1);
    if (callees.length > 0) return clamp(Math.min(...callees) - 1);
    return this.adjacency.touches(this.adjacency.into(node.key), 'client') ? 1 : last - 1;
  }

  private nearestFree(frame: Frame, column: number, wanted: number): Slot {
    const lanes = frame.columns[column]?.lanes ?? 1;
    let top = 0;
    for (const slot of this.slots.values()) {
      if (slot.column === column) top = Math.min(top, slot.row);
    }
    let best: Slot = { column, lane: 0, row: top - 1 };
    let bestCost = Number.POSITIVE_INFINITY;
    for (let row = top - 1; row < frame.rows; row++) {
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
    return best;
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
    this.slots.clear();
    this.taken.clear();
    this.memory.clear();
    const tiers = rankProcesses(this.adjacency);
    const zones: Zone[] = ['client', ...Array<Zone>(tiers.count).fill('process'), 'server'];
    const columns: string[][] = zones.map(() => []);
    const idle: LayoutNode[] = [];
    for (const node of [...graph.nodes].sort((a, b) => (a.key < b.key ? -1 : 1))) {
      if (node.zone === 'process' && !this.adjacency.connected(node.key)) idle.push(node);
      else {
        const tier = tiers.of.get(node.key) ?? 0;
        const index =
          node.zone === 'client' ? 0 : node.zone === 'server' ? zones.length - 1 : tier + 1;
        columns[index]?.push(node.key);
      }
    }
    const counts = columns.map((column) => column.length);
    const frame = planFrame(zones, counts, idle.length, viewport);
    this.frame = frame;
    this.assignRows(frame, orderColumns(columns, this.adjacency));
    idle.sort((a, b) => a.label.localeCompare(b.label) || (a.key < b.key ? -1 : 1));
    for (const node of idle) this.take(node.key, this.freeIdleSlot(frame));
  }

  /** Gives the ordered nodes of each column rows near their neighbours'. */
  private assignRows(frame: Frame, columns: readonly (readonly string[])[]): void {
    const height = new Map<string, number>();
    for (const column of columns) {
      for (const [i, key] of column.entries()) {
        height.set(key, (frame.rows * (i + 0.5)) / column.length - 0.5);
      }
    }
    const positions: number[][] = columns.map(() => []);
    for (let sweep = 0; sweep < 6; sweep++) {
      const indices = columns.map((_, i) => i);
      if (sweep % 2 === 1) indices.reverse();
      for (const i of indices) {
        const column = columns[i] ?? [];
        const lanes = frame.columns[i]?.lanes ?? 1;
        const wanted = column.map((key) => {
          const rows = this.adjacency.neighbours(key).flatMap((n) => height.get(n) ?? []);
          const row = rows.length > 0 ? rows.reduce((a, b) => a + b, 0) / rows.length : 0;
          return (rows.length > 0 ? row : (height.get(key) ?? 0)) * lanes;
        });
        const spots = spread(wanted, frame.rows * lanes);
        positions[i] = spots;
        for (const [j, key] of column.entries()) {
          height.set(key, Math.floor((spots[j] ?? 0) / lanes));
        }
      }
    }
    const rowOf = (spot: number, i: number) => Math.floor(spot / (frame.columns[i]?.lanes ?? 1));
    // The flow stands on its last row, beside the idle grid; free rows are above, where it grows.
    const lowest = Math.max(0, ...positions.flatMap((spots, i) => spots.map((s) => rowOf(s, i))));
    const drop = frame.rows - 1 - lowest;
    columns.forEach((column, i) => {
      const lanes = frame.columns[i]?.lanes ?? 1;
      column.forEach((key, j) => {
        const spot = positions[i]?.[j] ?? j;
        this.take(key, { column: i, lane: spot % lanes, row: rowOf(spot, i) + drop });
      });
    });
  }
}
