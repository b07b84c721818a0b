import { describe, expect, it } from 'vitest';
import { formatBytes, formatCommand, formatDuration, formatEndpoint, formatRtt } from './format';

describe('formats', () => {
  it('bytes', () => {
    expect(
      [0, 999, 1000, 12_345, 999_949, 1_400_000, 2e15, -1, Number.NaN].map(formatBytes),
    ).toEqual(['0 B', '999 B', '1.00 kB', '12.3 kB', '1.00 MB', '1.40 MB', '2.00 PB', '–', '–']);
  });

  it('durations', () => {
    const minute = 60_000;
    expect(
      [-5, 400, 12_400, 5 * minute, 60 * minute, 185 * minute, 51 * 60 * minute].map(
        formatDuration,
      ),
    ).toEqual(['now', 'now', '12 s', '5 min', '1 h', '3 h 5 min', '2 d 3 h']);
  });

  it('round trips', () => {
    expect([0, 80, 3400, 28_000].map(formatRtt)).toEqual(['–', '80 µs', '3.4 ms', '28 ms']);
  });

  it('endpoints', () => {
    expect(formatEndpoint({ ip: '192.0.2.7', port: 443 })).toBe('192.0.2.7:443');
    expect(formatEndpoint({ ip: '2001:db8::1', port: 0 })).toBe('[2001:db8::1]:*');
    expect(formatEndpoint(null)).toBe('–');
  });

  it('command lines that a shell would read back', () => {
    expect(formatCommand(['/bin/sh', '-c', "echo 'a b'", ''])).toBe(
      `/bin/sh -c 'echo '\\''a b'\\''' ''`,
    );
  });
});
