/**
 * Matches a part of a URI with the steps of a template. URIs come from clients, so a match takes time that is linear in the
 * length of the URI.
 */
import type { NormalUri } from './uri.js';

/** One step of a match. Steps only go forward in the URI. */
export type Step =
  /** Exactly this text. If it names a variable, that variable is present. */
  | { readonly kind: 'text'; readonly text: string; readonly names?: string }
  /** The variable's value: as many characters as possible. */
  | { readonly kind: 'value'; readonly name: string; readonly excluded: string; readonly empty: boolean }
  /** Tries the next step; if that does not match, skips the next `over` steps. */
  | { readonly kind: 'either'; readonly over: number };

/** Reads the variables of a text into `values`; false if the text does not match, or a value cannot be decoded. */
export type StepMatcher = (uri: NormalUri, start: number, end: number, values: Record<string, string>) => boolean;

/** The value of a variable as text; undefined for a percent sign without two digits, or for bytes that are not UTF-8. */
export function decodeValue(value: string): string | undefined {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** What may come next: the first characters of texts, or the characters of a value. */
interface First {
  readonly characters: string;
  readonly value: boolean;
}

function firstFrom(steps: readonly Step[], at: number): First {
  const step = steps[at];
  if (step === undefined) return { characters: '', value: false };
  if (step.kind === 'text') return { characters: step.text.charAt(0), value: false };
  if (step.kind === 'value') return { characters: '', value: true };
  const [taken, skipped] = [firstFrom(steps, at + 1), firstFrom(steps, at + 1 + step.over)];
  return { characters: taken.characters + skipped.characters, value: taken.value || skipped.value };
}

/** Whether the next character always decides which step follows. Then there is only one way through the URI. */
function isPlain(steps: readonly Step[]): boolean {
  return steps.every((step, at) => {
    if (step.kind === 'text') return true;
    const next = firstFrom(steps, at + 1);
    if (step.kind === 'value') return !next.value && [...next.characters].every((each) => step.excluded.includes(each));
    const skipped = firstFrom(steps, at + 1 + step.over);
    return !skipped.value && ![...skipped.characters].some((each) => next.characters.includes(each));
  });
}

/** Chooses at each `either`, and the end of each value. @returns false if the steps do not lead to the end */
type Walk = (choose: (at: number, index: number, step: Exclude<Step, { kind: 'text' }>) => number) => boolean;

function walk(
  steps: readonly Step[],
  { text, folded }: NormalUri,
  start: number,
  end: number,
  values: Record<string, string>,
): Walk {
  return (choose) => {
    let at = start;
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index];
      if (step === undefined) break;
      if (step.kind === 'text') {
        if (!folded.startsWith(step.text, at) || at + step.text.length > end) return false;
        at += step.text.length;
        if (step.names !== undefined) values[step.names] = '';
      } else if (step.kind === 'either') {
        if (choose(at, index, step) === 0) index += step.over;
      } else {
        const stop = choose(at, index, step);
        if (stop === at && !step.empty) return false;
        const value = decodeValue(text.slice(at, stop));
        if (value === undefined) return false;
        values[step.name] = value;
        at = stop;
      }
    }
    return at === end;
  };
}

/** Matches by looking only at the next character. */
function plainMatcher(steps: readonly Step[]): StepMatcher {
  const firsts = steps.map((_, at) => firstFrom(steps, at + 1).characters);
  const ends = steps.map((step) =>
    step.kind === 'value' && step.excluded !== ''
      ? new RegExp(`[${step.excluded.replace(/[\]\\^-]/g, '\\$&')}]`, 'g')
      : undefined,
  );
  return (uri, start, end, values) =>
    walk(
      steps,
      uri,
      start,
      end,
      values,
    )((at, index, step) => {
      if (step.kind === 'either') return at < end && firsts[index]?.includes(uri.folded.charAt(at)) === true ? 1 : 0;
      const stop = ends[index];
      if (stop === undefined) return end;
      stop.lastIndex = at;
      return Math.min(stop.exec(uri.text)?.index ?? end, end);
    });
}

/** The positions from which a step can reach the end: `from[position - start]` is 1, nowhere before `low` or after `high`. */
interface Ways {
  readonly from: Uint8Array;
  readonly low: number;
  readonly high: number;
}

/** The ways of each step; undefined if a step that cannot be skipped has none. */
function waysToTheEnd(
  steps: readonly Step[],
  { text, folded }: NormalUri,
  start: number,
  end: number,
): readonly Ways[] | undefined {
  const length = end - start;
  let next: Ways = { from: new Uint8Array(length + 1), low: length, high: length };
  next.from[length] = 1;
  const ways = [next];
  const hasChoices = steps.some(({ kind }) => kind === 'either');
  for (const step of steps.toReversed()) {
    const from = new Uint8Array(length + 1);
    let low = length + 1;
    let high = -1;
    const set = (at: number): void => {
      from[at] = 1;
      low = at;
      if (high === -1) high = at;
    };
    if (step.kind === 'text') {
      const shift = step.text.length;
      for (let at = next.high - shift; at >= 0 && at >= next.low - shift; at -= 1)
        if (next.from[at + shift] === 1 && folded.startsWith(step.text, start + at)) set(at);
    } else if (step.kind === 'either') {
      const other = ways.at(-1 - step.over) ?? next;
      for (let at = Math.max(next.high, other.high); at >= 0 && at >= Math.min(next.low, other.low); at -= 1)
        if (next.from[at] === 1 || other.from[at] === 1) set(at);
    } else {
      let more = false;
      for (let at = next.high; at >= 0 && (more || at >= next.low - 1); at -= 1) {
        more = at < length && !step.excluded.includes(text.charAt(start + at)) && (more || next.from[at + 1] === 1);
        if (more || (step.empty && next.from[at] === 1)) set(at);
      }
    }
    if (high === -1 && !hasChoices) return undefined; // where there are choices, this step may be skipped
    next = { from, low, high };
    ways.push(next);
  }
  return ways.reverse();
}

/** The texts that every URI of these steps has, in order. */
function requiredTexts(steps: readonly Step[]): string[] {
  let skippable = 0;
  return steps.flatMap((step, at) => {
    if (step.kind === 'either') skippable = Math.max(skippable, at + 1 + step.over);
    return step.kind === 'text' && at >= skippable ? [step.text] : [];
  });
}

/** Matches steps that must look ahead to the end of the URI. */
function searchingMatcher(steps: readonly Step[]): StepMatcher {
  const required = requiredTexts(steps);
  return (uri, start, end, values) => {
    let from = start;
    for (const text of required) {
      const found = uri.folded.indexOf(text, from);
      if (found === -1) return false;
      from = found + text.length;
    }
    const ways = waysToTheEnd(steps, uri, start, end);
    if (ways?.[0]?.from[0] !== 1) return false;
    return walk(
      steps,
      uri,
      start,
      end,
      values,
    )((at, index, step) => {
      const next = ways[index + 1]?.from;
      if (step.kind === 'either') return next?.[at - start] === 1 ? 1 : 0;
      let stop = at;
      for (let seen = at; seen < end && !step.excluded.includes(uri.text.charAt(seen)); seen += 1) {
        if (next?.[seen + 1 - start] === 1) stop = seen + 1;
      }
      return stop;
    });
  };
}

/** A matcher of steps. */
export function compileSteps(steps: readonly Step[]): StepMatcher {
  const match = isPlain(steps) ? plainMatcher(steps) : searchingMatcher(steps);
  const [first] = steps;
  const last = steps.at(-1);
  const prefix = first?.kind === 'text' ? first.text : '';
  const suffix = last?.kind === 'text' && last.names === undefined && isLastFixed(steps) ? last.text : '';
  return (uri, start, end, values) => {
    // Most URIs belong to another template, and comparing their ends detects this quickly.
    if (!uri.folded.startsWith(prefix, start)) return false;
    if (suffix !== '' && !uri.folded.startsWith(suffix, end - suffix.length)) return false;
    return match(uri, start, end, values);
  };
}

/** Whether no step skips the last one. */
function isLastFixed(steps: readonly Step[]): boolean {
  return !steps.some((step, at) => step.kind === 'either' && at + 1 + step.over >= steps.length);
}
