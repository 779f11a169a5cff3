// Color tables of 256 entries made from a few anchors.

export type Rgb = readonly [red: number, green: number, blue: number];

// viridis at eighths: even in lightness, safe for color-blind eyes, readable in print
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99],
  [170, 220, 50], [253, 231, 37],
];

// blue, white, red: the middle is zero
const DIVERGING: readonly Rgb[] = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [247, 247, 247], [244, 165, 130], [214, 96, 77],
  [178, 24, 43], [103, 0, 31],
];

export const NOT_A_NUMBER: Rgb = [150, 150, 150];

/** 256 colors as RGBA words in the byte order of image data, with a 257th for what is no number. */
export function colorTable(anchors: readonly Rgb[]): Uint32Array {
  const bytes = new Uint8ClampedArray(257 * 4);
  for (let i = 0; i < 256; i += 1) {
    const place = (i / 255) * (anchors.length - 1);
    const index = Math.min(Math.floor(place), anchors.length - 2);
    const low = anchors[index] as Rgb;
    const high = anchors[index + 1] as Rgb;
    const weight = place - index;
    for (const channel of [0, 1, 2] as const) {
      bytes[4 * i + channel] = low[channel] + (high[channel] - low[channel]) * weight;
    }
    bytes[4 * i + 3] = 255;
  }
  bytes.set([...NOT_A_NUMBER, 255], 256 * 4);
  return new Uint32Array(bytes.buffer);
}

export const SEQUENTIAL_TABLE = colorTable(VIRIDIS);
export const DIVERGING_TABLE = colorTable(DIVERGING);

/** Index into a color table; values beyond the range take the end colors. */
export function colorIndex(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return 256;
  const place = Math.round(((value - low) / (high - low || 1)) * 255);
  return place < 0 ? 0 : place > 255 ? 255 : place;
}
