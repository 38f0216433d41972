/**
 * Detects the type of images and sounds by their first bytes. It does not guess: clients pass the type on, and a model refuses
 * the whole conversation if the type is wrong.
 */

/** Number of bytes to look at. An SVG image may begin with a declaration and comments. */
const LOOKED_AT = 1_024;

type Signature = readonly [pattern: RegExp, mimeType: string];

/** Signatures: the first bytes, one character per byte. */
const IMAGES: readonly Signature[] = [
  [/^\x89PNG\r\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
  [/^[^]{4}ftypavi[fs]/, 'image/avif'],
  [/^[^]{4}ftyp(?:hei[cx]|hev[cx]|mif1|msf1)/, 'image/heic'],
  [/^BM[^]{4}/, 'image/bmp'],
  [/^(?:II\*\0|MM\0\*)/, 'image/tiff'],
  [/^\0\0(?!\0)[^]\0/, 'image/x-icon'],
  [
    /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*|<!DOCTYPE[^>[]*(?:\[[^\]]*\])?[^>]*>\s*)*<svg[\s>/]/i,
    'image/svg+xml',
  ],
];

const SOUNDS: readonly Signature[] = [
  [/^ID3/, 'audio/mpeg'],
  [/^\xff[\xf0\xf1\xf8\xf9]/, 'audio/aac'],
  [/^\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]/, 'audio/mpeg'],
  [/^OggS/, 'audio/ogg'],
  [/^fLaC/, 'audio/flac'],
  [/^RIFF[^]{4}WAVE/, 'audio/wav'],
  [/^[^]{4}ftyp/, 'audio/mp4'],
  [/^[^]E\xdf\xa3/, 'audio/webm'],
  [/^FORM[^]{4}AIF[FC]/, 'audio/aiff'],
  [/^MThd/, 'audio/midi'],
  [/^#!AMR/, 'audio/amr'],
];

/**
 * The media type of an image or a sound.
 *
 * @param base64 its content
 * @returns undefined if it is not recognised
 */
export function mediaType(type: 'image' | 'audio', base64: string): string | undefined {
  const start = Buffer.from(base64.slice(0, Math.ceil(LOOKED_AT / 3) * 4), 'base64').toString('latin1');
  return (type === 'image' ? IMAGES : SOUNDS).find(([pattern]) => pattern.test(start))?.[1];
}
