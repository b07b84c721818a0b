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
/** The peer takes seconds for one update: a few tell as much, and the whole ends within minutes. */
const PEER_UPDATES = quick ? 3 : 6;
const PEER_REST_MS = quick ? 45_000 : 120_000;
const DRAG_STEPS = 90;
/** A drag whose frames take longer ends after so long; the frames that there were count. */
const MAX_DRAG_MS = 20_000;
const VIEWPORT = { width: 1440, height: 900 };

const folder = await mkdtemp(join(tmpdir(), 'procnet-bench-'));
const traceFile = join(folder, 'trace.json');
const browser = await launched();

try {
  console.log(
    `Chromium ${browser.version()}, ${VIEWPORT.width}x${VIEWPORT.height}, no GPU assumed\n`,
  );
  await aggregated(quick ? 5_000 : 50_000);
  await eventToPixel();
  await besideVis(quick ? 2_000 : 10_000);
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

function launched() {
  return chromium.launch({
    executablePath: CHROMIUM,
    // Its sandbox refuses to run as root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** The page over a machine with so many sockets: first picture, updates, displacement, heap. */
async function aggregated(sockets) {
  const server = await serve(['demo', '--sockets', String(sockets), '--port', '0']);
  const raw = await graphOf(server.url);
  console.log(`## ${sockets} sockets (${sizeOf(raw)}) as the page shows them\n`);
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
  const update = await updates(browser, page);
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
  console.log(`\n## ${sockets} sockets (${sizeOf(raw)}) beside vis-network\n`);
  const page = await opened(server.url);
  const ours = {
    stable: await page.evaluate(() => window.procnetProbe.stable()),
    ...(await updates(browser, page)),
    ...(await pan(browser, page)),
    heap: await heap(page),
  };
  await page.close();

  const { version, ...theirs } = await peerFigures(raw, server.url);
  server.stop();

  const cells = (what, a, b, ratio) =>
    console.log(`  ${what.padEnd(34)} ${a.padStart(20)} ${b.padStart(24)} ${ratio.padStart(8)}`);
  const row = (what, a, b, unit, note = () => '') => {
    const ratio = a > 0 && b !== undefined ? `${(b / a).toFixed(b / a < 10 ? 1 : 0)}x` : '';
    cells(what, unit(a) + note(ours), b === undefined ? 'ended' : unit(b) + note(theirs), ratio);
  };
  cells('', 'this page', `vis-network ${version}`, '');
  const atLeast = ({ rests }) => (rests === false ? ' (not at rest)' : '');
  row('data to stable picture', ours.stable, theirs.stable, ms, atLeast);
  row('main thread per update', ours.median, theirs.median, ms, ({ count }) => ` (of ${count})`);
  row(
    'main thread per frame, dragging',
    ours.frame,
    theirs.frame,
    ms,
    (of) => ` (of ${of.frames})`,
  );
  row('unchanged nodes moved, at most', ours.moved, theirs.moved, (px) => `${px.toFixed(1)} px`);
  row('heap', ours.heap, theirs.heap, (mb) => `${mb.toFixed(1)} MB`);
}

/**
 * What vis-network came to, in a browser of its own: it may end under a large graph. What was
 * measured until then is told.
 */
async function peerFigures(raw, url) {
  const own = await launched();
  const figures = {};
  try {
    const peer = await drawWithVis(own, VIEWPORT, raw, PEER_REST_MS);
    Object.assign(figures, { version: peer.version, stable: peer.stable, rests: peer.rests });
    const updated = (page, during) => measured(own, page, during);
    Object.assign(figures, await peer.updates(() => graphOf(url), PEER_UPDATES, updated));
    Object.assign(figures, await pan(own, peer.page));
    figures.heap = await heap(peer.page);
  } catch (error) {
    console.error(`  vis-network's page ended: ${String(error).split('\n')[0]}`);
  } finally {
    await own.close();
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
async function updates(within, page) {
  return measured(within, page, () => page.waitForTimeout(UPDATES_MS));
}

/** What updates cost that are marked `procnet-update` meanwhile, and what they moved. */
async function measured(within, page, during) {
  const before = await page.evaluate(() => window.procnetProbe.places());
  const trace = await traced(within, page, traceFile, during);
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
async function pan(within, page) {
  const [x, y] = [VIEWPORT.width / 2 + 3, VIEWPORT.height - 140];
  const trace = await traced(within, page, traceFile, async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    const end = Date.now() + MAX_DRAG_MS;
    for (let step = 1; step <= DRAG_STEPS && Date.now() < end; step++) {
      await page.mouse.move(x + 90 * Math.sin(step / 8), y + 2);
      await page.waitForTimeout(16);
    }
    await page.mouse.up();
  });
  return { frame: trace.cpu / Math.max(1, trace.frames), frames: trace.frames };
}

/** Used heap in MB, garbage left out. */
async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

/** All that there is; a large machine is looked at for a while before there is anything. */
async function graphOf(url) {
  for (let attempt = 0; ; attempt++) {
    const graph = await (await fetch(`${url}/api/graph`)).json();
    if (graph.nodes.length > 0 || attempt === 100) return graph;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function sizeOf({ nodes, edges }) {
  return `${nodes.length} processes and addresses, ${edges.length} edges`;
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
