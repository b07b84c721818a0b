import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { RawMap } from '../draw/raw';
import { onSceneChange, scene } from '../scene/live';
import { hovered, selected } from '../scene/selection';
import { theme } from '../scene/settings';
import { words } from '../words';
import { mapCommands } from './commands';
import { followRaw } from './rawInput';

/** Everything at once, on a canvas that a worker draws; loaded when there is that much. */
export function RawView() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const container = host.current;
    if (!container) return;
    let raw: RawMap | undefined;
    let gone = false;
    const stops: (() => void)[] = [];
    const before = { fit: mapCommands.fit, tidy: mapCommands.tidy, zoom: mapCommands.zoom };
    void import('../draw/raw').then(({ RawMap: Raw }) => {
      if (gone) return;
      const map = new Raw(container, words.map.raw);
      raw = map;
      const measure = () => {
        if (container.clientWidth === 0) return;
        map.resize({ width: container.clientWidth, height: container.clientHeight });
        if (map.camera.fitted) map.fit(false);
      };
      const picture = () => ({
        nodes: scene.nodes,
        edges: scene.edges,
        legend: scene.legend.value,
      });
      measure();
      map.sync(picture(), 'now');
      stops.push(
        onSceneChange((change) => map.sync(picture(), change === 'scene' ? 'now' : 'soon')),
      );
      const observer = new ResizeObserver(measure);
      observer.observe(container);
      stops.push(() => observer.disconnect());
      stops.push(effect(() => map.focus(hovered.value?.key ?? selected.value?.key)));
      const dark = window.matchMedia('(prefers-color-scheme: dark)');
      const repaint = () => map.refresh();
      dark.addEventListener('change', repaint);
      stops.push(() => dark.removeEventListener('change', repaint));
      stops.push(
        effect(() => {
          void theme.value;
          // The page's colours change after this.
          queueMicrotask(repaint);
        }),
      );
      followRaw(map);
      mapCommands.fit = () => map.fit(true);
      mapCommands.tidy = () => map.fit(true);
      mapCommands.zoom = (factor) =>
        map.camera.zoomAt(container.clientWidth / 2, container.clientHeight / 2, factor);
    });
    return () => {
      gone = true;
      for (const stop of stops) stop();
      Object.assign(mapCommands, before);
      raw?.dispose();
    };
  }, []);
  return <div class="map-host" ref={host} />;
}
