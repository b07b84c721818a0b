// Numbers inside English sentences.

export const LOCALE = 'en';

/** `1,204`. */
export function plain(count: number): string {
  return count.toLocaleString(LOCALE);
}

/** `1 socket`, `12 sockets`, `1,204 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${plain(count)} ${count === 1 ? one : many}`;
}
