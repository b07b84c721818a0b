import { words } from '../words';

/** `1.2 MB/s`; empty for silence. */
export function rateText(bytesPerSecond: number): string {
  if (!(bytesPerSecond >= 1)) return '';
  const { bytes } = words.units;
  let value = bytesPerSecond;
  let unit = 0;
  while (value >= 999.5 && unit < bytes.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return words.map.rate(`${value.toFixed(digits)} ${bytes[unit]}`);
}
