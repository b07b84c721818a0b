// Runs the free layout's arithmetic beside the page.

import type { ForceProblem } from './forces';
import { solve } from './forces';

self.onmessage = (event: MessageEvent<{ id: number; problem: ForceProblem }>) => {
  const { id, problem } = event.data;
  self.postMessage({ id, spots: solve(problem) });
};
