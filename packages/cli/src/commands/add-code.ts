/**
 * Reads a file of JavaScript or TypeScript, as far as `add tool` has to know it: what it exports, and where its classes end.
 */
import type { AnyNode, ClassBody, ClassDeclaration, ClassExpression, Expression, Program } from 'acorn';

import { Failure, messageOf } from '../errors.js';
import { displayPath } from '../terminal/text.js';

/** What Node takes a file for. */
export type Format = 'module' | 'commonjs';

/** A class at the top level of a file. */
export interface CodeClass {
  /** The names of its methods and fields. */
  readonly members: ReadonlySet<string>;
  /** The offset of the brace that ends it. */
  readonly end: number;
}

/** What is known of a file. */
export interface Code {
  /** Whether it has `import` or `export`. */
  readonly isModule: boolean;
  /** The names that other files, and the links of a config file, can use. */
  readonly exported: ReadonlySet<string>;
  /** The names at the top level, exported or not. */
  readonly declared: ReadonlySet<string>;
  readonly classes: ReadonlyMap<string, CodeClass>;
}

/** Whether the name is that of a file of TypeScript. */
export const isTypeScript = (file: string): boolean => /\.[mc]?ts$/.test(file);

/** The text without types; every character stays at its place. @throws an object with a message, which is no Error */
async function withoutTypes(text: string): Promise<string> {
  // It has no types of its own.
  const { transformSync } = (await import('@swc/wasm-typescript')) as unknown as {
    transformSync(source: string, options: object): { code: string };
  };
  return transformSync(text, { mode: 'strip-only' }).code;
}

/** The name of a key that is written as a name or a text. */
function keyName(key: AnyNode): string | undefined {
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
}

/** The names that a declaration binds: `a` and `b` of `const { a, x: [b] }`. */
function boundBy(pattern: AnyNode | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) => boundBy(each.type === 'RestElement' ? each.argument : each.value));
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundBy);
    case 'AssignmentPattern':
      return boundBy(pattern.left);
    case 'RestElement':
      return boundBy(pattern.argument);
    default:
      return [];
  }
}

/** The names of the members of an object; none where it is something else. */
function keysOf(value: AnyNode): string[] {
  if (value.type !== 'ObjectExpression') return [];
  return value.properties.flatMap((each) => (each.type === 'Property' ? (keyName(each.key) ?? []) : []));
}

/** `exports` and `module.exports`. */
function isExports(node: AnyNode): boolean {
  if (node.type === 'Identifier') return node.name === 'exports';
  return (
    node.type === 'MemberExpression' &&
    node.object.type === 'Identifier' &&
    node.object.name === 'module' &&
    keyName(node.property) === 'exports'
  );
}

/** Collects what is known of a file from its statements. */
class Reader {
  isModule = false;
  readonly exported = new Set<string>();
  readonly declared = new Set<string>();
  readonly classes = new Map<string, CodeClass>();

  read(statement: Program['body'][number]): void {
    switch (statement.type) {
      case 'ImportDeclaration':
        this.isModule = true;
        for (const { local } of statement.specifiers) this.declared.add(local.name);
        break;
      case 'ExportNamedDeclaration':
        this.isModule = true;
        if (statement.declaration) for (const name of this.#declare(statement.declaration)) this.exported.add(name);
        for (const { exported } of statement.specifiers) this.exported.add(keyName(exported) ?? '');
        break;
      case 'ExportDefaultDeclaration':
        this.isModule = true;
        // Links find the members of a default export, and a function or class by its name.
        for (const name of [...this.#declare(statement.declaration), ...keysOf(statement.declaration)]) this.exported.add(name);
        break;
      case 'ExportAllDeclaration':
        this.isModule = true;
        break;
      case 'ExpressionStatement':
        this.#assignment(statement.expression);
        break;
      default:
        this.#declare(statement);
    }
  }

  /** Remembers what a declaration declares. @returns the names */
  #declare(node: AnyNode): string[] {
    const names: string[] = [];
    if (node.type === 'VariableDeclaration') {
      for (const { id, init } of node.declarations) {
        names.push(...boundBy(id));
        if (id.type === 'Identifier' && init?.type === 'ClassExpression') this.#class(id.name, init);
      }
    } else if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id) {
      names.push(node.id.name);
      if (node.type === 'ClassDeclaration') this.#class(node.id.name, node);
    }
    for (const name of names) this.declared.add(name);
    return names;
  }

  /** `exports.a = …`, `module.exports.a = …` and `module.exports = { a }`. */
  #assignment(expression: Expression): void {
    if (expression.type !== 'AssignmentExpression') return;
    const { left, right } = expression;
    if (left.type === 'MemberExpression' && !left.computed && isExports(left.object)) {
      const name = keyName(left.property);
      if (name === undefined) return;
      this.exported.add(name);
      if (right.type === 'ClassExpression') this.#class(name, right);
    } else if (isExports(left)) {
      for (const name of keysOf(right)) this.exported.add(name);
    }
  }

  #class(name: string, { body }: { body: ClassBody } & (ClassDeclaration | ClassExpression)): void {
    const members = body.body.flatMap((each) => ('key' in each && !each.computed ? (keyName(each.key) ?? []) : []));
    this.classes.set(name, { members: new Set(members), end: body.end - 1 });
  }
}

/**
 * Reads the text of a file.
 *
 * @param file its path, whose extension says what it is
 * @throws Failure with the line, where it cannot be parsed
 */
export async function readCode(text: string, file: string): Promise<Code> {
  const { parse } = await import('acorn');
  const cannot = (line: number | undefined, why: string): Failure =>
    new Failure(`cannot read ${displayPath(file)}${line === undefined ? '' : `:${line}`}: ${why}. Nothing was written`);
  let code = text;
  if (isTypeScript(file)) {
    try {
      code = await withoutTypes(text);
    } catch (error) {
      const { message = messageOf(error), startLine } = error as { message?: string; startLine?: number };
      throw cannot(startLine, message);
    }
  }
  const parsed = (sourceType: 'module' | 'script'): Program =>
    parse(code, { ecmaVersion: 'latest', sourceType, allowReturnOutsideFunction: sourceType === 'script' });
  let program: Program;
  try {
    program = parsed('module');
  } catch (error) {
    try {
      if (/\.m[jt]s$/.test(file)) throw error;
      program = parsed('script');
    } catch {
      const { message, loc } = error as SyntaxError & { loc?: { line: number } };
      throw cannot(loc?.line, message);
    }
  }
  const reader = new Reader();
  for (const statement of program.body) reader.read(statement);
  return reader;
}
