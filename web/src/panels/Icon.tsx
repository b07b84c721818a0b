import { iconPath } from '../draw/icons';
import { GLYPHS } from './glyphs';

/** A built-in icon, 24 × 24 scaled to `size`; decoration only. */
export function Icon({ name, size = 18 }: { name: string; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={GLYPHS[name] ?? iconPath(name)} />
    </svg>
  );
}
