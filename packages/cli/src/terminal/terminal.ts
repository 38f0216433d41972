/**
 * Colours for text on a terminal.
 */
import type { Env } from '../settings/settings.js';

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;

/** A colour or weight. */
export type Style = keyof typeof CODES;

/** Colours a text, or returns it as it is where colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Whether to colour text on a stream: by `FORCE_COLOR`, else by `NO_COLOR`, else where it is a terminal. */
export function wantsColour(env: Env, stream: { isTTY?: boolean }): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return !env['NO_COLOR'] && env['TERM'] !== 'dumb' && stream.isTTY === true;
}

/** Creates a {@link Paint}. */
export const painter =
  (colour: boolean): Paint =>
  (style, text) => {
    const [on, off] = CODES[style];
    return colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
