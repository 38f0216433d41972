/** Compiles TypeScript in memory, as strictly as a project can ask for. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

/** The root of the repository, where the SDKs are found. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Every check that a project can turn on. */
export const STRICTEST: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noFallthroughCasesInSwitch: true,
  skipLibCheck: true,
  noEmit: true,
};

/** The files of the compiler's library, parsed once: that takes most of the time. */
const libraries = new Map<string, ts.SourceFile | undefined>();

/**
 * Compiles files that are not on the disk.
 *
 * @param files texts by their paths, relative to the root of the repository
 * @returns the errors, each as `path:line: message`
 */
export function errorsOf(files: Readonly<Record<string, string>>, options: ts.CompilerOptions = {}): string[] {
  const all = { ...STRICTEST, ...options };
  const host = ts.createCompilerHost(all);
  const texts = new Map(Object.entries(files).map(([path, text]) => [join(ROOT, path), text]));
  const { getSourceFile, fileExists, readFile } = host;
  host.getCurrentDirectory = () => ROOT;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, language, ...more) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, language);
    const key = `${path} ${JSON.stringify(language)}`;
    if (!libraries.has(key)) libraries.set(key, getSourceFile.call(host, path, language, ...more));
    return libraries.get(key);
  };
  const program = ts.createProgram({ rootNames: [...texts.keys()], options: all, host });
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : ts.getLineAndCharacterOfPosition(file, start).line + 1;
    const path = file === undefined ? '' : file.fileName.replace(`${ROOT}/`, '');
    return `${path}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
