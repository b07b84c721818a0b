// What buttons and keys ask of the map; the map fills these in when it is there.

export type PictureFormat = 'png' | 'svg';

interface MapCommands {
  fit: () => void;
  tidy: () => void;
  /** Zooms around the middle. */
  zoom: (factor: number) => void;
  reveal: (key: string) => void;
  /** Shows the selection and its neighbours as large as can be. */
  zoomToSelection: () => void;
  /** Saves the map as it is seen, with legend and time; there once the map can. */
  savePicture?: (format: PictureFormat) => Promise<void>;
}

export const mapCommands: MapCommands = {
  fit() {},
  tidy() {},
  zoom() {},
  reveal() {},
  zoomToSelection() {},
};
