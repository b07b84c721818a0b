// Measures text, and cuts it to a width.

let context: CanvasRenderingContext2D | null | undefined;
let family: string | undefined;
const widths = new Map<string, number>();
const MAX_WIDTHS = 20_000;
/** No digit is wider, in any usual font. */
const WIDE_DIGIT = '4';

function measure(text: string, size: number, weight: number): number {
  const id = `${size}/${weight}/${text}`;
  const known = widths.get(id);
  if (known !== undefined) return known;
  context ??= document.createElement('canvas').getContext('2d');
  if (!context) return text.length * size * 0.55;
  family ??= getComputedStyle(document.body).fontFamily;
  context.font = `${weight} ${size}px ${family}`;
  const width = context.measureText(text).width;
  if (widths.size >= MAX_WIDTHS) widths.clear();
  widths.set(id, width);
  return width;
}

/** Forgets all widths: the font has changed. */
export function forgetWidths(): void {
  widths.clear();
}

export function textWidth(text: string, size: number, weight: number): number {
  return measure(text, size, weight);
}

/** How wide `text` is at most, whatever its digits are: counts change all the time. */
export function roomFor(text: string, size: number, weight: number): number {
  return measure(text.replace(/\d/g, WIDE_DIGIT), size, weight);
}

/** True if `text` has room in `width`; most texts differ from a former one in a count only. */
export function fits(text: string, width: number, size: number, weight: number): boolean {
  return roomFor(text, size, weight) <= width || measure(text, size, weight) <= width;
}

/**
 * `text`, or as much of it as fits into `width` pixels with an ellipsis. What is cut goes out of
 * the middle if the end carries meaning (`×12`, `:443`), else off the end.
 */
export function truncate(text: string, width: number, size: number, weight: number): string {
  if (fits(text, width, size, weight)) return text;
  const ending = /(\s×[\d,.]+( \w+)?|:\d+)$/.exec(text)?.[0] ?? '';
  const head = [...text.slice(0, text.length - ending.length)];
  let low = 0;
  let high = head.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const candidate = `${head.slice(0, middle).join('')}…${ending}`;
    if (measure(candidate, size, weight) <= width) low = middle;
    else high = middle - 1;
  }
  return `${head
    .slice(0, low)
    .join('')
    .replace(/[.\s]+$/, '')}…${ending}`;
}

/** The last component of a path; an abstract name (`@…`) as it is. */
export function shortPath(path: string): string {
  if (path.startsWith('@')) return path;
  return path.replace(/\/+$/, '').split('/').pop() || path;
}
