import type { Rates } from '../scene/rates';
import { words } from '../words';
import { formatBytes } from './format';

const WIDTH = 84;
const HEIGHT = 20;
/** Fewer readings than this do not fill the width. */
const FEW_READINGS = 15;

function path(values: readonly number[], most: number): string {
  const step = WIDTH / (Math.max(values.length, FEW_READINGS) - 1);
  const start = WIDTH - (values.length - 1) * step;
  return values
    .map((value, i) => {
      const y = HEIGHT - 1.5 - (value / most) * (HEIGHT - 3);
      return `${i === 0 ? 'M' : 'L'}${(start + i * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/${words.units.seconds}`;
}

/** What was sent and received lately, and how much it is now. */
export function Sparkline({ rates }: { rates: Rates }) {
  const { sent, received } = rates;
  if (sent.length === 0) return null;
  const most = Math.max(1, ...sent, ...received);
  const up = formatRate(sent.at(-1) ?? 0);
  const down = formatRate(received.at(-1) ?? 0);
  return (
    <span class="rates">
      <svg
        class="sparkline"
        width={WIDTH}
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        aria-hidden="true"
      >
        {sent.length > 1 && <path class="received" d={path(received, most)} />}
        {sent.length > 1 && <path class="sent" d={path(sent, most)} />}
      </svg>
      <span title={words.sockets.rate}>
        ↑ {up} ↓ {down}
      </span>
    </span>
  );
}
