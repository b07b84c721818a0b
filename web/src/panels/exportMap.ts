// The map as a file: what it is called, and what stands below it.

import { edgeColor, STALE_COLOR, UNIX_DASHES } from '../draw/edge';
import type { ExportedLine } from '../draw/export';
import type { Layers } from '../draw/layers';
import { scene, viewInForce } from '../scene/live';
import { words } from '../words';

/** A line for every kind of edge that there is now. */
function legendLines(): ExportedLine[] {
  const legend = scene.legend.value;
  const lines = new Map<string, ExportedLine>();
  for (const edge of scene.edges.values()) {
    const color = edgeColor(edge, legend);
    if (lines.has(color)) continue;
    const text =
      color === STALE_COLOR
        ? words.map.justEnded
        : edge.protocol === 'udp'
          ? words.map.udp
          : edge.protocol === 'unix'
            ? words.map.unix
            : legend.classes.find((info) => info.name === edge.class)?.title;
    const dashes = edge.protocol === 'unix' ? UNIX_DASHES : undefined;
    if (text) lines.set(color, { text, color, dashes });
  }
  return [...lines.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

function caption(at: Date): string {
  const { processes, sockets } = scene.summary.value;
  return words.map.exported({
    host: scene.host.value?.name ?? '',
    time: at.toLocaleString(words.locale, { dateStyle: 'medium', timeStyle: 'medium' }),
    processes,
    sockets,
    filter: viewInForce.value.filter,
  });
}

function fileName(at: Date, extension: string): string {
  const host = (scene.host.value?.name ?? 'map').replace(/[^\w.-]+/g, '-').slice(0, 60);
  const time = at.toISOString().slice(0, 19).replaceAll(':', '-');
  return `procnet-${host}-${time}.${extension}`;
}

/** Saves what `layers` show now. */
export async function saveMap(layers: Layers, format: 'png' | 'svg'): Promise<void> {
  const { download, exportedSvg, pngOf } = await import('../draw/export');
  const at = new Date(scene.now());
  const text = await exportedSvg(layers, { caption: caption(at), legend: legendLines() });
  const content =
    format === 'png' ? await pngOf(text) : new Blob([text], { type: 'image/svg+xml' });
  download(content, fileName(at, format));
}
