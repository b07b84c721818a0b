// Which edge labels are shown, and where: never over a node, never over another label.

import type { Detail, Rect } from '../layout/frame';
import type { EdgeView } from './edge';
import { mark } from './svg';

/** Edge labels' size, as in the style sheet: larger in a smaller picture. */
export const EDGE_LABEL_SIZE: Readonly<Record<Detail, number>> = { full: 11, label: 14, large: 18 };
/** With more lit edges than this, those with most sockets are labelled first and the rest wait. */
const MAX_LIT_LABELS = 120;

/** Shows the labels of `edges` that have room among `nodes`, the first first. */
export function placeQuietLabels(
  edges: Iterable<EdgeView>,
  nodes: readonly Rect[],
  detail: Detail,
): void {
  const boxes = [...nodes];
  const all = [...edges];
  const degrees = degreesOf(all);
  for (const view of all) {
    view.showLabel(claimFor(view, view.busyLabel, detail, boxes, degrees));
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
    else mark(view.label, 'lit', false);
  }
  lit.sort((a, b) => b.edge.sockets - a.edge.sockets);
  const boxes = [...nodes];
  const degrees = degreesOf(lit);
  lit.forEach((view, i) => {
    const shown = i < MAX_LIT_LABELS && claimFor(view, view.fullLabel, detail, boxes, degrees);
    mark(view.label, 'lit', shown);
  });
}

/** How many edges leave and reach each node. */
function degreesOf(edges: readonly EdgeView[]): ReadonlyMap<string, number> {
  const degrees = new Map<string, number>();
  for (const { from, to } of edges) {
    for (const id of [`from ${from}`, `to ${to}`]) degrees.set(id, (degrees.get(id) ?? 0) + 1);
  }
  return degrees;
}

/** Moves the label of `view` to where it has room; false if there is none. */
function claimFor(
  view: EdgeView,
  text: string,
  detail: Detail,
  boxes: Rect[],
  degrees: ReadonlyMap<string, number>,
): boolean {
  if (!text) return false;
  const { from, to } = view;
  // Where many edges part, a label stands nearer to the end that is this edge's own.
  const fan = (degrees.get(`from ${from}`) ?? 1) - (degrees.get(`to ${to}`) ?? 1);
  const wanted = fan > 0 ? 0.7 : fan < 0 ? 0.3 : 0.5;
  const points = [...view.labelPoints].sort(
    (a, b) => Math.abs(a.along - wanted) - Math.abs(b.along - wanted),
  );
  for (const at of points) {
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
