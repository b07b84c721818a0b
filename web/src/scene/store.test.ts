import { beforeEach, describe, expect, it } from 'vitest';
import type { DeltaMessage, SceneMessage } from '../wire/generated';
import { SceneStore } from './store';

const SCENE = {
  epoch: 'e',
  revision: 1,
  at: 0,
  nodes: { id: [1, 2], key: ['a', 'b'] },
  edges: { id: [9], key: ['a b'], from: [1], to: [2], sockets: [1], to_client: [0] },
} as unknown as SceneMessage;

describe('SceneStore', () => {
  let store: SceneStore;
  let revision: number;
  beforeEach(() => {
    store = new SceneStore();
    store.replace(SCENE);
    revision = SCENE.revision;
  });

  /** What a delta counted up. */
  function counted(part: { nodes?: object; edges?: object }) {
    const before = [store.version.value, store.structure, store.edgesVersion.value];
    const ids = { from: revision, to: revision + 1 };
    revision++;
    store.apply({ nodes: {}, edges: {}, ...part, ...ids } as unknown as DeltaMessage);
    const after = [store.version.value, store.structure, store.edgesVersion.value];
    const [all, structure, edges] = after.map((count, i) => count !== before[i]);
    return { all, structure, edges };
  }
  const edge = (field: string, value: unknown) => ({
    edges: { set: { [field]: { id: [9], value: [value] } } },
  });

  it('tells totals of edges from what they are drawn from', () => {
    for (const field of ['to_client', 'to_server', 'rtt_us', 'links', 'since']) {
      expect(counted(edge(field, 7))).toEqual({ all: true, structure: false, edges: false });
    }
    expect(store.edges.get(9)).toMatchObject({ to_client: 7, sockets: 1 });
    for (const field of ['sockets', 'state', 'stale', 'class', 'service', 'evidence']) {
      expect(counted(edge(field, 7)).edges).toBe(true);
    }
  });

  it('tells what comes and goes from what changes', () => {
    const label = { nodes: { set: { label: { id: [1], value: ['A'] } } } };
    expect(counted(label)).toEqual({ all: true, structure: false, edges: false });
    const node = { nodes: { add: { id: [3], key: ['c'] } } };
    expect(counted(node)).toEqual({ all: true, structure: true, edges: false });
    expect(counted({ edges: { del: [9] } })).toEqual({ all: true, structure: true, edges: true });
    expect(store.empty.value).toBe(false);
    counted({ nodes: { del: [1, 2, 3] } });
    expect(store.empty.value).toBe(true);
  });

  it('counts a whole scene as all of it', () => {
    const before = [store.version.value, store.structure, store.edgesVersion.value];
    store.replace(SCENE);
    const after = [store.version.value, store.structure, store.edgesVersion.value];
    for (const [i, count] of after.entries()) expect(count).not.toBe(before[i]);
  });
});
