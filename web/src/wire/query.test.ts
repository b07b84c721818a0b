import { expect, it } from 'vitest';
import type { ViewQuery } from './query';
import { EMPTY_VIEW, MAX_EXPANDED, MAX_MUTES, viewOf, viewParameters } from './query';

const FULL: ViewQuery = {
  filter: 'port:5432',
  group: 'family',
  remotes: 'network',
  p2pOnly: false,
  udp: true,
  unix: true,
  listeners: false,
  everything: true,
  expand: ['a&c', 'b'],
  mute: ['proc=node_exporter', 'port:"a b"'],
};

it('asks for nothing that was not chosen', () => {
  expect(viewParameters(EMPTY_VIEW).toString()).toBe('');
});

it('says every choice, in a fixed order', () => {
  const view = { ...FULL, filter: ' port:5432 ', expand: ['b', 'a&c'] };
  expect(viewParameters(view).toString()).toBe(
    'filter=port%3A5432&group=family&remotes=network&p2p_only=0&udp=1&unix=1&listeners=0' +
      '&budget=none&expand=a%26c&expand=b&mute=proc%3Dnode_exporter&mute=port%3A%22a+b%22',
  );
});

it('reads back what it says', () => {
  for (const view of [FULL, EMPTY_VIEW]) {
    expect(viewParameters(viewOf(viewParameters(view))).toString()).toBe(
      viewParameters(view).toString(),
    );
  }
  expect(viewOf(viewParameters(FULL))).toEqual(FULL);
});

it('bounds and cleans what strangers write', () => {
  const parameters = new URLSearchParams({
    filter: 'x'.repeat(100_000),
    group: '__proto__',
    remotes: 'everywhere',
    udp: 'yes',
    budget: 'all',
  });
  for (let i = 0; i < 5000; i++) parameters.append('expand', `key ${i}`);
  for (let i = 0; i < 50; i++) parameters.append('mute', `port:${i}`);
  parameters.append('mute', 'm'.repeat(5000));
  const view = viewOf(parameters);
  expect(view.filter.length).toBe(1000);
  expect(view.group).toBeUndefined();
  expect(view.remotes).toBeUndefined();
  expect(view.udp).toBeUndefined();
  expect(view.everything).toBeUndefined();
  expect(view.expand.length).toBe(MAX_EXPANDED);
  expect(view.mute.length).toBe(MAX_MUTES);
  expect(viewOf(new URLSearchParams('mute=&mute=%20&mute=a&mute=a')).mute).toEqual(['a']);
});
