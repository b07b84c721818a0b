import { expect, it } from 'vitest';
import { EMPTY_VIEW, viewParameters } from './query';

it('asks for nothing that was not chosen', () => {
  expect(viewParameters(EMPTY_VIEW).toString()).toBe('');
});

it('says every choice, in a fixed order', () => {
  const view = {
    filter: ' port:5432 ',
    group: 'family',
    p2pOnly: false,
    udp: true,
    unix: true,
    listeners: false,
    expand: ['b', 'a&c'],
  } as const;
  expect(viewParameters(view).toString()).toBe(
    'filter=port%3A5432&group=family&p2p_only=0&udp=1&unix=1&listeners=0&expand=a%26c&expand=b',
  );
});
