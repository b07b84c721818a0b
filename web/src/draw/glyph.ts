// Glyphs where they stand. A transform, as <use> and <symbol> make them, would give each glyph a
// layer of its own to be composited.

/** Both icon sets draw in a square of so many units. */
export const GLYPH_UNITS = 24;

/** The path `d`, as the build writes it, scaled and moved to `x` and `y`. */
export function placedPath(d: string, x: number, y: number, scale: number): string {
  let command = '';
  let at = 0;
  return d.replace(/[a-zA-Z]|-?[\d.]+/g, (token) => {
    if (/[a-zA-Z]/.test(token)) {
      command = token;
      at = 0;
      return token;
    }
    const kind = command.toLowerCase();
    const place = kind === 'a' ? at++ % 7 : at++;
    // Radii, then an angle and two flags, then where the arc ends.
    if (kind === 'a' && place >= 2 && place <= 4) return token;
    const down = kind === 'v' || (kind === 'a' ? place === 6 : kind !== 'h' && place % 2 === 1);
    const from = command === kind || (kind === 'a' && place < 2) ? 0 : down ? y : x;
    return String(Math.round((Number(token) * scale + from) * 100) / 100);
  });
}
