import { describe, expect, it } from 'vitest';
import { pathOf } from '../../build/glyphs';
import { placedPath } from './glyph';

const path = (d: string) => pathOf(`<svg><path d="${d}"/></svg>`);

describe('placedPath', () => {
  it('moves what is absolute and scales everything', () => {
    expect(placedPath('M2 3L4 5H6V7', 10, 20, 2)).toBe('M14 26L18 30H22V34');
    expect(placedPath('M2 3l4 5h6v7c1 2 3 4 5 6z', 10, 20, 2)).toBe(
      'M14 26l8 10h12v14c2 4 6 8 10 12z',
    );
  });

  it('leaves the angle and the flags of arcs alone', () => {
    expect(placedPath('M0 0a4 5 30 1 0 6 7A1 1 0 0 1 2 3', 10, 20, 2)).toBe(
      'M10 20a8 10 30 1 0 12 14A2 2 0 0 1 14 26',
    );
  });
});

describe('pathOf', () => {
  it('takes apart what icon sets press together', () => {
    expect(path('M1.5.5l-2-3,4 .5')).toBe('M1.5 .5l-2 -3 4 .5');
    expect(path('M1 2a.5.5 0 01.2-.3')).toBe('M1 2a.5 .5 0 0 1 .2 -.3');
    expect(() => path('M1 2 oops')).toThrow('cannot be read');
  });
});
