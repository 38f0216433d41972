/** Reads the sources of packages/ with TypeScript's parser, for the tests of what may import what. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Import {
  specifier: string;
  typeOnly: boolean;
  /** Whether it is an `import()`, which loads the module only when the code runs. */
  dynamic: boolean;
}

export interface Source {
  /** Folder name under packages/. */
  package: string;
  /** Path from the repository's root, with slashes. */
  path: string;
  lines: number;
  imports: Import[];
  /** Lines like `export * from './x.js'`. */
  starExports: string[];
  /** Names of global variables that are read: `process`, or `process.env` where a member is taken. */
  globals: Set<string>;
}

export interface Manifest {
  name: string;
  version: string;
  license: string;
  type: string;
  sideEffects: boolean | string[];
  engines: { node: string };
  files: string[];
  bin?: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  publishConfig?: { access?: string };
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

export const packages = readdirSync(join(root, 'packages'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(root, 'packages', entry.name, 'package.json')))
  .map((entry) => entry.name)
  .sort();

export const manifests = new Map(
  packages.map((name) => [name, JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest]),
);

const literal = (node: ts.Node | undefined): string | undefined => (node && ts.isStringLiteralLike(node) ? node.text : undefined);

/** Whether the identifier stands for a variable, and is not the name of a member, a key or a label. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isPropertyAssignment(parent) || ts.isEnumMember(parent)) return parent.initializer === node;
  if (ts.isClassElement(parent) || ts.isTypeElement(parent)) return 'initializer' in parent && parent.initializer === node;
  return true;
}

/** `process.env` for `process.env.HOME`, `process['env']`, `globalThis.process.env` and `const { env } = process`. */
function read(node: ts.Identifier): string[] {
  let expression: ts.Expression = node;
  if (node.text === 'globalThis' && ts.isPropertyAccessExpression(node.parent)) expression = node.parent;
  const name = expression === node ? node.text : (expression as ts.PropertyAccessExpression).name.text;
  const parent = expression.parent;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === expression) return [`${name}.${parent.name.text}`];
  if (ts.isQualifiedName(expression.parent)) return [`${name}.${expression.parent.right.text}`];
  if (ts.isElementAccessExpression(parent) && parent.expression === expression) {
    return [`${name}.${literal(parent.argumentExpression) ?? '*'}`];
  }
  if (ts.isVariableDeclaration(parent) && parent.initializer === expression && ts.isObjectBindingPattern(parent.name)) {
    return parent.name.elements.map((element) => `${name}.${(element.propertyName ?? element.name).getText()}`);
  }
  // Somebody's `this`, such as `emitWarning.call(process, ...)`: it is not a way to read anything here.
  if (ts.isCallExpression(parent) && parent.expression !== expression) return [`${name}.(passed)`];
  return [name];
}

export function parse(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const source: Source = {
    package: path.split('/')[1] ?? '',
    path,
    lines: text.trimEnd().split('\n').length,
    imports: [],
    starExports: [],
    globals: new Set(),
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const names = clause?.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : undefined;
      const typeOnly =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (!clause?.name && !!names?.length && names.every((name) => name.isTypeOnly));
      source.imports.push({ specifier: literal(node.moduleSpecifier) ?? '', typeOnly, dynamic: false });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const names = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : undefined;
      const typeOnly = node.isTypeOnly || (!!names?.length && names.every((name) => name.isTypeOnly));
      source.imports.push({ specifier: literal(node.moduleSpecifier) ?? '', typeOnly, dynamic: false });
      if (!node.exportClause) source.starExports.push(node.getText());
    } else if (ts.isImportTypeNode(node)) {
      source.imports.push({
        specifier: ts.isLiteralTypeNode(node.argument) ? (literal(node.argument.literal) ?? '') : '',
        typeOnly: true,
        dynamic: false,
      });
    } else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const dynamic = callee.kind === ts.SyntaxKind.ImportKeyword;
      const called = dynamic || (ts.isIdentifier(callee) && /^(require|__require|nodeRequire)$/.test(callee.text));
      const specifier = literal(node.arguments[0]);
      // A computed specifier is a user's module, which no wall is for.
      if (called && specifier !== undefined) source.imports.push({ specifier, typeOnly: false, dynamic });
    } else if (ts.isIdentifier(node) && isReference(node)) {
      for (const name of read(node)) source.globals.add(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return source;
}

export const sources: Source[] = packages.flatMap((name) => {
  const folder = join(root, 'packages', name, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?tsx?$/.test(file))
    .sort()
    .map((file) => join(folder, file))
    .map((path) => parse(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
});

/** The package part of a bare specifier. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The source that a relative specifier names, as a path from the repository's root. */
export function target(from: Source, specifier: string): string {
  const path = join(dirname(from.path), specifier).split(sep).join('/');
  const found = path.replace(/\.([cm]?)js$/, '.$1ts');
  return existsSync(join(root, found)) ? found : path.replace(/\.js$/, '.tsx');
}

/** The cycles in a graph, each as the list of its nodes. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (node: string, trail: string[]): void => {
    const start = trail.indexOf(node);
    if (start >= 0) return void found.push([...trail.slice(start), node]);
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return found;
}
