// Numbers inside English sentences.

export const LOCALE = 'en';

/** `1,204`. Some are written with every update: a formatter of the browser's takes far longer. */
export function plain(count: number): string {
  let [head, tail] = [count, ''];
  while (head >= 1000) {
    tail = `,${String(head % 1000).padStart(3, '0')}${tail}`;
    head = Math.floor(head / 1000);
  }
  return `${head}${tail}`;
}

/** `1 socket`, `12 sockets`, `1,204 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${plain(count)} ${count === 1 ? one : many}`;
}
