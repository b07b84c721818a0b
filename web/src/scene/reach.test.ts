import { expect, it } from 'vitest';
import { boundAddress, reachOf } from './reach';

it('takes listeners apart', () => {
  expect(boundAddress('tcp *:22')).toEqual({ protocol: 'tcp', address: '*', port: '22' });
  expect(boundAddress('udp [fe80::1]:546')).toEqual({
    protocol: 'udp',
    address: 'fe80::1',
    port: '546',
  });
  expect(boundAddress('unix /run/a:b')).toEqual({
    protocol: 'unix',
    address: '/run/a:b',
    port: '',
  });
});

it('says who may reach them', () => {
  const reached = (address: string) => reachOf('tcp', address);
  expect(['127.0.0.1', '127.0.0.53', '::1', '::ffff:127.0.0.1'].map(reached)).toEqual(
    Array(4).fill('machine'),
  );
  expect(
    ['10.0.0.5', '172.31.0.1', '192.168.1.2', 'fe80::1%eth0', 'fd12::1', '100.64.1.1'].map(reached),
  ).toEqual(Array(6).fill('network'));
  expect(['*', '0.0.0.0', '::', '203.0.113.9', '172.32.0.1', '2001:db8::1'].map(reached)).toEqual(
    Array(6).fill('everyone'),
  );
  expect(reachOf('unix', '@abstract')).toBe('machine');
});
