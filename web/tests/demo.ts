// A simulated machine of a test's own: the same at every run, and nothing in it moves.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Page } from '@playwright/test';
import { test } from './support';

const program = process.env.PROCNET_BINARY ?? '';
const START_MS = 60_000;

export interface Demo {
  readonly address: string;
  readonly end: () => Promise<void>;
}

/** Serves `page` a machine with about so many sockets that stands still. */
export async function frozenDemo(page: Page, sockets: number): Promise<Demo> {
  test.skip(program === '', 'PROCNET_BINARY is not set: there is no program to run');
  const options = ['--sockets', sockets, '--seed', 7, '--interval', 3600, '--port', 0];
  const child = spawn(program, ['demo', ...options.map(String)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = async () => {
    // The page would complain that nobody answers any more.
    await page.goto('about:blank');
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    return { address: await servingAddress(child), end };
  } catch (error) {
    await end();
    throw error;
  }
}

function servingAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('it does not say where it serves')), START_MS);
    const done = () => clearTimeout(late);
    child.once('error', reject);
    child.once('exit', (code) => {
      done();
      reject(new Error(`${program} demo ended with ${code}`));
    });
    if (!child.stderr) return;
    // Read on to the end: a full pipe would stop it.
    createInterface({ input: child.stderr }).on('line', (line) => {
      const address = /serving (http:\/\/[^/\s]+)/.exec(line)?.[1];
      if (!address) return;
      done();
      resolve(address);
    });
  });
}
