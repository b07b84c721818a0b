import { effect, signal, untracked } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { MapPainter } from '../draw/map';
import { Minimap } from '../draw/minimap';
import { changeView, frozen, onSceneChange, scene } from '../scene/live';
import {
  edgeLabels,
  edgeWidths,
  flowAnimation,
  minimap,
  pictureLayout,
  rawMode,
} from '../scene/picture';
import type { Target } from '../scene/selection';
import { hovered, sameTarget, selected } from '../scene/selection';
import { view } from '../scene/settings';
import { words } from '../words';
import { mapCommands } from './commands';
import { saveMap } from './exportMap';
import { Icon } from './Icon';
import { MapLayouts } from './mapLayout';
import { followPointer } from './pointer';
import { RawView } from './RawView';

/** When nothing has come for so long, what goes on by itself is drawn. */
const TICK_MS = 1100;

/** With more nodes than this, a worker draws dots on a canvas. */
const RAW_NODES = 700;

const crowded = signal(false);
/** How many nodes are out of view. */
const outside = signal(0);

/** The map itself: owns the painter and the layout, and follows the scene. */
export function MapView({ hidden }: { hidden: boolean }) {
  const host = useRef<HTMLDivElement>(null);

  const small = useRef<HTMLCanvasElement>(null);
  const painterOf = useRef<MapPainter>(undefined);

  const raw = crowded.value && !hidden;
  const shown = !hidden && !raw && outside.value > 0;
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
    const layouts = new MapLayouts(
      (first) => {
        draw();
        if (first) startMap(true);
      },
      () => {
        painter.root.classList.toggle('movable', layouts.movable);
        if (scene.nodes.size === 0 || crowded.peek()) return;
        measure();
        layouts.follow(true, painter.room);
        painter.glide();
        draw();
        startMap(true);
      },
    );
    const painter = new MapPainter(layouts, container, (count) => {
      outside.value = count;
    });
    painterOf.current = painter;
    let shown = false;
    let dirty = false;
    // To ask the browser at each update would have it look at all of the page.
    let visible = container.clientWidth > 0;
    let revealed: Target | undefined;

    const measure = () => {
      const stage = container.closest('.stage');
      const legend = stage?.querySelector<HTMLElement>('.legend');
      const details = stage?.querySelector<HTMLElement>('.details');
      // What covers the map: beside it, or on small windows a sheet that comes up over it.
      const area = container.getBoundingClientRect();
      const cover = details?.getBoundingClientRect();
      const beside = cover !== undefined && cover.left > area.left;
      const right = beside ? Math.max(0, area.right - cover.left) : 0;
      const sheet = cover && !beside ? Math.max(0, area.bottom - cover.top) : 0;
      painter.resize(
        // While the map is hidden, about what it will have.
        {
          width: container.clientWidth || window.innerWidth,
          height: container.clientHeight || Math.max(200, window.innerHeight - 120),
        },
        Math.max(sheet, legend?.offsetHeight ?? 0),
        right,
      );
    };
    const picture = () => ({
      nodes: scene.nodes,
      edges: scene.edges,
      edgesVersion: scene.edgesVersion.peek(),
      legend: scene.legend.value,
    });
    const draw = (news = false) => {
      dirty = false;
      if (painter.sync(picture(), news)) tickLater();
      painter.select(selected.value);
    };
    let tickTimer = 0;
    const tickLater = () => {
      window.clearTimeout(tickTimer);
      tickTimer = window.setTimeout(() => {
        if (!document.hidden && !frozen.peek()) painter.tick();
        tickLater();
      }, TICK_MS);
    };
    tickLater();
    // The legend is rendered in a microtask of the same frame: a first layout waits for it.
    const follow = (change: 'scene' | 'delta') => {
      if (shown) followNow(change);
      else queueMicrotask(() => followNow(change));
    };
    const followNow = (change: 'scene' | 'delta') => {
      crowded.value = scene.nodes.size > RAW_NODES;
      if (crowded.value) {
        shown = false;
        return;
      }
      if (!shown) measure();
      const { other, anew } = layouts.follow(change === 'scene' || !shown, painter.room);
      if (other) shown = false;
      const wasShown = shown;
      shown ||= scene.nodes.size > 0;
      if (document.hidden || !visible) {
        dirty = true;
        return;
      }
      draw(wasShown && !anew && change === 'delta');
      if (shown && (!wasShown || anew)) startMap(wasShown && change === 'scene');
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
      visible = container.clientWidth > 0;
      if (!visible) return;
      measure();
      if (crowded.peek()) return;
      if (dirty) draw();
      // A phone that is turned.
      if (shown && layouts.current.turned(painter.room)) mapCommands.tidy();
      else if (painter.camera.fitted) fitMap(false);
    });
    observer.observe(container);
    const onVisible = () => {
      if (!document.hidden && dirty) draw();
    };
    document.addEventListener('visibilitychange', onVisible);
    void document.fonts.ready.then(() => painter.refreshText());

    mapCommands.fit = () => fitMap(true);
    mapCommands.tidy = () => {
      measure();
      layouts.tidy(painter.room);
      painter.glide();
      draw();
      startMap(true);
    };
    mapCommands.zoom = (factor) => {
      painter.camera.zoomAt(container.clientWidth / 2, container.clientHeight / 2, factor);
    };
    mapCommands.reveal = (key) => painter.reveal(key);
    mapCommands.zoomToSelection = () => {
      measure();
      painter.fitSelection();
    };
    mapCommands.savePicture = (format) => saveMap(painter.layers, format);

    const stopPointer = followPointer(painter, container, {
      get on() {
        return layouts.movable;
      },
      move(key, x, y) {
        layouts.move(key, x, y);
        draw();
      },
    });
    if (view.peek().everything) rawMode.value = true;
    const stopRaw = effect(() => {
      const everything = rawMode.value || undefined;
      untracked(() => {
        if (view.value.everything !== everything) changeView({ everything });
      });
    });
    const stopLayout = effect(() => {
      const kind = pictureLayout.value;
      untracked(() => void layouts.choose(kind));
    });
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
      window.clearTimeout(tickTimer);
      document.removeEventListener('visibilitychange', onVisible);
      stopPointer();
      stopEffects();
      stopChoices();
      stopLayout();
      stopRaw();
      painter.dispose();
    };
  }, []);

  return (
    <>
      <div class="map-host" ref={host} hidden={hidden || raw} />
      {raw && <RawView />}
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
