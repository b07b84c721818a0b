// The built-in icons: 24 × 24, strokes only, one weight, so that they read as one family.

import { element } from './svg';

const ICONS: Record<string, string> = {
  app: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4.2 7.6L12 12l7.8-4.4M12 12v8.8',
  service:
    'M12 8.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8zM12 2.8v3M12 18.2v3M2.8 12h3M18.2 12h3M5.5 5.5l2.1 2.1M16.4 16.4l2.1 2.1M5.5 18.5l2.1-2.1M16.4 7.6l2.1-2.1',
  database:
    'M4.5 6c0-1.7 3.4-3 7.5-3s7.5 1.3 7.5 3-3.4 3-7.5 3-7.5-1.3-7.5-3zM4.5 6v12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3',
  message_broker:
    'M5 5.5h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM3.6 7l8.4 6.2L20.4 7',
  cache: 'M13.2 2.8L5 13.4h5.8l-.9 7.8L19 10.4h-6.3z',
  load_balancer:
    'M5 9.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM19 3a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM19 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM19 17a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7.2 12H17M7.2 12c5.3 0 4.3-7 9.8-7M7.2 12c5.3 0 4.3 7 9.8 7',
  external:
    'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3.2 12h17.6M12 3c2.6 2.5 3.9 5.5 3.9 9s-1.3 6.5-3.9 9c-2.6-2.5-3.9-5.5-3.9-9S9.4 5.5 12 3z',
  client: 'M6.5 4.5h11A1.5 1.5 0 0 1 19 6v9H5V6a1.5 1.5 0 0 1 1.5-1.5zM2.5 18.5h19',
  qt_desktop:
    'M5 4h14a2 2 0 0 1 2 2v8.5a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM12 16.5V20.5M8 20.5h8',
  browser:
    'M5.5 4h13A2.5 2.5 0 0 1 21 6.5v11a2.5 2.5 0 0 1-2.5 2.5h-13A2.5 2.5 0 0 1 3 17.5v-11A2.5 2.5 0 0 1 5.5 4zM3 9.2h18M6.3 6.7h.01M9.2 6.7h.01',
  desktop:
    'M6.5 3.5h13A1.5 1.5 0 0 1 21 5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 5 14V5a1.5 1.5 0 0 1 1.5-1.5zM5 8.5H4.5A1.5 1.5 0 0 0 3 10v9a1.5 1.5 0 0 0 1.5 1.5h12A1.5 1.5 0 0 0 18 19v-3.5M5 7h16',
  monitoring: 'M3 12.5h4l2.5-7.5 5 14.5 2.5-7h4',
  container: 'M3 8.5l9-4.5 9 4.5v7L12 20l-9-4.5zM3.2 8.6L12 13l8.8-4.4M12 13v6.8M7.5 6.3l9 4.5v6.7',
  remote_access:
    'M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM7 9l3.2 3L7 15M12.5 15.5H17',
  terminal:
    'M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM7 9l3.2 3L7 15M12.5 15.5H17',
  unknown:
    'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.3 9.4a2.8 2.8 0 1 1 4 2.5c-.9.4-1.3 1-1.3 2M12 17h.01',
  generic:
    'M7.5 4h9A3.5 3.5 0 0 1 20 7.5v9a3.5 3.5 0 0 1-3.5 3.5h-9A3.5 3.5 0 0 1 4 16.5v-9A3.5 3.5 0 0 1 7.5 4zM12 9.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2L20.5 20.5',
  close: 'M6 6l12 12M18 6L6 18',
  help: 'M9 9.2a3 3 0 1 1 4.3 2.7c-.9.5-1.3 1.1-1.3 2.1M12 17.5h.01',
  map: 'M5 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM18.5 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM18.5 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7 11.5c4.5-.5 5-5.5 9.5-5.5M7 12.5c4.5.5 5 5.5 9.5 5.5',
  table: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  tidy: 'M4 6h7M4 12h11M4 18h5M18 4v0M17 3.5l1 2.5 2.5 1-2.5 1-1 2.5-1-2.5L13.5 7 16 6z',
  pause: 'M8.5 5v14M15.5 5v14',
  play: 'M8 5l11 7-11 7z',
  theme_auto: 'M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17',
  theme_dark: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  theme_light:
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  copy: 'M9 8.5h9.5V20H9zM15.5 8.5V4H5v12h4',
  expand: 'M12 5v14M5 12h14',
  collapse: 'M5 12h14',
  legend: 'M4 6.5h2M4 12h2M4 17.5h2M10 6.5h10M10 12h10M10 17.5h10',
  warning: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17h.01',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
};

export function hasIcon(name: string): boolean {
  return name in ICONS;
}

/** The path of icon `name`, or of the generic one. */
export function iconPath(name: string): string {
  return ICONS[name] ?? ICONS.generic ?? '';
}

/** A <symbol> of every icon, for <use>. */
export function iconSymbols(): SVGSymbolElement[] {
  return Object.entries(ICONS).map(([name, d]) =>
    element('symbol', { id: `icon-${name}`, viewBox: '0 0 24 24' }, element('path', { d })),
  );
}
