/** How amounts are written: counts, shares, durations, sizes, times. */

const counts = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `1,234`. */
export const formatCount = (value: number): string => counts.format(value);

/** `1.2K`: for the axes of charts. */
export const formatCompact = (value: number): string => compact.format(value);

/** A share of a whole as `0.4 %`. Nothing of nothing is 0 %. */
export function formatShare(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  return `${percent === 0 || percent >= 10 ? percent.toFixed(0) : percent < 0.1 ? '<0.1' : percent.toFixed(1)} %`;
}

/** A duration: `0.4 ms`, `12 ms`, `1.24 s`, `3 min 5 s`; `0 ms` and `<0.1 ms`. @param ms milliseconds; null or undefined: `–` */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms === 0) return '0 ms';
  if (ms < 0.05) return '<0.1 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A number of bytes: `512 B`, `1.2 KB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const at = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${at === 0 ? String(bytes) : (bytes / 1_000 ** at).toFixed(1)} ${units[at] ?? ''}`;
}

const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time of day in the reader's zone: `14:03:22`. @param at milliseconds since 1970 */
export function formatClock(at: number): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** A day in the reader's zone: `28 Nov`. */
export function formatDay(at: number): string {
  const time = new Date(at);
  return `${time.getDate()} ${MONTHS[time.getMonth()] ?? ''}`;
}

/** A time in the reader's zone: `14:03:22` today, else `28 Nov 14:03`, with the year if it is another. */
export function formatTime(at: number, now: number = Date.now()): string {
  const [time, today] = [new Date(at), new Date(now)];
  if (time.toDateString() === today.toDateString()) return formatClock(at);
  const year = time.getFullYear() === today.getFullYear() ? '' : ` ${time.getFullYear()}`;
  return `${time.getDate()} ${MONTHS[time.getMonth()] ?? ''}${year} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** How long ago: `just now`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAgo(at: number, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - at) / 1_000);
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** The beginning of a digest, long enough to name a revision. */
export const shortDigest = (digest: string): string => digest.slice(0, 10);
