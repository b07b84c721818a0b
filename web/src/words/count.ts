// Numbers inside English sentences.

export const LOCALE = 'en';

const numbers = new Intl.NumberFormat(LOCALE);

/** `1,204`. */
export function plain(count: number): string {
  return numbers.format(count);
}

/** `1 socket`, `12 sockets`, `1,204 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${plain(count)} ${count === 1 ? one : many}`;
}
