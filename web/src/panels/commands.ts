// What buttons and keys ask of the map; the map fills these in when it is there.

export type PictureFormat = 'png' | 'svg';

interface MapCommands {
  fit: () => void;
  tidy: () => void;
  /** Zooms around the middle. */
  zoom: (factor: number) => void;
  reveal: (key: string) => void;
  /** Saves the map as it is seen; there once the map can. */
  savePicture?: (format: PictureFormat) => Promise<void>;
}

export const mapCommands: MapCommands = {
  fit() {},
  tidy() {},
  zoom() {},
  reveal() {},
};
