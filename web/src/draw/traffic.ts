// What flows along the edges now, told from the totals that arrive with the deltas.

import type { EdgeRow } from '../wire/columns';

/** How long a burst counts: a rate is a mean over about so many milliseconds. */
const SMOOTHING_MS = 4000;
/** Less than this, in bytes per second, is silence. */
const SILENCE = 1;
/** Others have to be so many times as busy to be named in the place of what was named before. */
const KEPT = 1.25;

interface Flow {
  total: number;
  /** Bytes per second at `at`; it decays from there. */
  rate: number;
  at: number;
}

/** Smoothed rates of all edges, in bytes per second both ways together. */
export class Traffic {
  private readonly flows = new Map<string, Flow>();

  /** Takes an edge's totals at `now`, in milliseconds. The first ones are no rate. */
  read(edge: EdgeRow, now: number): void {
    const total = edge.to_client + edge.to_server;
    const flow = this.flows.get(edge.key);
    if (!flow) {
      this.flows.set(edge.key, { total, rate: 0, at: now });
      return;
    }
    if (total === flow.total) return;
    // A total that went back is that of other sockets: it starts anew.
    const bytes = Math.max(0, total - flow.total);
    flow.rate = decayed(flow, now) + (bytes * 1000) / SMOOTHING_MS;
    flow.total = total;
    flow.at = now;
  }

  forget(key: string): void {
    this.flows.delete(key);
  }

  rate(key: string, now: number): number {
    const flow = this.flows.get(key);
    if (!flow) return 0;
    const rate = decayed(flow, now);
    return rate < SILENCE ? 0 : rate;
  }

  /**
   * The `count` edges with the highest rates of at least `least`, the busiest first. Those of
   * `before` stay for as long as others are not clearly busier, lest they take turns.
   */
  busiest(count: number, least: number, now: number, before: readonly string[] = []): string[] {
    const busy: { key: string; rate: number }[] = [];
    for (const [key, flow] of this.flows) {
      if (flow.rate < least) continue;
      let rate = decayed(flow, now);
      if (rate < least) continue;
      if (before.includes(key)) rate *= KEPT;
      const place = busy.findIndex(
        (other) => rate > other.rate || (rate === other.rate && key < other.key),
      );
      if (place >= 0) busy.splice(place, 0, { key, rate });
      else if (busy.length < count) busy.push({ key, rate });
      if (busy.length > count) busy.pop();
    }
    return busy.map(({ key }) => key);
  }
}

function decayed({ rate, at }: Flow, now: number): number {
  return rate * Math.exp(-Math.max(0, now - at) / SMOOTHING_MS);
}
