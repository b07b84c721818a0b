// Icons of the panels, drawn like those of the map: 24 × 24, strokes of one weight.

export const GLYPHS: Readonly<Record<string, string>> = {
  funnel: 'M4 5h16l-6.2 7.4V19l-3.6-2v-4.6z',
  mute: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  split: 'M4 5h16v14H4zM12 5v14M14.5 9.5h3M14.5 12.5h3M14.5 15.5h3',
  columns: 'M4 5h16v14H4zM9.3 5v14M14.6 5v14',
  sliders: 'M4 7h8M16 7h4M14 5v4M4 12h2M10 12h10M8 10v4M4 17h10M18 17h2M16 15v4',
  more: 'M5 7h14M5 12h14M5 17h14',
};
