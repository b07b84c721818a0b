// Which edge labels are shown, and where: never over a node, never over another label.

import type { Detail, Rect } from '../layout/frame';
import type { EdgeView } from './edge';

/** Edge labels' size, as in the style sheet: larger in a smaller picture. */
export const EDGE_LABEL_SIZE: Readonly<Record<Detail, number>> = { full: 11, label: 14, large: 18 };
/** With more lit edges than this, those with most sockets are labelled first and the rest wait. */
const MAX_LIT_LABELS = 120;

/** Shows the quiet labels that have room among `nodes`. */
export function placeQuietLabels(edges: Iterable<EdgeView>, nodes: readonly Rect[]): void {
  const boxes = [...nodes];
  for (const view of edges) {
    view.label.classList.toggle('roomy', claimFor(view, view.quietLabel, 'full', boxes));
  }
}

/** Shows the full labels of lit edges, the busiest first. */
export function placeLitLabels(
  edges: Iterable<EdgeView>,
  nodes: readonly Rect[],
  detail: Detail,
): void {
  const lit: EdgeView[] = [];
  for (const view of edges) {
    if (view.isLit) lit.push(view);
    else view.label.classList.remove('lit');
  }
  lit.sort((a, b) => b.edge.sockets - a.edge.sockets);
  const boxes = [...nodes];
  lit.forEach((view, i) => {
    const shown = i < MAX_LIT_LABELS && claimFor(view, view.fullLabel, detail, boxes);
    view.label.classList.toggle('lit', shown);
  });
}

/** Moves the label of `view` to where it has room; false if there is none. */
function claimFor(view: EdgeView, text: string, detail: Detail, boxes: Rect[]): boolean {
  if (!text) return false;
  for (const at of view.labelPoints) {
    const box = view.labelBox(text, EDGE_LABEL_SIZE[detail], at);
    if (boxes.some((other) => overlap(box, other))) continue;
    boxes.push(box);
    view.placeLabel(at);
    return true;
  }
  return false;
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
