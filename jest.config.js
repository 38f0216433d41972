/** Tests run on the sources; `tsc -b` has checked their types. Coverage and its thresholds: scripts/coverage.mjs. */
export default {
  roots: ['<rootDir>/packages', '<rootDir>/tests'],
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/(dist|build)/'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['ts-jest', { useESM: true, tsconfig: '<rootDir>/tsconfig.test.json' }],
  },
  moduleNameMapper: {
    '^@mcp-daemon/core/contract$': '<rootDir>/packages/core/src/contract/index.ts',
    '^@mcp-daemon/modules/bundle$': '<rootDir>/packages/modules/src/bundle/index.ts',
    '^@mcp-daemon/core/child$': '<rootDir>/packages/core/src/child.ts',
    '^@mcp-daemon/express/(local|cognito)$': '<rootDir>/packages/express/src/auth/$1/index.ts',
    '^@mcp-daemon/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^mcp-daemon$': '<rootDir>/packages/cli/src/library/index.ts',
    '^mcp-daemon/http$': '<rootDir>/packages/cli/src/library/http.ts',
    // TypeScript's `./x.js` is `./x.ts` here; in a dependency it is still found as the file it names.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // No test leaves anything in the system's temporary folder.
  globalSetup: '<rootDir>/scripts/temp-root/open.mjs',
  globalTeardown: '<rootDir>/scripts/temp-root/remove.mjs',
  reporters: ['default', '<rootDir>/scripts/failures-last.mjs'],
  maxWorkers: 2,
  // Modules of tests that have ended stay in memory (ES modules in jest). Soon a worker would mostly collect garbage, so it begins anew.
  workerIdleMemoryLimit: '800MB',
  // A test that waits for an event that never comes ends here. Many tests start processes, and a machine may be slow and busy.
  testTimeout: 240_000,
  // v8 counts lines, and so the ones of files that hold only types.
  coverageProvider: 'babel',
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
  collectCoverageFrom: ['packages/*/src/**/*.ts', '!**/*.d.ts'],
};
