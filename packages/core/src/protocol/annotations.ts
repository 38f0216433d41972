/**
 * Annotations and icons in the form that the official clients accept. For one member of another form, these clients refuse the whole
 * list or the whole result that it is in.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';

const ISO_TIME =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d(?:\.\d+)?))?(?:([Zz])|([+-](?:[01]\d|2[0-3])):?([0-5]\d)?)?)?$/;

/** Whether the calendar has a date: not 2025-02-30. */
function isDate(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

/**
 * A time with its date, seconds and zone, as the clients want it. A date alone is its first second; a time without a zone is in UTC.
 *
 * @returns undefined if it is no time of ISO 8601
 */
export function fullTime(text: string): string | undefined {
  const [, date = '', minutes = '00:00', seconds = '00', , offset, offsetMinutes = '00'] = ISO_TIME.exec(text) ?? [];
  if (!isDate(date)) return undefined;
  return `${date}T${minutes}:${seconds}${offset === undefined ? 'Z' : `${offset}:${offsetMinutes}`}`;
}

/** What a member has to be: returns the value to send, or undefined to leave the member out. */
type Fit = (value: unknown) => unknown;

const AUDIENCES = new Set<unknown>(['user', 'assistant']);
const text: Fit = (value) => (typeof value === 'string' ? value : undefined);
const hint: Fit = (value) => (typeof value === 'boolean' ? value : undefined);

const MEMBERS: Readonly<Record<string, Fit>> = {
  // Of resources and content.
  audience: (value) => {
    if (!Array.isArray(value)) return undefined;
    const known = value.filter((role) => AUDIENCES.has(role));
    if (known.length === value.length) return value;
    return known.length === 0 ? undefined : known;
  },
  priority: (value) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined),
  lastModified: (value) => (typeof value === 'string' ? fullTime(value) : undefined),
  // Of tools.
  title: text,
  readOnlyHint: hint,
  destructiveHint: hint,
  idempotentHint: hint,
  openWorldHint: hint,
};

const ICON_MEMBERS: Readonly<Record<string, Fit>> = {
  src: text,
  mimeType: text,
  // One text with several sizes is the form of HTML, and of early drafts.
  sizes: (value) => {
    if (typeof value === 'string') return value.trim().split(/\s+/);
    return Array.isArray(value) && value.every((size) => typeof size === 'string') ? value : undefined;
  },
  theme: (value) => (value === 'light' || value === 'dark' ? value : undefined),
};

/** @returns the object itself if all of its members fit */
function fitted(object: JsonObject, fits: Readonly<Record<string, Fit>>): JsonObject {
  const fit = (key: string, value: unknown): unknown => (Object.hasOwn(fits, key) ? fits[key]?.(value) : value);
  const members = Object.entries(object);
  if (members.every(([key, value]) => fit(key, value) === value)) return object;
  return Object.fromEntries(members.map(([key, value]) => [key, fit(key, value)]).filter(([, value]) => value !== undefined));
}

/**
 * Annotations of a tool, a resource, a template or a content block, as clients accept them. Members that no client could use are left
 * out, unknown ones stay. What is no object has no members.
 */
export const fitAnnotations = (annotations: unknown): JsonObject => (isObject(annotations) ? fitted(annotations, MEMBERS) : {});

/** Icons as clients accept them, without those that have no address. What is no list has none. */
export const fitIcons = (icons: unknown): JsonObject[] =>
  (Array.isArray(icons) ? icons : [])
    .filter(isObject)
    .map((icon) => fitted(icon, ICON_MEMBERS))
    .filter(({ src }) => src !== undefined);
