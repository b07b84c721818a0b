import { describe, expect, it } from 'vitest';
import {
  exactly,
  hasValue,
  negated,
  quoted,
  termsOf,
  toggleValue,
  withField,
  withoutTerm,
  withTerm,
  words,
} from './filter';

describe('words', () => {
  const texts = (filter: string) => words(filter).map((word) => word.text);

  it('keeps quotes, lists and patterns together', () => {
    expect(texts('proc:nginx  cmd:"a b",c (user:/w w/i | -port:80)')).toEqual([
      'proc:nginx',
      'cmd:"a b",c',
      '(',
      'user:/w w/i',
      '|',
      '-port:80',
      ')',
    ]);
    expect(texts('exe:/opt/shop x')).toEqual(['exe:/opt/shop', 'x']);
    expect(texts('exe=/opt/a b/ x')).toEqual(['exe=/opt/a', 'b/', 'x']);
    expect(texts('cmd:"it \\" is" y')).toEqual(['cmd:"it \\" is"', 'y']);
    expect(texts('-(a)')).toEqual(['-', '(', 'a', ')']);
  });

  it('ends whatever is typed', () => {
    const letters = ['a', ':', '"', '/', '\\', '(', ')', '|', '-', '!', '~', ',', ' ', '='];
    let seed = 7;
    const next = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % n;
    };
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: next(24) }, () => letters[next(letters.length)]).join('');
      const found = words(text);
      let before = 0;
      for (const word of found) {
        expect(word.start).toBeGreaterThanOrEqual(before);
        expect(word.end).toBeGreaterThan(word.start);
        before = word.end;
      }
      // Nothing but blanks lies between them.
      const rest = found.reduceRight((t, w) => t.slice(0, w.start) + t.slice(w.end), text);
      expect(rest.trim()).toBe('');
    }
  });
});

describe('terms', () => {
  it('are what all must hold', () => {
    expect(termsOf('a AND port:80 -(x | y) NOT z')).toEqual(['a', 'port:80', '-(x | y)', 'NOT z']);
    expect(termsOf('a OR b c')).toEqual(['(a OR b c)']);
    expect(termsOf(' ')).toEqual([]);
  });

  it('come and go', () => {
    expect(withTerm('', 'dir:out')).toBe('dir:out');
    expect(withTerm('a dir:out', 'dir:out')).toBe('a dir:out');
    expect(withTerm('a | b', 'dir:out')).toBe('(a | b) dir:out');
    expect(withoutTerm('(a | b) dir:out', 'dir:out')).toBe('(a | b)');
    expect(withoutTerm('a b', 'c')).toBe('a b');
  });

  it('join the values of a field', () => {
    const one = toggleValue('user:www', 'proc=nginx');
    expect(one).toBe('user:www proc=nginx');
    const two = toggleValue(one, 'proc="my app"');
    expect(two).toBe('user:www proc=nginx,"my app"');
    expect(hasValue(two, 'proc="my app"')).toBe(true);
    expect(hasValue(two, 'proc:nginx')).toBe(false);
    expect(toggleValue(two, 'proc=nginx')).toBe('user:www proc="my app"');
    expect(toggleValue(toggleValue(two, 'proc=nginx'), 'proc="my app"')).toBe('user:www');
  });

  it('toggling twice changes nothing', () => {
    for (const filter of ['', 'a', 'port:1,2', 'proc=b x', '(a | b)']) {
      for (const term of ['port:443', 'proc=nginx', 'proc="a,b"', 'is:listener']) {
        expect(toggleValue(toggleValue(filter, term), term)).toBe(filter);
      }
    }
  });

  it('of a field are replaced', () => {
    expect(withField('a opened>=1 new>2', ['opened', 'since', 'new'], 'opened>=9')).toBe(
      'a opened>=9',
    );
    expect(withField('a opened>=1', ['opened'], undefined)).toBe('a');
  });

  it('have opposites', () => {
    expect(negated('proc=nginx')).toBe('proc!=nginx');
    expect(negated('port:80,443')).toBe('-port:80,443');
    expect(negated('-port:80')).toBe('port:80');
  });

  it('quote what needs it', () => {
    expect(quoted('nginx.service')).toBe('nginx.service');
    expect(quoted('my "app", \\x')).toBe('"my \\"app\\", \\\\x"');
    expect(exactly('exe', '/usr/bin/x')).toBe('exe="/usr/bin/x"');
    expect(exactly('port', 443)).toBe('port:443');
  });
});
