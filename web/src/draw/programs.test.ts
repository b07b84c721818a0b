import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pathOf } from '../../build/glyphs';
import { BRANDS, glyphOfProgram } from './programs';

describe('glyphOfProgram', () => {
  it('knows programs with and without a version', () => {
    expect(glyphOfProgram('python3.11')).toBe('brand-python');
    expect(glyphOfProgram('apache2')).toBe('icon-apache');
    expect(glyphOfProgram('containerd-shim-runc-v2')).toBe('brand-containerd');
    expect(glyphOfProgram('postgres')).toBe('brand-postgresql');
  });

  it('guesses nothing', () => {
    for (const name of ['', '2', 'pythonista', 'my-nginx', 'constructor', '__proto__']) {
      expect(glyphOfProgram(name)).toBeUndefined();
    }
  });

  it('names glyphs that there are', () => {
    for (const brand of BRANDS) {
      expect(existsSync(`node_modules/simple-icons/icons/${brand}.svg`), brand).toBe(true);
    }
  });
});

describe('pathOf', () => {
  it('draws circles, rounded rectangles and lines as one path', () => {
    const svg =
      '<svg><circle cx="12" cy="12" r="3" /><rect x="2" y="4" width="6" height="8" rx="1" />' +
      '<line x1="1" y1="2" x2="3" y2="4" /><path d="M5 5h1" /></svg>';
    expect(pathOf(svg)).toBe(
      'M9 12a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z' +
        'M3 4h4a1 1 0 0 1 1 1v6a1 1 0 0 1 -1 1h-4a1 1 0 0 1 -1 -1v-6a1 1 0 0 1 1 -1z' +
        'M1 2L3 4M5 5h1',
    );
    const relative =
      '<svg><path d="M18 6 6 18" /><path d="m6 6 12 12" /><path d="m1.5-2h3" /></svg>';
    expect(pathOf(relative)).toBe('M18 6 6 18M6 6l12 12M1.5 -2h3');
    expect(() => pathOf('<svg></svg>')).toThrow();
  });
});
