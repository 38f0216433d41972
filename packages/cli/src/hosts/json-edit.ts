/**
 * Adds, replaces and removes members of a JSON text, and adds items to its lists, with or without comments, and changes no other byte.
 */
import { isObject } from '@mcp-daemon/core';
import type { Node } from 'jsonc-parser';
import { createScanner, parseTree } from 'jsonc-parser';

/** The format of a text. */
interface Layout {
  /** One step of indentation. */
  readonly step: string;
  readonly eol: string;
}

function layoutOf(text: string): Layout {
  return { step: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

/** The indentation of the line of an offset. */
function indentAt(text: string, offset: number): string {
  const from = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(from, offset))?.[0] ?? '';
}

const isFirstOnLine = (text: string, offset: number): boolean => /(^|\n)[ \t]*$/.test(text.slice(0, offset));

/** A value as JSON, for a key with this indentation. */
function written(value: unknown, indent: string, { step, eol }: Layout): string {
  return JSON.stringify(value, null, step).replaceAll('\n', eol + indent);
}

/** The offset of the first comma in a range that holds no values. */
function commaIn(text: string, from: number, to: number): number | undefined {
  const scanner = createScanner(text.slice(from, to), false);
  do {
    scanner.scan();
    const at = from + scanner.getTokenOffset();
    // A comment is a longer token.
    if (scanner.getTokenLength() === 1 && text[at] === ',') return at;
  } while (scanner.getTokenLength() > 0);
  return undefined;
}

/** The value at a path. Of a repeated key the last one counts, as for every JSON parser. */
function nodeAt(root: Node, path: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) {
    const members: Node[] = node?.type === 'object' ? (node.children ?? []) : [];
    node = members.findLast((member) => member.children?.[0]?.value === key)?.children?.[1];
  }
  return node;
}

/** A value on one line, with spaces as people write them. */
function onOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${onOneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** Adds a member to an object, or an item to a list, after all others. @param write makes its text, for an indentation */
function append(text: string, container: Node, write: (indent: string, layout: Layout) => string): string {
  const layout = layoutOf(text);
  const end = container.offset + container.length - 1;
  const last = container.children?.at(-1);
  const outer = indentAt(text, end);
  const indent = last !== undefined && isFirstOnLine(text, last.offset) ? indentAt(text, last.offset) : outer + layout.step;
  const member = write(indent, layout);
  // After the comments that follow the last member, before the white space in front of the brace.
  const at = text.slice(0, end).trimEnd().length;
  const behind = text.slice(at, end).includes('\n') ? text.slice(at) : layout.eol + outer + text.slice(end);
  const before = text.slice(0, at);
  if (last === undefined) return `${before}${layout.eol}${indent}${member}${behind}`;
  const ends = last.offset + last.length;
  const comma = commaIn(text, ends, end) === undefined ? ',' : '';
  return `${before.slice(0, ends)}${comma}${before.slice(ends)}${layout.eol}${indent}${member}${behind}`;
}

/** Removes a member with its comma, and with its line where nothing else is on it. */
function remove(text: string, property: Node): string {
  const siblings = property.parent?.children ?? [];
  const index = siblings.indexOf(property);
  const [before, after] = [siblings[index - 1], siblings[index + 1]];
  const ends = property.offset + property.length;
  const objectEnd = (property.parent?.offset ?? 0) + (property.parent?.length ?? 0) - 1;
  const trailing = commaIn(text, ends, after?.offset ?? objectEnd);
  let [from, to] = [property.offset, trailing === undefined ? ends : trailing + 1];
  // Remove the whole line, unless something else is on it.
  const lineFrom = text.lastIndexOf('\n', from - 1) + 1;
  const rest = /^[ \t]*(\r?\n|$)/.exec(text.slice(to));
  if (rest !== null && text.slice(lineFrom, from).trim() === '') [from, to] = [lineFrom, to + rest[0].length];
  const cut = text.slice(0, from) + text.slice(to);
  if (trailing !== undefined || before === undefined) return cut;
  const comma = commaIn(text, before.offset + before.length, property.offset);
  return comma === undefined ? cut : cut.slice(0, comma) + cut.slice(comma + 1);
}

/**
 * Sets a value. Where the old and the new one are objects, only the members that differ are written.
 *
 * @param path from the root; missing objects are created
 */
export function setJson(text: string, path: readonly string[], value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) return JSON.stringify(value);
  const found = nodeAt(root, path);
  if (found !== undefined) {
    if (found.type === 'object' && isObject(value)) {
      return Object.entries(value).reduce((edited, [key, member]) => setJson(edited, [...path, key], member), text);
    }
    const layout = layoutOf(text);
    return (
      text.slice(0, found.offset) +
      written(value, indentAt(text, found.parent?.offset ?? found.offset), layout) +
      text.slice(found.offset + found.length)
    );
  }
  const key = path.at(-1) ?? '';
  const parentPath = path.slice(0, -1);
  const parent = nodeAt(root, parentPath);
  if (parent === undefined) return setJson(text, parentPath, { [key]: value });
  return append(text, parent, (indent, layout) => `${JSON.stringify(key)}: ${written(value, indent, layout)}`);
}

/** The columns after which an item is written on more than one line. */
const WIDTH = 130;

/**
 * Adds an item to the end of a list. It is written on one line where the item before it is, unless that line would be long.
 *
 * @param path from the root to the list; one that is missing, or null, is created
 */
export function appendJson(text: string, path: readonly string[], item: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const list = root === undefined ? undefined : nodeAt(root, path);
  if (list?.type !== 'array') return setJson(text, path, [item]);
  const last = list.children?.at(-1);
  const isShort = last !== undefined && !text.slice(last.offset, last.offset + last.length).includes('\n');
  return append(text, list, (indent, layout) => {
    const line = onOneLine(item);
    return isShort && indent.length + line.length <= WIDTH ? line : written(item, indent, layout);
  });
}

/** Removes a member; without one, nothing changes. */
export function removeJson(text: string, path: readonly string[]): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const found = root === undefined ? undefined : nodeAt(root, path);
  return found?.parent === undefined ? text : remove(text, found.parent);
}
