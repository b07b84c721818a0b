import { describe, expect, it } from 'vitest';
import { EMPTY_VIEW } from '../wire/query';
import type { PageState } from './address';
import { addressOf, stateOf } from './address';

const PLAIN: PageState = {
  view: EMPTY_VIEW,
  target: undefined,
  pane: 'map',
  list: 'edge',
  order: undefined,
  layout: 'flow',
  raw: false,
};

describe('addresses', () => {
  it('say nothing where nothing was chosen', () => {
    expect(addressOf(PLAIN)).toBe('');
    expect(stateOf('')).toBeUndefined();
    expect(stateOf('?utm_source=x&fbclid=1')).toBeUndefined();
  });

  it('are readable, and come back as they were', () => {
    const state: PageState = {
      view: {
        ...EMPTY_VIEW,
        filter: 'port:443,8000-8999 remote:10.0.0.0/8 proc~/a&b/ user:"ö #%"',
        group: 'unit',
        udp: false,
        expand: ['f/nginx'],
        mute: ['proc=a b'],
      },
      target: { kind: 'node', key: 'p/12-34' },
      pane: 'both',
      list: 'socket',
      order: { column: 'to_server', descending: true },
      layout: 'free',
      raw: true,
    };
    const address = addressOf(state);
    expect(address).toContain('filter=port:443,8000-8999+remote:10.0.0.0/8+proc~/a%26b/');
    expect(address).toContain(
      '&node=p/12-34&show=both&list=socket&sort=to_server&order=desc&layout=free&raw=1',
    );
    expect(stateOf(address)).toEqual(state);
    // As a browser hands it back.
    expect(stateOf(new URL(`http://h/${address}`).search)).toEqual(state);
  });

  it('leave the table out where it is not shown', () => {
    expect(addressOf({ ...PLAIN, list: 'node', order: { column: 'a', descending: false } })).toBe(
      '',
    );
  });

  it('of strangers are bounded and cleaned', () => {
    for (const hostile of [
      `?node=${'x'.repeat(3000)}`,
      `?show=<script>&list=__proto__&sort=constructor()&order=up`,
      `?show=map&group=none&expand=&mute=`,
      `?filter=${'a'.repeat(70_000)}`,
      '?%00%ff%fe=%zz',
      '?layout=flow&raw=yes&budget=all',
    ]) {
      expect(stateOf(hostile)).toBeUndefined();
    }
    const state = stateOf('?show=table&sort=<b>&edge=a%00b&filter=%ff"((');
    expect(state?.order).toBeUndefined();
    expect(state?.pane).toBe('table');
    expect(state?.target).toEqual({ kind: 'edge', key: 'a\0b' });
    expect(stateOf(addressOf(state as PageState))).toEqual(state);
  });
});
