// Why a process runs, in words.

import type { ProcessDetails } from '../wire/generated';
import { words } from '../words';

/** What logs people in: what it starts was started by a person. */
const LOGINS: ReadonlySet<string> = new Set([
  'sshd',
  'sshd-session',
  'login',
  'gdm-session-worker',
  'sddm-helper',
  'lightdm',
  'xrdp-sesman',
  'tmux: server',
  'screen',
  'loginwindow',
]);
/** What starts programs by a clock. */
const CLOCKS: ReadonlySet<string> = new Set(['cron', 'crond', 'atd', 'anacron', 'fcron']);
const DOCKER_ID = 12;

export type Explained = Pick<ProcessDetails, 'parents' | 'unit' | 'container' | 'pid'>;

/** The reasons, the nearest first; one at least. */
export function reasonsOf(process: Explained): string[] {
  const { parents, unit, container } = process;
  const said: string[] = [];
  const [parent] = parents;
  const manager = unit?.manager === 'user' ? words.why.userManager : words.why.systemManager;
  if (container) {
    const name = container.name ?? container.id.slice(0, DOCKER_ID);
    said.push(words.why.container(name, container.runtime));
  }
  if (unit?.application) said.push(words.why.application(unit.application));
  else if (unit?.name.endsWith('.service')) said.push(words.why.service(manager, unit.name));
  const clock = parents.find((one) => CLOCKS.has(one.name));
  const login = parents.find((one) => LOGINS.has(one.name));
  if (clock) said.push(words.why.clock(clock.name));
  else if (login && !unit?.application) said.push(words.why.login(login.name));
  if (parent) said.push(words.why.parent(parent.label || parent.name, parent.pid));
  else if (said.length === 0) said.push(process.pid <= 2 ? words.why.first : words.why.orphan);
  return said;
}
