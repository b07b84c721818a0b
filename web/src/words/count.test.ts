import { expect, it } from 'vitest';
import { counted, plain } from './count';

it('counts one and many', () => {
  expect(plain(1204)).toBe('1,204');
  expect(counted(1, 'process', 'processes')).toBe('1 process');
  expect(counted(1204, 'link')).toBe('1,204 links');
  expect(counted(0, 'link')).toBe('0 links');
});
