/** Texts that are cut to a length. */

/** A text cut to `max` UTF-16 units, never in the middle of a character. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = (text.charCodeAt(max - 2) & 0xfc00) === 0xd800 ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}
