/**
 * `npm run coverage`: jest with coverage, and the thresholds. Most tests of the command line start it as a process
 * of its own, and most of those of the console use a browser. So both are built from instrumented sources, and the counts of these processes
 * and pages are added to jest's.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

import coverage from 'istanbul-lib-coverage';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { createSourceMapStore } from 'istanbul-lib-source-maps';
import ts from 'typescript';

import { jest } from './jest.mjs';
import { root, run } from './lib.mjs';
import { setup } from './setup.mjs';

const THRESHOLDS = { core: 90, console: 80, all: 80 };
const MEASURES = ['statements', 'branches', 'functions', 'lines'];

/** Packages that are tested through the command line or in a browser, more than by calling their functions. */
const INSTRUMENTED = ['cli', 'stdio', 'console'];
const instrumented = (name) => join(root, 'packages', name, '.coverage-src');
const report = join(root, 'coverage');
const counts = await mkdtemp(join(tmpdir(), 'mcp-daemon-coverage-'));

/** Code that writes the counts when the process exits, in any way that a process can notice. */
const atExit = `
import { writeFileSync as __write } from 'node:fs';
process.on('exit', () => {
  const file = ${JSON.stringify(counts)} + '/' + process.pid + '-' + process.hrtime.bigint() + '.json';
  try {
    __write(file, JSON.stringify(globalThis.__coverage__));
  } catch {
    // The tests have ended and the folder is removed.
  }
});
`;

async function instrument(folder) {
  const source = join(root, 'packages', folder, 'src');
  const options = {
    ...{ target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, sourceMap: true },
    ...{ jsx: ts.JsxEmit.ReactJSX, jsxImportSource: 'preact' },
  };
  // The console's Content-Security-Policy does not allow the Function that finds the global object by default.
  const instrumenter = { esModules: true, coverageGlobalScope: 'globalThis', coverageGlobalScopeFunc: false };
  for (const name of (await readdir(source, { recursive: true })).filter((file) => /\.tsx?$/.test(file))) {
    const file = join(source, name);
    const { outputText, sourceMapText } = ts.transpileModule(await readFile(file, 'utf8'), {
      fileName: file,
      compilerOptions: options,
    });
    const map = { ...JSON.parse(sourceMapText), sources: [file], sourceRoot: '' };
    const maker = createInstrumenter(instrumenter);
    const code = maker.instrumentSync(outputText, file, map);
    // Jest counts no code of .tsx files, not even as what was never run.
    if (name.endsWith('x')) {
      const none = JSON.stringify({ [file]: maker.lastFileCoverage() });
      await writeFile(join(counts, `none-${basename(name)}.json`), none);
    }
    const [shebang = ''] = /^#!.*\n/.exec(code) ?? [];
    const target = join(instrumented(folder), name);
    await mkdir(dirname(target), { recursive: true });
    const rest = code.slice(shebang.length);
    await writeFile(target, basename(name) === 'bin.ts' ? shebang + atExit + rest : code);
  }
}

const build = (env = {}) => run(process.execPath, [join(root, 'packages/cli/build.mjs')], { env, quiet: true });

/** The counts of the processes, mapped to the sources. */
async function processes() {
  const map = coverage.createCoverageMap({});
  for (const name of await readdir(counts)) {
    const text = await readFile(join(counts, name), 'utf8');
    if (text !== 'undefined') map.merge(JSON.parse(text));
  }
  return createSourceMapStore().transformCoverage(map);
}

function summarize(map, wanted) {
  const summary = coverage.createCoverageSummary();
  for (const file of map.files().filter(wanted)) summary.merge(map.fileCoverageFor(file).toSummary());
  return summary;
}

let passed = true;
try {
  await setup();
  for (const name of INSTRUMENTED) await instrument(name);
  await build({ MCP_DAEMON_INSTRUMENTED: INSTRUMENTED.join(' ') });
  process.env.PAGE_COVERAGE = counts; // tests/browser/browser.ts writes the counts of pages there
  // The reporters come last: whatever follows them counts as one.
  await jest(['--coverage', `--coverageDirectory=${report}`, ...process.argv.slice(2), '--coverageReporters=json']).catch(
    (error) => {
      passed = false;
      process.stdout.write(`${error.message}\n`);
    },
  );

  const map = coverage.createCoverageMap(JSON.parse(await readFile(join(report, 'coverage-final.json'), 'utf8')));
  const alone = await processes();
  // Files that no test imports have no counts to merge with, only a list of what was not run.
  map.filter((file) => !alone.files().includes(file) || map.fileCoverageFor(file).toSummary().statements.covered > 0);
  map.merge(alone);
  await writeFile(join(report, 'coverage-final.json'), JSON.stringify(map));

  const packages = [...new Set(map.files().map((file) => relative(root, file).split('/')[1]))].sort();
  const rows = [
    ...packages.map((name) => [
      name,
      summarize(map, (file) => file.startsWith(join(root, 'packages', name, 'src'))),
      THRESHOLDS[name],
    ]),
    ['all', summarize(map, () => true), THRESHOLDS.all],
  ];
  process.stdout.write(`\n${['', ...MEASURES].map((word) => word.padEnd(12)).join('')}\n`);
  for (const [name, summary, threshold = 0] of rows) {
    const values = MEASURES.map((measure) => summary[measure].pct);
    const low = values.some((value) => value < threshold);
    if (low) passed = false;
    const cells = [name, ...values.map((value) => `${value} %`)].map((cell) => cell.padEnd(12)).join('');
    process.stdout.write(`${cells}${threshold ? `at least ${threshold} %${low ? ': FAILED' : ''}` : ''}\n`);
  }
} finally {
  await build();
  for (const name of INSTRUMENTED) await rm(instrumented(name), { recursive: true, force: true });
  // A process that outlived its test may still be writing.
  await rm(counts, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}
process.exitCode = passed ? 0 : 1;
