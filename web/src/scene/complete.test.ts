import { describe, expect, it } from 'vitest';
import type { Knowledge } from './complete';
import { accepted, suggestions } from './complete';

const TEXT = [':', '=', '!=', '~', '!~'];
const NUMBER = [':', '=', '!=', '>', '<', '>=', '<='];
const field = (
  name: string,
  aliases: string[],
  operators: string[],
  words: string[] = [],
  kind = 'text',
) => ({
  name,
  aliases,
  kind,
  operators,
  words,
  help: `about ${name}`,
  example: `${name}:1`,
});
const KNOWN: Knowledge = {
  fields: [
    field('proc', ['process', 'name'], TEXT),
    field('port', [], NUMBER),
    field('proto', ['protocol'], [':', '='], ['tcp', 'udp', 'unix']),
    field('opened', ['since', 'new'], ['>=', '<'], [], 'when'),
  ],
  values: [
    { field: 'proc', value: 'nginx', term: 'proc=nginx', count: 12 },
    { field: 'proc', value: 'my app', term: 'proc="my app"', count: 1 },
    { field: 'proto', value: 'tcp', term: 'proto:tcp', count: 40 },
    { field: 'port', value: '443', term: 'port:443', count: 9 },
  ],
  moments: [{ label: '5 minutes ago', value: '2026-01-01T00:00:00Z' }],
  countWords: (count) => `${count} sockets`,
};

const labels = (text: string, caret = text.length) =>
  suggestions(text, caret, KNOWN).map((suggestion) => suggestion.label);

describe('suggestions', () => {
  it('name every field where nothing is typed', () => {
    expect(labels('')).toEqual(['proc:', 'port:', 'proto:', 'opened>=']);
    expect(labels('port:80 ')).toEqual(['proc:', 'port:', 'proto:', 'opened>=']);
  });

  it('begin with the fields whose names begin so, before the values that hold it', () => {
    const values = [{ field: 'proc', value: 'report', term: 'proc=report', count: 3 }];
    const offered = suggestions('po', 2, { ...KNOWN, values });
    expect(offered.map(({ label }) => label)).toEqual(['port:', 'proc=report']);
  });

  it('begin with the values that begin so, before those that hold it', () => {
    const values = ['ESTABLISHED', 'LISTEN'].map((value) => {
      return { field: 'proc', value, term: `proc=${value}`, count: 3 };
    });
    const offered = suggestions('proc:lis', 8, { ...KNOWN, values });
    expect(offered.map(({ label }) => label)).toEqual(['LISTEN', 'ESTABLISHED']);
  });

  it('fit what is typed, by other names too', () => {
    expect(labels('pro')).toEqual(['proc:', 'proto:']);
    expect(labels('sin')).toEqual(['opened>=']);
    expect(labels('port')).toEqual([
      'port:',
      'port=',
      'port!=',
      'port>',
      'port<',
      'port>=',
      'port<=',
    ]);
  });

  it('know what there is', () => {
    expect(labels('ngi')).toEqual(['proc=nginx']);
    expect(labels('(a | -44')).toEqual(['port:443']);
    expect(labels('proc:')).toEqual(['nginx', 'my app']);
    expect(labels('proc=nginx,')).toEqual(['my app']);
    expect(labels('process:"my')).toEqual(['my app']);
    // What occurs comes first, and once.
    expect(labels('proto:')).toEqual(['tcp', 'udp', 'unix']);
    expect(labels('new>=')).toEqual(['5 minutes ago']);
  });

  it('are silent where nothing can be known', () => {
    expect(labels('proc~/ngi')).toEqual([]);
    expect(labels('bogus:x')).toEqual([]);
  });

  it('replace the word that they complete', () => {
    const take = (text: string, caret: number, label: string) => {
      const chosen = suggestions(text, caret, KNOWN).find((s) => s.label === label);
      return chosen && accepted(text, chosen);
    };
    expect(take('a pro b', 5, 'proc:')).toEqual({ text: 'a proc: b', caret: 7 });
    expect(take('a proc:my', 9, 'my app')).toEqual({ text: 'a proc:"my app" ', caret: 16 });
    expect(take('proc=nginx,m z', 12, 'my app')).toEqual({
      text: 'proc=nginx,"my app" z',
      caret: 20,
    });
    expect(take('-ngi', 4, 'proc=nginx')).toEqual({ text: '-proc=nginx ', caret: 12 });
  });
});
