import { expect, it } from 'vitest';
import type { SocketRow } from '../wire/generated';
import { filterOfSocket, localText, peerText, ssLine } from './socketText';

const TCP = {
  protocol: 'tcp',
  state: 'ESTABLISHED',
  direction: 'outbound',
  local: { ip: '10.0.0.4', port: 40000 },
  remote: { ip: '2001:db8::5', port: 443 },
  remote_name: 'api.example',
  unix: null,
  owners: [{ name: 'app "x"', pid: 7 }],
} as unknown as SocketRow;

const UNIX = {
  ...TCP,
  protocol: 'unix',
  local: { ip: '', port: 0 },
  remote: null,
  remote_name: null,
  unix: { type: 'stream', path: null, service: '/run/a b.sock', inode: 12, peer_inode: 13 },
} as unknown as SocketRow;

it('reads like ss', () => {
  expect(ssLine(TCP)).toBe(
    'tcp   ESTAB      - - 10.0.0.4:40000 [2001:db8::5]:443 users:(("app "x"",pid=7))',
  );
  expect(ssLine({ ...TCP, remote: null, state: 'LISTEN', owners: [] } as SocketRow)).toBe(
    'tcp   LISTEN     - - 10.0.0.4:40000 *:*',
  );
  expect(ssLine(UNIX)).toBe('u_str ESTAB      - - * 12 /run/a b.sock users:(("app "x"",pid=7))');
});

it('is asked for by what it is', () => {
  expect(filterOfSocket(TCP)).toBe('proto:tcp pid:7 lport:40000 remote=2001:db8::5 rport:443');
  expect(filterOfSocket(UNIX)).toBe('proto:unix pid:7 path="/run/a b.sock"');
});

it('names its ends', () => {
  expect(peerText(TCP)).toBe('api.example:443');
  expect([localText(UNIX), peerText(UNIX)]).toEqual(['inode 12', '/run/a b.sock']);
});
