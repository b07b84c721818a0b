// Numbers and times as people read them.

import { words } from '../words';

const BYTE_UNITS = words.units.bytes;

/** `0 B`, `940 B`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return words.common.none;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** A round-trip time in microseconds; `–` if it is not known. */
export function formatRtt(microseconds: number): string {
  if (!(microseconds > 0)) return words.common.none;
  if (microseconds < 1000) return `${Math.round(microseconds)} ${words.units.microseconds}`;
  const ms = microseconds / 1000;
  return ms < 10
    ? `${ms.toFixed(1)} ${words.units.milliseconds}`
    : `${Math.round(ms)} ${words.units.milliseconds}`;
}

/** How long: `now`, `12 s`, `4 min`, `3 h 5 min`, `2 d 3 h`. */
export function formatDuration(milliseconds: number): string {
  const { now, seconds: s, minutes: min, hours: h, days: d } = words.units;
  const seconds = Math.floor(milliseconds / 1000);
  if (!(seconds >= 1)) return now;
  if (seconds < 60) return `${seconds} ${s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} ${min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} ${h} ${minutes % 60} ${min}` : `${hours} ${h}`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} ${d} ${hours % 24} ${h}` : `${days} ${d}`;
}

/** An address and port; IPv6 addresses in brackets. */
export function formatEndpoint(endpoint: { ip: string; port: number } | null | undefined): string {
  if (!endpoint) return words.common.none;
  const ip = endpoint.ip.includes(':') ? `[${endpoint.ip}]` : endpoint.ip;
  return `${ip}:${endpoint.port === 0 ? '*' : endpoint.port}`;
}

/** The command line as one would type it. */
export function formatCommand(args: readonly string[]): string {
  return args
    .map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
