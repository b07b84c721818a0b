// How much flows, told from counters that are read again and again.

/** So many readings are kept: at one every two seconds, two minutes. */
const MAX_READINGS = 60;

export interface Counters {
  readonly sent: number;
  readonly received: number;
}

interface Reading extends Counters {
  readonly at: number;
}

/** Bytes per second between two readings, oldest first. */
export interface Rates {
  readonly sent: readonly number[];
  readonly received: readonly number[];
}

const NONE: Rates = { sent: [], received: [] };

/** Remembers readings of many counters, by key. */
export class RateMeter {
  private readings = new Map<string, Reading[]>();
  private readAt: number | undefined;
  private sums: { sent: number[]; received: number[] } = { sent: [], received: [] };

  /** Takes the readings of `at` (in milliseconds); what is not among them is forgotten. */
  read(at: number, counters: ReadonlyMap<string, Counters>): void {
    const next = new Map<string, Reading[]>();
    const seconds = this.readAt === undefined ? 0 : (at - this.readAt) / 1000;
    const sum = { sent: 0, received: 0 };
    for (const [key, counter] of counters) {
      const before = this.readings.get(key) ?? [];
      const last = before.at(-1);
      // A counter that went back is another socket's: it starts anew.
      const goesOn = !last || (counter.sent >= last.sent && counter.received >= last.received);
      if (last && goesOn) {
        sum.sent += counter.sent - last.sent;
        sum.received += counter.received - last.received;
      }
      const kept = goesOn ? before.slice(1 - MAX_READINGS) : [];
      if (!last || at > last.at || !goesOn) kept.push({ at, ...counter });
      next.set(key, kept);
    }
    this.readings = next;
    if (this.readAt !== undefined && seconds <= 0) return;
    if (this.readAt !== undefined) {
      this.sums = {
        sent: [...this.sums.sent, sum.sent / seconds].slice(1 - MAX_READINGS),
        received: [...this.sums.received, sum.received / seconds].slice(1 - MAX_READINGS),
      };
    }
    this.readAt = at;
  }

  /** Of all together; what came lately counts from then on. */
  get total(): Rates {
    return this.sums;
  }

  of(key: string): Rates {
    const readings = this.readings.get(key);
    if (!readings || readings.length < 2) return NONE;
    const sent: number[] = [];
    const received: number[] = [];
    for (let i = 1; i < readings.length; i++) {
      const [a, b] = [readings[i - 1], readings[i]];
      if (!a || !b) continue;
      const seconds = (b.at - a.at) / 1000;
      sent.push((b.sent - a.sent) / seconds);
      received.push((b.received - a.received) / seconds);
    }
    return { sent, received };
  }
}
