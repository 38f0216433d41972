/**
 * Loads TypeScript where Node does not strip types itself: Node 20, and Node 22 before 22.18. It replaces types with spaces, so every
 * line and column stays, by the same code as Node's own: a file that works here works on a newer Node. Runs in the main thread and in
 * the thread of the hooks.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';

/** What Node does with a file: an ES module or CommonJS. */
export type ModuleFormat = 'module' | 'commonjs';

/** A TypeScript file as JavaScript. */
export interface Stripped {
  format: ModuleFormat;
  code: string;
}

/** What the stripper throws. It is not an Error. */
interface StripMistake {
  message: string;
  snippet?: string;
  startLine?: number;
}

interface Stripper {
  transformSync(text: string, options: object): { code: string };
}

const TYPESCRIPT = /\.([mc]?)ts$/;

/** V8's messages for code that is an ES module, by which Node tells one without an extension or a `type` that says so. */
const MODULE_SYNTAX = [
  'Cannot use import statement outside a module',
  "Unexpected token 'export'",
  "Cannot use 'import.meta' outside a module",
  'await is only valid in async functions and the top level bodies of modules',
];
const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];

let stripper: Stripper | undefined;

/** Whether Node strips types itself. */
export const stripsTypes = (): boolean => Boolean((process.features as { typescript?: unknown }).typescript);

/** The file of the stripper. @throws Error if it is not installed */
export const stripperPath = (): string => createRequire(import.meta.url).resolve('@swc/wasm-typescript');

function loadStripper(): Stripper {
  const require = createRequire(import.meta.url);
  stripper ??= require('@swc/wasm-typescript') as Stripper;
  return stripper;
}

/** Whether the path or URL is a TypeScript file outside of node_modules, where Node reads no TypeScript. */
export const isTypeScript = (path: string): boolean => TYPESCRIPT.test(path) && !/[\\/]node_modules[\\/]/.test(path);

/**
 * TypeScript's rule for imports: in a TypeScript file, `./x.js` may mean `./x.ts`.
 *
 * @param specifier what is imported
 * @param parent the path or URL of the file that imports it
 * @returns the specifier to try if there is no such file
 */
export function sourceSpecifier(specifier: string, parent: string | undefined): string | undefined {
  const match = /^((?:\.{0,2}\/|file:).*\.[mc]?)js$/.exec(specifier);
  return match !== null && isTypeScript(parent?.replace(/[?#].*$/, '') ?? '') ? `${match[1]}ts` : undefined;
}

/**
 * Replaces types with spaces.
 *
 * @param file the file's path, for errors
 * @throws SyntaxError if the text is not TypeScript, or has syntax that is more than types (enum, namespace, parameter property);
 *   the first line of its stack is the place
 */
export function stripTypes(file: string, text: string): string {
  const { transformSync } = loadStripper();
  try {
    return transformSync(text, { mode: 'strip-only', filename: file, deprecatedTsModuleAsError: true }).code;
  } catch (cause) {
    if (cause instanceof Error) throw cause;
    const { message, snippet = '', startLine = 1 } = cause as StripMistake;
    const error = new SyntaxError(message);
    error.stack = `${pathToFileURL(file).href}:${startLine}\n${snippet}\n\n${String(error.stack)}`;
    throw error;
  }
}

/** The `type` of the package that the folder belongs to. */
function packageType(folder: string): unknown {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
      return typeof manifest === 'object' && manifest !== null && 'type' in manifest ? manifest.type : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // Node itself reports it
    }
    if (at === dirname(at)) return undefined;
  }
}

/** Whether code that may be either can only be an ES module. */
function hasModuleSyntax(code: string): boolean {
  try {
    compileFunction(code, PARAMETERS);
    return false;
  } catch (error) {
    return error instanceof SyntaxError && MODULE_SYNTAX.some((message) => error.message.startsWith(message));
  }
}

/** Decides as Node does: by the extension, else by the package, else by the code. */
function formatOf(file: string, code: string): ModuleFormat {
  const kind = TYPESCRIPT.exec(file)?.[1];
  if (kind === 'm') return 'module';
  if (kind === 'c') return 'commonjs';
  const type = packageType(dirname(file));
  if (type === 'module' || type === 'commonjs') return type;
  return hasModuleSyntax(code) ? 'module' : 'commonjs';
}

/** Reads a TypeScript file as JavaScript. @throws as {@link stripTypes}, and errors of the file system */
export function readStripped(file: string): Stripped {
  const code = stripTypes(file, readFileSync(file, 'utf8'));
  return { format: formatOf(file, code), code };
}

/** What a load hook returns. Without source, Node loads CommonJS with its own loader, so that its cache stays the only one. */
export interface HookedLoad {
  format: ModuleFormat;
  source: string | null;
  shortCircuit: true;
}

/** What a load hook returns for a URL; undefined if it is not TypeScript. @throws as {@link readStripped} */
export function loadStripped(url: string): HookedLoad | undefined {
  const plain = url.replace(/[?#].*$/, '');
  if (!plain.startsWith('file:') || !isTypeScript(plain)) return undefined;
  const { format, code } = readStripped(fileURLToPath(plain));
  return { format, source: format === 'module' ? code : null, shortCircuit: true };
}
