// What flows along the edges now, told from the totals that arrive with the deltas.

import type { EdgeRow } from '../wire/columns';

/** How long a burst counts: a rate is a mean over about so many milliseconds. */
const SMOOTHING_MS = 4000;
/** Less than this, in bytes per second, is silence. */
const SILENCE = 1;

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

  /** The `count` edges with the highest rates of at least `least`, the busiest first. */
  busiest(count: number, least: number, now: number): string[] {
    const busy: { key: string; rate: number }[] = [];
    for (const [key, flow] of this.flows) {
      if (flow.rate < least) continue;
      const rate = decayed(flow, now);
      if (rate >= least) busy.push({ key, rate });
    }
    busy.sort((a, b) => b.rate - a.rate || (a.key < b.key ? -1 : 1));
    return busy.slice(0, count).map(({ key }) => key);
  }
}

function decayed({ rate, at }: Flow, now: number): number {
  return rate * Math.exp(-Math.max(0, now - at) / SMOOTHING_MS);
}
