import { effect, signal, untracked } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { MapPainter } from '../draw/map';
import { Minimap } from '../draw/minimap';
import { FlowLayout } from '../layout/flow';
import type { Zone } from '../layout/frame';
import type { LayoutGraph } from '../layout/graph';
import { parseSavedLayout } from '../layout/saved';
import { frozen, onSceneChange, scene } from '../scene/live';
import { edgeLabels, edgeWidths, flowAnimation, minimap } from '../scene/picture';
import type { Target } from '../scene/selection';
import { hovered, sameTarget, selected } from '../scene/selection';
import { readStored, writeStored } from '../scene/settings';
import { words } from '../words';
import { mapCommands } from './commands';
import { saveMap } from './exportMap';
import { Icon } from './Icon';
import { followPointer } from './pointer';

const STORAGE_PREFIX = 'procnet.layout.';
const SAVE_DELAY_MS = 800;
const FADE_MS = 1000;

/** How many nodes are out of view. */
const outside = signal(0);

function zoneOf(kind: string): Zone {
  return kind === 'client' || kind === 'server' ? kind : 'process';
}

function layoutGraph(): LayoutGraph {
  const nodes = [...scene.nodes.values()].map((node) => ({
    key: node.key,
    label: node.label,
    zone: zoneOf(node.kind),
  }));
  const edges = [...scene.edges.values()].flatMap((edge) => {
    const from = scene.nodes.get(edge.from)?.key;
    const to = scene.nodes.get(edge.to)?.key;
    return from !== undefined && to !== undefined ? [{ from, to }] : [];
  });
  return { nodes, edges };
}

function storageKey(level: string): string {
  return `${STORAGE_PREFIX}${level}`;
}

function restoredLayout(level: string): FlowLayout {
  return new FlowLayout(parseSavedLayout(readStored(storageKey(level))));
}

/** The map itself: owns the painter and the layout, and follows the scene. */
export function MapView({ hidden }: { hidden: boolean }) {
  const host = useRef<HTMLDivElement>(null);

  const small = useRef<HTMLCanvasElement>(null);
  const painterOf = useRef<MapPainter>(undefined);

  const shown = !hidden && outside.value > 0;
  const smallShown = shown && minimap.value;
  useEffect(() => {
    const canvas = small.current;
    const painter = painterOf.current;
    painter?.attachMinimap(
      canvas ? new Minimap(canvas, (x, y) => painter.centre(x, y)) : undefined,
    );
  }, [smallShown]);

  useEffect(() => {
    const container = host.current;
    if (!container) return;
    let level = scene.grouping.value.level;
    const layout = { current: restoredLayout(level) };
    const painter = new MapPainter(layout, container, (count) => {
      outside.value = count;
    });
    painterOf.current = painter;
    let saveTimer = 0;
    let shown = false;
    let dirty = false;
    let revealed: Target | undefined;

    const measure = () => {
      const stage = container.closest('.stage');
      const legend = stage?.querySelector<HTMLElement>('.legend');
      const details = stage?.querySelector<HTMLElement>('.details');
      const half = container.clientWidth / 2;
      // Beside the map, or on small windows a sheet that comes up over it.
      const beside = details && details.offsetWidth < half;
      const right = beside ? details.offsetWidth : 0;
      const sheet = beside ? 0 : (details?.offsetHeight ?? 0);
      painter.resize(
        { width: container.clientWidth, height: container.clientHeight },
        Math.max(sheet, legend?.offsetHeight ?? 0),
        right,
      );
    };
    const picture = () => ({
      nodes: scene.nodes,
      edges: scene.edges,
      legend: scene.legend.value,
    });
    const save = () => {
      window.clearTimeout(saveTimer);
      saveTimer = window.setTimeout(() => {
        const saved = layout.current.save();
        if (saved) writeStored(storageKey(level), saved);
      }, SAVE_DELAY_MS);
    };
    const draw = (news = false) => {
      dirty = false;
      painter.sync(picture(), news);
      painter.select(selected.value);
    };
    // The legend is rendered in a microtask of the same frame: a first layout waits for it.
    const follow = (change: 'scene' | 'delta') => {
      if (shown) followNow(change);
      else queueMicrotask(() => followNow(change));
    };
    const followNow = (change: 'scene' | 'delta') => {
      const newLevel = scene.grouping.value.level;
      if (newLevel !== level) {
        level = newLevel;
        layout.current = restoredLayout(level);
        shown = false;
      }
      if (!shown) measure();
      const anew = layout.current.update(layoutGraph(), painter.room);
      const wasShown = shown;
      shown ||= scene.nodes.size > 0;
      if (document.hidden || container.clientWidth === 0) {
        dirty = true;
        return;
      }
      draw(wasShown && !anew && change === 'delta');
      if (shown && (!wasShown || anew)) startMap(wasShown && change === 'scene');
      save();
    };

    const startMap = (glide: boolean) => {
      measure();
      painter.start(glide);
    };
    const fitMap = (glide: boolean) => {
      measure();
      painter.fit(glide);
    };
    measure();
    const stopFollowing = onSceneChange(follow);
    if (scene.nodes.size > 0) follow('scene');
    const observer = new ResizeObserver(() => {
      if (container.clientWidth === 0) return;
      measure();
      if (dirty) draw();
      if (painter.camera.fitted) fitMap(false);
    });
    observer.observe(container);
    const fadeTimer = window.setInterval(() => {
      if (!document.hidden && !frozen.peek()) painter.tick();
    }, FADE_MS);
    const onVisible = () => {
      if (!document.hidden && dirty) draw();
    };
    document.addEventListener('visibilitychange', onVisible);
    void document.fonts.ready.then(() => painter.refreshText());

    mapCommands.fit = () => fitMap(true);
    mapCommands.tidy = () => {
      measure();
      layout.current.tidy(layoutGraph(), painter.room);
      painter.glide();
      draw();
      startMap(true);
      save();
    };
    mapCommands.zoom = (factor) => {
      painter.camera.zoomAt(container.clientWidth / 2, container.clientHeight / 2, factor);
    };
    mapCommands.reveal = (key) => painter.reveal(key);
    mapCommands.zoomToSelection = () => {
      measure();
      painter.fitSelection();
    };
    mapCommands.savePicture = (format) => saveMap(painter.svg, format);

    const stopPointer = followPointer(painter, container);
    const stopChoices = effect(() => {
      painter.choose({
        widths: edgeWidths.value,
        labels: edgeLabels.value,
        animated: flowAnimation.value && !frozen.value,
      });
      if (shown && !frozen.value) untracked(() => draw());
    });
    const stopEffects = effect(() => {
      const chosen = selected.value;
      const over = hovered.value;
      painter.select(chosen);
      if (chosen?.kind === 'node' && !sameTarget(chosen, revealed)) {
        // The details open beside it first.
        window.setTimeout(() => {
          measure();
          painter.reveal(chosen.key);
        }, 0);
      }
      revealed = chosen;
      if (over && !sameTarget(over, chosen)) painter.highlight(over, 'hovered');
      else painter.highlight(chosen, 'selected');
    });
    return () => {
      stopFollowing();
      observer.disconnect();
      window.clearInterval(fadeTimer);
      document.removeEventListener('visibilitychange', onVisible);
      stopPointer();
      stopEffects();
      stopChoices();
      painter.dispose();
    };
  }, []);

  return (
    <>
      <div class="map-host" ref={host} hidden={hidden} />
      {shown && (
        <div class="overview">
          {smallShown && (
            <canvas ref={small} class="minimap" role="img" aria-label={words.map.minimap} />
          )}
          <button type="button" class="outside" onClick={() => mapCommands.fit()}>
            <Icon name="fit" size={14} />
            {words.map.outside(outside.value)}
          </button>
        </div>
      )}
    </>
  );
}
