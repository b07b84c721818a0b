// Thousands of nodes on a canvas that a worker draws. The equivalent for those who cannot see it is
// the table.

import type { Rect, Size } from '../layout/frame';
import { Camera, fitView } from './camera';
import { edgeColor } from './edge';
import { looksOf } from './looks';
import type { MapScene } from './map';
import type { RawAnswer, RawQuestion, RawScene } from './rawMessages';

const INSETS = { top: 40, right: 30, bottom: 50, left: 30 };
/** A scene that changes all the time is sent on so often at most. */
const SEND_MS = 400;

type RawSource = Omit<MapScene, 'edgesVersion'>;

export class RawMap {
  readonly canvas = document.createElement('canvas');
  readonly camera: Camera;
  private readonly worker = new Worker(new URL('./raw.worker.ts', import.meta.url), {
    type: 'module',
  });
  private bounds: Rect = { x: 0, y: 0, width: 1, height: 1 };
  private size: Size = { width: 1, height: 1 };
  private asked = 0;
  private readonly waiting = new Map<number, (key: string | undefined) => void>();
  private sendTimer = 0;

  constructor(host: HTMLElement, label: string) {
    this.canvas.className = 'raw';
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', label);
    host.append(this.canvas);
    this.camera = new Camera(() => this.tellView());
    this.worker.onmessage = (event: MessageEvent<RawAnswer>) => this.hear(event.data);
    const canvas = this.canvas.transferControlToOffscreen();
    const question: RawQuestion = { kind: 'canvas', canvas };
    this.worker.postMessage(question, [canvas]);
  }

  resize(size: Size): void {
    this.size = size;
    this.tellView();
  }

  fit(glide: boolean): void {
    this.camera.fitted = true;
    this.camera.moveTo(fitView(this.bounds, this.size, INSETS), glide);
  }

  /** Follows the scene, soon. */
  sync(scene: RawSource, at: 'now' | 'soon'): void {
    const send = () => {
      this.sendTimer = 0;
      this.tell({ kind: 'scene', scene: rawScene(scene, this.size) });
    };
    if (at === 'now') send();
    else if (!this.sendTimer) this.sendTimer = window.setTimeout(send, SEND_MS);
  }

  focus(key: string | undefined): void {
    this.tell({ kind: 'focus', key });
  }

  /** The node at a point of the window. */
  at(x: number, y: number): Promise<string | undefined> {
    const id = ++this.asked;
    this.tell({ kind: 'hit', id, x, y });
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  /** The theme has changed. */
  refresh(): void {
    this.tellView();
  }

  dispose(): void {
    window.clearTimeout(this.sendTimer);
    this.worker.terminate();
    this.canvas.remove();
  }

  private hear(answer: RawAnswer): void {
    if (answer.kind === 'hit') {
      this.waiting.get(answer.id)?.(answer.key);
      this.waiting.delete(answer.id);
      return;
    }
    this.bounds = answer.bounds;
    this.canvas.dataset.placed = 'true';
    if (answer.first || this.camera.fitted) this.fit(false);
  }

  private tell(question: RawQuestion): void {
    this.worker.postMessage(question);
  }

  private tellView(): void {
    const style = getComputedStyle(this.canvas);
    this.tell({
      kind: 'view',
      view: {
        ...this.camera.view,
        ...this.size,
        ratio: Math.min(2, window.devicePixelRatio || 1),
        ink: style.color,
        background: style.backgroundColor,
        font: style.fontFamily,
      },
    });
  }
}

function rawScene(scene: RawSource, { width, height }: Size): RawScene {
  const looks = looksOf(scene.legend);
  const colors: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (color: string) => {
    let number = numbers.get(color);
    if (number === undefined) {
      number = colors.push(color) - 1;
      numbers.set(color, number);
    }
    return number;
  };
  const nodes = [...scene.nodes.values()];
  const places = new Map(nodes.map((node, i) => [node.id, i]));
  const edges = [...scene.edges.values()].filter(
    (edge) => places.has(edge.from) && places.has(edge.to),
  );
  const ends = new Int32Array(edges.length * 2);
  const edgeColors = new Uint16Array(edges.length);
  edges.forEach((edge, i) => {
    ends[2 * i] = places.get(edge.from) ?? 0;
    ends[2 * i + 1] = places.get(edge.to) ?? 0;
    edgeColors[i] = numberOf(edgeColor(edge, scene.legend));
  });
  return {
    keys: nodes.map((node) => node.key),
    labels: nodes.map((node) => node.label),
    ends,
    nodeColors: Uint16Array.from(nodes, (node) => numberOf(looks(node)?.color ?? '#7b838e')),
    edgeColors,
    remotes: Uint8Array.from(nodes, ({ kind }) => (kind === 'client' || kind === 'server' ? 1 : 0)),
    colors,
    aspect: width / Math.max(1, height),
  };
}
