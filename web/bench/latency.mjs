// Real connections, and when the page shows them.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';

/** A server in a process of its own: a connection of a process to itself is no edge. */
const SERVER = `
  const net = require('node:net');
  const servers = Array.from({ length: Number(process.argv[1]) }, () => net.createServer(() => {}));
  let waiting = servers.length;
  for (const server of servers) {
    server.listen(0, '127.0.0.1', () => {
      if (--waiting === 0) console.log(JSON.stringify(servers.map((s) => s.address().port)));
    });
  }
`;

/**
 * From right before connect() until the edge was painted, in milliseconds.
 *
 * @param {import('@playwright/test').Page} page
 * @param {number} count
 */
export async function latencies(page, count) {
  const server = spawn(process.execPath, ['-e', SERVER, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ports = await new Promise((resolve) => {
    server.stdout.once('data', (line) => resolve(JSON.parse(line)));
  });
  // The page knows the listeners before anybody connects.
  await page.waitForTimeout(3_000);
  const times = [];
  const sockets = [];
  for (const port of ports) {
    const shown = page.evaluate((number) => window.procnetProbe.edgeTo(number), port);
    // The observer stands before there is anything to see.
    await page.evaluate(() => 0);
    const begun = performance.timeOrigin + performance.now();
    sockets.push(connect(port, '127.0.0.1'));
    times.push((await shown) - begun);
    // Not in step with the collector's looks.
    await page.waitForTimeout(40 + ((times.length * 37) % 90));
  }
  for (const socket of sockets) socket.destroy();
  server.kill();
  return times;
}
