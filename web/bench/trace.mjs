// What the page's main thread did, from a trace of Chromium's own.

import { readFile } from 'node:fs/promises';

/** Once for every frame that the main thread hands over. */
const COMMIT = 'LayerTreeHost::WaitForCommitCompletion';
const CATEGORIES = ['toplevel', 'devtools.timeline', 'blink.user_timing', 'cc'];

/**
 * Runs `during` under a trace of `browser` and returns what the main thread of `page` did.
 *
 * @param {import('@playwright/test').Browser} browser
 * @param {import('@playwright/test').Page} page
 * @param {string} file where the trace may be written
 * @param {() => Promise<void>} during
 */
export async function traced(browser, page, file, during) {
  await browser.startTracing(page, { path: file, categories: CATEGORIES });
  // Tells the page's own thread from those of other pages.
  await page.evaluate(() => performance.mark('procnet-trace'));
  await during();
  await browser.stopTracing();
  return mainThread(
    JSON.parse(await readFile(file, 'utf8')).traceEvents,
    new URL(page.url()).origin,
  );
}

/** The tasks, marks and frames of the main thread that runs the page of `origin`. */
function mainThread(events, origin) {
  const marks = events.filter(
    ({ cat, name }) => cat === 'blink.user_timing' && name.startsWith('procnet-'),
  );
  const renderers = events.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  );
  const marked = marks[0];
  const main = renderers.find(({ pid, tid }) =>
    marked ? pid === marked.pid && tid === marked.tid : true,
  );
  if (!main) throw new Error(`the trace has no main thread of ${origin}`);
  const own = events.filter(({ pid, tid }) => pid === main.pid && tid === main.tid);
  // Tasks do not nest; `tdur` is what they took of the processor, in microseconds.
  const tasks = own
    .filter(({ name, ph }) => name === 'ThreadControllerImpl::RunTask' && ph === 'X')
    .map(({ ts, tdur = 0 }) => ({ at: ts, cpu: tdur / 1000 }))
    .sort((a, b) => a.at - b.at);
  const frames = own.filter(({ name }) => name === COMMIT).length;
  return {
    tasks,
    frames,
    /** Processor time in all, in milliseconds. */
    cpu: tasks.reduce((sum, { cpu }) => sum + cpu, 0),
    /** When marks of that name were set. */
    marks: (name) => marks.filter((mark) => mark.name === name).map(({ ts }) => ts),
  };
}

/** Processor time after each mark of that name and before the next one, in milliseconds. */
export function cpuBetween(trace, name) {
  const at = trace.marks(name);
  const sums = at.map(() => 0);
  for (const task of trace.tasks) {
    // A mark is set within the task that it begins.
    let index = -1;
    for (const [i, time] of at.entries()) if (time <= task.at + task.cpu * 1000) index = i;
    if (index >= 0) sums[index] += task.cpu;
  }
  // What follows the last one may be cut off.
  return sums.slice(0, -1);
}
