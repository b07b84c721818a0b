// What buttons and keys ask of the map; the map fills these in when it is there.

interface MapCommands {
  fit: () => void;
  tidy: () => void;
  /** Zooms around the middle. */
  zoom: (factor: number) => void;
  reveal: (key: string) => void;
}

export const mapCommands: MapCommands = {
  fit() {},
  tidy() {},
  zoom() {},
  reveal() {},
};
