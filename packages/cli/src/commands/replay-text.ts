/** Replays as text and as JSON. */
import type { Difference, Replay, ReplaySide } from '@mcp-daemon/core';

import type { Paint } from '../terminal/terminal.js';
import { escapeControls, oneLine, plural, spent } from '../terminal/text.js';
import { STATUS_COLOURS } from './call-words.js';

/** Longest text of a value on a line. */
const MAX_VALUE = 200;

const valueText = (value: unknown): string => oneLine(JSON.stringify(value) ?? '', MAX_VALUE);

/** The lines of differences: what was is red, what is now is green. */
export function differenceLines(differences: readonly Difference[], paint: Paint): string[] {
  return differences.flatMap(({ path, kind, before, after }) => {
    const at = escapeControls(path);
    const old = paint('red', `- ${at}  ${valueText(before)}`);
    const now = paint('green', `+ ${at}  ${valueText(after)}`);
    return kind === 'added' ? [now] : kind === 'removed' ? [old] : [old, now];
  });
}

const statusText = ({ status, fault }: ReplaySide, paint: Paint): string =>
  paint(STATUS_COLOURS[status], status) + (fault === null ? '' : ` (${fault})`);

const fromTo = (before: string, after: string): string => (before === after ? before : `${before} -> ${after}`);

/** A replay as lines. */
export function replayLines({ name, mcp_type: type, before, after, differences, same, note }: Replay, paint: Paint): string[] {
  const fields: [string, string | null][] = [
    ['replayed', `${type} ${escapeControls(name)}, call ${before.callId ?? ''}`],
    ['record', after.callId],
    ['status', fromTo(statusText(before, paint), statusText(after, paint))],
    ['took', fromTo(spent(before.timeSpent) || 'unknown', spent(after.timeSpent))],
    ['revision', fromTo(before.revision || 'unknown', after.revision)],
    ['note', note],
  ];
  const lines = fields.flatMap(([head, value]) => (value === null ? [] : [`${paint('dim', head.padEnd(12))}${value}`]));
  if (same) return [...lines, paint('green', note === null ? 'the same result' : 'the same status')];
  const count = differences.length === 0 ? 'another status' : plural(differences.length, 'difference');
  return [...lines, ...differenceLines(differences, paint), paint('red', count)];
}
