// Starts the free layout with its worker; loaded when somebody asks for it.

import type { ForceProblem, Spot } from './forces';
import type { SavedSpots } from './free';
import { FreeLayout } from './free';

export type { FreeLayout } from './free';
export { parseSavedSpots } from './free';

let worker: Worker | undefined;
let number = 0;
const asked = new Map<number, (spots: Spot[]) => void>();

function solveInWorker(problem: ForceProblem): Promise<Spot[]> {
  if (!worker) {
    worker = new Worker(new URL('./forces.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<{ id: number; spots: Spot[] }>) => {
      asked.get(event.data.id)?.(event.data.spots);
      asked.delete(event.data.id);
    };
  }
  const id = ++number;
  worker.postMessage({ id, problem });
  return new Promise((resolve) => asked.set(id, resolve));
}

/** A free layout; `onPlaced` hears that nodes have got places, the first time that all have. */
export function startFree(saved: SavedSpots, onPlaced: (first: boolean) => void): FreeLayout {
  return new FreeLayout(solveInWorker, onPlaced, saved);
}
