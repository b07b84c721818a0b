// The peer: vis-network with the options of the first Procnet Live's page, fed as that page fed it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const LIBRARY = require.resolve('vis-network/standalone/umd/vis-network.min.js');
const { version } = JSON.parse(readFileSync(require.resolve('vis-network/package.json'), 'utf8'));

/** Runs in the page: the network, and what brings it up to a graph. */
function start(graph) {
  const nodes = new window.vis.DataSet([]);
  const edges = new window.vis.DataSet([]);
  const container = document.getElementById('net');
  const network = new window.vis.Network(
    container,
    { nodes, edges },
    {
      physics: {
        stabilization: true,
        barnesHut: { gravitationalConstant: -20000, centralGravity: 0.18, springLength: 180 },
      },
      nodes: { shadow: true, font: { color: '#e8eaed' } },
      edges: {
        arrows: { to: { enabled: true } },
        smooth: { enabled: true, type: 'continuous' },
        shadow: true,
        font: { align: 'top' },
      },
    },
  );
  const bring = (data, rows) => {
    const gone = new Set(data.getIds());
    for (const row of rows) {
      gone.delete(row.id);
      if (data.get(row.id)) data.update(row);
      else data.add(row);
    }
    data.remove([...gone]);
  };
  // Without --icons-dir its nodes were letters of an icon font in the type's colour.
  const glyph = (node) => ({
    ...node,
    shape: 'icon',
    image: undefined,
    icon: { face: 'sans-serif', code: '\u25cf', color: node.color },
  });
  const apply = ({ nodes: newNodes, edges: newEdges }) => {
    bring(nodes, newNodes.map(glyph));
    bring(edges, newEdges);
  };
  window.procnetPeer = { apply };
  window.procnetProbe = {
    places() {
      const positions = Object.entries(network.getPositions());
      return Object.fromEntries(
        positions.map(([id, position]) => {
          const { x, y } = network.canvasToDOM(position);
          return [id, [x, y]];
        }),
      );
    },
  };
  const begun = performance.now();
  return new Promise((resolve) => {
    network.once('stabilized', () => resolve(performance.now() - begun));
    apply(graph);
  });
}

/**
 * A page in which vis-network shows `graph`, after it has come to rest (or `longest` milliseconds).
 *
 * @param {import('@playwright/test').Browser} browser
 */
export async function drawWithVis(browser, viewport, graph, longest) {
  const page = await browser.newPage({ viewport });
  await page.setContent('<body style="margin:0"><div id="net" style="height:100vh"></div>');
  await page.addScriptTag({ path: LIBRARY });
  const rest = page.evaluate(start, graph);
  const tired = new Promise((resolve) => setTimeout(() => resolve(undefined), longest));
  const rested = await Promise.race([rest, tired]);
  // It may end before it has come to rest.
  rest.catch(() => {});
  return {
    page,
    version,
    stable: rested ?? longest,
    rests: rested !== undefined,
    /** Brings it up to `next()` each second as its page did by polling, so that `count` are told. */
    updates(next, count, measured) {
      return measured(page, async () => {
        // The last one may be cut off: it is not told.
        for (let i = 0; i <= count; i++) {
          const graph = await next();
          await page.evaluate((rows) => {
            performance.mark('procnet-update');
            window.procnetPeer.apply(rows);
          }, graph);
          await page.waitForTimeout(1_000);
        }
      });
    },
  };
}
