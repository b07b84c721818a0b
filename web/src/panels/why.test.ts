import { expect, it } from 'vitest';
import type { Explained } from './why';
import { reasonsOf } from './why';

const of = (pid: number, name: string) => ({ key: `${pid}-1`, pid, name, label: name });
const unit = (name: string, application: string | null = null, manager = 'system') => ({
  name,
  manager,
  application,
  uid: null,
  within: null,
});
const plain: Explained = { pid: 900, parents: [], unit: null, container: null };

it('says who started it as what', () => {
  expect(reasonsOf({ ...plain, parents: [of(1, 'systemd')], unit: unit('nginx.service') })).toEqual(
    ['Started by systemd as nginx.service.', 'Its parent is systemd (PID 1).'],
  );
  expect(
    reasonsOf({
      ...plain,
      parents: [of(700, 'systemd')],
      unit: unit('a.scope', 'firefox', 'user'),
    }),
  ).toEqual(['Started as the desktop application firefox.', 'Its parent is systemd (PID 700).']);
});

it('knows containers, people and clocks', () => {
  const container = { id: 'a'.repeat(64), name: null, runtime: 'docker', pod: null };
  expect(reasonsOf({ ...plain, container, parents: [of(5, 'containerd-shim')] })).toEqual([
    'Runs in the container aaaaaaaaaaaa (docker).',
    'Its parent is containerd-shim (PID 5).',
  ]);
  expect(
    reasonsOf({ ...plain, parents: [of(30, 'bash'), of(20, 'sshd'), of(1, 'systemd')] })[0],
  ).toBe('Started by a person who is logged in through sshd.');
  expect(reasonsOf({ ...plain, parents: [of(30, 'sh'), of(20, 'cron')] })[0]).toBe(
    'Started by the clock: cron.',
  );
});

it('has something to say of a process without parents', () => {
  expect(reasonsOf({ ...plain, pid: 1 })).toEqual([
    'The first process: the system itself started it.',
  ]);
  expect(reasonsOf(plain)).toEqual(['Who started it has ended, or may not be seen.']);
});
