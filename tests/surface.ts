/** Reads what packages export, as their declaration files say it, for the test that every named type is exported. */
import { join, relative, sep } from 'node:path';

import ts from 'typescript';

import { root } from './walls.js';

/** Types that an entry's signatures name. */
export interface Surface {
  /** Names of what the entry exports. */
  exported: ReadonlySet<string>;
  /** Declarations of what the entry exports. */
  symbols: ReadonlySet<ts.Symbol>;
  /** Each type of ours that an exported declaration names, with the first declaration that does. */
  named: ReadonlyMap<ts.Symbol, string>;
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  declaration: true,
  emitDeclarationOnly: true,
  skipLibCheck: true,
  types: ['node'],
};

/** Names of our packages, as paths to their sources or declarations. */
const paths = (extension: string): Record<string, string[]> => ({
  '@mcp-daemon/core/contract': [join(root, `packages/core/src/contract/index${extension}`)],
  '@mcp-daemon/express/local': [join(root, `packages/express/src/auth/local/index${extension}`)],
  '@mcp-daemon/express/cognito': [join(root, `packages/express/src/auth/cognito/index${extension}`)],
  '@mcp-daemon/*': [join(root, `packages/*/src/index${extension}`)],
});

const isOurs = (path: string): boolean => /\/packages\/[^/]+\/src\//.test(path.split(sep).join('/'));

/** A program over the declarations of these sources, which are made in memory: what was built may be old. */
function declarationsOf(entries: readonly string[]): { program: ts.Program; entryFiles: ts.SourceFile[] } {
  const sources = ts.createProgram({ rootNames: entries, options: { ...OPTIONS, paths: paths('.ts') } });
  const texts = new Map<string, string>();
  sources.emit(undefined, (path, text) => void texts.set(path, text), undefined, true);

  const options = { ...OPTIONS, paths: paths('.d.ts') };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => (isOurs(path) ? texts.has(path) : fileExists(path));
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersionOrOptions) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersionOrOptions, true);
  };
  const rootNames = entries.map((entry) => entry.replace(/\.ts$/, '.d.ts'));
  const program = ts.createProgram({ rootNames, options, host });
  return { program, entryFiles: rootNames.map((name) => program.getSourceFile(name) as ts.SourceFile) };
}

/** The surfaces of these entries, given as paths from the repository's root. */
export function surfacesOf(entries: readonly string[]): Map<string, Surface> {
  const { program, entryFiles } = declarationsOf(entries.map((entry) => join(root, entry)));
  const checker = program.getTypeChecker();

  const original = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  /** Whether a symbol is a type that is declared at the top of a file of ours. */
  const isOurType = ({ declarations = [] }: ts.Symbol): boolean =>
    declarations.some(
      (node) =>
        isOurs(node.getSourceFile().fileName) &&
        (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node)),
    );

  function namesIn(node: ts.Node, found: (symbol: ts.Symbol) => void): void {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : ts.isImportTypeNode(node)
          ? node.qualifier
          : undefined;
    const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
    if (symbol !== undefined && isOurType(original(symbol))) found(original(symbol));
    ts.forEachChild(node, (child) => namesIn(child, found));
  }

  return new Map(
    entryFiles.map((file, index) => {
      const module = checker.getSymbolAtLocation(file);
      const exports = module === undefined ? [] : checker.getExportsOfModule(module);
      const named = new Map<ts.Symbol, string>();
      for (const exported of exports) {
        for (const declaration of original(exported).declarations ?? []) {
          namesIn(declaration, (symbol) => {
            if (!named.has(symbol)) named.set(symbol, exported.name);
          });
        }
      }
      const surface: Surface = {
        exported: new Set(exports.map(({ name }) => name)),
        symbols: new Set(exports.map(original)),
        named,
      };
      return [entries[index] as string, surface];
    }),
  );
}

/** Where a symbol is declared, as a source path from the repository's root. */
export function sourceOf({ declarations: [declaration] = [] }: ts.Symbol): string {
  const file = declaration?.getSourceFile().fileName ?? '';
  return relative(root, file)
    .split(sep)
    .join('/')
    .replace(/\.d\.ts$/, '.ts');
}
