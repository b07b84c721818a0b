import { expect, it } from 'vitest';
import type { EdgeRow, NodeRow } from '../wire/columns';
import { termOfNode, termsOfEdge } from './terms';

const node = (id: number, part: Partial<NodeRow>): NodeRow =>
  ({
    id,
    key: 't/1',
    label: '',
    detail: '',
    kind: 'process',
    count: 1,
    class: '',
    ...part,
  }) as NodeRow;

const CLIENTS = node(1, {
  kind: 'client',
  label: '×2 clients',
  count: 2,
  class: 'web',
  key: 'in/web/t/1',
});
const NGINX = node(2, { label: 'nginx ×3', count: 3 });
const POSTGRES = node(3, { label: 'postgres' });
const API = node(4, {
  kind: 'server',
  label: 'api.example:443',
  detail: 'web · 203.0.113.7:443',
  class: 'web',
});
const NODES = new Map([CLIENTS, NGINX, POSTGRES, API].map((one) => [one.id, one]));
const edge = (from: number, to: number, port: number): EdgeRow =>
  ({ from, to, port, path: '', protocol: 'tcp' }) as unknown as EdgeRow;
const EDGES = [edge(1, 2, 443), edge(2, 3, 5432), edge(2, 4, 443)];
const term = (one: NodeRow) => termOfNode(one, EDGES, NODES);

it('asks for what a node stands for', () => {
  expect(term(NGINX)).toBe('label=nginx');
  expect(term(API)).toBe('remote=203.0.113.7');
  expect(term(CLIENTS)).toBe('(dir:in is:external class:web server=nginx)');
  expect(term(node(5, { key: 'c/docker/1', container: 'my shop' }))).toBe('container="my shop"');
  expect(term(node(6, { key: 's/nginx.service', unit: 'nginx.service' }))).toBe(
    'unit=nginx.service',
  );
  expect(term(node(7, { key: 'u/root', user: 'root' }))).toBe('user=root');
  expect(term(node(8, { kind: 'unattributed', user: 'bob' }))).toBe('(is:unattributed user=bob)');
});

it('finds the address of a remote, however it is written', () => {
  const remote = (label: string, detail = '') => term(node(9, { kind: 'server', label, detail }));
  expect(remote('[2001:db8::7]:443')).toBe('remote=2001:db8::7');
  expect(remote('2001:db8::7')).toBe('remote=2001:db8::7');
  expect(remote('198.51.100.2', 'web')).toBe('remote=198.51.100.2');
});

it('asks for what an edge stands for', () => {
  expect(termsOfEdge(edge(2, 3, 5432), NODES)).toBe(
    'client=nginx server=postgres port:5432 proto:tcp',
  );
  expect(termsOfEdge(edge(2, 4, 443), NODES)).toBe(
    'client=nginx remote=203.0.113.7 port:443 proto:tcp',
  );
  expect(termsOfEdge(edge(1, 2, 443), NODES)).toBe(
    'is:external class:web server=nginx port:443 proto:tcp',
  );
});
