// What the page costs a browser, beside vis-network with the first Procnet Live's options on the
// same graph in the same run: a report, not an assertion. `cargo xtask bench page` runs it.
//
// PROCNET: the program. CHROMIUM: the browser. QUICK: shorter, with fewer sockets.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { latencies } from './latency.mjs';
import { prepare } from './page-probe.mjs';
import { median, percentile } from './statistics.mjs';
import { cpuBetween, traced } from './trace.mjs';
import { drawWithVis } from './vis.mjs';

const { PROCNET, CHROMIUM, QUICK } = process.env;
const quick = QUICK !== undefined;
const UPDATES_MS = quick ? 8_000 : 25_000;
const VIEWPORT = { width: 1440, height: 900 };

const folder = await mkdtemp(join(tmpdir(), 'procnet-bench-'));
const traceFile = join(folder, 'trace.json');
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // Its sandbox refuses to run as root.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

try {
  console.log(
    `Chromium ${browser.version()}, ${VIEWPORT.width}x${VIEWPORT.height}, no GPU assumed\n`,
  );
  await aggregated(quick ? 5_000 : 50_000);
  await besideVis(quick ? 2_000 : 10_000);
  await eventToPixel();
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

/** The page over a machine with so many sockets: first picture, updates, displacement, heap. */
async function aggregated(sockets) {
  const server = await serve(['demo', '--sockets', String(sockets), '--port', '0']);
  const raw = await graphOf(server.url);
  console.log(
    `## ${sockets} sockets (${raw.nodes.length} processes and addresses, ${raw.edges.length} edges) as the page shows them\n`,
  );
  const firsts = [];
  for (let run = 0; run < (quick ? 3 : 7); run++) {
    const page = await opened(server.url);
    firsts.push(await page.evaluate(() => window.procnetProbe.stable()));
    await page.close();
  }
  line(
    'data to stable picture',
    `${ms(median(firsts))} (longest of ${firsts.length}: ${ms(Math.max(...firsts))})`,
  );

  const page = await opened(server.url);
  await page.evaluate(() => window.procnetProbe.stable());
  line('drawn', await page.evaluate(() => window.procnetProbe.drawn()));
  const update = await updates(page);
  line(
    'main thread per 1 % update',
    `median ${ms(update.median)}, 95th percentile ${ms(update.high)} (${update.count} updates)`,
  );
  line('unchanged nodes moved', `${update.moved.toFixed(1)} px at most (${update.compared} nodes)`);
  line('heap after garbage collection', `${(await heap(page)).toFixed(1)} MB`);
  await page.close();
  server.stop();
}

/** The same graph in the page and in vis-network: a frame, an update, the way to a stable picture. */
async function besideVis(sockets) {
  const server = await serve(['demo', '--sockets', String(sockets), '--port', '0']);
  const raw = await graphOf(server.url);
  console.log(
    `\n## ${sockets} sockets (${raw.nodes.length} processes and addresses, ${raw.edges.length} edges) beside vis-network\n`,
  );
  const page = await opened(server.url);
  const ours = {
    stable: await page.evaluate(() => window.procnetProbe.stable()),
    ...(await updates(page)),
    frame: await pan(page),
    heap: await heap(page),
  };
  await page.close();

  const { version, ...theirs } = await peerFigures(raw, server.url);
  server.stop();

  const row = (what, a, b, unit) => {
    const ratio = a > 0 && b !== undefined ? `${(b / a).toFixed(b / a < 10 ? 1 : 0)}x` : '';
    const told = b === undefined ? 'ended' : unit(b);
    console.log(
      `  ${what.padEnd(34)} ${unit(a).padStart(12)} ${told.padStart(16)} ${ratio.padStart(8)}`,
    );
  };
  console.log(
    `  ${''.padEnd(34)} ${'this page'.padStart(12)} ${`vis-network ${version}`.padStart(16)} ${''.padStart(8)}`,
  );
  row('data to stable picture', ours.stable, theirs.stable, ms);
  row('main thread per update', ours.median, theirs.median, ms);
  row('main thread per frame, dragging', ours.frame, theirs.frame, ms);
  row('unchanged nodes moved, at most', ours.moved, theirs.moved, (px) => `${px.toFixed(1)} px`);
  row('heap', ours.heap, theirs.heap, (mb) => `${mb.toFixed(1)} MB`);
}

/**
 * What vis-network came to. Its page may end under a large graph: what was measured until then is
 * told, and the rest of the report goes on.
 */
async function peerFigures(raw, url) {
  const peer = await drawWithVis(browser, VIEWPORT, raw, quick ? 60_000 : 240_000);
  const figures = { version: peer.version, stable: peer.stable };
  try {
    Object.assign(figures, await peer.updates(() => graphOf(url), UPDATES_MS, measured));
    figures.frame = await pan(peer.page);
    figures.heap = await heap(peer.page);
    await peer.page.close();
  } catch (error) {
    console.error(`  vis-network's page ended: ${String(error).split('\n')[0]}`);
    // A trace that goes on would be in the way of the next one.
    await browser.stopTracing().catch(() => {});
  }
  return figures;
}

/** Real connections on loopback: from connect() to the painted edge. */
async function eventToPixel() {
  console.log('\n## from connect() to pixel\n');
  const server = await serve(['serve', '--port', '0']);
  const page = await opened(server.url);
  const times = await latencies(page, quick ? 10 : 40);
  line(
    'event to pixel',
    `median ${ms(median(times))}, 95th percentile ${ms(percentile(times, 0.95))}, longest ${ms(Math.max(...times))} (${times.length} connections)`,
  );
  await page.close();
  server.stop();
}

async function opened(url) {
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'dark' });
  const page = await context.newPage();
  page.on('close', () => void context.close());
  page.on('pageerror', (error) => console.error(String(error)));
  await page.addInitScript(prepare);
  await page.goto(url);
  await page.locator('.map .node').first().waitFor();
  return page;
}

/** What updates cost the page that get to it by themselves. */
async function updates(page) {
  return measured(page, () => page.waitForTimeout(UPDATES_MS));
}

/** What updates cost that are marked `procnet-update` meanwhile, and what they moved. */
async function measured(page, during) {
  const before = await page.evaluate(() => window.procnetProbe.places());
  const trace = await traced(browser, page, traceFile, during);
  const after = await page.evaluate(() => window.procnetProbe.places());
  const costs = cpuBetween(trace, 'procnet-update');
  let [moved, compared] = [0, 0];
  for (const [key, [x, y]] of Object.entries(before)) {
    const now = after[key];
    if (!now) continue;
    compared++;
    moved = Math.max(moved, Math.hypot(now[0] - x, now[1] - y));
  }
  return {
    median: median(costs),
    high: percentile(costs, 0.95),
    count: costs.length,
    moved,
    compared,
  };
}

/** Main thread per frame while the map is dragged to and fro, in milliseconds. */
async function pan(page) {
  const [x, y] = [VIEWPORT.width / 2 + 3, VIEWPORT.height - 140];
  const trace = await traced(browser, page, traceFile, async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let step = 1; step <= 90; step++) {
      await page.mouse.move(x + 90 * Math.sin(step / 8), y + 2);
      await page.waitForTimeout(16);
    }
    await page.mouse.up();
  });
  return trace.cpu / Math.max(1, trace.frames);
}

/** Used heap in MB, garbage left out. */
async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

async function graphOf(url) {
  const answer = await fetch(`${url}/api/graph`);
  return answer.json();
}

/** Starts procnet and waits for the line that says where it serves. */
async function serve(options) {
  const child = spawn(PROCNET, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await new Promise((resolve, reject) => {
    let told = '';
    child.stderr.on('data', (chunk) => {
      told += chunk;
      const found = /serving (http:\/\/[^/\s]+)/.exec(told);
      if (found) resolve(found[1]);
    });
    child.on('exit', (code) => reject(new Error(`procnet ended with ${code}:\n${told}`)));
  });
  return { url, stop: () => child.kill('SIGTERM') };
}

function line(what, value) {
  console.log(`  ${what.padEnd(34)} ${value}`);
}

function ms(value) {
  return value >= 10_000
    ? `${(value / 1000).toFixed(1)} s`
    : `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
