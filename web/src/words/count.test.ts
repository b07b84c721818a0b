import { expect, it } from 'vitest';
import { counted, plain } from './count';

it('counts one and many', () => {
  for (const count of [0, 7, 999, 1000, 1204, 50_077, 1_000_000, 12_345_006]) {
    expect(plain(count)).toBe(count.toLocaleString('en'));
  }
  expect(counted(1, 'process', 'processes')).toBe('1 process');
  expect(counted(1204, 'link')).toBe('1,204 links');
  expect(counted(0, 'link')).toBe('0 links');
});
