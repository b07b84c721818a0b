// English: the map and its legend.

import { counted } from './count';

export const map = {
  label: 'Map of processes and connections',
  columns: ['clients', 'this machine', 'remote'],
  idle: 'Listening, nobody connected',
  outside: (count: number) => `${counted(count, 'node')} out of view`,
  legend: 'Legend',
  /** What stands below an exported map. */
  exported: (what: {
    host: string;
    time: string;
    processes: number;
    sockets: number;
    filter: string;
  }) =>
    [
      what.host,
      what.time,
      counted(what.processes, 'process', 'processes'),
      counted(what.sockets, 'socket'),
      what.filter && `filter ${what.filter}`,
      'Procnet Live',
    ]
      .filter(Boolean)
      .join(' · '),
  rate: (bytes: string) => `${bytes}/s`,
  fresh: 'new',
  justCome: 'just came',
  justChanged: 'just changed',
  busy: 'busiest now',
  raw: 'Every process and remote as a dot; the table lists the same',
  minimap: 'The whole map; the frame is what is seen',
  icons: 'Icons',
  idlePort: 'port without clients',
  closeLegend: 'Close the legend',
  ports: (ports: readonly number[]) => `Ports ${ports.join(', ')}`,
  udp: 'UDP',
  unix: 'UNIX socket',
  justEnded: 'just ended',
  /** States of TCP that a line's dashes tell, in the legend's order. */
  states: [
    ['ESTABLISHED', 'established'],
    ['SYN_SENT', 'connecting (SYN_SENT)'],
    ['SYN_RECEIVED', 'being accepted (SYN_RECEIVED)'],
    ['TIME_WAIT', 'closed, waiting (TIME_WAIT)'],
    ['CLOSE_WAIT', 'other end closed (CLOSE_WAIT)'],
  ] as readonly (readonly [state: string, words: string])[],
};
