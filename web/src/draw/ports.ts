// The ports that a node listens on, as pills at its edge.

import type { EdgeRow, NodeRow } from '../wire/columns';
import { shortPath, textWidth } from './text';

export interface Port {
  readonly text: string;
  /** True if somebody is connected to it. */
  readonly used: boolean;
}

const UNIX_PREFIX = 'unix ';
const MAX_PATH_LETTERS = 14;
/** Left and right of a pill's text, together. */
const PILL_PAD = 11;
export const PILL_GAP = 4;

/** What `node` listens on, each port once; those that `used` names have clients. */
export function portsOf(node: NodeRow, used: ReadonlySet<string>): Port[] {
  const ports = new Map<string, Port>();
  for (const listener of node.listeners) {
    const unix = listener.startsWith(UNIX_PREFIX);
    const path = unix ? listener.slice(UNIX_PREFIX.length) : '';
    const text = unix ? shortened(shortPath(path)) : (/:\d+$/.exec(listener)?.[0] ?? '');
    if (text && !ports.has(text)) ports.set(text, { text, used: used.has(unix ? path : text) });
  }
  // What is in use comes first, and numbers say more than paths.
  const rank = ({ text, used: busy }: Port) => (busy ? 0 : 2) + (text.startsWith(':') ? 0 : 1);
  return [...ports.values()].sort((a, b) => rank(a) - rank(b));
}

function shortened(name: string): string {
  return name.length > MAX_PATH_LETTERS ? `${name.slice(0, MAX_PATH_LETTERS - 1)}…` : name;
}

export function pillWidth(text: string, size: number): number {
  return textWidth(text, size, 550) + PILL_PAD;
}

/** As many of `ports` as have room in `width`, then `+3` for the rest. */
export function portsThatFit(ports: readonly Port[], width: number, size: number): Port[] {
  const shown: Port[] = [];
  let left = width;
  for (const [i, port] of ports.entries()) {
    const rest = ports.length - i - 1;
    const own = pillWidth(port.text, size) + PILL_GAP;
    const more = rest > 0 ? pillWidth(`+${rest}`, size) : 0;
    if (own + more > left) {
      if (shown.length > 0 || rest > 0) shown.push({ text: `+${rest + 1}`, used: false });
      break;
    }
    shown.push(port);
    left -= own;
  }
  return shown;
}

type Used = ReadonlyMap<number, ReadonlySet<string>>;

/** Ports (`:443`) and paths that edges lead to, by the server's node. */
export class PortsInUse {
  /** By edge, what was live when `used` was told. */
  private readonly live = new Set<number>();
  private used: Used = new Map();

  /**
   * `followed` says that `edges` are those of the last call but for changes: as an edge keeps its
   * port and its server, only which ones are live matters then.
   */
  of(edges: ReadonlyMap<number, EdgeRow>, followed: boolean): Used {
    let live = 0;
    let same = followed;
    for (const { id, stale } of edges.values()) {
      if (stale) continue;
      live++;
      same &&= this.live.has(id);
    }
    if (same && live === this.live.size) return this.used;
    const used = new Map<number, Set<string>>();
    this.live.clear();
    for (const { id, stale, path, port, to } of edges.values()) {
      if (stale) continue;
      this.live.add(id);
      const ports = used.get(to) ?? new Set();
      used.set(to, ports.add(path || `:${port}`));
    }
    this.used = used;
    return used;
  }
}
