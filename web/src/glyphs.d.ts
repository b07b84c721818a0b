// Modules that build/glyphs.ts makes out of icon sets.

declare module 'procnet:icons' {
  /** Paths on a field of 24 × 24, strokes only, by our names. */
  export const icons: Readonly<Record<string, string>>;
}

declare module 'procnet:brands' {
  /** Where the sprite of brand glyphs is. */
  export const brandSprite: string;
}
