/**
 * Dates as PynamoDB writes and reads them: exactly `YYYY-MM-DDTHH:MM:SS.ffffff+0000`. It fails on any other spelling, and a list
 * fails with it on the first such row. As texts they sort by time.
 */

const PYTHON = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d*\+0000$/;
const FIRST_MICROSECONDS = '000+0000';
const LAST_MICROSECONDS = '999+0000';
const MAX_TIME = 253_402_300_799_999; // the end of the year 9999: later ones have another form

let lastSecond = -1;
let lastText = '';

/** Records of one moment are many: the text of a second is made once. */
function spell(time: number, end: string): string {
  const known = Math.min(Math.max(0, Math.trunc(time)), MAX_TIME);
  const second = Math.floor(known / 1_000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1_000).toISOString().slice(0, -4);
  }
  return `${lastText}${String(known % 1_000).padStart(3, '0')}${end}`;
}

/** A time in PynamoDB's spelling. @param time milliseconds since 1970 */
export const formatTime = (time: number): string => spell(time, FIRST_MICROSECONDS);

/** The last text of a millisecond. @param time milliseconds since 1970 */
export const lastOf = (time: number): string => spell(time, LAST_MICROSECONDS);

/** Milliseconds since 1970, whatever the spelling; undefined where a text is no date. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, milliseconds] = PYTHON.exec(text) ?? [];
  const time = Date.parse(milliseconds === undefined ? text : `${milliseconds}Z`);
  return Number.isNaN(time) ? undefined : time;
}
